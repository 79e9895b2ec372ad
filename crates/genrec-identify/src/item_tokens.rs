//! What a language model reads and writes for every item.

use genrec_data::ItemId;
use genrec_decode::{TokenId, Trie, TrieBuilder};

use crate::{Code, Vocabulary};

/// The tokens of every item, and the groups of items that share theirs.
///
/// Made by [`Vocabulary::tokenize`], where every item is a group of its own with the item's number, or by
/// [`Vocabulary::tokenize_collided`], where collided items share a group; groups are numbered in the order of their
/// lowest items, and hold their items in ascending order.
///
/// An identifier that is shorter than the longest ends with the end-of-sequence token. So no item's tokens begin
/// another's, and a decoder knows from the depth and the token alone when an identifier is complete; where all
/// identifiers have the same length, as codes of a quantizer have, there are no such tokens.
///
/// ```
/// use genrec_data::ItemId;
/// use genrec_identify::{Code, CodeTable, Vocabulary};
///
/// let table = CodeTable::new(3, 2, [0, 1, 3, 1, 0, 1].map(Code::new).to_vec(), vec![4, 2])?;
/// let tokens = Vocabulary::of(&table).tokenize_collided(&table);
/// assert_eq!(tokens.groups(), 2);
/// assert_eq!(tokens.group_items(0), [ItemId::new(0), ItemId::new(2)]);
/// assert_eq!(tokens.tokens(ItemId::new(2)), tokens.group_tokens(0));
/// # Ok::<(), genrec_identify::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemTokens {
    vocabulary: Vocabulary,
    /// The tokens of group `g` are `tokens[token_offsets[g]..token_offsets[g + 1]]`.
    tokens: Vec<TokenId>,
    token_offsets: Vec<usize>,
    /// The items of group `g` are `items[item_offsets[g]..item_offsets[g + 1]]`.
    items: Vec<ItemId>,
    item_offsets: Vec<usize>,
    /// The group of every item.
    group_of: Vec<u32>,
}

impl ItemTokens {
    /// Groups the rows of codes of items 0, 1, ... that are the same.
    pub(crate) fn new<'a>(vocabulary: Vocabulary, rows: impl Iterator<Item = &'a [Code]>) -> Self {
        let rows: Vec<&[Code]> = rows.collect();
        let mut order: Vec<u32> = (0..rows.len() as u32).collect();
        order.sort_unstable_by_key(|&item| (rows[item as usize], item));
        let mut groups: Vec<&[u32]> = order
            .chunk_by(|&a, &b| rows[a as usize] == rows[b as usize])
            .collect();
        groups.sort_unstable_by_key(|group| group[0]);

        let longest = rows.iter().map(|codes| codes.len()).max().unwrap_or(0);
        let mut this = Self {
            tokens: Vec::with_capacity(groups.len() * longest),
            token_offsets: vec![0],
            items: Vec::with_capacity(rows.len()),
            item_offsets: vec![0],
            group_of: vec![0; rows.len()],
            vocabulary,
        };
        for (group, items) in groups.iter().enumerate() {
            let codes = rows[items[0] as usize];
            this.tokens.extend(
                codes
                    .iter()
                    .enumerate()
                    .map(|(level, &code)| this.vocabulary.token(level, code)),
            );
            this.tokens
                .extend((codes.len() < longest).then(|| this.vocabulary.eos()));
            this.token_offsets.push(this.tokens.len());
            this.items.extend(items.iter().copied().map(ItemId::new));
            this.item_offsets.push(this.items.len());
            for &item in *items {
                this.group_of[item as usize] = group as u32;
            }
        }
        this
    }

    /// The vocabulary of the tokens.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The number of items.
    pub fn items(&self) -> usize {
        self.group_of.len()
    }

    /// The tokens of an item.
    ///
    /// # Panics
    ///
    /// When there is no such item.
    pub fn tokens(&self, item: ItemId) -> &[TokenId] {
        self.group_tokens(self.group(item))
    }

    /// How the identifier of an item is written: `<a_12><b_7>`, without the end-of-sequence token.
    ///
    /// # Panics
    ///
    /// When there is no such item.
    pub fn name(&self, item: ItemId) -> String {
        let written = self
            .tokens(item)
            .iter()
            .filter(|&&token| token != self.vocabulary.eos());
        written.map(|&token| self.vocabulary.name(token)).collect()
    }

    /// The number of tokens of the items with most of them.
    pub fn max_tokens(&self) -> usize {
        self.token_offsets
            .windows(2)
            .map(|range| range[1] - range[0])
            .max()
            .unwrap_or(0)
    }

    /// The number of groups: of different token sequences.
    pub fn groups(&self) -> usize {
        self.item_offsets.len() - 1
    }

    /// The group of an item.
    ///
    /// # Panics
    ///
    /// When there is no such item.
    pub fn group(&self, item: ItemId) -> usize {
        self.group_of[item.index()] as usize
    }

    /// The tokens that the items of a group share.
    ///
    /// # Panics
    ///
    /// When there is no such group.
    pub fn group_tokens(&self, group: usize) -> &[TokenId] {
        &self.tokens[self.token_offsets[group]..self.token_offsets[group + 1]]
    }

    /// The items of a group, ascending.
    ///
    /// # Panics
    ///
    /// When there is no such group.
    pub fn group_items(&self, group: usize) -> &[ItemId] {
        &self.items[self.item_offsets[group]..self.item_offsets[group + 1]]
    }

    /// The trie of all token sequences; its values are group numbers (item numbers, where no items collide).
    pub fn trie(&self) -> Trie {
        let mut builder = TrieBuilder::new();
        for group in 0..self.groups() {
            builder
                .insert(self.group_tokens(group), group as u32)
                .expect("every group has tokens of its own");
        }
        builder.build().expect("every group has tokens of its own")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CodeTable, Identifier, IdentifierTable};

    fn numbers(tokens: &[TokenId]) -> Vec<u32> {
        tokens.iter().map(|token| token.get()).collect()
    }

    #[test]
    fn without_collisions_groups_are_items() {
        let identifiers = [[2, 0], [0, 1], [2, 1]].map(Identifier::from_iter).to_vec();
        let table = IdentifierTable::new(identifiers).unwrap();
        let tokens = Vocabulary::of(&table).tokenize(&table);
        assert_eq!(
            (tokens.items(), tokens.groups(), tokens.max_tokens()),
            (3, 3, 2)
        );
        for item in (0..3).map(ItemId::new) {
            assert_eq!(
                (tokens.group(item), tokens.group_items(item.index())),
                (item.index(), &[item][..])
            );
        }
        assert_eq!(numbers(tokens.tokens(ItemId::new(2))), [4, 6]);
    }

    #[test]
    fn collided_items_share_a_group_and_its_tokens() {
        let codes = [[1, 0], [0, 1], [1, 0], [0, 0], [0, 1], [1, 0]]
            .as_flattened()
            .iter()
            .copied()
            .map(Code::new)
            .collect();
        let table = CodeTable::new(6, 2, codes, vec![2, 2]).unwrap();
        let tokens = Vocabulary::of(&table).tokenize_collided(&table);
        let groups: Vec<Vec<u32>> = (0..tokens.groups())
            .map(|group| {
                tokens
                    .group_items(group)
                    .iter()
                    .map(|item| item.get())
                    .collect()
            })
            .collect();
        assert_eq!(groups, [vec![0, 2, 5], vec![1, 4], vec![3]]);
        for item in (0..6).map(ItemId::new) {
            assert!(tokens.group_items(tokens.group(item)).contains(&item));
            assert_eq!(tokens.tokens(item), tokens.group_tokens(tokens.group(item)));
        }
        assert_eq!(numbers(tokens.tokens(ItemId::new(5))), [3, 4]);
    }

    #[test]
    fn an_identifier_shorter_than_the_longest_is_ended() {
        let identifiers: Vec<Identifier> = [&[1][..], &[1, 0], &[0, 1]]
            .map(|codes| codes.iter().copied().collect())
            .to_vec();
        let table = IdentifierTable::new(identifiers).unwrap();
        let tokens = Vocabulary::of(&table).tokenize(&table);
        let all: Vec<Vec<u32>> = (0..3)
            .map(|item| numbers(tokens.tokens(ItemId::new(item))))
            .collect();
        assert_eq!(all, [[3, 1], [3, 4], [2, 5]]);
    }

    #[test]
    fn the_trie_leads_from_tokens_to_groups() {
        let identifiers: Vec<Identifier> = [&[1][..], &[1, 0], &[0, 1], &[1, 1]]
            .map(|codes| codes.iter().copied().collect())
            .to_vec();
        let table = IdentifierTable::new(identifiers).unwrap();
        let tokens = Vocabulary::of(&table).tokenize(&table);
        let trie = tokens.trie();
        assert_eq!(trie.len(), 4);
        for group in 0..tokens.groups() {
            let end = tokens
                .group_tokens(group)
                .iter()
                .try_fold(trie.root(), |node, &token| trie.step(node, token));
            assert_eq!(end.and_then(|node| trie.item(node)), Some(group as u32));
        }
        assert_eq!(trie.step(trie.root(), TokenId::new(4)), None);
    }
}
