//! The identifiers as they were given: one flat array, whatever their lengths.

use crate::TokenId;

/// Identifiers of equal or different length, in the order they were given, each with its value.
#[derive(Clone, Debug, Default)]
pub(super) struct Identifiers {
    tokens: Vec<TokenId>,
    values: Vec<u32>,
    lengths: Lengths,
}

/// Where each identifier ends. Most tables have one length, and then nothing is stored.
#[derive(Clone, Debug)]
enum Lengths {
    Equal(usize),
    Mixed { ends: Vec<usize> },
}

impl Default for Lengths {
    fn default() -> Self {
        Self::Equal(0)
    }
}

impl Identifiers {
    pub(super) fn with_capacity(identifiers: usize, tokens: usize) -> Self {
        Self {
            tokens: Vec::with_capacity(tokens),
            values: Vec::with_capacity(identifiers),
            lengths: Lengths::default(),
        }
    }

    pub(super) fn push(&mut self, tokens: &[TokenId], value: u32) {
        if self.values.is_empty() {
            self.lengths = Lengths::Equal(tokens.len());
        }
        if let Lengths::Equal(length) = self.lengths
            && length != tokens.len()
        {
            let ends = (1..=self.values.len()).map(|i| i * length).collect();
            self.lengths = Lengths::Mixed { ends };
        }
        self.tokens.extend_from_slice(tokens);
        self.values.push(value);
        if let Lengths::Mixed { ends } = &mut self.lengths {
            ends.push(self.tokens.len());
        }
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The tokens of the identifier that was given as number `index`.
    pub(super) fn get(&self, index: usize) -> &[TokenId] {
        match &self.lengths {
            Lengths::Equal(length) => &self.tokens[index * length..(index + 1) * length],
            Lengths::Mixed { ends } => {
                let start = if index == 0 { 0 } else { ends[index - 1] };
                &self.tokens[start..ends[index]]
            }
        }
    }

    pub(super) fn values(&self) -> &[u32] {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_come_back_as_given_when_lengths_change() {
        let given: [&[u32]; 5] = [&[1, 2], &[3, 4], &[5], &[6, 7, 8], &[9, 10]];
        let mut identifiers = Identifiers::default();
        for (value, tokens) in given.iter().enumerate() {
            let tokens: Vec<TokenId> = tokens.iter().copied().map(TokenId::new).collect();
            identifiers.push(&tokens, value as u32);
        }
        for (index, tokens) in given.iter().enumerate() {
            let found: Vec<u32> = identifiers.get(index).iter().map(|t| t.get()).collect();
            assert_eq!(&found, tokens);
        }
        assert_eq!(identifiers.values(), [0, 1, 2, 3, 4]);
    }
}
