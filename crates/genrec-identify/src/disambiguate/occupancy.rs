use std::collections::{HashMap, HashSet};

use crate::{Code, CodeTable};

/// How many identifiers are taken below every prefix.
pub(super) struct Occupancy {
    taken: HashMap<Box<[Code]>, usize>,
    /// How many identifiers there are below a prefix of each length.
    room: Vec<usize>,
}

impl Occupancy {
    /// The identifiers that occur in a table are taken, each once.
    pub(super) fn of(table: &CodeTable) -> Self {
        let mut room = vec![1_usize; table.levels() + 1];
        for (level, &size) in table.codebook_sizes().iter().enumerate().rev() {
            room[level] = room[level + 1].saturating_mul(size);
        }
        let mut this = Self {
            taken: HashMap::new(),
            room,
        };
        for codes in table.iter().map(|(_, codes)| codes).collect::<HashSet<_>>() {
            this.take(codes);
        }
        this
    }

    /// Takes an identifier that is free.
    pub(super) fn take(&mut self, codes: &[Code]) {
        for length in 0..=codes.len() {
            match self.taken.get_mut(&codes[..length]) {
                Some(taken) => *taken += 1,
                None => {
                    self.taken.insert(codes[..length].into(), 1);
                }
            }
        }
    }

    /// Whether all identifiers that begin so are taken.
    pub(super) fn is_full(&self, prefix: &[Code]) -> bool {
        self.taken
            .get(prefix)
            .is_some_and(|&taken| taken >= self.room[prefix.len()])
    }
}
