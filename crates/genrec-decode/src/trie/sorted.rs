//! The one sort a trie is built by.
//!
//! The first levels of an identifier are packed, most significant first, into the upper 96 bits of
//! a 128-bit key, so that sorting touches one flat array of integers. A level takes as many bits as
//! its range of tokens needs (eight levels of 2,048 tokens fit exactly); the level's field is 0
//! where the identifier has ended, so a prefix sorts before what it is a prefix of. If all levels
//! fit, the lower 32 bits are the identifier's value, and the keys are all that is needed from then
//! on. If not, they are the identifier's number, and the other levels are compared among
//! identifiers that agree in all packed ones.

use std::cmp::Ordering;

use rayon::prelude::*;

use super::identifiers::Identifiers;
use crate::{Error, Result, TokenId};

/// Bits of a key that hold tokens.
const PACKED_BITS: u32 = 96;
/// Bits of a key that hold the identifier's value or number.
const TAG_BITS: u32 = 128 - PACKED_BITS;

/// The place of one level in a key: `token - first + 1`, or 0 past the identifier's end.
#[derive(Clone, Copy, Debug)]
struct Field {
    first: u32,
    shift: u32,
    mask: u64,
}

/// Identifiers in lexicographic order, without duplicates.
#[derive(Debug)]
pub(super) struct Sorted {
    keys: Vec<u128>,
    fields: Vec<Field>,
    /// The level that each packed bit belongs to, most significant bit first.
    level_of_bit: [u8; PACKED_BITS as usize],
    depth: usize,
    source: Source,
}

/// What the lower bits of the keys are.
#[derive(Debug)]
enum Source {
    /// Values: the keys hold everything.
    Keys,
    /// Numbers: some identifiers are longer than the keys.
    Identifiers(Identifiers),
}

impl Sorted {
    /// # Errors
    ///
    /// [`Error::DuplicateIdentifier`].
    pub(super) fn new(identifiers: Identifiers) -> Result<Self> {
        let ranges = token_ranges(&identifiers);
        let depth = ranges.len();
        let fields = fields(&ranges);
        let mut level_of_bit = [0; PACKED_BITS as usize];
        for (level, field) in fields.iter().enumerate() {
            let low = PACKED_BITS - (field.shift - TAG_BITS);
            let high = low - field.mask.count_ones();
            level_of_bit[high as usize..low as usize].fill(level as u8);
        }

        let fits = fields.len() == depth;
        let mut keys: Vec<u128> = (0..identifiers.len())
            .into_par_iter()
            .map(|number| {
                let tag = if fits {
                    identifiers.values()[number]
                } else {
                    number as u32
                };
                pack(&fields, identifiers.get(number), tag)
            })
            .collect();
        let source = if fits {
            // Frees the larger part of the memory before the trie takes its own.
            drop(identifiers);
            Source::Keys
        } else {
            Source::Identifiers(identifiers)
        };
        keys.par_sort_unstable();
        if let Source::Identifiers(identifiers) = &source {
            keys.par_chunk_by_mut(|a, b| prefix(*a) == prefix(*b))
                .filter(|run| run.len() > 1)
                .for_each(|run| {
                    run.par_sort_unstable_by_key(|&key| {
                        let number = tag(key) as usize;
                        (identifiers.get(number), identifiers.values()[number])
                    });
                });
        }
        let sorted = Self {
            keys,
            fields,
            level_of_bit,
            depth,
            source,
        };
        sorted.refuse_duplicates()?;
        Ok(sorted)
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The length of the longest identifier.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// The value of the identifier at a position of the order.
    pub(super) fn value(&self, position: usize) -> u32 {
        let tag = tag(self.keys[position]);
        match &self.source {
            Source::Keys => tag,
            Source::Identifiers(identifiers) => identifiers.values()[tag as usize],
        }
    }

    /// The number of tokens of the identifier at a position.
    pub(super) fn length(&self, position: usize) -> usize {
        let key = self.keys[position];
        match &self.source {
            // A present token's field is not 0, so the last bit that is set is in the last one.
            Source::Keys => {
                let bit = PACKED_BITS - 1 - prefix(key).trailing_zeros();
                usize::from(self.level_of_bit[bit as usize]) + 1
            }
            Source::Identifiers(identifiers) => identifiers.get(tag(key) as usize).len(),
        }
    }

    /// The token of the identifier at a position, at a level below its length.
    pub(super) fn token(&self, position: usize, level: usize) -> TokenId {
        let key = self.keys[position];
        match (self.fields.get(level), &self.source) {
            (Some(field), _) => {
                let packed = (key >> field.shift) as u64 & field.mask;
                TokenId::new((u64::from(field.first) + packed - 1) as u32)
            }
            (None, Source::Identifiers(identifiers)) => identifiers.get(tag(key) as usize)[level],
            (None, Source::Keys) => unreachable!("the keys hold every level"),
        }
    }

    /// How many leading tokens the identifier at a position shares with the one before it.
    pub(super) fn shared(&self, position: usize) -> usize {
        if position == 0 {
            return 0;
        }
        let (before, key) = (self.keys[position - 1], self.keys[position]);
        let difference = before ^ key;
        if prefix(difference) != 0 {
            return usize::from(self.level_of_bit[difference.leading_zeros() as usize]);
        }
        match &self.source {
            Source::Keys => self.length(position),
            Source::Identifiers(identifiers) => {
                let [before, this] = [before, key].map(|key| identifiers.get(tag(key) as usize));
                let pairs = before.iter().zip(this);
                pairs.take_while(|(a, b)| a == b).count()
            }
        }
    }

    fn refuse_duplicates(&self) -> Result<()> {
        let repeats = |position: &usize| self.shared(*position) == self.length(*position);
        let positions = || (1..self.len()).into_par_iter();
        let Some(position) = positions().find_first(repeats) else {
            return Ok(());
        };
        Err(Error::DuplicateIdentifier {
            tokens: (0..self.length(position))
                .map(|level| self.token(position, level))
                .collect(),
            first: self.value(position - 1),
            second: self.value(position),
            repeats: positions().filter(repeats).count(),
        })
    }
}

/// The packed tokens of a key.
fn prefix(key: u128) -> u128 {
    key >> TAG_BITS
}

/// The value or number of a key's identifier.
fn tag(key: u128) -> u32 {
    key as u32
}

fn pack(fields: &[Field], tokens: &[TokenId], tag: u32) -> u128 {
    let tokens = fields.iter().zip(tokens);
    tokens.fold(u128::from(tag), |key, (field, token)| {
        key | u128::from(u64::from(token.get() - field.first) + 1) << field.shift
    })
}

/// As many levels as fit into a key, from the first.
fn fields(ranges: &[(u32, u32)]) -> Vec<Field> {
    let mut shift = u128::BITS;
    let mut fields = Vec::new();
    for &(first, last) in ranges {
        let bits = u64::BITS - (u64::from(last - first) + 1).leading_zeros();
        if shift - TAG_BITS < bits {
            break;
        }
        shift -= bits;
        fields.push(Field {
            first,
            shift,
            mask: (1 << bits) - 1,
        });
    }
    fields
}

/// The smallest and the largest token of every level.
fn token_ranges(identifiers: &Identifiers) -> Vec<(u32, u32)> {
    let merge = |mut a: Vec<(u32, u32)>, b: Vec<(u32, u32)>| {
        for (level, range) in b.into_iter().enumerate() {
            widen(&mut a, level, range);
        }
        a
    };
    (0..identifiers.len())
        .into_par_iter()
        .fold(Vec::new, |mut ranges, number| {
            for (level, token) in identifiers.get(number).iter().enumerate() {
                widen(&mut ranges, level, (token.get(), token.get()));
            }
            ranges
        })
        .reduce(Vec::new, merge)
}

fn widen(ranges: &mut Vec<(u32, u32)>, level: usize, (first, last): (u32, u32)) {
    match level.cmp(&ranges.len()) {
        Ordering::Less => {
            let range = &mut ranges[level];
            *range = (range.0.min(first), range.1.max(last));
        }
        _ => ranges.push((first, last)),
    }
}

#[cfg(test)]
mod tests;
