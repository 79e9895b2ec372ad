//! The whole network.

use std::ops::Range;

use burn::module::{Module, Param};
use burn::tensor::activation::silu;
use burn::tensor::module::embedding;
use burn::tensor::{Device, Int, Tensor, TensorData, assert_shape};
use genrec_cores::{on_cores, side_by_side};
use genrec_train::Draw;

use super::attention::{Attention, KeysValues};
use super::cache::{Beams, Prompt};
use super::config::LanguageModelConfig;
use super::files::{EMBEDDINGS, HEAD};
use super::rotary::{Rotation, frequencies};
use crate::Result;
use crate::lora::{Adapters, Projection, Table};
use crate::t5::RmsNorm;

/// `(silu(x W_gate) * x W_up) W_down`.
#[derive(Module, Debug)]
pub struct FeedForward {
    /// What goes through the non-linearity, `[d_model, d_ff]`.
    pub gate: Projection,
    /// What it is multiplied with, `[d_model, d_ff]`.
    pub up: Projection,
    /// Back to the residual stream, `[d_ff, d_model]`.
    pub down: Projection,
}

/// Attention, then the feed-forward layer, with a norm in front of each.
#[derive(Module, Debug)]
pub struct Block {
    /// In front of the attention.
    pub attention_norm: RmsNorm,
    /// To the positions before.
    pub attention: Attention,
    /// In front of the feed-forward layer.
    pub feed_forward_norm: RmsNorm,
    /// At every position by itself.
    pub feed_forward: FeedForward,
}

/// A decoder-only language model. Made by [`LanguageModelConfig::init`] or [`LanguageModel::load`].
#[derive(Module, Debug)]
pub struct LanguageModel {
    /// `[vocab_size, d_model]`
    pub(super) embeddings: Param<Tensor<2>>,
    /// In order.
    pub blocks: Vec<Block>,
    /// After the last block.
    pub norm: RmsNorm,
    /// `[vocab_size, d_model]`; absent if the head is tied to the embeddings.
    pub(super) head: Option<Param<Tensor<2>>>,
    #[module(skip)]
    pub(super) config: LanguageModelConfig,
}

impl LanguageModelConfig {
    /// A model with random weights, a function of [`seed`](Self::seed).
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) for sizes that cannot be built.
    pub fn init(&self, device: &Device) -> Result<LanguageModel> {
        self.init_with(&mut Draw::new(self.seed, device))
    }

    /// A model with weights from `draw`.
    pub(super) fn init_with(&self, draw: &mut Draw) -> Result<LanguageModel> {
        self.check()?;
        let device = &draw.device().clone();
        let std = self.init_std;
        let norm = || RmsNorm::new(self.d_model, 1.0, self.norm_epsilon, device);
        let table =
            |draw: &mut Draw| Param::from_tensor(draw.normal([self.vocab_size, self.d_model], std));
        let embeddings = table(draw);
        let (d_model, d_ff) = (self.d_model, self.d_ff());
        let blocks = (0..self.layers)
            .map(|_| Block {
                attention_norm: norm(),
                attention: Attention::new(self, draw),
                feed_forward_norm: norm(),
                feed_forward: FeedForward {
                    gate: Projection::new(d_model, d_ff, false, std, draw),
                    up: Projection::new(d_model, d_ff, false, std, draw),
                    down: Projection::new(d_ff, d_model, false, std, draw),
                },
            })
            .collect();
        Ok(LanguageModel {
            embeddings,
            blocks,
            norm: norm(),
            head: (!self.tied_head).then(|| table(draw)),
            config: self.clone(),
        })
    }
}

impl FeedForward {
    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let gate = silu(self.gate.forward(x.clone()));
        let hidden = gate * self.up.forward(x);
        self.down.forward(hidden)
    }
}

impl LanguageModel {
    /// The configuration that it was made with.
    pub fn config(&self) -> &LanguageModelConfig {
        &self.config
    }

    /// Where it is.
    pub fn device(&self) -> Device {
        self.embeddings.val().device()
    }

    /// Starts the sequence of dropout masks of `seed`: see [`T5::seed_dropout`](crate::t5::T5::seed_dropout).
    pub fn seed_dropout(&self, seed: u64) {
        self.seed_adapters(seed);
    }

    /// Hidden states, `[rows, positions, d_model]`, of `tokens`, `[rows, positions]`. A position sees itself and those before it, so what fills up short rows has to stand
    /// behind them.
    pub fn forward(&self, tokens: Tensor<2, Int>) -> Tensor<3> {
        self.read_all(tokens).0
    }

    /// Reads prompts: `tokens`, `[rows, positions]`, of which the first `lengths[row]` are real. With the hidden state at the last real position of every row, `[rows, d_model]`.
    ///
    /// # Panics
    ///
    /// If there is not one length for each row, or one that is 0 or too large.
    pub fn read(&self, tokens: Tensor<2, Int>, lengths: &[usize]) -> (Prompt, Tensor<2>) {
        let [rows, positions] = tokens.dims();
        assert!(
            rows == lengths.len()
                && lengths
                    .iter()
                    .all(|length| (1..=positions).contains(length)),
            "prompts of {lengths:?} tokens, expected one length from 1 to {positions} for each of {rows} rows"
        );
        let device = tokens.device();
        let (states, layers) = self.read_all(tokens);
        let last: Vec<i64> = lengths
            .iter()
            .enumerate()
            .map(|(row, length)| (row * positions + length - 1) as i64)
            .collect();
        let last = Tensor::from_data(TensorData::new(last, [rows]), &device);
        let states = states.reshape([rows * positions, self.config.d_model]);
        let real: Vec<f32> = lengths
            .iter()
            .flat_map(|&length| (0..positions).map(move |p| if p < length { 0.0 } else { HIDDEN }))
            .collect();
        let hidden = Tensor::from_data(TensorData::new(real, [rows, 1, 1, positions]), &device);
        let prompt = Prompt {
            layers,
            hidden,
            lengths: lengths.to_vec(),
        };
        (prompt, states.select(0, last))
    }

    /// Hidden states, `[rows, beams, d_model]`, of one more token for each beam, `[rows, beams]`.
    ///
    /// # Panics
    ///
    /// If these are other rows and beams than before (see [`Beams::reorder`]).
    pub fn step(&self, tokens: Tensor<2, Int>, prompt: &Prompt, beams: &mut Beams) -> Tensor<3> {
        let [rows, width] = tokens.dims();
        beams.begin(rows, width);
        let device = tokens.device();
        let positions: Vec<usize> = prompt
            .lengths
            .iter()
            .flat_map(|length| std::iter::repeat_n(length + beams.len, width))
            .collect();
        let rotation = Rotation::new(&frequencies(&self.config), rows, &positions, &device);
        let mut x = embedding(self.embeddings.val(), tokens);
        for (number, (block, read)) in self.blocks.iter().zip(&prompt.layers).enumerate() {
            let own = beams.layers.get(number).cloned();
            let normed = block.attention_norm.forward(x.clone());
            let attention = &block.attention;
            let (attended, all) = attention.step(normed, &rotation, read, &prompt.hidden, own);
            match beams.layers.get_mut(number) {
                Some(layer) => *layer = all,
                None => beams.layers.push(all),
            }
            x = block.fed(x + attended);
        }
        beams.len += 1;
        self.norm.forward(x)
    }

    /// Logits of the tokens in `range`, `[..., range.len()]`, for hidden states `[..., d_model]`.
    ///
    /// # Panics
    ///
    /// If the range is empty or not within the vocabulary.
    pub fn logits<const D: usize>(&self, hidden: Tensor<D>, range: Range<usize>) -> Tensor<D> {
        let (vocab_size, d_model) = (self.config.vocab_size, self.config.d_model);
        assert!(
            range.start < range.end && range.end <= vocab_size,
            "tokens {range:?} of a vocabulary of {vocab_size}"
        );
        let rows = self.head_rows().slice([range, 0..d_model]).transpose();
        burn::tensor::module::linear(hidden, rows, None)
    }

    /// What a hidden state is multiplied with for the logits of the tokens, `[vocab_size, d_model]`.
    pub(crate) fn head_rows(&self) -> Tensor<2> {
        self.head.as_ref().unwrap_or(&self.embeddings).val()
    }

    /// Makes room for `added` more tokens behind the others, in the embeddings and, where it is one of its own, in the head. Their rows are the mean of the others' plus noise from
    /// N(0, [`init_std`](LanguageModelConfig::init_std)^2), a function of `seed`.
    pub fn add_tokens(&mut self, added: usize, seed: u64) {
        let mut draw = Draw::new(seed, &self.device());
        let (d_model, std) = (self.config.d_model, self.config.init_std);
        let tables = std::iter::once(&mut self.embeddings).chain(&mut self.head);
        for table in tables {
            let rows = table.val();
            let new = rows.clone().mean_dim(0) + draw.normal([added, d_model], std);
            *table = Param::from_tensor(Tensor::cat(vec![rows, new], 0).detach());
        }
        self.config.vocab_size += added;
    }

    fn read_all(&self, tokens: Tensor<2, Int>) -> (Tensor<3>, Vec<KeysValues>) {
        let [rows, positions] = tokens.dims();
        let x = embedding(self.embeddings.val(), tokens);
        assert_shape!(x, [rows, positions, self.config.d_model]);
        let mut pieces = self.pieces(x);
        let mut layers = Vec::with_capacity(self.blocks.len());
        for block in &self.blocks {
            let kept;
            (pieces, kept) = block.forward(pieces);
            layers.push(kept);
        }
        let x = joined(pieces.into_iter().map(|piece| piece.x).collect(), 1);
        (self.norm.forward(x), layers)
    }

    /// Cuts `x`, `[rows, positions, d_model]`.
    fn pieces(&self, x: Tensor<3>) -> Vec<Piece> {
        let (positions, device) = (x.dims()[1], x.device());
        let frequencies = frequencies(&self.config);
        let piece = |part: Range<usize>| {
            let all: Vec<usize> = part.clone().collect();
            Piece {
                // A whole is no node more in the graph.
                x: match part.len() == positions {
                    true => x.clone(),
                    false => x.clone().narrow(1, part.start, part.len()),
                },
                end: part.end,
                rotation: Rotation::new(&frequencies, 1, &all, &device),
            }
        };
        parts(&x).into_iter().map(piece).collect()
    }
}

/// The linear layers of a block, by their names in `transformers`.
const LAYERS: [&str; 7] = [
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.o_proj",
    "mlp.gate_proj",
    "mlp.up_proj",
    "mlp.down_proj",
];

impl Adapters for LanguageModel {
    fn layers_mut(&mut self) -> Vec<(String, &mut Projection)> {
        let layers = self.blocks.iter_mut().enumerate();
        let of_block = layers.flat_map(|(number, block)| {
            let Block {
                attention: a,
                feed_forward: f,
                ..
            } = block;
            let layers = [
                &mut a.query,
                &mut a.key,
                &mut a.value,
                &mut a.output,
                &mut f.gate,
                &mut f.up,
                &mut f.down,
            ];
            let name = move |name: &str| format!("model.layers.{number}.{name}");
            LAYERS.map(name).into_iter().zip(layers)
        });
        of_block.collect()
    }

    fn layers(&self) -> Vec<&Projection> {
        self.blocks.iter().flat_map(Block::layers).collect()
    }

    fn tables_mut(&mut self) -> Vec<(String, Table<'_>)> {
        let embeddings = (EMBEDDINGS.to_string(), Table::Rows(&mut self.embeddings));
        let head = self.head.iter_mut();
        let head = head.map(|head| (HEAD.to_string(), Table::Rows(head)));
        std::iter::once(embeddings).chain(head).collect()
    }
}

/// Added to scores of positions that are not to be seen.
pub(super) const HIDDEN: f32 = -1e9;

impl Block {
    /// Its linear layers, as [`LAYERS`] names them.
    fn layers(&self) -> [&Projection; LAYERS.len()] {
        let (a, f) = (&self.attention, &self.feed_forward);
        [
            &a.query, &a.key, &a.value, &a.output, &f.gate, &f.up, &f.down,
        ]
    }

    /// Every position to itself and those before it; the pieces follow each other. With keys and values of all.
    fn forward(&self, pieces: Vec<Piece>) -> (Vec<Piece>, KeysValues) {
        let asked = side_by_side(pieces.iter().collect(), |piece: &Piece| {
            let normed = self.attention_norm.forward(piece.x.clone());
            self.attention.asked(normed, &piece.rotation)
        });
        let (queries, kept): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
        let (keys, values) = kept.into_iter().unzip();
        let (keys, values) = (joined(keys, 2), joined(values, 2));
        let seen = |all: &Tensor<4>, end: usize| all.clone().narrow(2, 0, end);
        let pieces = pieces.into_iter().zip(queries).collect();
        let pieces = side_by_side(pieces, |(piece, queries): (Piece, Tensor<4>)| {
            let seen = (seen(&keys, piece.end), seen(&values, piece.end));
            let attended = self.attention.attend(queries, seen);
            Piece {
                x: self.fed(piece.x + attended),
                ..piece
            }
        });
        (pieces, (keys, values))
    }

    /// The second half of the block.
    fn fed(&self, x: Tensor<3>) -> Tensor<3> {
        let normed = self.feed_forward_norm.forward(x.clone());
        x + self.feed_forward.forward(normed)
    }
}

/// Positions that are next to each other.
struct Piece {
    /// `[rows, positions, d_model]`
    x: Tensor<3>,
    /// How many positions there are up to its last one.
    end: usize,
    rotation: Rotation,
}

/// The fewest positions that are one of several pieces; the most are twice as many.
const PIECE: usize = 128;

/// The parts of `x`, `[rows, positions, d_model]`, that are read side by side; on an accelerator, and with gradients (training has pieces of its own), the whole.
pub(super) fn parts(x: &Tensor<3>) -> Vec<Range<usize>> {
    let positions = x.dims()[1];
    match on_cores(&x.device()) && !x.is_autodiff() {
        true => even_parts(positions),
        false => std::iter::once(0..positions).collect(),
    }
}

/// As few parts of like length as there may be, an even number of them, so that two cores share the work; how many cores there are changes nothing, since it would change how sums round.
pub(super) fn even_parts(positions: usize) -> Vec<Range<usize>> {
    let count = match positions < 2 * PIECE {
        true => 1,
        false => 2 * positions.div_ceil(4 * PIECE),
    };
    let start = |part: usize| part * positions / count;
    (0..count)
        .map(|part| start(part)..start(part + 1))
        .collect()
}

fn joined<const D: usize>(mut all: Vec<Tensor<D>>, dim: usize) -> Tensor<D> {
    match all.len() {
        1 => all.remove(0),
        _ => Tensor::cat(all, dim),
    }
}
