//! Category paths as identifiers.

use std::collections::HashMap;

use genrec_data::Catalog;

use crate::{Identifier, IdentifierTable, Result};

/// The categories of an item, from general to special, and then a number among the items of the same path (SemID, section 4.3).
///
/// A code stands for a category within its parent, numbered in the order of the items; behind them, on every level, come the codes of the numbers. Items without
/// categories have a number alone.
///
/// # Errors
///
/// No items.
pub fn category_paths(catalog: &Catalog) -> Result<IdentifierTable> {
    // The children of a path, by name, and how many items end there.
    let mut children: HashMap<(Vec<u32>, &str), u32> = HashMap::new();
    let mut widths: HashMap<Vec<u32>, u32> = HashMap::new();
    let mut ended: HashMap<Vec<u32>, u32> = HashMap::new();
    let mut ends = Vec::with_capacity(catalog.len());
    for (_, item) in catalog.iter() {
        let mut path = Vec::new();
        for category in item.categories.iter().filter(|name| !name.is_empty()) {
            let width = widths.entry(path.clone()).or_default();
            let code = *children
                .entry((path.clone(), category.as_str()))
                .or_insert_with(|| {
                    *width += 1;
                    *width - 1
                });
            path.push(code);
        }
        let number = ended.entry(path.clone()).or_default();
        ends.push((path, *number));
        *number += 1;
    }
    let levels = ends
        .iter()
        .map(|(path, _)| path.len() + 1)
        .max()
        .unwrap_or(0);
    let mut categories = vec![0; levels];
    for (path, width) in &widths {
        categories[path.len()] = categories[path.len()].max(*width);
    }
    let identifier = |(path, number): &(Vec<u32>, u32)| -> Identifier {
        let number = categories[path.len()] + number;
        path.iter().copied().chain([number]).collect()
    };
    IdentifierTable::new(ends.iter().map(identifier).collect())
}

#[cfg(test)]
mod tests {
    use genrec_data::{Ids, Item, ItemId};

    use super::*;

    #[test]
    fn items_of_a_category_share_its_codes() {
        let paths = [
            &["Home", "Pans"][..],
            &["Home"],
            &["Garden", "Pans"],
            &["Home", "Pans"],
            &[],
            &["Home", "Pots", "Iron"],
        ];
        let items: Vec<Item> = paths
            .iter()
            .map(|path| Item {
                categories: path.iter().map(ToString::to_string).collect(),
                ..Item::default()
            })
            .collect();
        let ids = Ids::new((0..6).map(|item| item.to_string()).collect()).unwrap();
        let table = category_paths(&Catalog::new(ids, items).unwrap()).unwrap();
        let written: Vec<String> = table
            .iter()
            .map(|(_, codes)| Identifier::from(codes).to_string())
            .collect();
        // Two categories on the first level, so numbers start at 2 there.
        assert_eq!(
            written,
            [
                "<a_0><b_0><c_1>",
                "<a_0><b_2>",
                "<a_1><b_0><c_1>",
                "<a_0><b_0><c_2>",
                "<a_2>",
                "<a_0><b_1><c_0><d_0>",
            ]
        );
        assert_eq!(
            table.item(table.identifier(ItemId::new(4))),
            Some(ItemId::new(4))
        );
    }
}
