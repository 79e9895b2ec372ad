//! The planted tree of categories.

use rand::rngs::StdRng;

use super::words::{DEPARTMENTS, made_up};

/// A category: its name and the words used for what is in it.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) words: Vec<String>,
}

/// A category of the lowest level.
#[derive(Clone, Debug)]
pub(super) struct LeafNode {
    /// The categories from the top down to this one.
    pub(super) path: Vec<usize>,
    /// What the things in it are called.
    pub(super) nouns: Vec<String>,
}

/// The tree, flat: categories in depth-first order, and which of them are the lowest.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) leaves: Vec<LeafNode>,
}

impl Tree {
    /// A tree with `branching[level]` categories below each category of the level above.
    pub(super) fn grow(branching: &[usize], rng: &mut StdRng) -> Self {
        let mut tree = Self {
            nodes: Vec::new(),
            leaves: Vec::new(),
        };
        tree.grow_below(branching, &mut Vec::new(), &mut Vec::new(), rng);
        tree
    }

    /// `path` are the nodes above, `place` their places among their siblings.
    fn grow_below(
        &mut self,
        branching: &[usize],
        path: &mut Vec<usize>,
        place: &mut Vec<usize>,
        rng: &mut StdRng,
    ) {
        let Some((&width, below)) = branching.split_first() else {
            let nouns = known_nouns(place).unwrap_or_else(|| made_up_words(4, rng));
            self.leaves.push(LeafNode {
                path: path.clone(),
                nouns,
            });
            return;
        };
        for sibling in 0..width {
            place.push(sibling);
            path.push(self.nodes.len());
            let node = known_node(place).unwrap_or_else(|| Node {
                name: made_up(rng),
                words: made_up_words(4, rng),
            });
            self.nodes.push(node);
            self.grow_below(below, path, place, rng);
            path.pop();
            place.pop();
        }
    }

    /// The names of the categories of a leaf, from the top.
    pub(super) fn names(&self, leaf: usize) -> Vec<String> {
        let path = &self.leaves[leaf].path;
        path.iter()
            .map(|&node| self.nodes[node].name.clone())
            .collect()
    }

    /// The category of the top level that a leaf lies in.
    pub(super) fn top(&self, leaf: usize) -> usize {
        self.leaves[leaf].path[0]
    }
}

fn made_up_words(count: usize, rng: &mut StdRng) -> Vec<String> {
    (0..count).map(|_| made_up(rng).to_lowercase()).collect()
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

/// The built-in category at this place, if there is one.
fn known_node(place: &[usize]) -> Option<Node> {
    let department = DEPARTMENTS.get(*place.first()?)?;
    let (name, words) = match place[1..] {
        [] => (department.name, &department.words[..]),
        [section] => {
            let section = department.sections.get(section)?;
            (section.name, &section.words[..])
        }
        [section, leaf] => {
            let leaf = department.sections.get(section)?.leaves.get(leaf)?;
            (leaf.name, &leaf.words[..])
        }
        _ => return None,
    };
    Some(Node {
        name: name.into(),
        words: owned(words),
    })
}

fn known_nouns(place: &[usize]) -> Option<Vec<String>> {
    let &[department, section, leaf] = place else {
        return None;
    };
    let section = DEPARTMENTS.get(department)?.sections.get(section)?;
    Some(owned(&section.leaves.get(leaf)?.nouns))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn grow(branching: &[usize]) -> Tree {
        Tree::grow(branching, &mut StdRng::seed_from_u64(1))
    }

    #[test]
    fn the_usual_tree_has_real_names() {
        let tree = grow(&[6, 4, 2]);
        assert_eq!((tree.nodes.len(), tree.leaves.len()), (6 + 24 + 48, 48));
        assert_eq!(tree.names(0), ["Kitchen", "Cookware", "Frying Pans"]);
        assert_eq!(tree.names(47), ["Workshop", "Safety", "Gloves and Masks"]);
        assert_eq!(tree.leaves[1].nouns[0], "Stockpot");
        assert_eq!(tree.top(7), tree.top(0));
        assert_ne!(tree.top(8), tree.top(0));
    }

    #[test]
    fn other_trees_go_on_with_made_up_names() {
        for branching in [&[7, 5, 3][..], &[5], &[2, 2, 2, 2]] {
            let tree = grow(branching);
            assert_eq!(tree.leaves.len(), branching.iter().product::<usize>());
            assert!(
                tree.leaves
                    .iter()
                    .all(|leaf| leaf.path.len() == branching.len())
            );
            assert!(tree.leaves.iter().all(|leaf| !leaf.nouns.is_empty()));
            assert!(
                tree.nodes
                    .iter()
                    .all(|node| !node.name.is_empty() && !node.words.is_empty())
            );
        }
        assert_eq!(grow(&[2, 1]).names(1)[0], "Garden");
    }
}
