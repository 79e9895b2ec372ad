//! Nested clusters of items that occur together (CID, section 4.2).

use burn::config::Config;
use burn::tensor::{Device, Tensor, TensorData};
use genrec_data::Interactions;
use genrec_quantize::KMeansConfig;
use ndarray::Array2;

use super::graph::Graph;
use super::spectrum::leading;
use crate::{Error, Identifier, IdentifierTable, Result};

/// Collaborative indexing: the items are sorted into clusters by spectral clustering of the matrix of how many users have both of two items, every cluster again, and so
/// on until a cluster is small enough for its items to be numbered. An identifier is the path of clusters, then that number.
///
/// Spectral clustering as by Ng, Jordan and Weiss (2001): k-means on the rows, scaled to unit length, of the leading eigenvectors of `D^-1/2 A D^-1/2`. The vectors are found
/// by an iteration on the sparse matrix.
#[derive(Config, Debug, PartialEq)]
pub struct CidConfig {
    /// The clusters that a cluster falls into, N.
    #[config(default = 20)]
    pub clusters: usize,
    /// A cluster of at most so many items is not sorted any further.
    #[config(default = 100)]
    pub leaf: usize,
    /// Seed of everything random.
    #[config(default = 0)]
    pub seed: u64,
}

impl CidConfig {
    /// The identifiers of the items of these interactions; give those of training only.
    ///
    /// k-means runs on `device`.
    ///
    /// # Errors
    ///
    /// No items, fewer than 2 clusters, or leaves of no items.
    pub fn fit(&self, interactions: &Interactions, device: &Device) -> Result<IdentifierTable> {
        if self.clusters < 2 || self.leaf == 0 {
            return Err(Error::Config {
                option: "CidConfig::clusters, leaf",
                expected: String::from("at least 2 clusters, and leaves of at least one item"),
                found: format!("{} clusters, leaves of {}", self.clusters, self.leaf),
            });
        }
        let graph = Graph::of(interactions);
        let mut identifiers = vec![Vec::new(); graph.len()];
        // Clusters that are still to be sorted, each with its items.
        let mut waiting = vec![(0..graph.len()).collect::<Vec<_>>()];
        let mut seed = self.seed;
        while let Some(items) = waiting.pop() {
            if items.len() <= self.leaf {
                for (number, item) in items.into_iter().enumerate() {
                    identifiers[item].push(number as u32);
                }
                continue;
            }
            seed = seed.wrapping_add(1);
            let parts = self.parts(&graph.among(&items), seed, device)?;
            for (cluster, part) in parts.into_iter().enumerate() {
                let part: Vec<usize> = part.into_iter().map(|place| items[place]).collect();
                for &item in &part {
                    identifiers[item].push(cluster as u32);
                }
                waiting.push(part);
            }
        }
        IdentifierTable::new(identifiers.into_iter().map(Identifier::from_iter).collect())
    }

    /// The nodes of every cluster, none of them empty, at least two.
    fn parts(&self, graph: &Graph, seed: u64, device: &Device) -> Result<Vec<Vec<usize>>> {
        // Items that occur with none of the others have no place in the spectrum: they are a cluster of their own.
        let (met, alone): (Vec<usize>, Vec<usize>) =
            (0..graph.len()).partition(|&node| graph.has_neighbours(node));
        let clusters = self.clusters.min(graph.len());
        let mut parts = if met.len() <= 1 {
            Vec::new()
        } else {
            let wanted = (clusters - usize::from(!alone.is_empty())).clamp(1, met.len());
            let (_, vectors) = leading(&graph.among(&met).normalized(), wanted, seed);
            let rows = unit_rows(&vectors);
            let points = Tensor::from_data(TensorData::new(rows, [met.len(), wanted]), device);
            let codes = KMeansConfig::new(wanted).fit(&points, seed)?.codes;
            let mut parts = vec![Vec::new(); wanted];
            for (&node, code) in met.iter().zip(codes.into_data().iter::<i64>()) {
                parts[code as usize].push(node);
            }
            parts
        };
        parts.push(alone);
        parts.retain(|part| !part.is_empty());
        if parts.len() < 2 {
            // Nothing tells these items apart: their order has to.
            let all: Vec<usize> = (0..graph.len()).collect();
            let size = graph.len().div_ceil(clusters);
            parts = all.chunks(size).map(<[usize]>::to_vec).collect();
        }
        Ok(parts)
    }
}

/// The rows scaled to unit length; those of no length stay.
fn unit_rows(x: &Array2<f64>) -> Vec<f32> {
    let unit = |row: ndarray::ArrayView1<'_, f64>| {
        let length = row.dot(&row).sqrt();
        let scale = if length > 1e-12 { 1.0 / length } else { 0.0 };
        row.iter().map(|x| (x * scale) as f32).collect::<Vec<_>>()
    };
    x.rows().into_iter().flat_map(unit).collect()
}

#[cfg(test)]
mod tests {
    use genrec_data::ItemId;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    /// Users who stay within one of so many shelves of ten items, but for a slip now and then.
    fn shelves(shelves: u32, slip: f64) -> Interactions {
        let mut random = StdRng::seed_from_u64(5);
        let histories = (0..600)
            .map(|user| {
                let item = |_| {
                    let shelf = if random.random_bool(slip) {
                        random.random_range(0..shelves)
                    } else {
                        user % shelves
                    };
                    ItemId::new(shelf * 10 + random.random_range(0..10))
                };
                (0..6).map(item).collect()
            })
            .collect();
        Interactions::new(shelves as usize * 10, histories).unwrap()
    }

    fn first_codes(table: &IdentifierTable) -> Vec<u32> {
        table.iter().map(|(_, codes)| codes[0].get()).collect()
    }

    #[test]
    fn items_that_occur_together_share_their_first_code() {
        let interactions = shelves(4, 0.05);
        let config = CidConfig::new().with_clusters(4).with_leaf(10);
        let table = config.fit(&interactions, &Device::default()).unwrap();
        let first = first_codes(&table);
        for shelf in first.chunks(10) {
            assert!(shelf.iter().all(|code| *code == shelf[0]), "{first:?}");
        }
        let mut shelves: Vec<u32> = first.iter().step_by(10).copied().collect();
        shelves.sort_unstable();
        assert_eq!(shelves, [0, 1, 2, 3]);
        assert_eq!(table.levels(), 2);
        assert_eq!(
            table,
            config.fit(&interactions, &Device::default()).unwrap()
        );
    }

    #[test]
    fn without_structure_shelves_are_not_found() {
        let table = CidConfig::new()
            .with_clusters(4)
            .with_leaf(10)
            .fit(&shelves(4, 1.0), &Device::default())
            .unwrap();
        let first = first_codes(&table);
        let pure = first
            .chunks(10)
            .filter(|shelf| shelf.iter().all(|code| *code == shelf[0]));
        assert_eq!(pure.count(), 0, "{first:?}");
    }

    #[test]
    fn items_that_nobody_met_are_numbered_all_the_same() {
        let interactions =
            Interactions::new(300, vec![vec![ItemId::new(3), ItemId::new(7)]]).unwrap();
        let config = CidConfig::new().with_clusters(5).with_leaf(4);
        let table = config.fit(&interactions, &Device::default()).unwrap();
        assert_eq!(table.len(), 300);
        // The two that were met together are apart from all others.
        let first = first_codes(&table);
        let alone = |item: &usize| ![3, 7].contains(item);
        assert!((0..300).filter(alone).all(|item| first[item] == first[0]));
        assert!(first[3] != first[0] && first[7] != first[0]);
        assert!(
            config
                .with_clusters(1)
                .fit(&interactions, &Device::default())
                .is_err()
        );
    }
}
