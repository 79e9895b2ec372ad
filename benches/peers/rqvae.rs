//! Training steps of an RQ-VAE.

use std::path::Path;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use genrec::quantize::{Quantizer, RqVaeConfig};
use serde_json::Value;

use crate::training::Training;
use crate::{Answer, Result, numbers};

const STEPS: usize = 10;

pub(crate) fn work(folder: &Path) -> Result<Answer> {
    let device = Device::default();
    let rows = numbers(&folder.join("rows.f32"), f32::from_le_bytes)?;
    let rows = TensorData::new(rows, [1_024, 768]);
    let rows = Tensor::<2>::from_data(rows, &device);
    let config = RqVaeConfig::new(768).with_hidden(vec![512, 256, 128, 64]);
    let rqvae = config.init(&device).train().initialise(&rows, 0)?;
    let mut training = Training::new(rqvae, &device.autodiff());
    let rows = rows.autodiff();
    Ok(Box::new(move |_| {
        for _ in 0..STEPS {
            training.step(|rqvae| rqvae.forward(rows.clone()).loss);
        }
        Ok(Value::Null)
    }))
}
