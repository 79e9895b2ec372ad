//! What a ranked list must be before a metric may be computed from it.

use genrec_data::ItemId;

use crate::{ListFault, Ranked, SeenItems};

/// Checks the lists of one recommender; one allocation serves all users.
pub(crate) struct ListCheck {
    k: usize,
    seen_items: SeenItems,
    /// The last list an item was met in, `[items]`: marks need no clearing between users.
    met: Vec<u32>,
    /// The last history an item was met in, `[items]`; empty where histories do not matter.
    in_history: Vec<u32>,
    list: u32,
}

impl ListCheck {
    pub(crate) fn new(items: usize, k: usize, seen_items: SeenItems) -> Self {
        let in_history = match seen_items {
            SeenItems::Ranked => Vec::new(),
            SeenItems::Removed => vec![0; items],
        };
        Self {
            k,
            seen_items,
            met: vec![0; items],
            in_history,
            list: 0,
        }
    }

    /// Says what is wrong with the answer to a history first.
    pub(crate) fn check(&mut self, history: &[ItemId], ranked: &Ranked) -> Result<(), ListFault> {
        self.list += 1;
        if ranked.len() > self.k {
            return Err(ListFault::TooLong {
                k: self.k,
                found: ranked.len(),
            });
        }
        if !ranked.beyond().is_empty() && ranked.len() < self.k {
            return Err(ListFault::CutShort {
                k: self.k,
                found: ranked.len(),
                beyond: ranked.beyond().len(),
            });
        }
        if self.seen_items == SeenItems::Removed {
            for item in history {
                self.in_history[item.index()] = self.list;
            }
        }
        for (position, &item) in ranked.items().iter().chain(ranked.beyond()).enumerate() {
            let Some(met) = self.met.get_mut(item.index()) else {
                return Err(ListFault::UnknownItem {
                    position,
                    item,
                    items: self.met.len(),
                });
            };
            if *met == self.list {
                return Err(ListFault::Repeated { position, item });
            }
            *met = self.list;
            if self.in_history.get(item.index()) == Some(&self.list) {
                return Err(ListFault::Seen { position, item });
            }
        }
        let mut before = f32::INFINITY;
        for (position, (&item, &score)) in ranked.items().iter().zip(ranked.scores()).enumerate() {
            if score.is_nan() {
                return Err(ListFault::NanScore { position, item });
            }
            if score > before {
                return Err(ListFault::RisingScore {
                    position,
                    before,
                    score,
                });
            }
            before = score;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(items: &[(u32, f32)]) -> Ranked {
        Ranked::strict(
            items.iter().map(|&(item, _)| ItemId::new(item)).collect(),
            items.iter().map(|&(_, score)| score).collect(),
        )
    }

    fn check(items: &[(u32, f32)]) -> Result<(), ListFault> {
        ListCheck::new(5, 3, SeenItems::Ranked).check(&[], &list(items))
    }

    #[test]
    fn good_lists_pass() {
        check(&[(4, 2.0), (0, 2.0), (1, f32::NEG_INFINITY)]).unwrap();
        check(&[]).unwrap();
        // The same items again for the next user are no repetition.
        let mut lists = ListCheck::new(5, 3, SeenItems::Removed);
        for _ in 0..2 {
            lists
                .check(&[ItemId::new(2)], &list(&[(4, 1.0), (0, 0.5)]))
                .unwrap();
        }
        lists.check(&[ItemId::new(4)], &list(&[(2, 1.0)])).unwrap();
    }

    #[test]
    fn each_fault_is_found() {
        let item = ItemId::new;
        let too_long = [(0, 4.0), (1, 3.0), (2, 2.0), (3, 1.0)];
        assert_eq!(check(&too_long), Err(ListFault::TooLong { k: 3, found: 4 }));
        assert_eq!(
            check(&[(0, 1.0), (5, 0.5)]),
            Err(ListFault::UnknownItem {
                position: 1,
                item: item(5),
                items: 5
            })
        );
        assert_eq!(
            check(&[(0, 1.0), (3, 0.5), (0, 0.1)]),
            Err(ListFault::Repeated {
                position: 2,
                item: item(0)
            })
        );
        assert_eq!(
            check(&[(0, 1.0), (2, f32::NAN)]),
            Err(ListFault::NanScore {
                position: 1,
                item: item(2)
            })
        );
        assert_eq!(
            check(&[(0, 1.0), (2, 1.5)]),
            Err(ListFault::RisingScore {
                position: 1,
                before: 1.0,
                score: 1.5
            })
        );
        let tied = |items: &[u32], cut| {
            let group = items.iter().copied().map(ItemId::new).collect();
            ListCheck::new(5, 3, SeenItems::Ranked)
                .check(&[], &Ranked::grouped(&[(group, 1.0)], cut))
        };
        tied(&[3, 1, 2, 4, 0], 3).unwrap();
        assert_eq!(
            tied(&[3, 1, 2, 4, 1], 3),
            Err(ListFault::Repeated {
                position: 4,
                item: item(1)
            })
        );
        assert_eq!(
            tied(&[3, 1, 2, 4], 2),
            Err(ListFault::CutShort {
                k: 3,
                found: 2,
                beyond: 2
            })
        );
        let seen = ListCheck::new(5, 3, SeenItems::Removed)
            .check(&[item(2)], &list(&[(1, 1.0), (2, 0.5)]));
        assert_eq!(
            seen,
            Err(ListFault::Seen {
                position: 1,
                item: item(2)
            })
        );
    }
}
