//! Work in the memory of a tensor.

use burn::tensor::{DType, Tensor, TensorData};
use rayon::prelude::*;

use crate::on_cores;

/// Numbers that one core works through at a time.
pub(crate) const CHUNK: usize = 1 << 14;

/// Whether something is to be done in place: on the host, without a graph of gradients.
pub(crate) fn is_possible<const D: usize>(x: &Tensor<D>) -> bool {
    x.dtype() == DType::F32 && !x.is_autodiff() && on_cores(&x.device())
}

/// The same tensor, worked over in chunks of whole rows of so many numbers; `work` hears which row is the first of its chunk.
pub(crate) fn in_place<const D: usize>(
    x: Tensor<D>,
    row: usize,
    work: impl Fn(usize, &mut [f32]) + Sync,
) -> Tensor<D> {
    let device = x.device();
    let mut data = x.into_data();
    let row = row.max(1);
    let rows = (CHUNK / row).max(1);
    let chunks = values(&mut data).par_chunks_mut(rows * row).enumerate();
    chunks.for_each(|(chunk, values)| work(chunk * rows, values));
    Tensor::from_data(data, &device)
}

/// The numbers where they are: a vector of them would be a copy, of another alignment than a back end's.
pub(crate) fn values(data: &mut TensorData) -> &mut [f32] {
    let values = data.as_mut_slice();
    values.expect("numbers of single precision, on the host")
}
