//! How users choose: the exact probabilities.
//!
//! A user of kind `t` with history `h` takes next an item that is not in `h`, with a probability proportional to
//!
//! `m_t(i | h) = complement * C(i | h) + interest * theta_t(leaf(i)) * z(i) + noise * g(i)`
//!
//! where `C` follows the last two items, `theta_t` are the interests of the kind, `z` is the popularity within a lowest
//! category and `g` the popularity overall. The first item has nothing to complement: that share follows the interests.

use rand::{
    RngExt,
    rngs::StdRng,
    seq::{IndexedRandom, SliceRandom, index},
};

use super::{SyntheticWorldConfig, shop::Kind, tree::Tree};
use crate::ItemId;

/// Everything that choices depend on.
#[derive(Clone, Debug)]
pub(super) struct Behaviour {
    pub(super) complement: f64,
    pub(super) memory: f64,
    pub(super) noise: f64,
    /// The lowest category of each item.
    pub(super) leaf_of: Vec<usize>,
    /// The items of each lowest category, most popular first.
    pub(super) shelves: Vec<Vec<ItemId>>,
    /// `z`: the popularity of each item within its lowest category; adds up to 1 in each.
    pub(super) within: Vec<f64>,
    /// `g`: the popularity of each item overall; adds up to 1.
    pub(super) overall: Vec<f64>,
    /// `theta[kind][leaf]`: what each kind of user is interested in; each row adds up to 1.
    pub(super) interests: Vec<Vec<f64>>,
    /// What follows each item, likeliest first; the probabilities of each add up to 1.
    pub(super) followers: Vec<Vec<(ItemId, f64)>>,
}

/// The probability of each component of the mixture, given how much of a history there is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shares {
    pub(super) interest: f64,
    pub(super) noise: f64,
    /// Of complementing the last item and the last but one.
    pub(super) last: [f64; 2],
}

impl Behaviour {
    pub(super) fn plant(
        config: &SyntheticWorldConfig,
        tree: &Tree,
        kinds: &[Kind],
        rng: &mut StdRng,
    ) -> Self {
        let leaves = tree.leaves.len();
        let mut shelves = vec![Vec::new(); leaves];
        for (item, kind) in kinds.iter().enumerate() {
            shelves[kind.leaf].push(ItemId::from_index(item));
        }
        let mut within = vec![0.0; kinds.len()];
        for shelf in &mut shelves {
            shelf.shuffle(rng);
            for (item, share) in shelf.iter().zip(power_law(shelf.len(), config.zipf)) {
                within[item.index()] = share;
            }
        }
        let interests: Vec<Vec<f64>> = (0..config.user_types)
            .map(|kind| interests(config, tree, kind, rng))
            .collect();
        // Half of what the kinds like, half even: so that nothing is out of reach of the noise.
        let popularity = |leaf: usize| {
            let liked: f64 = interests.iter().map(|theta| theta[leaf]).sum();
            0.5 * liked / interests.len() as f64 + 0.5 / leaves as f64
        };
        let overall = (0..kinds.len())
            .map(|item| popularity(kinds[item].leaf) * within[item])
            .collect();
        let followers = followers(config, kinds, &shelves, &within, rng);
        Self {
            complement: config.complement,
            memory: config.memory,
            noise: config.noise,
            leaf_of: kinds.iter().map(|kind| kind.leaf).collect(),
            shelves,
            within,
            overall,
            interests,
            followers,
        }
    }

    pub(super) fn items(&self) -> usize {
        self.leaf_of.len()
    }

    pub(super) fn kinds(&self) -> usize {
        self.interests.len()
    }

    pub(super) fn shares(&self, history: &[ItemId]) -> Shares {
        let last = match history.len() {
            0 => [0.0, 0.0],
            1 => [self.complement, 0.0],
            _ => [1.0 - self.memory, self.memory].map(|share| share * self.complement),
        };
        Shares {
            interest: 1.0 - self.noise - last[0] - last[1],
            noise: self.noise,
            last,
        }
    }

    /// What complements the end of a history, with probabilities; an item that follows both of the last two comes twice.
    pub(super) fn complements(&self, history: &[ItemId]) -> impl Iterator<Item = (ItemId, f64)> {
        let shares = self.shares(history).last;
        let sources = history.iter().rev().zip(shares);
        sources.flat_map(|(source, share)| {
            let followers = self.followers[source.index()].iter();
            followers.map(move |&(item, probability)| (item, share * probability))
        })
    }

    /// `m_t(i | h)` for one item: the mixture before what was taken is left out.
    pub(super) fn mixture(&self, kind: usize, history: &[ItemId], item: ItemId) -> f64 {
        let shares = self.shares(history);
        let complement: f64 = (self
            .complements(history)
            .filter(|&(other, _)| other == item))
        .map(|(_, probability)| probability)
        .sum();
        let row = item.index();
        complement
            + shares.interest * self.interests[kind][self.leaf_of[row]] * self.within[row]
            + shares.noise * self.overall[row]
    }
}

/// `r^-exponent` for r = 1, 2, ..., scaled to add up to 1.
fn power_law(count: usize, exponent: f64) -> Vec<f64> {
    let weights: Vec<f64> = (1..=count).map(|r| (r as f64).powf(-exponent)).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

/// What one kind of user likes, `[leaves]`. First interests go round the leaves, so that each has its lovers; every other
/// one after that is of the same top category as the first where there is one left.
fn interests(
    config: &SyntheticWorldConfig,
    tree: &Tree,
    kind: usize,
    rng: &mut StdRng,
) -> Vec<f64> {
    let leaves = tree.leaves.len();
    let mut liked = vec![kind % leaves];
    while liked.len() < config.interests {
        let left = |near: bool| -> Vec<usize> {
            let candidates = (0..leaves).filter(|leaf| !liked.contains(leaf));
            candidates
                .filter(|&leaf| !near || tree.top(leaf) == tree.top(liked[0]))
                .collect()
        };
        let near = left(liked.len() % 2 == 1);
        let candidates = if near.is_empty() { left(false) } else { near };
        liked.push(*candidates.choose(rng).expect("fewer interests than leaves"));
    }
    let mut theta = vec![0.0; leaves];
    for (&leaf, share) in liked.iter().zip(power_law(liked.len(), 1.0)) {
        theta[leaf] = share;
    }
    theta
}

/// What follows each item. The items of a leaf have their followers partly among themselves and partly in one other leaf,
/// so that the category says where to look, the style and the popularity say at what, and only behaviour says exactly.
fn followers(
    config: &SyntheticWorldConfig,
    kinds: &[Kind],
    shelves: &[Vec<ItemId>],
    within: &[f64],
    rng: &mut StdRng,
) -> Vec<Vec<(ItemId, f64)>> {
    // One round through all leaves in random order: each leads to another one, and each is led to.
    let mut round: Vec<usize> = (0..shelves.len()).collect();
    round.shuffle(rng);
    let mut leads_to = vec![0; shelves.len()];
    for (place, &leaf) in round.iter().enumerate() {
        leads_to[leaf] = round[(place + 1) % round.len()];
    }
    let shares = power_law(config.followers, 1.0);
    (0..kinds.len())
        .map(|item| {
            let own = kinds[item];
            let mut chosen: Vec<ItemId> = Vec::with_capacity(config.followers);
            while chosen.len() < config.followers {
                let leaf = if rng.random_bool(config.across) {
                    leads_to[own.leaf]
                } else {
                    own.leaf
                };
                let shelf = &shelves[leaf];
                let weight = |place: usize| {
                    let other = shelf[place];
                    if other.index() == item || chosen.contains(&other) {
                        0.0
                    } else if kinds[other.index()].style == own.style {
                        config.style_affinity * within[other.index()]
                    } else {
                        within[other.index()]
                    }
                };
                let drawn = index::sample_weighted(rng, shelf.len(), weight, 1);
                let drawn = drawn.expect("weights are finite and not negative");
                // Nothing is drawn when all of the shelf is chosen already: the next draw may go to the other.
                chosen.extend(drawn.into_iter().map(|place| shelf[place]));
            }
            chosen.into_iter().zip(shares.iter().copied()).collect()
        })
        .collect()
}
