//! How item kNN counts and recommends.

use genrec_data::Interactions;
use serde::{Deserialize, Serialize};

use super::ItemKnn;
use crate::{
    Error, Result, SeenItems, Ties,
    baselines::neighbours::{Neighbours, Pairs},
};

/// How [`ItemKnn`] counts and recommends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemKnnConfig {
    /// The largest distance of two positions in a history that makes their items neighbours. Default 3.
    pub window: usize,
    /// Which of the two becomes the other's neighbour. Default both.
    pub pairs: Pairs,
    /// How many of the last items of a history are asked for their neighbours. Default 5.
    pub last: usize,
    /// Whether items of the history stay in the list. Default: they do.
    pub seen_items: SeenItems,
    /// What becomes of items of equal score. Default: the one met first goes first.
    pub ties: Ties,
}

impl Default for ItemKnnConfig {
    fn default() -> Self {
        Self {
            window: 3,
            pairs: Pairs::Both,
            last: 5,
            seen_items: SeenItems::Ranked,
            ties: Ties::Broken,
        }
    }
}

impl ItemKnnConfig {
    /// Window 3 in both directions, the last 5 items, seen items ranked, ties broken.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the largest distance of neighbours.
    #[must_use]
    pub fn with_window(mut self, window: usize) -> Self {
        self.window = window;
        self
    }

    /// Sets which of two items becomes the other's neighbour.
    #[must_use]
    pub fn with_pairs(mut self, pairs: Pairs) -> Self {
        self.pairs = pairs;
        self
    }

    /// Sets how many of the last items of a history count.
    #[must_use]
    pub fn with_last(mut self, last: usize) -> Self {
        self.last = last;
        self
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

    /// Counts co-occurrences.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if `window` or `last` is 0: nothing could ever be recommended.
    pub fn fit(&self, train: &Interactions) -> Result<ItemKnn> {
        for (field, value) in [("window", self.window), ("last", self.last)] {
            if value == 0 {
                return Err(Error::Config {
                    config: "ItemKnnConfig",
                    field,
                    found: value.to_string(),
                    expected: "at least 1",
                });
            }
        }
        Ok(ItemKnn {
            config: *self,
            neighbours: Neighbours::count(train, self.window, self.pairs),
        })
    }
}

#[cfg(test)]
mod tests {
    use genrec_data::ItemId;

    use super::*;

    #[test]
    fn zero_window_or_length_is_refused() {
        let train = Interactions::new(2, vec![[0, 1].map(ItemId::new).to_vec()]).unwrap();
        for config in [
            ItemKnnConfig::new().with_window(0),
            ItemKnnConfig::new().with_last(0),
        ] {
            let message = config.fit(&train).unwrap_err().to_string();
            assert!(
                message.contains("found 0, expected at least 1"),
                "{message}"
            );
        }
    }

    #[test]
    fn a_configuration_survives_json() {
        let config = ItemKnnConfig::new()
            .with_window(2)
            .with_pairs(Pairs::Forward)
            .with_last(7)
            .with_seen_items(SeenItems::Removed)
            .with_ties(Ties::Declared);
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(
            serde_json::from_str::<ItemKnnConfig>(&json).unwrap(),
            config
        );
    }
}
