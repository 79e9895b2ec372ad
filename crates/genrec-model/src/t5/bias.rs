//! Attention biases by relative distance (T5, section 2.1).

use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor, TensorData};
use genrec_train::Draw;

/// What is added to the score of a hidden position: enough that its weight is exactly zero beside any visible one, and still finite, so that a row
/// which sees nothing has no NaN.
pub(super) const HIDDEN: f32 = -1e9;

/// One learned number for every head and bucket of distances, added to the attention scores.
///
/// Short distances have a bucket each; longer ones share buckets that widen with the logarithm of the distance up to a maximum.
#[derive(Module, Debug)]
pub struct RelativeBias {
    /// Biases, `[buckets, heads]`.
    pub weight: Param<Tensor<2>>,
    /// Whether keys after the query are seen: they then have half of the buckets.
    bidirectional: bool,
    max_distance: usize,
}

impl RelativeBias {
    /// Random biases with standard deviation `std`.
    pub(super) fn new(
        buckets: usize,
        heads: usize,
        max_distance: usize,
        bidirectional: bool,
        std: f64,
        draw: &mut Draw,
    ) -> Self {
        let weight = draw.normal([buckets, heads], std);
        Self {
            weight: Param::from_tensor(weight),
            bidirectional,
            max_distance,
        }
    }

    /// Biases `[1, heads, queries, keys]` for queries at the positions from `first_query` on and keys at the positions from 0 on.
    ///
    /// In one direction, keys after the query are hidden too.
    pub fn forward(&self, first_query: usize, queries: usize, keys: usize) -> Tensor<4> {
        let bias = self.open(first_query, queries, keys);
        // A single query of a step is the last position: it sees all keys.
        if self.bidirectional || keys <= first_query + 1 {
            return bias;
        }
        let pairs =
            (0..queries).flat_map(|query| (0..keys).map(move |key| (first_query + query, key)));
        let hidden: Vec<f32> = pairs
            .map(|(query, key)| if key > query { HIDDEN } else { 0.0 })
            .collect();
        let device = bias.device();
        bias + Tensor::from_data(TensorData::new(hidden, [1, 1, queries, keys]), &device)
    }

    /// Biases `[1, heads, length, length]` without anything hidden: where there is one direction only, keys after the query have the bias of the query itself.
    pub(super) fn forward_open(&self, length: usize) -> Tensor<4> {
        self.open(0, length, length)
    }

    fn open(&self, first_query: usize, queries: usize, keys: usize) -> Tensor<4> {
        let weight = self.weight.val();
        let device = weight.device();
        let [buckets, heads] = weight.dims();
        let pairs =
            (0..queries).flat_map(|query| (0..keys).map(move |key| (first_query + query, key)));
        let ids: Vec<i64> = pairs
            .map(|(query, key)| {
                let distance = key as i64 - query as i64;
                bucket(distance, self.bidirectional, buckets, self.max_distance) as i64
            })
            .collect();
        let ids = Tensor::<1, Int>::from_data(TensorData::new(ids, [queries * keys]), &device);
        // Selecting columns of the transposed table gives heads first, without a copy.
        weight
            .transpose()
            .select(1, ids)
            .reshape([1, heads, queries, keys])
    }
}

/// The bucket of the distance `key - query`.
pub(super) fn bucket(
    distance: i64,
    bidirectional: bool,
    buckets: usize,
    max_distance: usize,
) -> usize {
    let (offset, buckets, distance) = if bidirectional {
        let half = buckets / 2;
        let offset = if distance > 0 { half } else { 0 };
        (offset, half, distance.unsigned_abs() as usize)
    } else {
        // Keys after the query are hidden; their bucket does not matter.
        (0, buckets, (-distance).max(0) as usize)
    };
    let exact = buckets / 2;
    if distance < exact {
        return offset + distance;
    }
    // In single precision, as the published models were trained: the borders of the buckets depend on it.
    let ratio =
        (distance as f32 / exact as f32).ln() / (max_distance as f64 / exact as f64).ln() as f32;
    let logarithmic = exact + (ratio * (buckets - exact) as f32) as usize;
    offset + logarithmic.min(buckets - 1)
}

/// What to add to attention scores so that only positions where `visible` is true are seen: zeros and large negative numbers.
pub(super) fn hide<const D: usize>(visible: Tensor<D, burn::tensor::Bool>) -> Tensor<D> {
    visible.bool_not().float() * HIDDEN
}
