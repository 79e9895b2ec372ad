//! What a sequence recommender is made of, and the settings of the papers.

use std::ops::Range;

use burn::config::Config;
use genrec_decode::TokenId;
use genrec_identify::Vocabulary;
use serde::{Deserialize, Serialize};

use crate::t5::T5Config;

/// How an item of the history becomes positions of the encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HistoryPositions {
    /// One position a token, as TIGER and LETTER-TIGER do: an item with four codes takes four positions.
    Tokens,
    /// One position an item, the sum of its token embeddings divided by the square root of the length of the longest identifier: four times
    /// fewer positions for four codes.
    Items,
}

/// What the decoder reads at each place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DecoderInput {
    /// The embedding of the token before, as T5 does: all it knows of the history comes through cross-attention.
    Token,
    /// That embedding plus the encoder's state at the last position that is read, so that the way from the last item to every token is short. The
    /// depth transformer of RQ-Transformer (Lee et al. 2022, section 3.2.2) gets that state at its first place only, and has no cross-attention.
    TokenAndState,
}

/// The tokens among which the probability of the next one is shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SoftmaxOver {
    /// The tokens that occur at this place of some identifier. No probability is wasted on tokens that can never follow.
    Level,
    /// The tokens that can follow what has been written so far: the children of its node in the trie of all identifiers. The probabilities of
    /// all items then sum to one, a token that is the only one possible costs nothing, and nothing has to be learnt of which identifiers exist.
    Children,
    /// The whole vocabulary, text tokens included, as the released code of LETTER does.
    Vocabulary,
}

impl SoftmaxOver {
    /// The tokens that a model has to give logits of, where `candidates` (ascending) can follow.
    pub(crate) fn range(self, candidates: &[TokenId], vocab_size: usize) -> Range<usize> {
        match (self, candidates) {
            (Self::Level | Self::Children, [first, .., last]) => first.index()..last.index() + 1,
            (Self::Level | Self::Children, [only]) => only.index()..only.index() + 1,
            _ => 0..vocab_size,
        }
    }
}

/// Configuration of a [`SequenceModel`](super::SequenceModel), and of the [`SequenceRecommender`](super::SequenceRecommender) around it.
#[derive(Config, Debug, PartialEq)]
pub struct SequenceModelConfig {
    /// The encoder-decoder. Its vocabulary has to hold the item vocabulary and [`text_tokens`](Self::text_tokens).
    pub t5: T5Config,
    /// The most recent items of a history that are read; earlier ones are left out.
    #[config(default = 20)]
    pub max_history: usize,
    /// How an item of the history becomes positions of the encoder.
    #[config(default = "HistoryPositions::Tokens")]
    pub positions: HistoryPositions,
    /// What the decoder reads at each place.
    #[config(default = "DecoderInput::Token")]
    pub decoder_input: DecoderInput,
    /// The tokens among which the probability of the next one is shared out.
    #[config(default = "SoftmaxOver::Level")]
    pub softmax: SoftmaxOver,
    /// Tokens of the vocabulary that are no identifier tokens and never used: the released code of LETTER keeps the 32,100 text tokens of
    /// T5, which [`SoftmaxOver::Vocabulary`] then spans.
    #[config(default = 0)]
    pub text_tokens: usize,
}

impl SequenceModelConfig {
    /// LETTER-TIGER (LETTER, section 4.1): 4 + 4 layers, width 128, feed-forward 1,024, 6 heads of 64, dropout 0.1, the last 20 items, one
    /// position a token.
    pub fn paper(vocabulary: &Vocabulary) -> Self {
        Self::new(T5Config::letter_tiger(vocabulary.len())).with_softmax(SoftmaxOver::Vocabulary)
    }

    /// [`paper`](Self::paper) as the released code of LETTER builds it: the vocabulary still holds the 32,100 text tokens of T5, and the
    /// softmax spans them.
    pub fn released(vocabulary: &Vocabulary) -> Self {
        const TEXT_TOKENS: usize = 32_100;
        Self::new(T5Config::letter_tiger(vocabulary.len() + TEXT_TOKENS))
            .with_softmax(SoftmaxOver::Vocabulary)
            .with_text_tokens(TEXT_TOKENS)
    }

    /// A model for two processor cores and half an hour: one encoder position an item, a causal encoder so that one pass serves every prefix
    /// of a history, a decoder that gets the encoder's last state at every place, softmax over what can follow, and smaller layers.
    pub fn quick(vocabulary: &Vocabulary) -> Self {
        let t5 = T5Config::letter_tiger(vocabulary.len())
            .with_d_model(192)
            .with_d_ff(512)
            .with_n_heads(6)
            .with_d_kv(32)
            .with_encoder_layers(2)
            .with_decoder_layers(1)
            .with_causal_encoder(true);
        Self::new(t5)
            .with_positions(HistoryPositions::Items)
            .with_decoder_input(DecoderInput::TokenAndState)
            .with_softmax(SoftmaxOver::Children)
    }
}
