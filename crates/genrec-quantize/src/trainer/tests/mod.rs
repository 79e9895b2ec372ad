//! Learning, resuming, stopping.

mod control;
mod learning;
mod resume;

use super::*;
use crate::seed::{self, Stream};
use crate::{
    Assignment, CodebookInit, CodebookUpdate, Codewords, Error, Estimator, Quantizer,
    ResidualQuantizerConfig, RqVae, RqVaeConfig, SinkhornConfig, encode_all, mlp::normals,
};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use std::collections::HashMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

pub(super) const D: usize = 12;

pub(super) fn noise(rows: usize, deviation: f64, seed: u64) -> Vec<f32> {
    normals(
        rows * D,
        deviation,
        &mut seed::generator(seed, Stream::Sample, 0),
    )
}

pub(super) fn tensor(values: Vec<f32>) -> Tensor<2> {
    let rows = values.len() / D;
    Tensor::from_data(TensorData::new(values, [rows, D]), &Device::default())
}

/// 4 coarse groups of 4 fine groups of 40 rows: row i is of fine group i % 16, of coarse group i %
/// 4.
pub(super) fn planted() -> Tensor<2> {
    let (coarse, fine) = (noise(4, 2.0, 1), noise(16, 1.0, 2));
    let mut values = noise(640, 0.05, 3);
    for (i, value) in values.iter_mut().enumerate() {
        let (row, column) = (i / D, i % D);
        *value += coarse[row % 4 * D + column] + fine[row % 16 * D + column];
    }
    tensor(values)
}

pub(super) fn small(levels: Vec<usize>) -> ResidualQuantizerConfig {
    ResidualQuantizerConfig::new(6).with_codebook_sizes(levels)
}

pub(super) fn model(quantizer: ResidualQuantizerConfig) -> RqVae {
    RqVaeConfig::new(D)
        .with_hidden(vec![24])
        .with_quantizer(quantizer)
        .with_seed(5)
        .init(&Device::default())
}

pub(super) fn parameters(model: &RqVae) -> Vec<u8> {
    model
        .clone()
        .into_record()
        .into_bytes()
        .map(|bytes| bytes.to_vec())
        .unwrap()
}

/// The parameters without the ids that differ from model to model.
pub(super) fn weights(model: &RqVae) -> Vec<TensorData> {
    let mlps = [&model.encoder, &model.decoder];
    let layers = mlps.iter().flat_map(|mlp| &mlp.layers);
    let mut all: Vec<TensorData> = layers
        .flat_map(|layer| {
            [
                layer.weight.to_data(),
                layer.bias.as_ref().unwrap().to_data(),
            ]
        })
        .collect();
    all.extend(model.codebooks().iter().map(Tensor::to_data));
    all
}
