use genrec_data::ItemId;
use genrec_quantize::SinkhornConfig;
use serde::{Deserialize, Serialize};

use super::{ResidualSpace, with_codes};
use crate::{Code, CodeTable, Result};

/// LC-Rec's rule, which LETTER's released code shares: in rounds, the items of every group of collided items are
/// assigned to the codewords of the last level anew, by optimal transport that gives all codewords the same weight.
///
/// The squared distances of a group's items to the codewords are centred into [-1, 1] and scaled by `1 / epsilon`; an
/// item takes the codeword to which most of its mass goes. A group is much smaller than a codebook, so equal weight for
/// all codewords matters more than closeness, and items with the same latent can never be told apart: what still
/// collides after the last round goes to the [`Remainder`] rule. Where the published results are not to be reproduced,
/// [`NextBest`](super::Disambiguate::NextBest) keeps items closer to their codewords.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SinkhornRule {
    /// The transport: epsilon .003, 50 iterations.
    pub transport: SinkhornConfig,
    /// At most so many rounds of finding collisions and assigning them anew; 20.
    pub rounds: usize,
    /// Whether items that did not collide at first stay where they are, also when an item is moved onto their
    /// identifier: `true`. The released code moves them too, `false`.
    pub keep_unique: bool,
    /// What happens to collisions that the rounds leave; next best.
    pub remainder: Remainder,
}

/// What happens to collisions that all rounds of Sinkhorn assignment leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Remainder {
    /// As [`Disambiguate::NextBest`](super::Disambiguate::NextBest).
    NextBest,
    /// As [`Disambiguate::AppendToken`](super::Disambiguate::AppendToken), where any collision is left.
    AppendToken,
}

impl Default for SinkhornRule {
    fn default() -> Self {
        Self {
            transport: SinkhornConfig::new(),
            rounds: 20,
            keep_unique: true,
            remainder: Remainder::NextBest,
        }
    }
}

impl SinkhornRule {
    /// As [`transport`](Self#structfield.transport).
    pub fn with_transport(self, transport: SinkhornConfig) -> Self {
        Self { transport, ..self }
    }

    /// As [`rounds`](Self#structfield.rounds).
    pub fn with_rounds(self, rounds: usize) -> Self {
        Self { rounds, ..self }
    }

    /// As [`keep_unique`](Self#structfield.keep_unique).
    pub fn with_keep_unique(self, keep_unique: bool) -> Self {
        Self {
            keep_unique,
            ..self
        }
    }

    /// As [`remainder`](Self#structfield.remainder).
    pub fn with_remainder(self, remainder: Remainder) -> Self {
        Self { remainder, ..self }
    }

    /// Which items must stay where they are.
    pub(super) fn unique(&self, table: &CodeTable) -> Vec<bool> {
        let mut unique = vec![self.keep_unique; table.items()];
        for item in table.collisions().groups().iter().flatten() {
            unique[item.index()] = false;
        }
        unique
    }

    /// The codes after all rounds; some collisions may be left.
    pub(super) fn resolve(
        &self,
        table: &CodeTable,
        space: &ResidualSpace,
        unique: &[bool],
    ) -> Result<CodeTable> {
        self.transport.check()?;
        let last = table.levels() - 1;
        let mut table = table.clone();
        for _ in 0..self.rounds {
            let collisions = table.collisions();
            if collisions.is_empty() {
                break;
            }
            let mut codes = table.as_slice().to_vec();
            for group in collisions.groups() {
                for (&item, code) in group.iter().zip(self.assign(&table, space, group)) {
                    if !unique[item.index()] {
                        codes[item.index() * table.levels() + last] = code;
                    }
                }
            }
            table = with_codes(&table, codes)?;
        }
        Ok(table)
    }

    /// New codes of the last level for the items of a group.
    fn assign(&self, table: &CodeTable, space: &ResidualSpace, group: &[ItemId]) -> Vec<Code> {
        let last = table.levels() - 1;
        let distances: Vec<f64> = group
            .iter()
            .flat_map(|&item| {
                space.distances(last, &space.residual(item, &table.codes(item)[..last]))
            })
            .collect();
        let plan = self
            .transport
            .plan(&distances, table.codebook_sizes()[last]);
        plan.argmax()
            .into_iter()
            .map(|code| Code::new(code as u32))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Golden {
        latents: Vec<[f32; 2]>,
        codebooks: Vec<Vec<[f32; 2]>>,
        epsilon: f64,
        iterations: usize,
        codes: Vec<[u32; 2]>,
        move_all: Rounds,
        keep_unique: Rounds,
    }

    #[derive(Deserialize)]
    struct Rounds {
        rounds: Vec<Vec<[u32; 2]>>,
        left: usize,
    }

    fn array(rows: &[[f32; 2]]) -> Array2<f32> {
        Array2::from_shape_vec((rows.len(), 2), rows.as_flattened().to_vec()).unwrap()
    }

    fn table(rows: &[[u32; 2]], sizes: &[usize]) -> CodeTable {
        CodeTable::new(
            rows.len(),
            2,
            rows.as_flattened().iter().copied().map(Code::new).collect(),
            sizes.to_vec(),
        )
        .unwrap()
    }

    /// The codes after every round are those of `tests/golden/letter.py`, which follows the released code.
    #[test]
    fn rounds_are_those_of_the_released_code() {
        let golden: Golden =
            serde_json::from_str(include_str!("../../../../tests/golden/letter/rounds.json"))
                .unwrap();
        let codebooks: Vec<Array2<f32>> = golden.codebooks.iter().map(|rows| array(rows)).collect();
        let sizes: Vec<usize> = codebooks.iter().map(Array2::nrows).collect();
        let space = ResidualSpace::new(array(&golden.latents), codebooks).unwrap();
        let start = table(&golden.codes, &sizes);
        let transport = SinkhornConfig::new()
            .with_epsilon(golden.epsilon)
            .with_iterations(golden.iterations);
        for (keep_unique, expected) in [(false, golden.move_all), (true, golden.keep_unique)] {
            let rule = SinkhornRule::default()
                .with_transport(transport)
                .with_keep_unique(keep_unique);
            let unique = rule.unique(&start);
            assert_eq!((expected.rounds.len(), expected.left), (9, 0));
            for (round, codes) in expected.rounds.iter().enumerate() {
                let found = rule
                    .clone()
                    .with_rounds(round + 1)
                    .resolve(&start, &space, &unique)
                    .unwrap();
                assert_eq!(
                    found,
                    table(codes, &sizes),
                    "round {round}, keep_unique {keep_unique}"
                );
            }
            let all = rule.resolve(&start, &space, &unique).unwrap();
            assert!(
                all.collisions().is_empty(),
                "the rounds end when nothing collides"
            );
        }
    }

    #[test]
    fn items_with_the_same_latent_are_left_to_the_remainder_rule() {
        let space = ResidualSpace::new(
            array(&[[0.0, 0.0]; 3]),
            vec![
                array(&[[0.0, 0.1]]),
                array(&[[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]]),
            ],
        )
        .unwrap();
        let start = table(&[[0, 0]; 3], &[1, 3]);
        let rule = SinkhornRule::default();
        assert!(
            !rule
                .resolve(&start, &space, &rule.unique(&start))
                .unwrap()
                .collisions()
                .is_empty()
        );
        let next_best = crate::Disambiguate::Sinkhorn(rule.clone())
            .apply(&start, Some(&space))
            .unwrap();
        assert_eq!(next_best.levels(), 2);
        let append = crate::Disambiguate::Sinkhorn(rule.with_remainder(Remainder::AppendToken))
            .apply(&start, Some(&space))
            .unwrap();
        assert_eq!(append.levels(), 3);
    }

    #[test]
    fn a_transport_that_cannot_work_is_refused() {
        let space = ResidualSpace::new(
            array(&[[0.0, 0.0]]),
            vec![array(&[[0.0, 0.1]]), array(&[[0.0, 0.0]])],
        )
        .unwrap();
        let rule = SinkhornRule::default().with_transport(SinkhornConfig::new().with_epsilon(-1.0));
        let error = crate::Disambiguate::Sinkhorn(rule)
            .apply(&table(&[[0, 0]], &[1, 1]), Some(&space))
            .unwrap_err();
        assert!(error.to_string().contains("epsilon is -1"), "{error}");
    }
}
