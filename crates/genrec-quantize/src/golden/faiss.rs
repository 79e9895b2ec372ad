//! Reconstruction errors against faiss' (`tests/golden/residual_kmeans.py`).

use crate::{ProductKMeansConfig, Quantizer, ResidualKMeansConfig, Rotation, encode_all};
use burn::tensor::{Device, Tensor, TensorData};
use std::collections::HashMap;

const ROWS: usize = 4000;
const D: usize = 32;

/// The upper 16 bits of Knuth's MMIX generator, from -2^15 on.
fn whole_numbers(count: usize, seed: u64) -> Vec<i64> {
    let mut state = seed;
    (0..count)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 48) as i64 - (1 << 15)
        })
        .collect()
}

/// Twice one of 20 centres, one of 37, and noise; the bits of the script's matrix.
fn synthetic() -> Tensor<2> {
    let (coarse, fine) = (whole_numbers(20 * D, 1), whole_numbers(37 * D, 2));
    let values: Vec<f32> = whole_numbers(ROWS * D, 3)
        .into_iter()
        .enumerate()
        .map(|(at, noise)| {
            let (row, column) = (at / D, at % D);
            let centres = 2 * coarse[row % 20 * D + column] + fine[row % 37 * D + column];
            (centres + noise) as f32 / 65536.0
        })
        .collect();
    Tensor::from_data(TensorData::new(values, [ROWS, D]), &Device::default())
}

fn error<Q: Quantizer>(quantizer: &Q, rows: &Tensor<2>) -> f64 {
    let back = quantizer.decode(encode_all(quantizer, rows, ROWS)).inner();
    f64::from((back - rows.clone()).square().mean().into_scalar::<f32>())
}

fn golden() -> HashMap<String, f64> {
    serde_json::from_str(include_str!(
        "../../../../tests/golden/residual_kmeans.json"
    ))
    .unwrap()
}

#[test]
fn residual_k_means_is_as_good_as_faiss() {
    let (rows, golden) = (synthetic(), golden());
    let config = || ResidualKMeansConfig::new().with_codebook_sizes(vec![64; 4]);
    for (name, beam, refinements) in [
        ("successive", 1, 0),
        ("residual beam 1", 1, 0),
        ("residual beam 4", 4, 0),
        ("residual beam 5", 5, 0),
        ("residual beam 8", 8, 0),
        ("residual beam 5, refined", 5, 5),
        ("residual beam 8, refined", 8, 5),
    ] {
        let config = config().with_beam(beam).with_refinements(refinements);
        let found = error(&config.fit(&rows, 1).unwrap(), &rows);
        assert!(
            found <= 1.02 * golden[name],
            "{name}: {found}, faiss {}",
            golden[name]
        );
    }
}

#[test]
fn product_quantization_is_as_good_as_faiss() {
    let (rows, golden) = (synthetic(), golden());
    let config = || ProductKMeansConfig::new().with_codebook_sizes(vec![64; 4]);
    for (name, rotation) in [
        ("product", Rotation::None),
        ("product, rotated", Rotation::Learned { rounds: 50 }),
    ] {
        let config = config().with_rotation(rotation);
        let found = error(&config.fit(&rows, 1).unwrap(), &rows);
        assert!(
            found <= 1.02 * golden[name],
            "{name}: {found}, faiss {}",
            golden[name]
        );
    }
}
