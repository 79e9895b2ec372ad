//! A text encoder without weights: hashed TF-IDF and a random projection.

mod features;
mod projection;

use burn::config::Config;
use rayon::prelude::*;

use self::features::Features;
use self::projection::Projection;
use crate::embeddings::Embeddings;
use crate::error::{Error, Result};

/// Options of a [`HashedTfIdf`] text encoder.
#[derive(Config, Debug, PartialEq, Eq)]
pub struct HashedTfIdfConfig {
    /// The width of the embeddings. Angles between texts are kept up to about `1 / sqrt(dim)`. Default: 384.
    #[config(default = 384)]
    pub dim: usize,
    /// The number of buckets that words and pairs of words are hashed into. Default: 2^18.
    #[config(default = 262_144)]
    pub features: usize,
    /// Whether pairs of neighbouring words are features beside the words. Default: yes.
    #[config(default = true)]
    pub bigrams: bool,
}

impl HashedTfIdfConfig {
    /// Counts in how many of `texts` each feature occurs, and fixes the random projection by `seed`.
    ///
    /// # Errors
    ///
    /// [`Error::Option`] if `dim` or `features` is 0 or `features` does not fit 32 bits.
    pub fn fit<T: AsRef<str> + Sync>(&self, texts: &[T], seed: u64) -> Result<HashedTfIdf> {
        if self.dim == 0 {
            return Err(Error::Option {
                option: "dim",
                found: "0".into(),
                expected: "at least 1",
            });
        }
        if self.features == 0 || u32::try_from(self.features).is_err() {
            let found = self.features.to_string();
            return Err(Error::Option {
                option: "features",
                found,
                expected: "1 to 2^32 - 1",
            });
        }
        let features = Features::new(self.features as u32, self.bigrams);
        let counted: Vec<Vec<(u32, u32)>> = texts
            .par_iter()
            .map(|text| features.count(text.as_ref()))
            .collect();
        let mut documents = vec![0u32; self.features];
        for &(feature, _) in counted.iter().flatten() {
            documents[feature as usize] += 1;
        }
        // Smoothed as if one more text held every feature once: what occurs everywhere keeps weight 1, nothing divides by 0.
        let all = 1.0 + texts.len() as f64;
        let idf = documents
            .iter()
            .map(|&with| 1.0 + libm::log(all / (1.0 + f64::from(with))))
            .collect();
        Ok(HashedTfIdf {
            features,
            idf,
            projection: Projection::new(self.dim, seed),
        })
    }
}

/// A text encoder without weights: words and pairs of words, weighted by TF-IDF, hashed and projected at random.
///
/// - Words are the longest runs of alphanumeric characters, lowercased. Words and pairs of neighbouring words are hashed
///   into `features` buckets (feature hashing; Weinberger et al., "Feature hashing for large scale multitask learning").
/// - A feature that occurs `tf` times in a text and in `df` of the `n` texts fitted weighs
///   `(1 + ln tf) * (1 + ln((1 + n) / (1 + df)))`.
/// - Each feature has a direction of `dim` random signs, and a text is the weighted sum of the directions of its features
///   (Achlioptas, "Database-friendly random projections"), scaled to length 1. A text without words is a row of zeros.
///
/// Everything is a fixed function of the texts and the seed: the same on every platform and with any number of threads.
///
/// ```
/// use genrec_embed::HashedTfIdfConfig;
///
/// let texts = ["steel screw, 20 mm", "steel screw, 30 mm", "hand cream"];
/// let encoder = HashedTfIdfConfig::new().fit(&texts, 0)?;
/// let rows = encoder.encode(&texts)?;
/// let cosine = |a, b| std::iter::zip(rows.row(a), rows.row(b)).map(|(x, y)| x * y).sum::<f32>();
/// assert!(cosine(0, 1) > cosine(0, 2) + 0.3);
/// # Ok::<(), genrec_embed::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct HashedTfIdf {
    features: Features,
    /// The inverse document frequency of every bucket, `[features]`.
    idf: Vec<f64>,
    projection: Projection,
}

impl HashedTfIdf {
    /// The width of the embeddings.
    pub fn dim(&self) -> usize {
        self.projection.dim()
    }

    /// One row of length 1 for each text, `[texts, dim]`, also for texts that were not fitted. On all cores.
    ///
    /// # Errors
    ///
    /// None today; a `Result` as for every text encoder.
    pub fn encode<T: AsRef<str> + Sync>(&self, texts: &[T]) -> Result<Embeddings> {
        let dim = self.dim();
        let mut rows = vec![0.0; texts.len() * dim];
        rows.par_chunks_mut(dim).zip(texts).for_each(|(row, text)| {
            self.projection.project(&self.weights(text.as_ref()), row);
        });
        Embeddings::from_vec(texts.len(), dim, rows)
    }

    /// The features of a text and their TF-IDF weights, features ascending.
    fn weights(&self, text: &str) -> Vec<(u32, f64)> {
        let counts = self.features.count(text);
        counts
            .into_iter()
            .map(|(feature, tf)| {
                (
                    feature,
                    (1.0 + libm::log(f64::from(tf))) * self.idf[feature as usize],
                )
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn cosine(a: &[f32], b: &[f32]) -> f32 {
        std::iter::zip(a, b).map(|(x, y)| x * y).sum()
    }

    /// The cosine of two sparse vectors.
    fn sparse_cosine(a: &[(u32, f64)], b: &[(u32, f64)]) -> f64 {
        let b: BTreeMap<u32, f64> = b.iter().copied().collect();
        let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|x| x * x).sum::<f64>().sqrt();
        let dot: f64 = a
            .iter()
            .filter_map(|(feature, x)| b.get(feature).map(|y| x * y))
            .sum();
        dot / norm(&mut a.iter().map(|x| x.1)) / norm(&mut b.values().copied())
    }

    /// Cosines computed by scikit-learn, see `tests/golden/tfidf.py`.
    #[test]
    fn weights_are_those_of_scikit_learn() {
        let texts = [
            "Steel screw, M4 x 20 mm. Steel, zinc plated screw",
            "steel screw M4 x 30 mm",
            "Hand cream: for dry hands; hand HAND hand",
            "Zinc cream",
        ];
        let encoder = HashedTfIdfConfig::new().fit(&texts, 0).unwrap();
        let weights = texts.map(|text| encoder.weights(text));
        let expected = [
            (0, 1, GOLDEN_COSINES[0]),
            (0, 2, GOLDEN_COSINES[1]),
            (0, 3, GOLDEN_COSINES[2]),
            (1, 2, GOLDEN_COSINES[3]),
            (2, 3, GOLDEN_COSINES[4]),
        ];
        for (a, b, cosine) in expected {
            let found = sparse_cosine(&weights[a], &weights[b]);
            assert!(
                (found - cosine).abs() < 1e-12,
                "{a} and {b}: {found}, expected {cosine}"
            );
        }
    }

    const GOLDEN_COSINES: [f64; 5] = [
        0.5179552677039423,
        0.0,
        0.10403257379994564,
        0.0,
        0.10012143982616055,
    ];

    /// Bits that must never change, on any platform: saved embeddings would no longer fit the encoder.
    #[test]
    fn the_numbers_are_pinned() {
        let encoder = HashedTfIdfConfig::new()
            .with_dim(4)
            .fit(&["pinned number", "another"], 7)
            .unwrap();
        let rows = encoder
            .encode(&["pinned number pinned", "Another \u{dc}bung 12"])
            .unwrap();
        let bits: Vec<u32> = rows.as_slice().iter().map(|x| x.to_bits()).collect();
        assert_eq!(
            bits,
            [
                3181372584, 3181372584, 1060366750, 1060366750, 3198252808, 1059194100, 3198252808,
                3206677748
            ],
            "{:?}",
            rows.as_slice()
        );
    }

    #[test]
    fn projections_keep_angles() {
        let word = |i: usize| format!("w{i}");
        let texts: Vec<String> = (0..40)
            .map(|i| (0..30).map(|j| word((i * 17 + j * j) % 90) + " ").collect())
            .collect();
        let encoder = HashedTfIdfConfig::new()
            .with_dim(2048)
            .fit(&texts, 3)
            .unwrap();
        let rows = encoder.encode(&texts).unwrap();
        let mut worst = 0.0f64;
        for a in 0..texts.len() {
            for b in 0..a {
                let exact = sparse_cosine(&encoder.weights(&texts[a]), &encoder.weights(&texts[b]));
                worst = worst.max((f64::from(cosine(rows.row(a), rows.row(b))) - exact).abs());
            }
        }
        // The deviation of one pair is about 1 / sqrt(2048) = 0.022; 780 pairs stay below five times that.
        assert!(worst < 0.11, "{worst}");
    }

    #[test]
    fn seeds_matter_and_texts_without_words_are_zero() {
        let texts = ["one two", "...", ""];
        let rows = |seed| {
            HashedTfIdfConfig::new()
                .with_dim(64)
                .fit(&texts, seed)
                .unwrap()
                .encode(&texts)
                .unwrap()
        };
        assert_eq!(rows(1), rows(1));
        assert_ne!(rows(1).row(0), rows(2).row(0));
        assert_eq!(rows(1).slice(1..3).as_slice(), [0.0; 128]);
        assert!((cosine(rows(1).row(0), rows(1).row(0)) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn impossible_options_are_refused() {
        let fit = |config: HashedTfIdfConfig| config.fit(&["text"], 0).unwrap_err().to_string();
        assert!(fit(HashedTfIdfConfig::new().with_dim(0)).starts_with("option `dim` is 0"));
        assert!(
            fit(HashedTfIdfConfig::new().with_features(0)).starts_with("option `features` is 0")
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// The naive twin: strings as keys, one dense matrix of signs.
        #[test]
        fn encoding_is_the_product_of_the_dense_matrices(
            texts in prop::collection::vec("[ab A.]{0,12}", 1..6),
            seed in any::<u64>(),
            bigrams in any::<bool>(),
        ) {
            let config = HashedTfIdfConfig::new().with_dim(70).with_bigrams(bigrams);
            let encoder = config.fit(&texts, seed).unwrap();
            let rows = encoder.encode(&texts).unwrap();
            let terms: Vec<Vec<String>> = texts.iter().map(|text| {
                let lower = text.to_lowercase();
                let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
                let pairs = words.windows(if bigrams { 2 } else { usize::MAX }).map(|pair| pair.join(" "));
                words.iter().map(ToString::to_string).chain(pairs).collect()
            }).collect();
            for (i, own) in terms.iter().enumerate() {
                let mut expected = vec![0.0f64; 70];
                for term in own.iter().collect::<BTreeSet<_>>() {
                    let tf = own.iter().filter(|other| *other == term).count() as f64;
                    let df = terms.iter().filter(|text| text.contains(term)).count() as f64;
                    let weight = (1.0 + tf.ln()) * (1.0 + ((1.0 + texts.len() as f64) / (1.0 + df)).ln());
                    let feature = encoder.features.of(term);
                    for (j, sum) in expected.iter_mut().enumerate() {
                        *sum += weight * encoder.projection.sign(feature, j);
                    }
                }
                let length = expected.iter().map(|x| x * x).sum::<f64>().sqrt();
                for (found, sum) in rows.row(i).iter().zip(&expected) {
                    let wanted = if length > 0.0 { sum / length } else { 0.0 };
                    prop_assert!((f64::from(*found) - wanted).abs() < 1e-6, "{found} {wanted}");
                }
            }
        }
    }
}
