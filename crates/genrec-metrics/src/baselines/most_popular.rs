//! The same list for everybody.

use genrec_data::{Interactions, ItemId};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{Query, Ranked, Recommender, SeenItems, Ties};

/// How [`MostPopular`] recommends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MostPopularConfig {
    /// Whether items of the history stay in the list. Default: they do.
    pub seen_items: SeenItems,
    /// What becomes of equally popular items. Default: the lower item number goes first.
    pub ties: Ties,
}

impl MostPopularConfig {
    /// Seen items ranked, ties broken by item number.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Leaves items of the history out, or not.
    #[must_use]
    pub fn with_seen_items(mut self, seen_items: SeenItems) -> Self {
        self.seen_items = seen_items;
        self
    }

    /// Breaks ties, or declares them for the evaluation's [`TieRule`](crate::TieRule).
    #[must_use]
    pub fn with_ties(mut self, ties: Ties) -> Self {
        self.ties = ties;
        self
    }

    /// Counts the interactions of every item.
    #[must_use]
    pub fn fit(&self, train: &Interactions) -> MostPopular {
        let popularity = train.popularity();
        let mut order: Vec<ItemId> = (0..train.items()).map(ItemId::from_index).collect();
        // Stable: equally popular items stay in the order of their numbers.
        order.sort_by_key(|item| std::cmp::Reverse(popularity[item.index()]));
        MostPopular {
            config: *self,
            order,
            popularity,
        }
    }
}

/// Recommends the items with the most interactions in training, to everybody the same; the score is their number.
///
/// Items without any interaction come last, so that every list is full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MostPopular {
    config: MostPopularConfig,
    /// Most popular first.
    order: Vec<ItemId>,
    popularity: Vec<u32>,
}

impl MostPopular {
    /// Counts the interactions of every item, with the defaults of [`MostPopularConfig`].
    #[must_use]
    pub fn fit(train: &Interactions) -> Self {
        MostPopularConfig::new().fit(train)
    }

    fn rank(&self, history: &[ItemId], k: usize) -> Ranked {
        let seen = match self.config.seen_items {
            SeenItems::Ranked => &[],
            SeenItems::Removed => history,
        };
        let popularity = |item: ItemId| self.popularity[item.index()];
        let unseen = self
            .order
            .iter()
            .copied()
            .filter(|item| !seen.contains(item));
        match self.config.ties {
            Ties::Broken => {
                let items: Vec<ItemId> = unseen.take(k).collect();
                let scores = items.iter().map(|&item| popularity(item) as f32).collect();
                Ranked::strict(items, scores)
            }
            Ties::Declared => {
                let mut groups: Vec<(Vec<ItemId>, f32)> = Vec::new();
                let mut last = None;
                for (place, item) in unseen.enumerate() {
                    let count = popularity(item);
                    if last != Some(count) {
                        // A group that begins beyond the cut cannot matter any more.
                        if place >= k {
                            break;
                        }
                        groups.push((Vec::new(), count as f32));
                        last = Some(count);
                    }
                    if let Some((items, _)) = groups.last_mut() {
                        items.push(item);
                    }
                }
                Ranked::grouped(&groups, k)
            }
        }
    }
}

impl Recommender for MostPopular {
    fn name(&self) -> &str {
        "most popular"
    }

    fn items(&self) -> usize {
        self.order.len()
    }

    fn recommend(&self, queries: &[Query<'_>], k: usize) -> Vec<Ranked> {
        match self.config.seen_items {
            SeenItems::Ranked => vec![self.rank(&[], k); queries.len()],
            SeenItems::Removed => queries
                .par_iter()
                .map(|query| self.rank(query.history, k))
                .collect(),
        }
    }

    fn seen_items(&self) -> SeenItems {
        self.config.seen_items
    }

    fn ties(&self) -> Ties {
        self.config.ties
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(items: &[u32]) -> Vec<ItemId> {
        items.iter().copied().map(ItemId::new).collect()
    }

    /// Popularity 1, 3, 0, 1, 2, 1.
    fn train() -> Interactions {
        let histories = vec![ids(&[1, 4, 0]), ids(&[1, 3]), ids(&[5, 4, 1])];
        Interactions::new(6, histories).unwrap()
    }

    #[test]
    fn everybody_gets_the_most_popular() {
        let history = ids(&[1]);
        let popular = MostPopular::fit(&train());
        let lists = popular.recommend(&[Query::anonymous(&history), Query::default()], 4);
        assert_eq!(lists[0].items(), ids(&[1, 4, 0, 3]));
        assert_eq!(lists[0].scores(), [3.0, 2.0, 1.0, 1.0]);
        assert_eq!(lists[0].ranks(), [1, 2, 3, 4]);
        assert_eq!(lists[0], lists[1]);
        assert_eq!(
            popular.recommend(&[Query::default()], 99)[0].items(),
            ids(&[1, 4, 0, 3, 5, 2])
        );
    }

    #[test]
    fn seen_items_leave_on_request() {
        let history = ids(&[4, 3, 4]);
        let popular = MostPopularConfig::new()
            .with_seen_items(SeenItems::Removed)
            .fit(&train());
        let lists = popular.recommend(&[Query::anonymous(&history), Query::default()], 3);
        assert_eq!(lists[0].items(), ids(&[1, 0, 5]));
        assert_eq!(lists[1].items(), ids(&[1, 4, 0]));
        assert_eq!(popular.seen_items(), SeenItems::Removed);
    }

    #[test]
    fn ties_are_declared_on_request() {
        let history = ids(&[0]);
        let config = MostPopularConfig::new().with_ties(Ties::Declared);
        let list = &config.fit(&train()).recommend(&[Query::default()], 3)[0];
        assert_eq!(list.items(), ids(&[1, 4, 0]));
        assert_eq!(list.ranks(), [1, 2, 5]);
        let config = config.with_seen_items(SeenItems::Removed);
        let list = &config
            .fit(&train())
            .recommend(&[Query::anonymous(&history)], 3)[0];
        assert_eq!(list.items(), ids(&[1, 4, 3]));
        assert_eq!(list.ranks(), [1, 2, 4]);
    }
}
