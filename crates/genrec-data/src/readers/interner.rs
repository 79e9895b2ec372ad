//! Numbers for names in the order in which they are first met.

use std::collections::HashMap;

use crate::{Error, Ids, Result};

/// Gives each new name the next number. The numbers depend on the order of the names alone, not on the hashing.
#[derive(Default)]
pub(crate) struct Interner {
    numbers: HashMap<Box<str>, u32>,
}

impl Interner {
    /// The number of a name, old or new. `what` is the plural for the message when there are more than 32 bits can count.
    pub(crate) fn intern(&mut self, name: &str, what: &'static str) -> Result<u32> {
        if let Some(number) = self.get(name) {
            return Ok(number);
        }
        let found = self.numbers.len();
        let number = u32::try_from(found)
            .ok()
            .filter(|&number| number < u32::MAX)
            .ok_or(Error::TooMany { what, found })?;
        self.numbers.insert(name.into(), number);
        Ok(number)
    }

    pub(crate) fn get(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// The names by number.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names = vec![""; self.numbers.len()];
        for (name, &number) in &self.numbers {
            names[number as usize] = name;
        }
        names
    }

    /// The names by number, for good.
    pub(crate) fn into_ids(self) -> Result<Ids> {
        let mut names = vec![String::new(); self.numbers.len()];
        for (name, number) in self.numbers {
            names[number as usize] = name.into();
        }
        Ids::new(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_first_appearance() {
        let mut interner = Interner::default();
        let numbers: Vec<u32> = ["b", "a", "b", "", "a"]
            .iter()
            .map(|name| interner.intern(name, "names").unwrap())
            .collect();
        assert_eq!(numbers, [0, 1, 0, 2, 1]);
        assert_eq!(
            (interner.get("a"), interner.get("c"), interner.len()),
            (Some(1), None, 3)
        );
        assert_eq!(interner.names(), ["b", "a", ""]);
        let ids = interner.into_ids().unwrap();
        assert_eq!(ids.iter().collect::<Vec<_>>(), ["b", "a", ""]);
    }
}
