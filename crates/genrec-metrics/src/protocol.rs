//! How something was measured: what must be the same before two figures may be compared.

use std::fmt;

use genrec_data::{Cases, ItemSet, SplitProtocol};
use serde::{Deserialize, Serialize};

use crate::{HeldOut, SeenItems, TieRule};

/// Which items compete for the places of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Candidates {
    /// All items of the catalogue: the only ranking whose figures mean the same everywhere (Krichene and Rendle, "On
    /// sampled metrics for item recommendation", 2020).
    FullCatalogue {
        /// Number of items.
        items: usize,
    },
    /// Some items: targets that are none of them are left out. Figures among fewer items are higher and stand beside their like only.
    Among {
        /// Number of these items.
        items: usize,
        /// Number of items of the catalogue.
        of: usize,
        /// A number made of these items (FNV-1a): other items, another number.
        fingerprint: u64,
    },
}

impl Candidates {
    pub(crate) fn among(items: &ItemSet) -> Self {
        let mut hash = Fnv::new();
        items.iter().for_each(|item| hash.add(item.get()));
        Self::Among {
            items: items.len(),
            of: items.items(),
            fingerprint: hash.0,
        }
    }
}

impl fmt::Display for Candidates {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FullCatalogue { items } => write!(formatter, "all {items} items"),
            Self::Among { items, of, .. } => write!(formatter, "{items} of {of} items"),
        }
    }
}

/// How cases were sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sample {
    /// Number of cases drawn from.
    pub of: usize,
    /// The seed of the draw.
    pub seed: u64,
}

/// How a [`Report`](crate::Report) was measured. Reports are comparable only where all of it is the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Protocol {
    /// Validation or test.
    pub measured_on: HeldOut,
    /// How the data were split.
    pub split: SplitProtocol,
    /// The most items that a history may have; `None` for whole histories.
    pub history_limit: Option<usize>,
    /// What happens to items of the history.
    pub seen_items: SeenItems,
    /// Which items are ranked.
    pub candidates: Candidates,
    /// What a hit on one of several tied items is worth.
    pub ties: TieRule,
    /// Number of cases (users).
    pub cases: usize,
    /// Number of targets over all cases, one that a user took twice counted twice; the same as `cases` where every user
    /// has one.
    pub targets: usize,
    /// If the cases are a random part of all.
    pub sample: Option<Sample>,
    /// Where the lists are cut, rising.
    pub ks: Vec<usize>,
    /// A number made of every user, history and target (FNV-1a, hexadecimal): other data, another number.
    pub fingerprint: String,
}

impl Protocol {
    pub(crate) fn new(
        measured_on: HeldOut,
        cases: &Cases,
        seen_items: SeenItems,
        candidates: Candidates,
        ties: TieRule,
        ks: &[usize],
    ) -> Self {
        Self {
            measured_on,
            split: cases.protocol().clone(),
            history_limit: cases.history_limit(),
            seen_items,
            candidates,
            ties,
            cases: cases.len(),
            targets: cases.iter().map(|case| case.targets.len()).sum(),
            sample: cases.sampled().map(|(of, seed)| Sample { of, seed }),
            ks: ks.to_vec(),
            fingerprint: format!("{:016x}", fingerprint(cases)),
        }
    }

    /// The first field that differs, by name, with this protocol's value and the other's; `None` for the same protocol.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<(&'static str, String, String)> {
        // Taken apart, so that a field added later cannot be forgotten here.
        let Self {
            measured_on,
            split,
            history_limit,
            seen_items,
            candidates,
            ties,
            cases,
            targets,
            sample,
            ks,
            fingerprint,
        } = self;
        differs("measured_on", measured_on, &other.measured_on)
            .or_else(|| differs("split", split, &other.split))
            .or_else(|| differs("history_limit", history_limit, &other.history_limit))
            .or_else(|| differs("seen_items", seen_items, &other.seen_items))
            .or_else(|| differs("candidates", candidates, &other.candidates))
            .or_else(|| differs("ties", ties, &other.ties))
            .or_else(|| differs("sample", sample, &other.sample))
            .or_else(|| differs("cases", cases, &other.cases))
            .or_else(|| differs("targets", targets, &other.targets))
            .or_else(|| differs("ks", ks, &other.ks))
            .or_else(|| differs("fingerprint", fingerprint, &other.fingerprint))
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}, {}, {} users",
            self.measured_on, self.split, self.cases
        )?;
        if let Some(Sample { of, seed }) = self.sample {
            write!(formatter, " drawn from {of} (seed {seed})")?;
        }
        if self.targets != self.cases {
            write!(formatter, " with {} targets", self.targets)?;
        }
        match self.candidates {
            Candidates::FullCatalogue { items } => {
                write!(formatter, ", full ranking of {items} items")?;
            }
            Candidates::Among { .. } => write!(formatter, ", ranking of {}", self.candidates)?,
        }
        write!(formatter, ", seen items {}, {}", self.seen_items, self.ties)?;
        match self.history_limit {
            Some(limit) => write!(formatter, ", last {limit} items of each history"),
            None => write!(formatter, ", whole histories"),
        }
    }
}

fn differs<T: PartialEq + fmt::Debug>(
    field: &'static str,
    ours: &T,
    theirs: &T,
) -> Option<(&'static str, String, String)> {
    (ours != theirs).then(|| (field, format!("{ours:?}"), format!("{theirs:?}")))
}

/// FNV-1a over little-endian bytes: stable across machines and releases, unlike the standard hashers.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, number: u32) {
        for byte in number.to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

fn fingerprint(cases: &Cases) -> u64 {
    let mut hash = Fnv::new();
    for case in cases.iter() {
        hash.add(case.user.get());
        for items in [case.history, case.targets] {
            items.iter().for_each(|item| hash.add(item.get()));
            // No item has this number: it keeps histories, targets and users apart.
            hash.add(u32::MAX);
        }
    }
    hash.0
}

#[cfg(test)]
mod tests {
    use genrec_data::{Interactions, ItemId, leave_one_out};

    use super::*;

    fn protocol(histories: &[&[u32]], limit: Option<usize>, ks: &[usize]) -> Protocol {
        let histories = histories
            .iter()
            .map(|history| history.iter().copied().map(ItemId::new).collect())
            .collect();
        let split = leave_one_out(&Interactions::new(9, histories).unwrap()).unwrap();
        let test = limit.map_or(split.test.clone(), |limit| split.test.limit_history(limit));
        let (seen_items, ties) = (SeenItems::Ranked, TieRule::Pessimistic);
        let candidates = Candidates::FullCatalogue { items: 9 };
        Protocol::new(
            HeldOut::Test,
            test.cases(),
            seen_items,
            candidates,
            ties,
            ks,
        )
    }

    #[test]
    fn the_same_cases_are_the_same_protocol() {
        let one = protocol(&[&[1, 2, 3, 4], &[5, 6, 7]], None, &[5]);
        let two = protocol(&[&[1, 2, 3, 4], &[5, 6, 7]], None, &[5]);
        assert_eq!(one.difference(&two), None);
        assert_eq!(one, two);
    }

    #[test]
    fn what_differs_is_named() {
        let base = protocol(&[&[1, 2, 3, 4], &[5, 6, 7]], None, &[5]);
        let field = |other: &Protocol| base.difference(other).map(|(field, ..)| field);
        let limited = protocol(&[&[1, 2, 3, 4], &[5, 6, 7]], Some(20), &[5]);
        assert_eq!(field(&limited), Some("history_limit"));
        assert_eq!(
            field(&protocol(&[&[1, 2, 3, 4]], None, &[5])),
            Some("cases")
        );
        assert_eq!(
            field(&protocol(&[&[1, 2, 3, 4], &[5, 6, 8]], None, &[5])),
            Some("fingerprint")
        );
        assert_eq!(
            field(&protocol(&[&[1, 2, 3, 4], &[6, 5, 7]], None, &[5])),
            Some("fingerprint")
        );
        assert_eq!(
            field(&protocol(&[&[1, 2, 3, 4], &[5, 6, 7]], None, &[5, 10])),
            Some("ks")
        );
        let mut other = base.clone();
        other.measured_on = HeldOut::Validation;
        assert_eq!(field(&other), Some("measured_on"));
        other = base.clone();
        other.seen_items = SeenItems::Removed;
        assert_eq!(
            base.difference(&other),
            Some(("seen_items", "Ranked".to_owned(), "Removed".to_owned()))
        );
        other = base.clone();
        other.split = SplitProtocol::TimeRatio {
            ratios: [0.8, 0.1, 0.1],
        };
        assert_eq!(field(&other), Some("split"));
        other = base.clone();
        other.candidates = Candidates::FullCatalogue { items: 8 };
        assert_eq!(field(&other), Some("candidates"));
        other = base.clone();
        other.ties = TieRule::Shared;
        assert_eq!(field(&other), Some("ties"));
        other = base.clone();
        other.sample = Some(Sample { of: 9, seed: 1 });
        assert_eq!(field(&other), Some("sample"));
        other = base.clone();
        other.targets = 3;
        assert_eq!(field(&other), Some("targets"));
    }

    #[test]
    fn reads_as_a_sentence() {
        let text = protocol(&[&[1, 2, 3, 4], &[5, 6, 7]], Some(20), &[5]).to_string();
        assert_eq!(
            text,
            "test, leave-one-out, 2 users, full ranking of 9 items, seen items ranked, ties counted against, \
             last 20 items of each history"
        );
    }
}
