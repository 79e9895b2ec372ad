//! How well codes are used.

use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fmt;

/// How the codewords of every level are used by a set of items, and how many items share a whole
/// code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CodeUsage {
    /// Items counted.
    pub items: usize,
    /// One entry per level, first level first.
    pub levels: Vec<LevelUsage>,
    /// How many different codes (of all levels together) there are.
    pub distinct: usize,
}

/// How the codewords of one level are used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LevelUsage {
    /// Items per codeword, `codewords` long.
    pub counts: Vec<u32>,
    /// Codewords with at least one item.
    pub used: usize,
    /// Entropy of the codeword of a random item, in nats: 0 when all items share one,
    /// `ln(codewords)` when they are spread evenly.
    pub entropy: f64,
    /// `exp(entropy)`: how many evenly used codewords would be as diverse.
    pub perplexity: f64,
    /// Gini coefficient of the counts over **all** codewords, unused ones included: 0 when even, `1
    /// - 1 / codewords` when one has all.
    pub gini: f64,
}

impl CodeUsage {
    /// Counts codes given as a tensor.
    ///
    /// # Shapes
    ///
    /// - codes: `[items, levels]`, each entry below its level's entry of `codebook_sizes`
    ///
    /// # Panics
    ///
    /// If `codebook_sizes` has not one entry per level, or a code is not in its codebook.
    pub fn new(codes: Tensor<2, Int>, codebook_sizes: &[usize]) -> Self {
        let levels = codes.dims()[1];
        let host: Vec<u32> = codes
            .into_data()
            .iter::<i64>()
            .map(|code| u32::try_from(code).expect("a code is a small non-negative number"))
            .collect();
        Self::of(&host, levels, codebook_sizes)
    }

    /// Counts codes given as one flat slice, `codes[item * levels + level]`.
    ///
    /// # Panics
    ///
    /// If `codebook_sizes` has not one entry per level, the slice is no multiple of `levels`, or a
    /// code is not in its codebook.
    pub fn of(codes: &[u32], levels: usize, codebook_sizes: &[usize]) -> Self {
        assert_eq!(codebook_sizes.len(), levels, "one codebook size per level");
        assert!(
            levels > 0 && codes.len().is_multiple_of(levels),
            "{levels} codes per item, found {}",
            codes.len()
        );
        let mut counts: Vec<Vec<u32>> = codebook_sizes.iter().map(|&size| vec![0; size]).collect();
        let mut seen = HashSet::new();
        for item in codes.chunks_exact(levels) {
            for (level, &code) in item.iter().enumerate() {
                let size = codebook_sizes[level];
                *counts[level].get_mut(code as usize).unwrap_or_else(|| {
                    panic!("code {code} at level {level} of a codebook of {size}")
                }) += 1;
            }
            seen.insert(item);
        }
        Self {
            items: codes.len() / levels,
            levels: counts.into_iter().map(LevelUsage::new).collect(),
            distinct: seen.len(),
        }
    }

    /// Share of items that a table with one item per code would have no room for: `(items -
    /// distinct) / items`, 0 for no items.
    ///
    /// This is the collision rate that LETTER's and LC-Rec's code prints.
    pub fn collision_rate(&self) -> f64 {
        if self.items == 0 {
            0.0
        } else {
            (self.items - self.distinct) as f64 / self.items as f64
        }
    }
}

impl fmt::Display for CodeUsage {
    /// One line a level: codewords used, perplexity, Gini coefficient.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, level) in self.levels.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            write!(
                f,
                "level {}: {} of {} codewords used ({:.1} %), perplexity {:.1}, Gini {:.2}",
                number + 1,
                level.used,
                level.counts.len(),
                100.0 * level.used_share(),
                level.perplexity,
                level.gini
            )?;
        }
        Ok(())
    }
}

impl LevelUsage {
    /// From the number of items of every codeword.
    pub fn new(counts: Vec<u32>) -> Self {
        let total: f64 = counts.iter().map(|&c| f64::from(c)).sum();
        let entropy = counts
            .iter()
            .filter(|&&c| c > 0)
            .map(|&c| f64::from(c) / total)
            .map(|share| -share * share.ln())
            .sum::<f64>()
            .max(0.0);
        Self {
            used: counts.iter().filter(|&&c| c > 0).count(),
            entropy,
            perplexity: entropy.exp(),
            gini: gini(&counts, total),
            counts,
        }
    }

    /// Share of the codewords with at least one item, in `0..=1`.
    pub fn used_share(&self) -> f64 {
        self.used as f64 / self.counts.len().max(1) as f64
    }
}

/// Gini coefficient: with counts sorted ascending, `sum_i (2 i - n - 1) c_i / (n sum c)`, `i` from
/// 1.
fn gini(counts: &[u32], total: f64) -> f64 {
    if total == 0.0 {
        return 0.0;
    }
    let mut sorted = counts.to_vec();
    sorted.sort_unstable();
    let n = sorted.len() as f64;
    let weighted: f64 = sorted
        .iter()
        .enumerate()
        .map(|(i, &c)| (2.0 * (i + 1) as f64 - n - 1.0) * f64::from(c))
        .sum();
    weighted / (n * total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use proptest::prelude::*;

    #[test]
    fn even_and_one_sided_use() {
        let even = LevelUsage::new(vec![5; 8]);
        assert_eq!(even.used, 8);
        assert!((even.perplexity - 8.0).abs() < 1e-9 && even.gini.abs() < 1e-12);
        let single = LevelUsage::new(vec![0, 40, 0, 0]);
        assert_eq!(single.used, 1);
        assert!((single.perplexity - 1.0).abs() < 1e-12 && (single.gini - 0.75).abs() < 1e-12);
    }

    #[test]
    fn numbers_by_hand() {
        // Shares 1/2, 1/4, 1/4: entropy 1.5 ln 2.
        let level = LevelUsage::new(vec![2, 1, 1]);
        assert!((level.entropy - 1.5 * 2f64.ln()).abs() < 1e-12);
        // Sorted 1 1 2: (-2 * 1 + 0 * 1 + 2 * 2) / (3 * 4) = 1 / 6.
        assert!((level.gini - 1.0 / 6.0).abs() < 1e-12);
    }

    #[test]
    fn collisions_count_items_without_a_place() {
        let usage = CodeUsage::of(&[0, 1, 0, 1, 0, 1, 1, 0], 2, &[2, 2]);
        assert_eq!((usage.items, usage.distinct), (4, 2));
        assert!((usage.collision_rate() - 0.5).abs() < 1e-12);
    }

    #[test]
    fn a_tensor_counts_as_its_numbers_do() {
        let codes = Tensor::<2, Int>::from_data([[0, 3], [2, 1], [2, 3]], &Device::default());
        let usage = CodeUsage::new(codes, &[3, 4]);
        assert_eq!(usage, CodeUsage::of(&[0, 3, 2, 1, 2, 3], 2, &[3, 4]));
        assert_eq!(usage.levels[1].counts, [0, 1, 0, 2]);
    }

    #[test]
    #[should_panic(expected = "code 4 at level 1 of a codebook of 4")]
    fn a_code_outside_its_codebook_is_named() {
        CodeUsage::of(&[0, 4], 2, &[3, 4]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Against the definition: half the relative mean absolute difference of all pairs.
        #[test]
        fn gini_is_the_mean_absolute_difference(counts in prop::collection::vec(0u32..50, 1..20)) {
            let n = counts.len() as f64;
            let total: f64 = counts.iter().map(|&c| f64::from(c)).sum();
            prop_assume!(total > 0.0);
            let pairs: f64 = counts
                .iter()
                .flat_map(|&a| counts.iter().map(move |&b| (f64::from(a) - f64::from(b)).abs()))
                .sum();
            let naive = pairs / (2.0 * n * total);
            prop_assert!((LevelUsage::new(counts).gini - naive).abs() < 1e-12);
        }
    }
}
