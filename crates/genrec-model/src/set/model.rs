//! The model: rows to tokens, histories of tokens to answers.

use burn::module::{Module, Param};
use burn::tensor::{Bool, Device, Int, Tensor, TensorData, assert_shape};
use genrec_data::ItemId;
use genrec_embed::Embeddings;
use genrec_identify::set::{SetTable, SetTokenizer};
use genrec_train::Draw;

use super::config::{QueryAttention, SetRecConfig};
use super::rows::ItemRows;
use crate::Result;
use crate::t5::T5;

/// Standard deviation of the query vectors at the start (SETRec, section 4.1).
const QUERY_STD: f64 = 0.02;

/// SETRec's model: the tokenizer, a T5 that reads tokens of items, and one query vector for every token of an answer.
#[derive(Module, Debug)]
pub struct SetModel {
    /// Rows to tokens.
    pub tokenizer: SetTokenizer,
    /// Tokens of a history to answers.
    pub t5: T5,
    /// `[slots, d_model]`, or one row for all slots.
    pub(super) queries: Param<Tensor<2>>,
    #[module(skip)]
    config: SetRecConfig,
}

/// The number of an item among all items.
pub(super) fn number(item: ItemId) -> i64 {
    i64::from(item.get())
}

/// Histories as tensors.
#[derive(Clone, Debug)]
pub(super) struct Histories {
    /// Numbers of items, padded behind with 0, `[batch, items]`.
    pub(super) items: Tensor<2, Int>,
    /// True at real items, `[batch, items]`.
    pub(super) mask: Tensor<2, Bool>,
}

impl Histories {
    pub(super) fn new(
        histories: &[&[ItemId]],
        number: impl Fn(ItemId) -> i64,
        device: &Device,
    ) -> Self {
        let longest = histories.iter().map(|history| history.len()).max();
        let longest = longest.unwrap_or(0).max(1);
        let mut items = vec![0_i64; histories.len() * longest];
        let mut mask = vec![false; items.len()];
        for (row, history) in histories.iter().enumerate() {
            for (place, item) in history.iter().enumerate() {
                items[row * longest + place] = number(*item);
                mask[row * longest + place] = true;
            }
        }
        let shape = [histories.len(), longest];
        Self {
            items: Tensor::from_data(TensorData::new(items, shape), device),
            mask: Tensor::from_data(TensorData::new(mask, shape), device),
        }
    }
}

impl SetRecConfig {
    /// A model with random weights for these rows.
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) for settings that cannot be, [`Error::Identify`](crate::Error::Identify) if rows are missing that the tokens are made of.
    pub fn init(&self, rows: &ItemRows, device: &Device) -> Result<SetModel> {
        let width = |rows: &Option<Embeddings>| rows.as_ref().map(Embeddings::dim);
        self.init_for(width(&rows.collaborative), width(&rows.text), device)
    }

    pub(crate) fn init_for(
        &self,
        d_collaborative: Option<usize>,
        d_text: Option<usize>,
        device: &Device,
    ) -> Result<SetModel> {
        self.check()?;
        let rows = if self.guided {
            self.tokenizer.slots()
        } else {
            1
        };
        let mut draw = Draw::new(self.seed, device);
        let queries = draw.normal([rows, self.t5.d_model], QUERY_STD);
        Ok(SetModel {
            tokenizer: self.tokenizer.init(d_collaborative, d_text, device)?,
            t5: self.t5.init(device),
            queries: Param::from_tensor(queries),
            config: self.clone(),
        })
    }
}

impl SetModel {
    /// The configuration that it was made with.
    pub fn config(&self) -> &SetRecConfig {
        &self.config
    }

    /// The tokens of all items, worked out once.
    ///
    /// # Errors
    ///
    /// [`Error::Identify`](crate::Error::Identify) if the rows are not those that the tokens are made of.
    pub fn table(&self, rows: &ItemRows) -> Result<SetTable> {
        let table = self
            .tokenizer
            .table(rows.collaborative.as_ref(), rows.text.as_ref());
        Ok(table?)
    }

    /// The answers after histories, `[batch, groups, slots, d_model]`, scaled so that dot products with tokens are scores.
    ///
    /// `tokens` are those of all items, for every slot `[items, d_model]`; group `g` of row `b` sees the items where `visible[b, g]`, of `[batch, groups, history]`, is true.
    pub(super) fn answers(
        &self,
        tokens: &[Tensor<2>],
        histories: &Histories,
        visible: &Tensor<3, Bool>,
    ) -> Tensor<4> {
        let (slots, d_model) = (tokens.len(), self.config.t5.d_model);
        let [batch, length] = histories.items.dims();
        let groups = visible.dims()[1];
        assert_shape!(visible, [batch, groups, length]);
        let ids = histories.items.clone().reshape([batch * length]);
        let read = tokens
            .iter()
            .map(|slot| slot.clone().select(0, ids.clone()));
        let read = Tensor::cat(read.collect(), 1).reshape([batch, length, slots, d_model]);
        let device = read.device();
        let encoded = self
            .t5
            .encode_sets(read, &histories.mask, self.config.attention);
        let queries = self.queries.val();
        let queries = match queries.dims()[0] {
            1 => queries.repeat_dim(0, slots),
            _ => queries,
        };
        // [batch, groups, slots, d_model]
        let mut asked = queries
            .reshape([1, 1, slots, d_model])
            .repeat_dim(0, batch)
            .repeat_dim(1, groups);
        if self.config.last_state {
            let first = Tensor::<1, Int>::arange(0..batch as i64, &device) * length as i64;
            let last = (visible.clone().int().sum_dim(2).reshape([batch, groups]) - 1).clamp_min(0);
            let last = (last + first.reshape([batch, 1])).reshape([batch * groups]);
            let states = encoded.clone().reshape([batch * length, slots * d_model]);
            asked = asked
                + states
                    .select(0, last)
                    .reshape([batch, groups, slots, d_model]);
        }
        let memory = self.t5.memory(encoded);
        // Every token of a visible item is visible.
        let see = |rows: usize| {
            let copies = rows / groups;
            visible
                .clone()
                .reshape([batch, groups, 1, length, 1])
                .repeat_dim(2, copies)
                .repeat_dim(4, slots)
                .reshape([batch, rows, length * slots])
        };
        let scale = (d_model as f64).powf(-0.5);
        let answers = match self.config.queries {
            // A query that sees no other is a group of its own.
            QueryAttention::Apart => {
                let asked = asked.reshape([batch, groups * slots, 1, d_model]);
                self.t5.decode(asked, &memory, &see(groups * slots))
            }
            QueryAttention::Together => self.t5.decode_together(asked, &memory, &see(groups)),
        };
        answers.reshape([batch, groups, slots, d_model]) * scale
    }

    /// The answers after whole histories, `[histories, slots, d_model]`; of a history the last items are read.
    pub(super) fn answer(&self, tokens: &[Tensor<2>], histories: &[&[ItemId]]) -> Tensor<3> {
        let read: Vec<&[ItemId]> = histories
            .iter()
            .map(|history| self.last_items(history))
            .collect();
        let histories = Histories::new(&read, number, &self.queries.val().device());
        let visible = histories.mask.clone().unsqueeze_dim::<3>(1);
        self.answers(tokens, &histories, &visible)
            .squeeze_dim::<3>(1)
    }

    fn last_items<'a>(&self, history: &'a [ItemId]) -> &'a [ItemId] {
        &history[history.len().saturating_sub(self.config.max_history)..]
    }
}

/// Tokens of items, `[items, slots, d_model]`, by slot: `[items, d_model]` each.
pub(super) fn by_slot(tokens: &Tensor<3>) -> Vec<Tensor<2>> {
    tokens
        .clone()
        .chunk(tokens.dims()[1], 1)
        .into_iter()
        .map(|slot| slot.squeeze_dim(1))
        .collect()
}
