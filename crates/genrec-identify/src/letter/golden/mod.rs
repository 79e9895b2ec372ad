//! The numbers of `tests/golden/letter.py`, which computes them by PyTorch's autograd: one case for each difference
//! between paper and released code.

mod constructors;
mod terms;
mod total;

use burn::tensor::{Device, Int, Tensor, TensorData};

type Rows = Vec<Vec<f32>>;

fn device() -> Device {
    Device::default()
}

fn tensor(rows: &Rows) -> Tensor<2> {
    Tensor::from_data(
        TensorData::new(rows.concat(), [rows.len(), rows[0].len()]),
        &device(),
    )
}

fn integers(values: &[i64]) -> Tensor<1, Int> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), &device())
}

fn leaf(rows: &Rows) -> Tensor<2> {
    tensor(rows).autodiff().require_grad()
}

fn assert_close<const D: usize>(found: Tensor<D>, expected: &[f32], what: &str) {
    let found: Vec<f32> = found.into_data().iter::<f32>().collect();
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= 2e-5 * expected.abs().max(1.0),
            "{what}: {found} instead of {expected}"
        );
    }
}
