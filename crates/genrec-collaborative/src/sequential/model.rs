//! The model: a table of items, and a network over its rows.

use burn::module::{Module, Param};
use burn::tensor::module::embedding;
use burn::tensor::{Device, Int, Tensor};
use genrec_data::ItemId;
use genrec_embed::Embeddings;
use genrec_metrics::SeenItems;
use genrec_train::{Draw, Dropout};

#[cfg(doc)]
use super::config::Architecture;
use super::config::{Score, SequentialConfig};
use super::inputs::{History, Inputs};
use super::network::Network;
use crate::error::{Error, Result};

/// A sequential recommender: the score of an item is the dot product of its row with the state after the history, or their cosine ([`Score`]).
///
/// A [`Recommender`](genrec_metrics::Recommender) itself; its item rows are [`item_embeddings`](Self::item_embeddings). SASRec, BERT4Rec and GRU4Rec compare states with
/// the rows that they read; Caser and HGN, as in their papers, with rows of a second table. Users are read by
/// [Caser](Architecture::Caser) and [HGN](Architecture::Hgn) only; a user whom they do not know has a row of their own.
#[derive(Module, Debug)]
pub struct SequentialModel {
    /// One row an item, and for BERT4Rec one more for the mask, `[items (+ 1), d_model]`.
    pub(super) table: Param<Tensor<2>>,
    pub(super) network: Network,
    /// The rows that states are compared with, where the papers have two tables (Caser, HGN), `[items, d_state]`.
    pub(super) output: Option<Param<Tensor<2>>>,
    #[module(skip)]
    pub(super) dropout: Dropout,
    #[module(skip)]
    pub(super) config: SequentialConfig,
    pub(super) items: usize,
    pub(super) users: usize,
    #[module(skip)]
    pub(super) seen: SeenItems,
}

impl SequentialConfig {
    /// A model with random weights for `items` items and `users` users; a function of `seed`.
    ///
    /// # Errors
    ///
    /// [`Error::Option`] for an impossible option, [`Error::NothingToLearn`] without items.
    pub fn init(
        &self,
        items: usize,
        users: usize,
        seed: u64,
        device: &Device,
    ) -> Result<SequentialModel> {
        self.check()?;
        if items == 0 {
            return Err(Error::NothingToLearn {
                users,
                items,
                interactions: 0,
            });
        }
        let draw = &mut Draw::new(seed, device);
        let masks = usize::from(self.architecture.masks());
        let table = Param::from_tensor(draw.normal([items + masks, self.d_model], self.init_std));
        let network = Network::new(self, users, draw);
        let output = network.d_output(self.d_model);
        let output = output.map(|d| Param::from_tensor(draw.normal([items, d], self.init_std)));
        Ok(SequentialModel {
            table,
            network,
            output,
            dropout: Dropout::new(self.dropout),
            config: self.clone(),
            items,
            users,
            seen: SeenItems::default(),
        })
    }
}

impl SequentialModel {
    /// The configuration that it was made with.
    pub fn config(&self) -> &SequentialConfig {
        &self.config
    }

    /// What to do with items of the history of a query. Default: they are ranked like all others.
    #[must_use]
    pub fn with_seen_items(mut self, seen: SeenItems) -> Self {
        self.seen = seen;
        self
    }

    /// The number of items.
    pub fn item_count(&self) -> usize {
        self.items
    }

    /// The number of users who have a row, in models that read users.
    pub fn user_count(&self) -> usize {
        self.users
    }

    /// The rows that items are read as, `[items, d_model]`.
    ///
    /// # Errors
    ///
    /// [`Error::Embeddings`] if a number is none: the training has diverged.
    pub fn item_embeddings(&self) -> Result<Embeddings> {
        Ok(Embeddings::from_tensor(self.valid().read_rows())?)
    }

    /// The same model reading other rows of its items, `[items, d_model]`: what they are good for in ranking (LETTER, section 4.3, puts quantized rows there).
    ///
    /// # Errors
    ///
    /// [`Error::Rows`] or [`Error::Width`] if they are not `[items, d_model]`.
    pub fn with_item_embeddings(&self, rows: &Embeddings) -> Result<Self> {
        if rows.rows() != self.items {
            return Err(Error::Rows {
                what: "items",
                found: rows.rows(),
                expected: self.items,
            });
        }
        if rows.dim() != self.config.d_model {
            return Err(Error::Width {
                what: "items",
                found: rows.dim(),
                expected: self.config.d_model,
            });
        }
        let mut model = self.valid();
        let table = model.table.val();
        let [all, _] = table.dims();
        let mut parts = vec![rows.to_tensor(&table.device())];
        if all > self.items {
            parts.push(table.narrow(0, self.items, all - self.items));
        }
        model.table = model.table.map(|_| Tensor::cat(parts, 0));
        Ok(model)
    }

    /// The states that rank what comes after each history, `[histories, d_state]`.
    ///
    /// The last items of a history are read. An empty history is read as a mask by BERT4Rec, and cannot be read by the others.
    pub(super) fn states(&self, histories: &[History<'_>]) -> Tensor<2> {
        let asks = self.config.architecture.masks();
        let rows: Vec<_> = histories
            .iter()
            .map(|history| {
                let mut items = numbers(self.last_items(history.items));
                if asks {
                    items.push(self.items as i64);
                }
                (history.user, items)
            })
            .collect();
        let inputs = Inputs::new(
            &rows,
            self.config.max_places(),
            self.users,
            &self.table.val().device(),
        );
        let states = self.forward(&inputs);
        self.at(states, inputs.last.clone())
    }

    /// The items of a history that are read.
    pub(super) fn last_items<'a>(&self, history: &'a [ItemId]) -> &'a [ItemId] {
        &history[history.len().saturating_sub(self.config.max_history)..]
    }

    /// The state at every place, `[rows, places, d_state]`.
    pub(super) fn forward(&self, inputs: &Inputs) -> Tensor<3> {
        let rows = embedding(self.table.val(), inputs.items.clone());
        self.network.forward(rows, inputs, &self.dropout)
    }

    /// The states at some of all places, as they are compared with item rows, `[places, d_state]`.
    pub(super) fn at(&self, states: Tensor<3>, places: Tensor<1, Int>) -> Tensor<2> {
        let [rows, length, d] = states.dims();
        let states = states.reshape([rows * length, d]).select(0, places);
        match self.config.score {
            Score::DotProduct => states,
            Score::Cosine { temperature } => of_one_length(states) / temperature,
        }
    }

    /// The rows that states are compared with, `[items, d_state]`: the score is the dot product of the two.
    pub(super) fn item_rows(&self) -> Tensor<2> {
        let rows = match &self.output {
            Some(output) => output.val(),
            None => self.read_rows(),
        };
        match self.config.score {
            Score::DotProduct => rows,
            Score::Cosine { .. } => of_one_length(rows),
        }
    }

    /// The rows that items are read as, `[items, d_model]`.
    fn read_rows(&self) -> Tensor<2> {
        let table = self.table.val();
        match table.dims()[0] > self.items {
            true => table.narrow(0, 0, self.items),
            false => table,
        }
    }
}

/// Rows divided by their lengths, `[rows, d]`; a row of zeros stays one.
fn of_one_length(rows: Tensor<2>) -> Tensor<2> {
    // Far below any length that matters, and above what a square root's gradient cannot bear.
    let lengths = (rows.clone().square().sum_dim(1) + 1e-12).sqrt();
    rows / lengths
}

/// The numbers of items in the table.
pub(super) fn numbers(items: &[ItemId]) -> Vec<i64> {
    items.iter().map(|item| i64::from(item.get())).collect()
}
