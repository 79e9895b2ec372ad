//! Adapters beside the layers of a T5.

use burn::module::Param;
use burn::tensor::{Device, Tensor};

use super::{prefixes, small, tokens};
use crate::lora::{Adapters, LoraConfig};
use crate::t5::{Activation, T5};

fn logits(t5: &T5) -> Tensor<3> {
    let device = t5.shared().val().device();
    let mask = prefixes(&[5, 3], 5, &device);
    t5.forward(tokens(2, 5, 1, &device), &mask, tokens(2, 4, 2, &device))
}

fn difference(a: &T5, b: &T5) -> f32 {
    (logits(a) - logits(b)).abs().max().into_scalar()
}

/// A T5 of version 1.1 with adapters that change something.
fn adapted(device: &Device) -> (T5, T5) {
    let plain = small()
        .with_activation(Activation::GatedGelu)
        .with_tied_head(false)
        .with_dropout(0.0)
        .init(device);
    let mut model = plain.clone();
    model.adapt(&LoraConfig::new().with_rank(3)).unwrap();
    assert_eq!(difference(&model, &plain), 0.0);
    for (_, projection) in model.layers_mut() {
        let lora = projection.lora.as_mut().unwrap();
        lora.up = Param::from_tensor((lora.up.val() + 0.05).detach());
    }
    (model, plain)
}

#[test]
fn adapters_are_merged_saved_and_taken_off() {
    let (model, plain) = adapted(&Device::default());
    assert!(difference(&model, &plain) > 0.1);
    assert!(difference(&model.clone().merge(), &model) < 1e-3);
    assert_eq!(difference(&model.clone().without_adapters(), &plain), 0.0);

    let folder = tempfile::tempdir().unwrap();
    assert!(
        model
            .save(folder.path())
            .unwrap_err()
            .to_string()
            .contains("merged into")
    );
    model.save_adapters(folder.path()).unwrap();
    let mut base = plain.clone();
    base.load_adapters(folder.path()).unwrap();
    assert_eq!(difference(&base, &model), 0.0);
    let config = LoraConfig::new().with_targets(Some(vec!["q_proj".into()]));
    let error = plain.clone().adapt(&config).unwrap_err().to_string();
    assert!(error.contains("q, k, v, o, wi_0, wi_1, wo"), "{error}");
    // Layers by name and layers alone are the same ones.
    let mut named = model.clone();
    let named: Vec<Vec<usize>> = named
        .layers_mut()
        .into_iter()
        .map(|(_, layer)| layer.linear.weight.val().dims().to_vec())
        .collect();
    let alone: Vec<Vec<usize>> = model
        .layers()
        .into_iter()
        .map(|layer| layer.linear.weight.val().dims().to_vec())
        .collect();
    assert_eq!(named, alone);
}

#[test]
fn only_adapters_embeddings_and_head_are_trained() {
    let device = Device::default().autodiff();
    let (mut model, _) = adapted(&device);
    let found = logits(&model).square().sum().backward();
    for (name, projection) in model.layers_mut() {
        assert!(
            projection.linear.weight.val().grad(&found).is_none(),
            "{name}"
        );
        let lora = projection.lora.as_ref().unwrap();
        for matrix in [&lora.down, &lora.up] {
            let gradient = matrix.val().grad(&found).unwrap();
            assert!(gradient.abs().max().into_scalar::<f32>() > 0.0, "{name}");
        }
    }
    assert!(model.shared().val().grad(&found).is_some());
    assert!(model.encoder.norm.weight.val().grad(&found).is_none());
}

#[test]
fn more_tokens_leave_the_others_as_they_were() {
    for tied in [true, false] {
        let model = small().with_tied_head(tied).init(&Device::default());
        let mut longer = model.clone();
        longer.add_tokens(4, 1);
        assert_eq!(longer.config().vocab_size, 27);
        let after = logits(&longer).narrow(2, 0, 23);
        let difference: f32 = (after - logits(&model)).abs().max().into_scalar();
        assert_eq!(difference, 0.0);
        let folder = tempfile::tempdir().unwrap();
        longer.save(folder.path()).unwrap();
        let loaded = T5::load(folder.path(), &Device::default()).unwrap();
        let difference: f32 = (logits(&loaded) - logits(&longer))
            .abs()
            .max()
            .into_scalar();
        assert!(difference < 1e-6, "{difference}");
    }
}
