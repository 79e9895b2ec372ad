//! Which network, how wide, and what it minimizes.

use burn::config::Config;

use crate::error::{Error, Result};

/// The network between the history and the next item.
#[derive(Config, Debug, PartialEq)]
pub enum Architecture {
    /// SASRec (Kang and McAuley, "Self-attentive sequential recommendation", 2018): attention to what came before.
    SasRec {
        /// Blocks of attention and feed-forward layer.
        blocks: usize,
        /// Heads of the attention.
        heads: usize,
    },
    /// BERT4Rec (Sun et al., "BERT4Rec: sequential recommendation with bidirectional encoder representations from transformer", 2019): attention to both sides,
    /// trained to fill in items that are masked.
    Bert4Rec {
        /// Blocks of attention and feed-forward layer.
        blocks: usize,
        /// Heads of the attention.
        heads: usize,
        /// The probability that an item is masked in training.
        masked: f64,
    },
    /// GRU4Rec (Hidasi et al., "Session-based recommendations with recurrent neural networks", 2016): gated recurrent layers.
    Gru4Rec {
        /// Recurrent layers, one on top of the other.
        layers: usize,
    },
    /// Caser (Tang and Wang, "Personalized top-N sequential recommendation via convolutional sequence embedding", 2018): convolutions over the last items,
    /// and a row a user.
    Caser {
        /// How many of the last items are read.
        window: usize,
        /// Horizontal filters for each height from 1 to `window`.
        horizontal: usize,
        /// Vertical filters.
        vertical: usize,
    },
    /// HGN (Ma et al., "Hierarchical gating networks for sequential recommendation", 2019): gates on features and items of the last items, and a row a user.
    Hgn {
        /// How many of the last items are read.
        window: usize,
    },
}

impl Architecture {
    /// The name that tables show.
    pub fn name(&self) -> &'static str {
        match self {
            Self::SasRec { .. } => "SASRec",
            Self::Bert4Rec { .. } => "BERT4Rec",
            Self::Gru4Rec { .. } => "GRU4Rec",
            Self::Caser { .. } => "Caser",
            Self::Hgn { .. } => "HGN",
        }
    }
}

impl Architecture {
    /// Whether it is asked with a mask after the history, and trained with masks in it.
    pub(super) fn masks(&self) -> bool {
        matches!(self, Self::Bert4Rec { .. })
    }
}

/// What the score of an item is, in training and after it.
#[derive(Config, Debug, Copy, PartialEq)]
pub enum Score {
    /// The dot product of its row with the state of the network, as in the papers: long rows make popular items.
    DotProduct,
    /// The cosine of the two, divided by a temperature: all rows count as if they were of one length, so that rare items are not at a disadvantage.
    Cosine {
        /// What the cosine is divided by: the smaller, the sharper a softmax over all items.
        temperature: f64,
    },
}

/// What training minimizes.
#[derive(Config, Debug, Copy, PartialEq)]
pub enum Loss {
    /// Cross-entropy over all items: far stronger than the losses of most of the papers.
    Softmax,
    /// Cross-entropy over the right item and others drawn uniformly, the same for a whole piece of a batch.
    SampledSoftmax {
        /// Items drawn.
        negatives: usize,
    },
    /// `-ln sigmoid(right) - mean of ln(1 - sigmoid(other))`, others drawn uniformly for every prediction from all items but the right one: SASRec's original loss with one
    /// other, except that the paper leaves out all items of the user.
    Binary {
        /// Items drawn for every prediction.
        negatives: usize,
    },
    /// `-mean of ln sigmoid(right - other)`, others drawn uniformly for every prediction from all items but the right one (Rendle et al., "BPR", 2009).
    Pairwise {
        /// Items drawn for every prediction.
        negatives: usize,
    },
}

impl Loss {
    /// The items drawn.
    pub(super) fn negatives(self) -> Option<usize> {
        match self {
            Self::Softmax => None,
            Self::SampledSoftmax { negatives }
            | Self::Binary { negatives }
            | Self::Pairwise { negatives } => Some(negatives),
        }
    }
}

/// Configuration of a [`SequentialModel`](super::SequentialModel).
#[derive(Config, Debug, PartialEq)]
pub struct SequentialConfig {
    /// The network.
    pub architecture: Architecture,
    /// The width of the item rows and of the states. Default: 64.
    #[config(default = 64)]
    pub d_model: usize,
    /// The items of a history that are read, the last ones. Default: 20.
    #[config(default = 20)]
    pub max_history: usize,
    /// The probability that an element is dropped in training. Default: 0.4, for sparse data; less where histories are dense.
    #[config(default = 0.4)]
    pub dropout: f64,
    /// What training minimizes. Default: cross-entropy over all items.
    #[config(default = "Loss::Softmax")]
    pub loss: Loss,
    /// What the score of an item is. Default: the dot product.
    #[config(default = "Score::DotProduct")]
    pub score: Score,
    /// The standard deviation of the item rows at the start. Default: 0.02.
    #[config(default = 0.02)]
    pub init_std: f64,
}

impl SequentialConfig {
    /// SASRec with two blocks of one head, as the paper has it, but for the loss and the score: cosines at a temperature of .05, which rank better than the paper's
    /// dot products ([`Score::DotProduct`]) on validation.
    pub fn sasrec() -> Self {
        Self::new(Architecture::SasRec {
            blocks: 2,
            heads: 1,
        })
        .with_score(Score::Cosine { temperature: 0.05 })
    }

    /// BERT4Rec with two blocks of two heads, a fifth of the items masked. Its blocks are those of our SASRec: the paper's have the norm behind each layer, GELU, an inner
    /// width of four times `d_model`, and a projection with biases before the scores.
    pub fn bert4rec() -> Self {
        Self::new(Architecture::Bert4Rec {
            blocks: 2,
            heads: 2,
            masked: 0.2,
        })
    }

    /// GRU4Rec with one layer, as the paper has it, but for the loss.
    pub fn gru4rec() -> Self {
        Self::new(Architecture::Gru4Rec { layers: 1 })
    }

    /// Caser over the last five items, with 16 horizontal filters of each height and four vertical ones.
    pub fn caser() -> Self {
        Self::new(Architecture::Caser {
            window: 5,
            horizontal: 16,
            vertical: 4,
        })
    }

    /// HGN over the last five items, as the paper has it, but for the loss.
    pub fn hgn() -> Self {
        Self::new(Architecture::Hgn { window: 5 })
    }

    /// The places of the longest input: the items that are read, and for BERT4Rec the mask that asks.
    pub(super) fn max_places(&self) -> usize {
        self.max_history + usize::from(self.architecture.masks())
    }

    /// Refuses values that no model can have.
    pub(super) fn check(&self) -> Result<()> {
        let mut counts = vec![
            ("d_model", self.d_model),
            ("max_history", self.max_history),
            ("negatives", self.loss.negatives().unwrap_or(1)),
        ];
        let mut heads = 1;
        match self.architecture {
            Architecture::SasRec { blocks, heads: h }
            | Architecture::Bert4Rec {
                blocks, heads: h, ..
            } => {
                heads = h.max(1);
                counts.extend([("blocks", blocks), ("heads", h)]);
            }
            Architecture::Gru4Rec { layers } => counts.push(("layers", layers)),
            Architecture::Caser {
                window,
                horizontal,
                vertical,
            } => counts.extend([
                ("window", window),
                ("horizontal", horizontal),
                ("vertical", vertical),
            ]),
            Architecture::Hgn { window } => counts.push(("window", window)),
        }
        for (option, count) in counts {
            if count == 0 {
                return Err(Error::Option {
                    option,
                    found: "0".into(),
                    expected: "at least 1",
                });
            }
        }
        if !self.d_model.is_multiple_of(heads) {
            return Err(Error::Option {
                option: "d_model",
                found: self.d_model.to_string(),
                expected: "a multiple of the number of heads",
            });
        }
        let masked = match self.architecture {
            Architecture::Bert4Rec { masked, .. } => masked,
            _ => 0.5,
        };
        for (option, share, expected) in [
            ("dropout", self.dropout, "at least 0 and below 1"),
            ("masked", masked, "above 0 and below 1"),
        ] {
            if !(0.0..1.0).contains(&share) || option == "masked" && share == 0.0 {
                return Err(Error::Option {
                    option,
                    found: share.to_string(),
                    expected,
                });
            }
        }
        if let Score::Cosine { temperature } = self.score
            && !(temperature.is_finite() && temperature > 0.0)
        {
            return Err(Error::Option {
                option: "temperature",
                found: temperature.to_string(),
                expected: "a finite number above 0",
            });
        }
        if !(self.init_std.is_finite() && self.init_std > 0.0) {
            return Err(Error::Option {
                option: "init_std",
                found: self.init_std.to_string(),
                expected: "a finite number above 0",
            });
        }
        Ok(())
    }
}
