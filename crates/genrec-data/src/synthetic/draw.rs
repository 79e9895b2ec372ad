//! Users living their lives: histories drawn from the exact probabilities.

use rand::{
    RngExt,
    distr::{Distribution, weighted::WeightedIndex},
    rngs::StdRng,
};

use super::{SyntheticWorldConfig, behaviour::Behaviour};
use crate::ItemId;

/// How often a choice may fall on something already taken before the rest of the catalogue is weighed item by item.
const PATIENCE: usize = 64;

/// 1 January 2020, when the shop opens.
const OPENING: i64 = 1_577_836_800;
const DAY: f64 = 86_400.0;
/// Users arrive over a year, and come back after a week on average.
const YEAR: f64 = 365.0;
const WEEK: f64 = 7.0;

/// Draws items without laying out the distribution over all of them each time.
pub(super) struct Drawer<'a> {
    behaviour: &'a Behaviour,
    shelves: Vec<WeightedIndex<f64>>,
    interests: Vec<WeightedIndex<f64>>,
    followers: Vec<WeightedIndex<f64>>,
    overall: WeightedIndex<f64>,
}

impl<'a> Drawer<'a> {
    pub(super) fn new(behaviour: &'a Behaviour) -> Self {
        let within =
            |shelf: &Vec<ItemId>| weighted(shelf.iter().map(|item| behaviour.within[item.index()]));
        let chances =
            |followers: &Vec<(ItemId, f64)>| weighted(followers.iter().map(|&(_, chance)| chance));
        Self {
            behaviour,
            shelves: behaviour.shelves.iter().map(within).collect(),
            interests: behaviour
                .interests
                .iter()
                .map(|theta| weighted(theta.iter().copied()))
                .collect(),
            followers: behaviour.followers.iter().map(chances).collect(),
            overall: weighted(behaviour.overall.iter().copied()),
        }
    }

    /// What a user of this kind does, `[length]`, with times in seconds.
    pub(super) fn history(
        &self,
        config: &SyntheticWorldConfig,
        kind: usize,
        rng: &mut StdRng,
    ) -> Vec<(ItemId, i64)> {
        let mut items = Vec::new();
        let mut day = rng.random_range(0.0..YEAR);
        let mut times = Vec::new();
        for _ in 0..length(config, rng) {
            items.push(self.next(kind, &items, rng));
            times.push(OPENING + (day * DAY) as i64);
            // An exponential wait: visits come at random.
            day -= WEEK * (1.0 - rng.random::<f64>()).ln();
        }
        items.into_iter().zip(times).collect()
    }

    /// One item that is not in the history. Drawing again whatever was taken before is drawing from the mixture over what
    /// was not.
    pub(super) fn next(&self, kind: usize, history: &[ItemId], rng: &mut StdRng) -> ItemId {
        for _ in 0..PATIENCE {
            let item = self.with_repeats(kind, history, rng);
            if !history.contains(&item) {
                return item;
            }
        }
        let mixture = |row: usize| match ItemId::from_index(row) {
            item if history.contains(&item) => 0.0,
            item => self.behaviour.mixture(kind, history, item),
        };
        ItemId::from_index(weighted((0..self.behaviour.items()).map(mixture)).sample(rng))
    }

    /// One item of the mixture, whatever was taken before.
    fn with_repeats(&self, kind: usize, history: &[ItemId], rng: &mut StdRng) -> ItemId {
        let shares = self.behaviour.shares(history);
        let mut left = rng.random::<f64>();
        for (source, share) in history.iter().rev().zip(shares.last) {
            if left < share {
                let place = self.followers[source.index()].sample(rng);
                return self.behaviour.followers[source.index()][place].0;
            }
            left -= share;
        }
        if left < shares.noise {
            return ItemId::from_index(self.overall.sample(rng));
        }
        let leaf = self.interests[kind].sample(rng);
        self.behaviour.shelves[leaf][self.shelves[leaf].sample(rng)]
    }
}

fn weighted(weights: impl Iterator<Item = f64>) -> WeightedIndex<f64> {
    WeightedIndex::new(weights).expect("probabilities are not negative and not all zero")
}

/// Binomial between shortest and longest.
fn length(config: &SyntheticWorldConfig, rng: &mut StdRng) -> usize {
    let trials = config.longest - config.shortest;
    if trials == 0 {
        return config.shortest;
    }
    let chance = (config.mean_length - config.shortest as f64) / trials as f64;
    config.shortest + (0..trials).filter(|_| rng.random_bool(chance)).count()
}
