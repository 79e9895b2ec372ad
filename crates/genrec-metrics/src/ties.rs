//! What a hit on one of several items is worth that a recommender cannot tell apart.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Metric, ranked::Places};

/// What a hit on one of several items is worth that a recommender cannot tell apart; part of the [`Protocol`](crate::Protocol).
///
/// It speaks of ties that a recommender declares (see [`Ranked`](crate::Ranked)). Ties that it breaks by a rule of its own are
/// none to an evaluation: see [`Ties`](crate::Ties).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TieRule {
    /// Every item of a group has the last rank of the group, as if all the others had been shown before it: a lower bound
    /// that no collision can flatter.
    #[default]
    Pessimistic,
    /// The items of a group share a hit: the mean of the metric over all orders within the groups, exactly, also where a
    /// group straddles the cut. What a recommender that shuffles its ties reaches in the long run.
    ///
    /// McSherry and Najork, "Computing information retrieval performance measures efficiently in the presence of tied
    /// scores", 2008.
    Shared,
}

impl fmt::Display for TieRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Pessimistic => "ties counted against",
            Self::Shared => "ties share a hit",
        })
    }
}

/// The places that a group of tied items takes in a list, and how many of the items are targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TiedTargets {
    /// The first rank of the group, from 1.
    pub first: u32,
    /// The last one; that of the first for an item that is not tied.
    pub last: u32,
    /// How many items of the group are targets: at least 1, at most the group's size.
    pub targets: u32,
}

/// The targets that one list found, in the form that a rule asks for; buffers are reused from user to user.
pub(crate) struct Hits {
    rule: TieRule,
    ranks: Vec<u32>,
    groups: Vec<TiedTargets>,
}

impl Hits {
    pub(crate) fn new(rule: TieRule) -> Self {
        Self {
            rule,
            ranks: Vec::new(),
            groups: Vec::new(),
        }
    }

    /// Takes the places of each target found, best first.
    pub(crate) fn set(&mut self, places: impl Iterator<Item = Places>) {
        self.ranks.clear();
        self.groups.clear();
        for Places { first, last } in places {
            match self.rule {
                TieRule::Pessimistic => self.ranks.push(last),
                TieRule::Shared => match self.groups.last_mut() {
                    Some(group) if group.first == first => group.targets += 1,
                    _ => self.groups.push(TiedTargets {
                        first,
                        last,
                        targets: 1,
                    }),
                },
            }
        }
    }

    /// The metric at `k` for a user with so many targets, found or not.
    pub(crate) fn metric(&self, metric: Metric, k: usize, targets: usize) -> f64 {
        match self.rule {
            TieRule::Pessimistic => metric.at(k, &self.ranks, targets),
            TieRule::Shared => metric.shared_at(k, &self.groups, targets),
        }
    }
}
