//! A small world to learn from: loud topics, faint tastes.

use genrec_embed::Embeddings;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::CodeTable;

const TOPICS: usize = 8;
const TASTES: usize = 6;
pub(super) const D_TEXT: usize = 20;

/// Items whose text says loudly what they are about (8 topics) and faintly to whose taste they are (6 tastes); people
/// go by taste alone.
pub(super) struct World {
    pub(super) text: Embeddings,
    pub(super) collaborative: Embeddings,
    taste: Vec<usize>,
}

impl World {
    pub(super) fn new(items: usize, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut noise = move || -> f32 { (0..12).map(|_| rng.random::<f32>()).sum::<f32>() - 6.0 };
        // The same directions in every world.
        let mut fixed = StdRng::seed_from_u64(7);
        let mut directions = |count: usize, width: usize| -> Vec<Vec<f32>> {
            (0..count)
                .map(|_| (0..width).map(|_| fixed.random_range(-1.0..1.0)).collect())
                .collect()
        };
        let (topics, tastes, people) = (
            directions(TOPICS, D_TEXT),
            directions(TASTES, D_TEXT),
            directions(TASTES, 8),
        );
        let taste: Vec<usize> = (0..items).map(|item| (item / TOPICS) % TASTES).collect();
        let text = (0..items).flat_map(|item| {
            (0..D_TEXT)
                .map(|at| {
                    topics[item % TOPICS][at] + 0.2 * tastes[taste[item]][at] + 0.15 * noise()
                })
                .collect::<Vec<_>>()
        });
        let text = Embeddings::from_vec(items, D_TEXT, text.collect()).unwrap();
        let collaborative = taste.iter().flat_map(|&taste| {
            people[taste]
                .iter()
                .map(|x| 3.0 * x + 0.3 * noise())
                .collect::<Vec<_>>()
        });
        Self {
            collaborative: Embeddings::from_vec(items, 8, collaborative.collect()).unwrap(),
            text,
            taste,
        }
    }

    /// How many codes two items to the same taste and about different topics share, less how many two items to
    /// different tastes do, as a share of the levels.
    pub(super) fn agreement(&self, codes: &CodeTable) -> f64 {
        let rows: Vec<_> = codes.iter().collect();
        let mut shared = [(0.0, 0.0); 2];
        for (a, codes_a) in &rows {
            for (b, codes_b) in &rows[a.index() + 1..] {
                if a.index() % TOPICS != b.index() % TOPICS {
                    let same = usize::from(self.taste[a.index()] == self.taste[b.index()]);
                    shared[same].0 +=
                        codes_a.iter().zip(*codes_b).filter(|(a, b)| a == b).count() as f64;
                    shared[same].1 += codes.levels() as f64;
                }
            }
        }
        shared[1].0 / shared[1].1 - shared[0].0 / shared[0].1
    }
}
