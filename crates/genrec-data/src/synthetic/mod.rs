//! A shop and its customers, made up so that the right answer is known.

mod behaviour;
mod config;
mod draw;
mod predict;
mod shop;
mod tree;
mod words;

pub use config::SyntheticWorldConfig;

use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{Cases, Dataset, Ids, Interactions, ItemId, UserId};
use behaviour::Behaviour;

/// A seeded world in which the probability of every next item is known.
///
/// The items lie in a tree of categories and say so: title, brand, categories and description are made of words of their
/// categories, with some noise. There is a finite number of kinds of users, each with interests in a few of the lowest
/// categories. A user's next item complements one of the last two (every item has a few likely followers, in its own
/// category and in one other), or comes from an interest by popularity (Zipf within the category), or is anything by
/// popularity; nothing is taken twice. Which category and style follow which can be read from texts, which item exactly
/// only from behaviour: both matter.
///
/// A recommender sees histories, not the kind of a user. [`next_item_distribution`](Self::next_item_distribution) has the
/// same view: the kind is averaged out by its exact posterior. So [`best_possible_recall`](Self::best_possible_recall) is
/// what the best recommender that there can be expects, not what an oracle would reach; with the default configuration a
/// few items tell the kind nearly surely.
///
/// ```
/// use genrec_data::{SyntheticWorldConfig, UserId, leave_one_out};
///
/// let world = SyntheticWorldConfig::new().with_users(200).generate(7);
/// let dataset = world.dataset();
/// assert_eq!(dataset.interactions.users(), 200);
///
/// let next = world.next_item_distribution(dataset.interactions.history(UserId::new(0)));
/// assert!((next.iter().sum::<f64>() - 1.0).abs() < 1e-9);
///
/// let split = leave_one_out(&dataset.interactions)?;
/// let best = world.best_possible_recall(split.test.cases(), 10);
/// assert!(best > 0.3 && best < 0.6);
/// # Ok::<(), genrec_data::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SyntheticWorld {
    config: SyntheticWorldConfig,
    behaviour: Behaviour,
    dataset: Dataset,
    kinds: Vec<usize>,
}

impl SyntheticWorld {
    fn new(config: SyntheticWorldConfig, seed: u64) -> Self {
        // Shop and users have generators of their own, so that more users leave the shop as it is.
        let mut seeds = StdRng::seed_from_u64(seed);
        let mut rng = StdRng::seed_from_u64(seeds.random());
        let tree = tree::Tree::grow(&config.branching, &mut rng);
        let stock = shop::stock(&config, tree.leaves.len(), &mut rng);
        let behaviour = Behaviour::plant(&config, &tree, &stock, &mut rng);
        let catalog = shop::describe(&config, &tree, &stock, &mut rng);

        let mut rng = StdRng::seed_from_u64(seeds.random());
        let drawer = draw::Drawer::new(&behaviour);
        let (kinds, histories): (Vec<usize>, Vec<_>) = (0..config.users)
            .map(|_| {
                let kind = rng.random_range(0..config.user_types);
                (kind, drawer.history(&config, kind, &mut rng))
            })
            .unzip();
        let interactions = Interactions::with_timestamps(config.items, histories)
            .expect("drawn from the catalogue, in time order");
        let users = (0..config.users)
            .map(|user| format!("user-{user}"))
            .collect();
        let users = Ids::new(users).expect("numbered ids differ");
        let dataset = Dataset::new("synthetic", interactions, catalog, users)
            .expect("a row for each user and item");
        Self {
            config,
            behaviour,
            dataset,
            kinds,
        }
    }

    /// What the world is like.
    #[must_use]
    pub fn config(&self) -> &SyntheticWorldConfig {
        &self.config
    }

    /// What an observer gets to see: a copy of the histories, with times, and of the catalogue.
    #[must_use]
    pub fn dataset(&self) -> Dataset {
        self.dataset.clone()
    }

    /// The kind of a user, below `config().user_types`: hidden from recommenders.
    ///
    /// # Panics
    ///
    /// If there is no such user.
    #[must_use]
    pub fn user_type(&self, user: UserId) -> usize {
        self.kinds[user.index()]
    }

    /// The lowest category of an item, below `config().leaves()`.
    ///
    /// # Panics
    ///
    /// If there is no such item.
    #[must_use]
    pub fn leaf(&self, item: ItemId) -> usize {
        self.behaviour.leaf_of[item.index()]
    }

    /// What complements an item, likeliest first; the probabilities add up to 1.
    ///
    /// # Panics
    ///
    /// If there is no such item.
    #[must_use]
    pub fn followers(&self, item: ItemId) -> &[(ItemId, f64)] {
        &self.behaviour.followers[item.index()]
    }

    /// The probability of each kind of user given the items taken so far, `[user_types]`.
    ///
    /// # Panics
    ///
    /// If the history holds an item that is not in the catalogue.
    #[must_use]
    pub fn user_type_posterior(&self, history: &[ItemId]) -> Vec<f64> {
        self.behaviour.posterior(history)
    }

    /// The true distribution of the next item given the items taken so far, `[items]`: adds up to 1, with 0 for what was
    /// taken. All that can be known without knowing the user, if the history is whole; of a history cut short, as
    /// [`Cases::limit_history`] does, the rest is taken for all there is.
    ///
    /// # Panics
    ///
    /// If the history holds an item that is not in the catalogue, or the whole catalogue.
    #[must_use]
    pub fn next_item_distribution(&self, history: &[ItemId]) -> Vec<f64> {
        let kinds = self.behaviour.posterior(history);
        self.distribution(&kinds, history)
    }

    /// The same for an oracle that also knows what the user is interested in, `[items]`.
    ///
    /// # Panics
    ///
    /// As [`next_item_distribution`](Self::next_item_distribution), or if there is no such user.
    #[must_use]
    pub fn next_item_distribution_knowing(&self, user: UserId, history: &[ItemId]) -> Vec<f64> {
        let mut kinds = vec![0.0; self.config.user_types];
        kinds[self.user_type(user)] = 1.0;
        self.distribution(&kinds, history)
    }

    /// The expected Recall@k of the best possible recommender: the mean over the cases of the probability that the next item
    /// is one of the `k` likeliest. It sees the same histories as every recommender; what a case really holds as its target
    /// does not enter. Meant for [`leave_one_out`](crate::leave_one_out), where recall and hit rate are the same. 0 without cases.
    ///
    /// # Panics
    ///
    /// If the cases are not of this world's catalogue.
    #[must_use]
    pub fn best_possible_recall(&self, cases: &Cases, k: usize) -> f64 {
        self.best_possible(cases, k, |_| 1.0)
    }

    /// The expected NDCG@k of the best possible recommender, in the same way, with the gain `1 / log2(rank + 1)` of one target.
    ///
    /// # Panics
    ///
    /// If the cases are not of this world's catalogue.
    #[must_use]
    pub fn best_possible_ndcg(&self, cases: &Cases, k: usize) -> f64 {
        self.best_possible(cases, k, |rank| 1.0 / (rank as f64 + 1.0).log2())
    }

    fn best_possible(&self, cases: &Cases, k: usize, weight: impl Fn(usize) -> f64) -> f64 {
        assert_eq!(
            cases.items(),
            self.config.items,
            "cases must be of this world's catalogue"
        );
        let expected = |history| predict::best(self.next_item_distribution(history), k, &weight);
        let sum: f64 = cases.iter().map(|case| expected(case.history)).sum();
        sum / cases.len().max(1) as f64
    }

    fn distribution(&self, kinds: &[f64], history: &[ItemId]) -> Vec<f64> {
        let next = self.behaviour.predictive(kinds, history);
        assert!(
            next.iter().all(|probability| probability.is_finite()),
            "the history holds the whole catalogue: nothing can come next"
        );
        next
    }
}

#[cfg(test)]
mod tests;
