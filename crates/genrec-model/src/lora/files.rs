//! Adapters alone, as PEFT lays them out: `adapter_config.json` and `adapter_model.safetensors`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use burn::module::Param;
use burn::tensor::Tensor;
use safetensors::tensor::{SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Adapters, LoraConfig, Table, last};
use crate::weights::{self, Weight};
use crate::{Error, Result};

const CONFIG: &str = "adapter_config.json";
const WEIGHTS: &str = "adapter_model.safetensors";

/// `adapter_config.json`.
#[derive(Serialize, Deserialize)]
struct AdapterFile {
    peft_type: String,
    task_type: Option<String>,
    base_model_name_or_path: Option<String>,
    #[serde(default)]
    inference_mode: bool,
    r: usize,
    lora_alpha: f64,
    #[serde(default)]
    lora_dropout: f64,
    target_modules: Vec<String>,
    #[serde(default)]
    modules_to_save: Option<Vec<String>>,
    /// Everything else; some of it changes the numbers.
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// Settings that change the numbers, with the only values that leave them as they are here (beside false, null and what is empty).
const PLAIN: [(&str, &[&str]); 12] = [
    ("bias", &["none"]),
    ("fan_in_fan_out", &[]),
    ("use_rslora", &[]),
    ("use_dora", &[]),
    ("use_qalora", &[]),
    ("rank_pattern", &[]),
    ("alpha_pattern", &[]),
    ("layers_to_transform", &[]),
    ("layer_replication", &[]),
    ("alora_invocation_tokens", &[]),
    ("target_parameters", &[]),
    ("init_lora_weights", &["true", "gaussian"]),
];

/// The first setting that is not plain, as written.
fn unusual(others: &Map<String, Value>) -> Option<String> {
    PLAIN.iter().find_map(|&(name, fine)| {
        let value = others.get(name)?;
        let plain = match value {
            Value::Null | Value::Bool(false) => true,
            Value::Object(map) => map.is_empty(),
            Value::Array(list) => list.is_empty(),
            Value::Bool(true) => fine.contains(&"true"),
            Value::String(text) => fine.contains(&text.as_str()),
            Value::Number(_) => false,
        };
        (!plain).then(|| format!("{name}: {value}"))
    })
}

/// The name in PEFT's files.
fn name(of: &str) -> String {
    format!("base_model.model.{of}")
}

pub(super) fn save<M: Adapters>(model: &M, folder: &Path) -> Result<()> {
    let mut model = model.clone();
    let none = || Error::Config {
        what: "adapters to save",
        found: String::from("a model without"),
        expected: String::from("a model after `adapt`"),
    };
    let mut targets: Vec<String> = Vec::new();
    let mut found = None;
    for (layer, projection) in model.layers_mut() {
        if let Some(lora) = &projection.lora {
            found = Some((lora.rank(), lora.alpha(), lora.dropout()));
            if !targets.iter().any(|target| target == last(&layer)) {
                targets.push(last(&layer).to_owned());
            }
        }
    }
    let (rank, alpha, dropout) = found.ok_or_else(none)?;
    let names: Vec<String> = model
        .tables_mut()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    // PEFT says which modules, not which tensors.
    let mut modules: Vec<String> = Vec::new();
    for module in names.iter().flat_map(|table| modules_of(table, &names)) {
        let module = last(module.trim_end_matches(".weight")).to_owned();
        if !modules.contains(&module) {
            modules.push(module);
        }
    }
    fs::create_dir_all(folder).map_err(Error::io(folder))?;
    let task = if targets.iter().any(|target| target.ends_with("_proj")) {
        "CAUSAL_LM"
    } else {
        "SEQ_2_SEQ_LM"
    };
    let file = AdapterFile {
        peft_type: "LORA".into(),
        task_type: Some(task.into()),
        base_model_name_or_path: None,
        inference_mode: true,
        r: rank,
        lora_alpha: alpha,
        lora_dropout: dropout,
        target_modules: targets,
        modules_to_save: Some(modules),
        others: Map::from_iter([("bias".to_owned(), Value::from("none"))]),
    };
    let mut all = weights::contents(matrices(&mut model));
    let mut tables = weights::contents(tables_of(&mut model));
    for table in &names {
        let contents = tables
            .remove(&name(table))
            .expect("every table has contents");
        let modules = modules_of(table, &names).into_iter();
        all.extend(modules.map(|module| (name(&module), contents.clone())));
    }
    let text = serde_json::to_string_pretty(&file).expect("plain numbers and names are JSON");
    // Neither is half there, nor is one there with the other of before.
    let (config, weights) = (folder.join(CONFIG), folder.join(WEIGHTS));
    let partial = |path: &Path| path.with_extension("partial");
    for (path, bytes) in [
        (&weights, weights::file(&all)),
        (&config, text.into_bytes()),
    ] {
        fs::write(partial(path), bytes).map_err(Error::io(path))?;
    }
    if config.exists() {
        fs::remove_file(&config).map_err(Error::io(&config))?;
    }
    for path in [&weights, &config] {
        fs::rename(partial(path), path).map_err(Error::io(path))?;
    }
    Ok(())
}

/// The modules that hold a table in Hugging Face's models, of which PEFT keeps a copy each: embeddings are the head as well where there is no other, and those of T5
/// are in both of its stacks.
fn modules_of(table: &str, tables: &[String]) -> Vec<String> {
    let head = "lm_head.weight";
    let mut modules = match table {
        "shared.weight" => ["encoder", "decoder"]
            .map(|stack| format!("{stack}.embed_tokens.weight"))
            .to_vec(),
        table => vec![table.to_owned()],
    };
    if !tables.iter().any(|table| table == head) {
        modules.push(head.to_owned());
    }
    modules
}

/// Puts the one table in the place of its copies in the modules that hold it. What differs stays, and is complained of.
fn gather_copies(names: &[String], found: &mut BTreeMap<String, TensorView<'_>>) {
    for table in names {
        let own = name(table);
        let mut copies: Vec<String> = modules_of(table, names)
            .iter()
            .map(|module| name(module))
            .collect();
        copies.push(own.clone());
        copies.retain(|copy| found.contains_key(copy));
        let Some(first) = copies.first().and_then(|copy| found.get(copy)).cloned() else {
            continue;
        };
        if copies.iter().all(|copy| found.get(copy) == Some(&first)) {
            copies.iter().for_each(|copy| {
                found.remove(copy);
            });
            found.insert(own, first);
        }
    }
}

pub(super) fn load<M: Adapters>(model: &mut M, folder: &Path) -> Result<()> {
    let malformed = |path: &Path| {
        let path = path.to_path_buf();
        move |reason: String| Error::Malformed { path, reason }
    };
    let path = folder.join(CONFIG);
    let text = fs::read(&path).map_err(Error::io(&path))?;
    let file: AdapterFile = serde_json::from_slice(&text)
        .map_err(|error| error.to_string())
        .map_err(malformed(&path))?;
    if file.peft_type != "LORA" {
        let reason = format!("a {} adapter, expected LORA", file.peft_type);
        return Err(malformed(&path)(reason));
    }
    if let Some(unusual) = unusual(&file.others) {
        return Err(malformed(&path)(format!(
            "{unusual}, expected plain LoRA of one rank"
        )));
    }
    if let Some(target) = file.target_modules.iter().find(|name| name.contains('.')) {
        return Err(malformed(&path)(format!(
            "the target {target:?} is one layer, expected kinds of layer"
        )));
    }
    let config = LoraConfig::new()
        .with_rank(file.r)
        .with_alpha(file.lora_alpha)
        .with_dropout(file.lora_dropout)
        .with_targets(Some(file.target_modules));
    let path = folder.join(WEIGHTS);
    let bytes = fs::read(&path).map_err(Error::io(&path))?;
    let tensors = SafeTensors::deserialize(&bytes)
        .map_err(|error| format!("not a safetensors file ({error}): fetch it again"))
        .map_err(malformed(&path))?;
    let mut found: BTreeMap<_, _> = tensors.tensors().into_iter().collect();
    let mut adapted = model.clone();
    adapted.adapt(&config)?;
    let names: Vec<String> = adapted
        .tables_mut()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    gather_copies(&names, &mut found);
    let mut problems = weights::fill(matrices(&mut adapted), &mut found);
    let mut tables = tables_of(&mut adapted);
    tables.retain(|(name, _)| found.contains_key(name));
    problems.extend(weights::fill(tables, &mut found));
    problems.extend(
        found
            .keys()
            .map(|name| format!("{name} is not part of these adapters")),
    );
    if !problems.is_empty() {
        return Err(malformed(&path)(problems.join("; ")));
    }
    *model = adapted;
    Ok(())
}

/// The matrices of all adapters, by their names in PEFT's files.
fn matrices<M: Adapters>(model: &mut M) -> Vec<(String, Weight<'_>)> {
    let of_layer = |(layer, projection): (String, _)| {
        let projection: &mut super::Projection = projection;
        let lora = projection.lora.as_mut()?;
        let matrices: [(&str, &mut Param<Tensor<2>>); 2] =
            [("A", &mut lora.down), ("B", &mut lora.up)];
        let named = |matrix: &str| name(&format!("{layer}.lora_{matrix}.weight"));
        Some(matrices.map(|(matrix, param)| (named(matrix), Weight::Linear(param))))
    };
    let layers = model.layers_mut().into_iter();
    layers.filter_map(of_layer).flatten().collect()
}

/// Embeddings and head, by their names in PEFT's files.
fn tables_of<M: Adapters>(model: &mut M) -> Vec<(String, Weight<'_>)> {
    let weight = |table| match table {
        Table::Rows(param) => Weight::Table(param),
        Table::Columns(param) => Weight::Linear(param),
    };
    let tables = model.tables_mut().into_iter();
    tables
        .map(|(of, table)| (name(&of), weight(table)))
        .collect()
}
