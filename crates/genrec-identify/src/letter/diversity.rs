//! Diversity regularization (LETTER, section 3): codewords of a cluster are pulled together and away from all others,
//! so that items spread over them.

use burn::tensor::{Device, Int, Tensor, TensorData, activation::log_softmax, assert_shape};
use genrec_quantize::ConstrainedKMeansConfig;
use rand::RngExt;

use crate::Result;

/// Sent into a softmax it comes out as exactly 0, without the NaN that an infinity may leave in a gradient.
const NEVER: f32 = -1e30;

/// The codewords of one codebook in clusters, as a table on the device from which positives are drawn without looking
/// at the codes on the host.
#[derive(Clone, Debug)]
pub struct Clusters {
    /// The other codewords of each codeword's cluster, filled up with 0, `[codewords * width]`.
    others: Tensor<1, Int>,
    /// How many there are, `[codewords]`.
    counts: Tensor<1>,
    width: usize,
}

impl Clusters {
    /// Clusters a codebook, `[codewords, d]`, by k-means with bounds on the cluster sizes.
    ///
    /// # Errors
    ///
    /// No clusters of these sizes hold the codewords, or a codeword is not finite.
    pub fn fit(codebook: &Tensor<2>, kmeans: &ConstrainedKMeansConfig, seed: u64) -> Result<Self> {
        let codebook = codebook.clone().inner();
        let clustering = kmeans.fit(&codebook, seed)?;
        let cluster_of: Vec<i64> = clustering.codes.into_data().iter::<i64>().collect();
        let others = |code: usize| {
            let same = |&other: &usize| other != code && cluster_of[other] == cluster_of[code];
            (0..cluster_of.len())
                .filter(same)
                .map(|other| other as u32)
                .collect()
        };
        Ok(Self::new(
            (0..cluster_of.len()).map(others).collect(),
            &codebook.device(),
        ))
    }

    /// Clusters given as, for every codeword, the other codewords of its cluster.
    ///
    /// # Panics
    ///
    /// If a codeword is not below the number of codewords.
    pub fn new(others: Vec<Vec<u32>>, device: &Device) -> Self {
        let codewords = others.len();
        let width = others.iter().map(Vec::len).max().unwrap_or(0).max(1);
        assert!(
            others
                .iter()
                .flatten()
                .all(|&other| (other as usize) < codewords),
            "a codeword beyond the {codewords} of the codebook"
        );
        let counts: Vec<f32> = others.iter().map(|others| others.len() as f32).collect();
        let filled = others.iter().flat_map(|others| {
            others
                .iter()
                .map(|&other| i64::from(other))
                .chain(std::iter::repeat(0))
                .take(width)
        });
        Self {
            others: Tensor::from_data(
                TensorData::new(filled.collect(), [codewords * width]),
                device,
            ),
            counts: Tensor::from_data(TensorData::new(counts, [codewords]), device),
            width,
        }
    }

    /// Draws for every code another codeword of its cluster, all with the same probability: their numbers `[batch]`,
    /// and 1 where there is one, 0 where the codeword is alone in its cluster, `[batch]`.
    ///
    /// # Shapes
    ///
    /// - codes: `[batch]`, without autodiff
    pub fn draw(
        &self,
        codes: Tensor<1, Int>,
        rng: &mut impl rand::Rng,
    ) -> (Tensor<1, Int>, Tensor<1>) {
        let [batch] = codes.dims();
        let uniform: Vec<f32> = (0..batch).map(|_| rng.random()).collect();
        let uniform = Tensor::<1>::from_data(TensorData::new(uniform, [batch]), &codes.device());
        let counts = self.counts.clone().select(0, codes.clone());
        // The product may round up to the count itself.
        let last = (counts.clone() - 1.0).clamp_min(0.0).int();
        let chosen = (uniform * counts.clone()).int().min_pair(last);
        let positives = self
            .others
            .clone()
            .select(0, codes * self.width as i64 + chosen);
        (positives, counts.clamp_max(1.0))
    }
}

/// The diversity loss of one level for a batch, `[1]`: `-1/B sum_i log [ exp<e_c, e_+> / sum_{j != c} exp<e_c, e_j> ]`;
/// a row without a positive adds 0.
///
/// All rows with the same code have the same scores, so the softmax is over `[codewords, codewords]`, not `[batch,
/// codewords]`.
///
/// # Shapes
///
/// - codebook: `[codewords, d]`; the gradient reaches it through the chosen codeword and through all others
/// - codes: `[batch]`, the chosen codewords, without autodiff
/// - positives: `[batch]`, another codeword for each
/// - has_positive: `[batch]`, 1, or 0 where there is none ([`Clusters::draw`])
///
/// # Panics
///
/// If the shapes do not fit.
pub fn diversity_loss(
    codebook: Tensor<2>,
    codes: Tensor<1, Int>,
    positives: Tensor<1, Int>,
    has_positive: Tensor<1>,
) -> Tensor<1> {
    let [batch] = codes.dims();
    assert_shape!(positives, [batch]);
    assert_shape!(has_positive, [batch]);
    let [codewords, _] = codebook.dims();
    let itself = Tensor::eye(codewords, &codebook.device()).mul_scalar(NEVER);
    let scores = codebook.clone().matmul(codebook.transpose()) + itself;
    let log_shares = log_softmax(scores, 1)
        .reshape([codewords * codewords])
        .select(0, codes * codewords as i64 + positives);
    let has_positive = if log_shares.is_autodiff() {
        has_positive.autodiff()
    } else {
        has_positive
    };
    (log_shares * has_positive)
        .sum()
        .div_scalar(batch as f64)
        .neg()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use burn::tensor::Distribution;
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    #[test]
    fn every_other_codeword_of_the_cluster_is_drawn_and_nothing_else() {
        let others: [&[u32]; 6] = [&[2, 5], &[], &[0, 5], &[4], &[3], &[0, 2]];
        let clusters = Clusters::new(others.map(<[u32]>::to_vec).to_vec(), &Device::default());
        let codes = Tensor::<1, Int>::from_data(
            TensorData::from([0_i64, 1, 2, 3, 4, 5].repeat(50).as_slice()),
            &Device::default(),
        );
        let (positives, has) = clusters.draw(codes, &mut StdRng::seed_from_u64(1));
        let positives: Vec<i64> = positives.into_data().iter::<i64>().collect();
        let has: Vec<f32> = has.into_data().iter::<f32>().collect();
        for (code, others) in others.iter().enumerate() {
            let drawn: BTreeSet<u32> = positives
                .iter()
                .skip(code)
                .step_by(6)
                .map(|&positive| positive as u32)
                .collect();
            let expected: BTreeSet<u32> = others.iter().copied().collect();
            assert!(
                has.iter()
                    .skip(code)
                    .step_by(6)
                    .all(|&has| has == f32::from(u8::from(!others.is_empty())))
            );
            assert!(others.is_empty() || drawn == expected, "{code}: {drawn:?}");
        }
    }

    #[test]
    fn clusters_of_a_codebook_have_sizes_within_the_bounds() {
        let codebook =
            Tensor::<2>::random([40, 4], Distribution::Normal(0.0, 1.0), &Device::default());
        let clusters =
            Clusters::fit(&codebook, &ConstrainedKMeansConfig::new(5, 4, 12), 3).unwrap();
        let counts: Vec<f32> = clusters.counts.clone().into_data().iter::<f32>().collect();
        assert!(
            counts.iter().all(|&others| (3.0..=11.0).contains(&others)),
            "{counts:?}"
        );
        // Every cluster of n codewords is counted n times, as n - 1 others.
        let clusters: f32 = counts.iter().map(|others| 1.0 / (others + 1.0)).sum();
        assert!((clusters - 5.0).abs() < 1e-4);
        assert!(Clusters::fit(&codebook, &ConstrainedKMeansConfig::new(5, 10, 12), 3).is_err());
    }
}
