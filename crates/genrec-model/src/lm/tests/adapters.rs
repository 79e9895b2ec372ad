//! Adapters, and more tokens.

use burn::module::Param;
use burn::tensor::{Device, Tensor};

use super::{difference, folder, small, small_on, tokens};
use crate::lm::LanguageModel;
use crate::lora::{Adapters, LoraConfig};
use crate::weights::Weight;

fn logits(model: &LanguageModel) -> Tensor<3> {
    let vocab_size = model.config().vocab_size;
    model.logits(model.forward(tokens(3, 7, 1)), 0..vocab_size)
}

/// A model with adapters that change something.
fn adapted() -> LanguageModel {
    adapted_on(&Device::default())
}

fn adapted_on(device: &Device) -> LanguageModel {
    let mut model = small_on(device);
    let config = LoraConfig::new().with_rank(3).with_seed(4);
    model.adapt(&config).unwrap();
    for (_, projection) in model.layers_mut() {
        let lora = projection.lora.as_mut().unwrap();
        lora.up = Param::from_tensor((lora.up.val() + 0.05).detach());
    }
    model
}

#[test]
fn new_adapters_change_nothing_and_merged_ones_are_the_same_model() {
    let plain = small();
    let mut fresh = plain.clone();
    fresh.adapt(&LoraConfig::new()).unwrap();
    assert_eq!(difference(logits(&fresh), logits(&plain)).0, 0.0);

    let model = adapted();
    let with = logits(&model);
    assert!(difference(with.clone(), logits(&plain)).0 > 0.1);
    let merged = model.clone().merge();
    assert!(!merged.has_adapters());
    let (error, largest) = difference(logits(&merged), with);
    assert!(error < 1e-5 * largest.max(1.0), "{error} of {largest}");
    let mut kept = model.clone();
    kept.merge_adapters();
    kept.merge_adapters();
    assert_eq!(difference(logits(&kept), logits(&merged)).0, 0.0);
    kept.unmerge_adapters();
    let (error, largest) = difference(logits(&kept), logits(&model));
    assert!(error < 1e-5 * largest.max(1.0), "{error} of {largest}");
    assert_eq!(
        difference(logits(&model.without_adapters()), logits(&plain)).0,
        0.0
    );
}

#[test]
fn a_model_without_adapters_is_trained_whole_again() {
    let device = Device::default().autodiff();
    let tokens = Tensor::from_data([[3, 9, 14, 2], [1, 1, 20, 7]], &device);
    let model = adapted_on(&device);
    for mut model in [model.clone().merge(), model.without_adapters()] {
        let found = model.forward(tokens.clone()).square().sum().backward();
        for (name, weight) in model.weights() {
            let trained = match weight {
                Weight::Linear(param) | Weight::Table(param) => param.val().grad(&found).is_some(),
                Weight::Scale(param) => param.val().grad(&found).is_some(),
            };
            assert!(trained, "{name}");
        }
    }
}

#[test]
fn only_adapters_embeddings_and_head_are_trained() {
    let device = Device::default().autodiff();
    let mut model = adapted_on(&device);
    let tokens = Tensor::from_data([[3, 9, 14, 2], [1, 1, 20, 7]], &device);
    let found = model.forward(tokens).square().sum().backward();
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
    for (name, weight) in model.weights() {
        let trained = match weight {
            Weight::Linear(param) | Weight::Table(param) => param.val().grad(&found).is_some(),
            Weight::Scale(param) => param.val().grad(&found).is_some(),
        };
        assert_eq!(trained, name == "model.embed_tokens.weight", "{name}");
    }
}

#[test]
fn adapters_alone_come_back_onto_the_model_they_stand_beside() {
    let mut model = adapted();
    // What was trained beside the adapters comes with them.
    let device = Device::default();
    let trained = model.embeddings.val() + Tensor::ones([1, 1], &device) * 0.3;
    model.embeddings = Param::from_tensor(trained.detach());
    let folder = tempfile::tempdir().unwrap();
    model.save_adapters(folder.path()).unwrap();
    let mut base = small();
    base.load_adapters(folder.path()).unwrap();
    assert_eq!(difference(logits(&base), logits(&model)).0, 0.0);
    let ranks = base.layers_mut().into_iter();
    let ranks: Vec<usize> = ranks
        .filter_map(|(_, projection)| Some(projection.lora.as_ref()?.rank()))
        .collect();
    assert_eq!(ranks, [3; 14]);

    let refused = |result: crate::Result<()>| result.unwrap_err().to_string();
    assert!(refused(base.load_adapters(folder.path())).contains("adapters already"));
    assert!(refused(small().save_adapters(folder.path())).contains("without"));
    assert!(refused(model.save(folder.path())).contains("merged into"));
    let other = LoraConfig::new().with_targets(Some(vec!["lm_head".into()]));
    assert!(refused(small().adapt(&other)).contains("lm_head"));
    assert!(refused(small().adapt(&LoraConfig::new().with_rank(0))).contains("rank"));
    let path = folder.path().join("adapter_config.json");
    let text = std::fs::read_to_string(&path).unwrap();
    for (unusual, named) in [
        ("\"bias\": \"all\"", "bias"),
        (
            "\"bias\": \"none\", \"alpha_pattern\": {\"q_proj\": 64}",
            "alpha_pattern",
        ),
        ("\"bias\": \"none\", \"use_dora\": true", "use_dora"),
    ] {
        std::fs::write(&path, text.replace("\"bias\": \"none\"", unusual)).unwrap();
        let message = refused(small().load_adapters(folder.path()));
        assert!(message.contains(named), "{message}");
    }
}

#[test]
fn more_tokens_leave_the_others_as_they_were() {
    for variant in ["qwen2", "llama2"] {
        let model = LanguageModel::load(folder(variant), &Device::default()).unwrap();
        let mut longer = model.clone();
        longer.add_tokens(5, 9);
        assert_eq!(longer.config().vocab_size, 45);
        let (before, after) = (logits(&model), logits(&longer));
        assert_eq!(after.dims(), [3, 7, 45]);
        assert_eq!(difference(after.narrow(2, 0, 40), before).0, 0.0);
        let folder = tempfile::tempdir().unwrap();
        longer.save(folder.path()).unwrap();
        let loaded = LanguageModel::load(folder.path(), &Device::default()).unwrap();
        assert_eq!(difference(logits(&loaded), logits(&longer)).0, 0.0);
    }
}

/// PEFT keeps a copy of a table for every module that holds it, and takes what its files say for each of them.
#[test]
fn a_tied_table_is_written_for_every_module_and_read_from_any() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("adapters");
    let mut model = adapted();
    for (_, table) in model.tables_mut() {
        let param = table.into_param();
        *param = Param::from_tensor((param.val() + 1.0).detach());
    }
    model.save_adapters(&folder).unwrap();
    let config = std::fs::read_to_string(folder.join("adapter_config.json")).unwrap();
    assert!(
        config.contains("embed_tokens") && config.contains("lm_head"),
        "{config}"
    );
    let path = folder.join("adapter_model.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let tables =
        ["model.embed_tokens", "lm_head"].map(|name| format!("base_model.model.{name}.weight"));
    let [embeddings, head] = tables.each_ref().map(|name| file.tensor(name).unwrap());
    assert_eq!(embeddings, head);
    let load = || {
        let mut loaded = small();
        loaded.load_adapters(&folder).map(|()| loaded)
    };
    assert_eq!(difference(logits(&load().unwrap()), logits(&model)).0, 0.0);
    // Either copy will do, but not two tables for one.
    for kept in &tables {
        let some = file.tensors().into_iter();
        let some: Vec<_> = some
            .filter(|(name, _)| name == kept || !tables.contains(name))
            .collect();
        std::fs::write(&path, safetensors::serialize(some, None).unwrap()).unwrap();
        assert_eq!(difference(logits(&load().unwrap()), logits(&model)).0, 0.0);
    }
    let other = vec![0; head.data().len()];
    let other =
        safetensors::tensor::TensorView::new(head.dtype(), head.shape().to_vec(), &other).unwrap();
    let mixed = file.tensors().into_iter();
    let mixed: Vec<_> = mixed
        .map(|(name, view)| {
            if name == tables[1] {
                (name, other.clone())
            } else {
                (name, view)
            }
        })
        .collect();
    std::fs::write(&path, safetensors::serialize(mixed, None).unwrap()).unwrap();
    let error = load().unwrap_err().to_string();
    assert!(error.contains("lm_head.weight is not part"), "{error}");
}

/// Writes what `lm.py check` and `lm.py peft` read, into the folder that the variable names.
#[test]
#[ignore = "for a look by other programs"]
fn export() {
    let Ok(out) = std::env::var("GENREC_EXPORT") else {
        return;
    };
    let out = std::path::PathBuf::from(out);
    for variant in super::VARIANTS {
        let model = LanguageModel::load(folder(variant), &Device::default()).unwrap();
        model.save(out.join(variant)).unwrap();
    }
    let mut model = LanguageModel::load(folder("qwen2"), &Device::default()).unwrap();
    model
        .adapt(&LoraConfig::new().with_rank(3).with_seed(4))
        .unwrap();
    for (_, projection) in model.layers_mut() {
        let lora = projection.lora.as_mut().unwrap();
        lora.up = Param::from_tensor((lora.up.val() + 0.05).detach());
    }
    // Trained tables go with them, and this one is the head as well.
    for (_, table) in model.tables_mut() {
        let param = table.into_param();
        *param = Param::from_tensor((param.val() * 1.5 + 0.1).detach());
    }
    model.save_adapters(out.join("adapters")).unwrap();
    let bytes = std::fs::read(folder("qwen2").join("expected.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let (values, shape) = super::integers(&file, "tokens");
    let device = Device::default();
    let tokens = Tensor::from_data(burn::tensor::TensorData::new(values, shape), &device);
    let logits = model.logits(model.forward(tokens), 0..40);
    let sum = (logits * super::floats(&file, "probe", &device))
        .sum()
        .into_scalar::<f32>();
    std::fs::write(out.join("sum.txt"), sum.to_string()).unwrap();
}
