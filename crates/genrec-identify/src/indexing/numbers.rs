//! Numbers as identifiers.

use genrec_data::Interactions;

use crate::{Error, Identifier, IdentifierTable, Result};

/// One code of its own for every item (IID): nothing is shared, a model learns every item from nothing.
///
/// # Errors
///
/// No items.
pub fn independent(items: usize) -> Result<IdentifierTable> {
    let items = u32::try_from(items).map_err(|_| Error::Shape {
        expected: String::from("items whose numbers fit into 32 bits"),
        found: items.to_string(),
    })?;
    IdentifierTable::new(
        (0..items)
            .map(|item| Identifier::from_iter([item]))
            .collect(),
    )
}

/// The number of the first item.
const FIRST: usize = 1001;

/// Items numbered from 1001 in the order in which they first occur, user by user and from old to new (SID, section 4.1); a code a digit, so that items that are
/// met one after another share their first digits. Items that nobody met follow in their own order.
///
/// # Errors
///
/// No items.
pub fn sequential(interactions: &Interactions) -> Result<IdentifierTable> {
    let mut number = vec![None; interactions.items()];
    let mut next = FIRST;
    let mut count = |slot: &mut Option<usize>| {
        if slot.is_none() {
            *slot = Some(next);
            next += 1;
        }
    };
    for (_, history) in interactions.iter() {
        for item in history {
            count(&mut number[item.index()]);
        }
    }
    number.iter_mut().for_each(&mut count);
    let digits = |number: usize| -> Identifier {
        let text = number.to_string();
        text.bytes().map(|digit| u32::from(digit - b'0')).collect()
    };
    let table = IdentifierTable::new(number.into_iter().flatten().map(digits).collect())?;
    let sizes = vec![10; table.levels()];
    table.with_codebook_sizes(sizes)
}

#[cfg(test)]
mod tests {
    use genrec_data::ItemId;

    use super::*;

    #[test]
    fn digits_spell_the_order_of_first_appearance() {
        let histories = vec![vec![3, 1, 3], vec![], vec![0, 1]];
        let histories = histories
            .into_iter()
            .map(|items| items.into_iter().map(ItemId::new).collect())
            .collect();
        let table = sequential(&Interactions::new(12_000, histories).unwrap()).unwrap();
        let number = |item: u32| -> u64 {
            let digits = table.identifier(ItemId::new(item)).iter();
            digits.fold(0, |number, digit| number * 10 + u64::from(digit.get()))
        };
        assert_eq!([3, 1, 0, 2, 4].map(number), [1001, 1002, 1003, 1004, 1005]);
        // Five digits from the 9,000th item on; 1234 begins 12345 and is another identifier.
        assert_eq!(number(11_999), 13_000);
        assert_eq!(table.codebook_sizes(), [10; 5]);
    }

    #[test]
    fn independent_identifiers_have_one_code() {
        let table = independent(5).unwrap();
        assert_eq!((table.levels(), table.codebook_sizes()), (1, &[5][..]));
        assert!(independent(0).is_err());
    }
}
