use std::collections::BTreeMap;

use genrec_data::{Catalog, ItemId};
use genrec_embed::Embeddings;
use serde::{Deserialize, Serialize};

use super::{
    AgreementAt, CategoryPurity, Churn, Correlation, FirstCodes, Identifiers, Level, Overlap,
    Reference, Traffic,
};
use crate::{Collisions, Error, ItemTokens, Result};

/// What was found out about a table; see [the module](super).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// The table.
    pub name: String,
    /// Items.
    pub items: usize,
    /// Codes of the shortest and of the longest identifier.
    pub lengths: (usize, usize),
    /// Different identifiers.
    pub distinct: usize,
    /// `1 - distinct / items`.
    pub collision_rate: f64,
    /// Items that share an identifier.
    pub collisions: CollisionReport,
    /// Level by level, the first first.
    pub levels: Vec<Level>,
    /// First codes by falling frequency.
    pub first_codes: FirstCodes,
    /// By depth of the category tree; with a catalogue whose items have categories.
    pub categories: Vec<CategoryPurity>,
    /// One entry for every reference given.
    pub neighbours: Vec<Neighbourhood>,
    /// With interactions.
    pub traffic: Option<Traffic>,
    /// With another table.
    pub churn: Option<Churn>,
    /// After [`with_reconstruction`](Self::with_reconstruction).
    pub reconstruction: Option<Reconstruction>,
}

/// Items that share an identifier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CollisionReport {
    /// Identifiers that are shared.
    pub groups: usize,
    /// Items that share one.
    pub items: usize,
    /// Items of the largest group; 1 where there are no collisions.
    pub largest: usize,
    /// How many groups there are of each size, from 2.
    pub sizes: BTreeMap<usize, usize>,
    /// The largest groups, largest first, as many as the configuration lists.
    pub listed: Vec<Collided>,
}

/// A group of items that share an identifier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Collided {
    /// The identifier, as files write it.
    pub identifier: String,
    /// Items in the group.
    pub size: usize,
    /// The first of them by number, as many as the configuration lists.
    pub items: Vec<CollidedItem>,
}

/// An item of a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CollidedItem {
    /// Its number.
    pub item: u32,
    /// Its title, where the catalogue has one.
    pub title: Option<String>,
}

/// Codes compared with what is near by a reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Neighbourhood {
    /// What says what is near.
    pub reference: Reference,
    /// Items that have neighbours by it, at least one; the others count nowhere here.
    pub items: usize,
    /// Agreement of the nearest items, one entry for every `k`.
    pub at: Vec<AgreementAt>,
    /// Codes in common with the nearest neighbour.
    pub overlap: Overlap,
    /// With embeddings.
    pub correlation: Option<Correlation>,
}

/// How well rows made of the codes alone match the rows that were quantized.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reconstruction {
    /// The mean squared difference of an element.
    pub mean_squared_error: f64,
    /// Share of the variance that the rows made of codes explain: 1 less the error over that of the mean row. Nothing where all rows are
    /// the same.
    pub explained: Option<f64>,
    /// The mean cosine of a row and its counterpart; rows of zeros have 0.
    pub cosine: f64,
}

impl Inspection {
    /// The comparison with a reference, where it was given.
    pub fn neighbours_by(&self, reference: Reference) -> Option<&Neighbourhood> {
        self.neighbours
            .iter()
            .find(|known| known.reference == reference)
    }

    /// Adds how well `decoded`, what a quantizer's decoder makes of each item's codes, matches the rows it was fitted to, `[items, dim]`
    /// both.
    ///
    /// # Errors
    ///
    /// Rows that are not one an item, or not as wide as each other.
    pub fn with_reconstruction(self, original: &Embeddings, decoded: &Embeddings) -> Result<Self> {
        let shape = |rows: &Embeddings| [rows.rows(), rows.dim()];
        let expected = [self.items, original.dim()];
        if shape(original) != expected || shape(decoded) != expected {
            return Err(Error::Shape {
                expected: format!(
                    "rows to reconstruct and reconstructed rows of shape {expected:?}"
                ),
                found: format!("{:?} and {:?}", shape(original), shape(decoded)),
            });
        }
        let reconstruction = Some(Reconstruction::of(original, decoded));
        Ok(Self {
            reconstruction,
            ..self
        })
    }
}

impl Reconstruction {
    fn of(original: &Embeddings, decoded: &Embeddings) -> Self {
        let squares =
            |differences: &mut dyn Iterator<Item = f64>| differences.map(|x| x * x).sum::<f64>();
        let elements = original.as_slice().iter().zip(decoded.as_slice());
        let error = squares(&mut elements.map(|(&x, &y)| f64::from(x) - f64::from(y)));
        let rows = original.view().mapv(f64::from);
        let mean = rows.mean_axis(ndarray::Axis(0)).expect("a table has items");
        let variance = squares(&mut (&rows - &mean).into_iter());
        let (x, y) = (original.normalized(), decoded.normalized());
        let products = x.as_slice().iter().zip(y.as_slice());
        let cosines: f64 = products.map(|(&x, &y)| f64::from(x) * f64::from(y)).sum();
        Self {
            mean_squared_error: error / rows.len() as f64,
            explained: (variance > 0.0).then(|| 1.0 - error / variance),
            cosine: cosines / original.rows() as f64,
        }
    }
}

impl CollisionReport {
    pub(super) fn new(
        identifiers: &Identifiers,
        collisions: &Collisions,
        catalog: Option<&Catalog>,
        listed: usize,
    ) -> Self {
        let groups = collisions.groups();
        let mut sizes = BTreeMap::new();
        for group in groups {
            *sizes.entry(group.len()).or_default() += 1;
        }
        let item = |&item: &ItemId| CollidedItem {
            item: item.get(),
            title: catalog.and_then(|catalog| catalog.get(item).title.clone()),
        };
        let collided = |group: &Vec<ItemId>| Collided {
            identifier: identifiers.rows()[group[0].index()].to_string(),
            size: group.len(),
            items: group.iter().take(listed).map(item).collect(),
        };
        Self {
            groups: groups.len(),
            items: collisions.collided_items(),
            largest: groups.first().map_or(1, Vec::len),
            sizes,
            listed: groups.iter().take(listed).map(collided).collect(),
        }
    }
}

/// The groups of items that share their tokens.
pub(super) fn collisions(tokens: &ItemTokens) -> Collisions {
    let order: Vec<u32> = (0..tokens.groups())
        .flat_map(|group| tokens.group_items(group).iter().map(|item| item.get()))
        .collect();
    let group = |item: u32| tokens.group(ItemId::new(item));
    Collisions::from_sorted(tokens.items(), &order, |a, b| group(a) == group(b))
}
