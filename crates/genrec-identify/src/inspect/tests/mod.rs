//! The whole inspection: golden numbers, planted structure, chance, refusals, and what is shown.

mod golden;
mod planted;
mod published;
mod shown;

use genrec_data::{Catalog, Ids, Item};
use genrec_embed::Embeddings;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{Identifiers, identifiers::of_rows};

/// Items whose categories are these, of one depth.
fn catalog(categories: &[String]) -> Catalog {
    let item = |(item, category): (usize, &String)| Item {
        title: Some(format!("<item> {item}")),
        categories: vec![category.clone()],
        ..Item::default()
    };
    let items = categories.iter().enumerate().map(item).collect();
    Catalog::new(Ids::sequential(categories.len()), items).unwrap()
}

/// `groups` well separated groups of `size` items, group by group: rows, and codes that name the group first.
fn planted(groups: usize, size: usize, seed: u64) -> (Embeddings, Identifiers) {
    let mut rng = StdRng::seed_from_u64(seed);
    let (mut elements, mut rows) = (Vec::new(), Vec::new());
    for group in 0..groups {
        for place in 0..size {
            let near = |axis: usize| if axis == group { 5.0 } else { 0.0 };
            elements.extend((0..groups).map(|axis| near(axis) + rng.random_range(-0.1..0.1)));
            rows.push(vec![group as u32, place as u32]);
        }
    }
    let embeddings = Embeddings::from_vec(groups * size, groups, elements).unwrap();
    (embeddings, of_rows(&rows))
}
