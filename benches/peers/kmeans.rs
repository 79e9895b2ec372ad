//! Constrained k-means, and residual k-means.

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use genrec::quantize::{ConstrainedKMeansConfig, Quantizer, ResidualKMeansConfig};
use serde_json::json;

use crate::{Answer, Result, numbers};

pub(crate) fn constrained(folder: &Path, d: usize, sizes: [usize; 3]) -> Result<Answer> {
    let rows = rows(folder, d)?;
    let [clusters, least, most] = sizes;
    let config = ConstrainedKMeansConfig::new(clusters, least, most).with_iterations(10);
    let mut costs: Vec<f64> = Vec::new();
    Ok(Box::new(move |_| {
        let found = config.fit(&rows, costs.len() as u64)?;
        costs.push(found.inertia);
        Ok(json!(costs))
    }))
}

pub(crate) fn residual(folder: &Path, d: usize, iterations: usize) -> Result<Answer> {
    let rows = rows(folder, d)?;
    let config = ResidualKMeansConfig::new().with_iterations(iterations);
    let mut fitted = None;
    Ok(Box::new(move |what| match what {
        "fit" => {
            fitted = Some(config.fit(&rows, 1)?);
            Ok(json!(null))
        }
        "encode" => {
            let fitted = fitted.as_ref().ok_or("nothing was fitted")?;
            let codes = fitted.encode(rows.clone());
            let left = rows.clone() - fitted.decode(codes);
            let error: f32 = left.square().mean().into_scalar();
            Ok(json!(error))
        }
        other => Err(format!("{other}: expected fit or encode").into()),
    }))
}

fn rows(folder: &Path, d: usize) -> Result<Tensor<2>> {
    let numbers = numbers(&folder.join("rows.f32"), f32::from_le_bytes)?;
    let rows = numbers.len() / d;
    let data = TensorData::new(numbers, [rows, d]);
    Ok(Tensor::from_data(data, &Device::default()))
}
