use burn::config::Config;

use crate::{Error, Result};

/// How tables are inspected.
#[derive(Config, Debug, PartialEq)]
pub struct InspectConfig {
    /// Seed of the sampled pairs and the permutations.
    pub seed: u64,
    /// How many neighbours of an item are compared with its neighbours in codes. A number that is not below the number of other items
    /// would find them all and is left out of the result.
    #[config(default = "vec![5, 10, 50]")]
    pub ks: Vec<usize>,
    /// How many pairs of items are drawn for the rank correlation.
    #[config(default = 100_000)]
    pub pairs: usize,
    /// How many random permutations of the categories tell what purity chance gives.
    #[config(default = 5)]
    pub permutations: usize,
    /// How many of the first codes, by falling frequency, are counted together: LETTER's figure has 15.
    #[config(default = 15)]
    pub first_code_group: usize,
    /// How many groups of collided items are listed, largest first, and how many items of each.
    #[config(default = 20)]
    pub groups_listed: usize,
}

impl InspectConfig {
    pub(super) fn check(&self) -> Result<()> {
        let wrong = |option, expected: &str, found: String| {
            Err(Error::Config {
                option,
                expected: expected.to_owned(),
                found,
            })
        };
        if self.ks.is_empty() || self.ks.contains(&0) {
            return wrong(
                "ks",
                "one or more numbers of at least 1",
                format!("{:?}", self.ks),
            );
        }
        let counts = [
            ("pairs", self.pairs, 2),
            ("permutations", self.permutations, 1),
            ("first_code_group", self.first_code_group, 1),
        ];
        for (option, value, least) in counts {
            if value < least {
                return wrong(option, &format!("at least {least}"), value.to_string());
            }
        }
        Ok(())
    }

    /// How many neighbours are needed of every item.
    pub(super) fn most(&self) -> usize {
        self.ks.iter().copied().max().unwrap_or(1)
    }
}
