//! Parameters by their names in `transformers`, and their numbers as bytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData, bf16, f16};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::Deserialize;

use crate::{Error, Result};

const WEIGHTS: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// `model.safetensors.index.json`: which shard has which tensor.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// The bytes of the weights in a folder: of `model.safetensors`, or of the shards that `model.safetensors.index.json` names where there is no such file.
pub(crate) struct WeightFiles(Vec<(PathBuf, Vec<u8>)>);

impl WeightFiles {
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let files = shards(folder)?;
        let read = |path: PathBuf| Ok((path.clone(), fs::read(&path).map_err(Error::io(&path))?));
        Ok(Self(files.into_iter().map(read).collect::<Result<_>>()?))
    }

    /// The first file.
    pub(crate) fn first(&self) -> &Path {
        &self.0[0].0
    }

    /// All tensors, by name.
    pub(crate) fn tensors(&self) -> Result<BTreeMap<String, TensorView<'_>>> {
        let mut found = BTreeMap::new();
        for (path, bytes) in &self.0 {
            let malformed = |reason| Error::Malformed {
                path: path.clone(),
                reason,
            };
            let file = SafeTensors::deserialize(bytes).map_err(|error| {
                malformed(format!(
                    "not a safetensors file ({error}): it is damaged, fetch it again"
                ))
            })?;
            for (name, view) in file.tensors() {
                if found.insert(name.clone(), view).is_some() {
                    let reason = format!("{name} is in another shard too, expected it once");
                    return Err(malformed(reason));
                }
            }
        }
        Ok(found)
    }
}

/// The files of the weights.
fn shards(folder: &Path) -> Result<Vec<PathBuf>> {
    let (whole, index) = (folder.join(WEIGHTS), folder.join(INDEX));
    if whole.exists() || !index.exists() {
        return Ok(vec![whole]);
    }
    let malformed = |reason| Error::Malformed {
        path: index.clone(),
        reason,
    };
    let bytes = fs::read(&index).map_err(Error::io(&index))?;
    let parsed: Index =
        serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
    let mut names: Vec<String> = parsed.weight_map.into_values().collect();
    names.sort_unstable();
    names.dedup();
    let outside = |name: &String| Path::new(name).components().count() != 1;
    if names.is_empty() || names.iter().any(outside) {
        return Err(malformed(format!(
            "names the shards {names:?}, expected files of this folder"
        )));
    }
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}

/// Writes parameters as `model.safetensors` (32-bit numbers) into a folder. Shards of other weights there are no longer named.
pub(crate) fn write(folder: &Path, weights: Vec<(String, Weight<'_>)>) -> Result<()> {
    let path = folder.join(WEIGHTS);
    fs::write(&path, to_file(weights)).map_err(Error::io(&path))?;
    let index = folder.join(INDEX);
    match index.exists() {
        true => fs::remove_file(&index).map_err(Error::io(&index)),
        false => Ok(()),
    }
}

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

/// Shapes and bytes (32-bit numbers) of tensors, by name.
pub(crate) type Contents = BTreeMap<String, (Vec<usize>, Vec<u8>)>;

/// The bytes of a safetensors file of these parameters.
pub(crate) fn to_file(weights: Vec<(String, Weight<'_>)>) -> Vec<u8> {
    file(&contents(weights))
}

/// These parameters as they lie in a file.
pub(crate) fn contents(weights: Vec<(String, Weight<'_>)>) -> Contents {
    let bytes = |weight| match weight {
        Weight::Linear(param) => bytes(param.val().transpose()),
        Weight::Table(param) => bytes(param.val()),
        Weight::Scale(param) => bytes(param.val()),
    };
    weights
        .into_iter()
        .map(|(name, weight)| (name, bytes(weight)))
        .collect()
}

/// The bytes of a safetensors file.
pub(crate) fn file(contents: &Contents) -> Vec<u8> {
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
fn bytes<const D: usize>(values: Tensor<D>) -> (Vec<usize>, Vec<u8>) {
    let shape = values.dims().to_vec();
    let data = values.into_data().convert::<f32>();
    let bytes = data.iter::<f32>().flat_map(f32::to_le_bytes).collect();
    (shape, bytes)
}
