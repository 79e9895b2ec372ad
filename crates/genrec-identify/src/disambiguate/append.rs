use crate::{Code, CodeTable, Result};

/// The codes with one more level: the number of the item among the items with the same codes.
pub(super) fn append(table: &CodeTable) -> Result<CodeTable> {
    let mut numbers = vec![Code::new(0); table.items()];
    let collisions = table.collisions();
    for group in collisions.groups() {
        for (number, item) in group.iter().enumerate() {
            numbers[item.index()] = Code::new(number as u32);
        }
    }
    let largest = collisions.groups().first().map_or(1, Vec::len);
    let codes = table
        .iter()
        .zip(numbers)
        .flat_map(|((_, codes), number)| codes.iter().copied().chain([number]));
    let sizes = table.codebook_sizes().iter().copied().chain([largest]);
    CodeTable::new(
        table.items(),
        table.levels() + 1,
        codes.collect(),
        sizes.collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_gets_its_number_in_its_group() {
        let codes = |codes: &[u32]| codes.iter().copied().map(Code::new).collect::<Vec<_>>();
        let table = CodeTable::new(5, 1, codes(&[2, 0, 2, 1, 2]), vec![3]).unwrap();
        let appended = append(&table).unwrap();
        assert_eq!(appended.as_slice(), codes(&[2, 0, 0, 0, 2, 1, 1, 0, 2, 2]));
        assert_eq!(appended.codebook_sizes(), [3, 3]);
        let unique = CodeTable::new(2, 1, codes(&[1, 0]), vec![2]).unwrap();
        assert_eq!(append(&unique).unwrap().as_slice(), codes(&[1, 0, 0, 0]));
    }
}
