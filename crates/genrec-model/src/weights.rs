//! Parameters by their names in `transformers`, and their numbers as bytes.

use std::collections::BTreeMap;

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData, bf16, f16};
use safetensors::tensor::{Dtype, TensorView};

/// A parameter, and how it lies in the file.
pub(crate) enum Weight<'a> {
    /// Rows are outputs in the file and inputs here.
    Linear(&'a mut Param<Tensor<2>>),
    /// The same in both.
    Table(&'a mut Param<Tensor<2>>),
    /// A vector.
    Scale(&'a mut Param<Tensor<1>>),
}

/// Puts the tensors of files in the place of parameters; takes those that it used out of `found`.
///
/// What comes back are the problems, each with the name: missing, mis-shaped, not finite.
pub(crate) fn fill(
    weights: Vec<(String, Weight<'_>)>,
    found: &mut BTreeMap<String, TensorView<'_>>,
) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, weight) in weights {
        let Some(view) = found.remove(name.as_str()) else {
            problems.push(format!("{name} is missing"));
            continue;
        };
        if let Err(problem) = weight.fill(&view) {
            problems.push(format!("{name} {problem}"));
        }
    }
    problems
}

/// The bytes of a safetensors file (32-bit numbers) of these parameters.
pub(crate) fn to_file(weights: Vec<(String, Weight<'_>)>) -> Vec<u8> {
    let contents: BTreeMap<String, (Vec<usize>, Vec<u8>)> = weights
        .into_iter()
        .map(|(name, weight)| {
            let contents = match weight {
                Weight::Linear(param) => contents(param.val().transpose()),
                Weight::Table(param) => contents(param.val()),
                Weight::Scale(param) => contents(param.val()),
            };
            (name, contents)
        })
        .collect();
    let views = contents.iter().map(|(name, (shape, data))| {
        let view = TensorView::new(Dtype::F32, shape.clone(), data)
            .expect("as many bytes as the shape says");
        (name, view)
    });
    let metadata = [("format".to_string(), "pt".to_string())].into();
    safetensors::serialize(views, Some(metadata)).expect("names and shapes can be written")
}

impl Weight<'_> {
    /// Puts the numbers of `view` in the place of the parameter.
    fn fill(self, view: &TensorView<'_>) -> std::result::Result<(), String> {
        match self {
            Self::Linear(param) => {
                let [inputs, outputs] = param.val().dims();
                let values: Tensor<2> = read(view, [outputs, inputs], &param.val().device())?;
                // Through a copy, because the transposed view would be strided in every product from here on.
                replace(param, contiguous(values.transpose()));
            }
            Self::Table(param) => {
                let values = read(view, param.val().dims(), &param.val().device())?;
                replace(param, values);
            }
            Self::Scale(param) => {
                let values = read(view, param.val().dims(), &param.val().device())?;
                replace(param, values);
            }
        }
        Ok(())
    }
}

fn replace<const D: usize>(param: &mut Param<Tensor<D>>, values: Tensor<D>) {
    *param = Param::from_tensor(values);
}

fn contiguous(values: Tensor<2>) -> Tensor<2> {
    let device = values.device();
    Tensor::from_data(values.into_data(), &device)
}

fn read<const D: usize>(
    view: &TensorView<'_>,
    expected: [usize; D],
    device: &Device,
) -> std::result::Result<Tensor<D>, String> {
    if view.shape() != expected {
        return Err(format!(
            "has shape {:?}, expected {expected:?}",
            view.shape()
        ));
    }
    let halves = view.data().as_chunks::<2>().0.iter();
    let values: Vec<f32> = match view.dtype() {
        Dtype::F32 => view
            .data()
            .as_chunks::<4>()
            .0
            .iter()
            .copied()
            .map(f32::from_le_bytes)
            .collect(),
        Dtype::F16 => halves
            .map(|&bytes| f16::from_le_bytes(bytes).to_f32())
            .collect(),
        Dtype::BF16 => halves
            .map(|&bytes| bf16::from_le_bytes(bytes).to_f32())
            .collect(),
        other => return Err(format!("holds {other:?}, expected F32, F16 or BF16")),
    };
    if let Some(value) = values.iter().find(|value| !value.is_finite()) {
        return Err(format!("holds {value}, expected finite numbers"));
    }
    Ok(Tensor::from_data(TensorData::new(values, expected), device))
}

/// The shape and the little-endian bytes of `values`.
fn contents<const D: usize>(values: Tensor<D>) -> (Vec<usize>, Vec<u8>) {
    let shape = values.dims().to_vec();
    let data = values.into_data().convert::<f32>();
    let bytes = data.iter::<f32>().flat_map(f32::to_le_bytes).collect();
    (shape, bytes)
}
