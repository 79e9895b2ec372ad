//! What TokenRec is made of, and the settings of the paper.

use burn::config::Config;
use genrec_identify::token::{PromptVocabulary, Prompts};
use genrec_quantize::{MaskedVqConfig, RowError, TrainerConfig};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::sequence::HistoryPositions;
use crate::t5::T5Config;

/// Which items of a training history a sample reads, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HistoryOrder {
    /// All but those that it predicts, shuffled anew every time, as in the paper.
    Shuffled,
    /// Those before the ones that it predicts, in the order of time.
    Time,
}

/// What an answer is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum RetrievalLoss {
    /// `(1 - cos(z, q+)) + max(0, cos(z, q-) - margin)` with one random negative for each positive, as in the paper (section 4.3).
    Pairwise {
        /// Cosine below which a negative is far enough (the printed gamma, 0 to 0.2).
        margin: f64,
    },
    /// `-ln softmax(cos(z, q) / temperature)` of the positive among all items of training. Not in the paper.
    Softmax {
        /// What cosines are divided by.
        temperature: f64,
    },
}

/// Configuration of a [`RetrievalModel`](super::RetrievalModel), and of what it learns.
#[derive(Config, Debug, PartialEq)]
pub struct RetrievalConfig {
    /// The encoder-decoder. Its vocabulary is that of the prompts: [`RetrievalModel::new`](super::RetrievalModel::new) sets its size.
    pub t5: T5Config,
    /// Width of the rows of users and items.
    pub d_row: usize,
    /// The most items of a history that are read: of a shuffled one any, otherwise the last.
    #[config(default = 50)]
    pub max_history: usize,
    /// Whether each token of a user or item is a position of the encoder, or all of one together.
    #[config(default = "HistoryPositions::Tokens")]
    pub positions: HistoryPositions,
    /// What is asked.
    #[config(default = "Prompts::default()")]
    pub prompts: Prompts,
    /// Share of the training samples that are asked with the tokens of the user only.
    #[config(default = 0.5)]
    pub user_only: f64,
    /// Which items of a training history a sample reads.
    #[config(default = "HistoryOrder::Shuffled")]
    pub order: HistoryOrder,
    /// Items that one answer is compared with while training: neighbours in the history. With more than one an epoch has so many times fewer samples.
    #[config(default = 1)]
    pub targets: usize,
    /// What an answer is compared with.
    #[config(default = "RetrievalLoss::Pairwise { margin: 0.0 }")]
    pub loss: RetrievalLoss,
}

impl RetrievalConfig {
    /// Refuses what cannot be.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] names the first setting that makes no sense.
    pub fn validate(&self) -> std::result::Result<(), Error> {
        let fail = |what, found: String, expected: &str| {
            Err(Error::Config {
                what,
                found,
                expected: expected.into(),
            })
        };
        for (what, count) in [
            ("d_row", self.d_row),
            ("max_history", self.max_history),
            ("targets", self.targets),
            ("seen prompts", self.prompts.seen.len()),
        ] {
            if count == 0 {
                return fail(what, "0".into(), "at least 1");
            }
        }
        if !(0.0..=1.0).contains(&self.user_only) {
            return fail(
                "user_only",
                self.user_only.to_string(),
                "a share of samples, in 0..=1",
            );
        }
        if self.prompts.user_only.has_items() {
            let found = format!("{:?}", self.prompts.user_only.text());
            return fail("the prompt with the user only", found, "no {items} in it");
        }
        match self.loss {
            RetrievalLoss::Pairwise { margin } if !(-1.0..=1.0).contains(&margin) => fail(
                "margin",
                margin.to_string(),
                "a cosine, in -1..=1; 0 to 0.2 is usual",
            ),
            RetrievalLoss::Softmax { temperature }
                if !(temperature.is_finite() && temperature > 0.0) =>
            {
                fail(
                    "temperature",
                    temperature.to_string(),
                    "a finite number above 0",
                )
            }
            _ => self.t5.validate(),
        }
    }
}

/// All settings of TokenRec but how the model is trained.
#[derive(Config, Debug, PartialEq)]
pub struct TokenRecConfig {
    /// What makes tokens of users.
    pub users: MaskedVqConfig,
    /// What makes tokens of items.
    pub items: MaskedVqConfig,
    /// How both are trained.
    pub tokenizing: TrainerConfig,
    /// The model that reads the tokens.
    pub model: RetrievalConfig,
}

impl TokenRecConfig {
    /// TokenRec's paper: 3 x 256 tokens, T5-small (512 wide, 6 + 6 layers, from random weights: there is no text model here), every token a position.
    pub fn paper(d_row: usize) -> Self {
        let tokens = MaskedVqConfig::paper(d_row);
        let model = RetrievalConfig::new(T5Config::new(2), d_row);
        Self::new(tokens.clone(), tokens, tokenizing(1_000), model)
    }

    /// [`paper`](Self::paper) with the tokenizers as the released code trains them: see [`MaskedVqConfig::released`].
    pub fn released(d_row: usize) -> Self {
        let tokens = MaskedVqConfig::released(d_row);
        let paper = Self::paper(d_row);
        Self {
            users: tokens.clone(),
            items: tokens,
            ..paper
        }
    }

    /// For two processor cores and a few minutes: narrower networks; codebooks that start anew from k-means every 40 epochs, so that no codeword is left unused; a user
    /// or item is one position; one answer is compared with several items, and each of them with all others instead of a random one, which the paper does not.
    pub fn quick(d_row: usize) -> Self {
        let tokens = MaskedVqConfig::paper(d_row)
            .with_hidden(vec![128, 128])
            .with_d_code(128)
            .with_dropout(0.0)
            .with_error(RowError::MeanSquare)
            .with_kmeans_every(Some(40));
        let t5 = T5Config::new(2)
            .with_d_model(128)
            .with_d_ff(256)
            .with_n_heads(4)
            .with_d_kv(32)
            .with_encoder_layers(2)
            .with_decoder_layers(1);
        let model = RetrievalConfig::new(t5, d_row)
            .with_max_history(30)
            .with_positions(HistoryPositions::Items)
            .with_user_only(0.25)
            .with_targets(8)
            .with_loss(RetrievalLoss::Softmax { temperature: 0.1 });
        Self::new(tokens.clone(), tokens, tokenizing(160), model)
    }

    /// The tokens of the model: words of the prompts, and tokens of users and items.
    pub fn vocabulary(&self) -> PromptVocabulary {
        PromptVocabulary::new(
            self.model.prompts.iter(),
            self.users.codebook_sizes.clone(),
            self.items.codebook_sizes.clone(),
        )
    }
}

fn tokenizing(epochs: usize) -> TrainerConfig {
    TrainerConfig::new(epochs)
        .with_batch(512)
        .with_evaluate_every(50)
}
