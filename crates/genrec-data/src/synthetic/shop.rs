//! The items of the synthetic shop and what they say.

use std::collections::HashSet;

use rand::{
    RngExt,
    rngs::StdRng,
    seq::{IndexedRandom, SliceRandom},
};

use super::{
    SyntheticWorldConfig,
    tree::Tree,
    words::{STYLES, made_up},
};
use crate::{Catalog, Ids, Item};

/// How many brands a category of the second-lowest level is served by.
const BRANDS: usize = 4;

/// What an item is, as the world knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// The lowest category it is in.
    pub(super) leaf: usize,
    /// What it looks like, an index into [`STYLES`].
    pub(super) style: usize,
}

/// The items of each leaf are spread evenly; numbers are shuffled, so that they tell nothing.
pub(super) fn stock(config: &SyntheticWorldConfig, leaves: usize, rng: &mut StdRng) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = (0..config.items)
        .map(|item| Kind {
            leaf: item % leaves,
            style: rng.random_range(0..STYLES.len()),
        })
        .collect();
    kinds.shuffle(rng);
    kinds
}

/// Writes the catalogue.
pub(super) fn describe(
    config: &SyntheticWorldConfig,
    tree: &Tree,
    kinds: &[Kind],
    rng: &mut StdRng,
) -> Catalog {
    let writer = Writer::new(config.text_noise, tree, rng);
    let mut titles = HashSet::new();
    let items: Vec<Item> = kinds
        .iter()
        .map(|&kind| writer.item(kind, &mut titles, rng))
        .collect();
    let ids = (0..items.len())
        .map(|item| format!("item-{item}"))
        .collect();
    let ids = Ids::new(ids).expect("numbered ids differ");
    Catalog::new(ids, items).expect("as many ids as items")
}

struct Writer<'a> {
    tree: &'a Tree,
    noise: f64,
    /// Every word of the shop, to draw the noise from.
    everything: Vec<&'a str>,
    /// The brands of each leaf; leaves of one parent share them.
    brands: Vec<Vec<String>>,
    /// What an ordinary item of each leaf costs.
    prices: Vec<f64>,
}

impl<'a> Writer<'a> {
    fn new(noise: f64, tree: &'a Tree, rng: &mut StdRng) -> Self {
        let mut brands: Vec<Vec<String>> = Vec::new();
        for (row, leaf) in tree.leaves.iter().enumerate() {
            let above = |leaf: &[usize]| leaf[..leaf.len() - 1].to_vec();
            let served = if row > 0 && above(&tree.leaves[row - 1].path) == above(&leaf.path) {
                brands[row - 1].clone()
            } else {
                (0..BRANDS).map(|_| made_up(rng)).collect()
            };
            brands.push(served);
        }
        let words = tree.nodes.iter().flat_map(|node| &node.words);
        Self {
            tree,
            noise,
            everything: words.map(String::as_str).collect(),
            brands,
            prices: tree
                .leaves
                .iter()
                .map(|_| (rng.random_range(1.0..5.5f64)).exp())
                .collect(),
        }
    }

    fn item(&self, kind: Kind, titles: &mut HashSet<String>, rng: &mut StdRng) -> Item {
        let leaf = &self.tree.leaves[kind.leaf];
        let lowest = leaf.path[leaf.path.len() - 1];
        let style = STYLES[kind.style];
        let noun = pick(&leaf.nouns, rng);
        // Two items may be alike in everything; a model name keeps their titles apart.
        let mut title = format!(
            "{style} {} {noun}",
            capitalised(pick(&self.tree.nodes[lowest].words, rng))
        );
        while !titles.insert(title.clone()) {
            title = format!("{title} {}", made_up(rng));
        }
        let above = &leaf.path[..leaf.path.len() - 1];
        let above = if above.is_empty() {
            &leaf.path[..]
        } else {
            above
        };
        let mut said = Vec::new();
        for nodes in [above, above, above, &[lowest], &[lowest]] {
            let word = self.word(nodes, &said, rng);
            said.push(word);
        }
        let description = format!(
            "{style} {} for {} and {}. {}, {} and {}.",
            noun.to_lowercase(),
            said[0],
            said[1],
            capitalised(said[3]),
            said[4],
            said[2],
        );
        let price = self.prices[kind.leaf] * rng.random_range(0.6..1.6);
        Item {
            title: Some(title),
            brand: Some(pick(&self.brands[kind.leaf], rng).to_string()),
            categories: self.tree.names(kind.leaf),
            description: Some(description),
            price: Some((price * 100.0).round() / 100.0),
        }
    }

    /// A word of one of the categories, or now and then any word; not one that was said already if another is found soon.
    fn word(&self, nodes: &[usize], said: &[&str], rng: &mut StdRng) -> &'a str {
        let mut draw = || {
            if rng.random_bool(self.noise) {
                self.everything.choose(rng).expect("the shop has words")
            } else {
                let node = *nodes.choose(rng).expect("an item has categories");
                pick(&self.tree.nodes[node].words, rng)
            }
        };
        let first = draw();
        (0..8).fold(
            first,
            |word, _| if said.contains(&word) { draw() } else { word },
        )
    }
}

fn pick<'a>(words: &'a [String], rng: &mut StdRng) -> &'a str {
    words.choose(rng).expect("every category has words")
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn shop(config: &SyntheticWorldConfig) -> (Tree, Vec<Kind>, Catalog) {
        let rng = &mut StdRng::seed_from_u64(3);
        let tree = Tree::grow(&config.branching, rng);
        let kinds = stock(config, tree.leaves.len(), rng);
        let catalog = describe(config, &tree, &kinds, rng);
        (tree, kinds, catalog)
    }

    #[test]
    fn items_are_spread_evenly_and_titles_differ() {
        let config = SyntheticWorldConfig::new();
        let (_, kinds, catalog) = shop(&config);
        for leaf in 0..48 {
            assert_eq!(kinds.iter().filter(|kind| kind.leaf == leaf).count(), 24);
        }
        let titles: HashSet<_> = catalog.iter().map(|(_, item)| item.title.clone()).collect();
        assert_eq!(titles.len(), config.items);
        assert!(
            kinds.iter().take(48).map(|kind| kind.leaf).ne(0..48),
            "shuffled"
        );
    }

    #[test]
    fn without_noise_a_text_has_only_words_of_its_own_categories() {
        let (tree, kinds, catalog) = shop(&SyntheticWorldConfig::new().with_text_noise(0.0));
        for (item, kind) in catalog.iter().map(|(_, item)| item).zip(&kinds) {
            let description = item.description.as_ref().unwrap().to_lowercase();
            for (leaf, other) in tree.leaves.iter().enumerate() {
                let lowest = &tree.nodes[other.path[2]];
                for word in lowest.words.iter().filter(|word| word.contains('-')) {
                    assert!(
                        leaf == kind.leaf || !description.contains(word.as_str()),
                        "{word}: {description}"
                    );
                }
            }
        }
    }
}
