//! Small things that several tests need.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use genrec::data::{Catalog, Ids, Item, ItemId};
use genrec::identify::ItemTokens;
use genrec::metrics::{Query, Ranked, Recommender};
use genrec::model::t5::T5Config;
use genrec::model::{
    HistoryPositions, SequenceModel, SequenceModelConfig, SequenceRecommender, System,
    SystemRecommender,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};

/// A model of two small layers for these identifiers.
pub(crate) fn model(tokens: &ItemTokens, seed: u64) -> SequenceModel {
    model_on(tokens, seed, &Device::default())
}

/// The same on a device.
pub(crate) fn model_on(tokens: &ItemTokens, seed: u64, device: &Device) -> SequenceModel {
    let t5 = T5Config::new(tokens.vocabulary().len())
        .with_d_model(32)
        .with_d_kv(8)
        .with_d_ff(64)
        .with_n_heads(2)
        .with_encoder_layers(1)
        .with_decoder_layers(1)
        .with_causal_encoder(true);
    let config = SequenceModelConfig::new(t5)
        .with_max_history(6)
        .with_positions(HistoryPositions::Items);
    SequenceModel::new(config, tokens, seed, device).unwrap()
}

/// The bits of all weights, in order.
pub(crate) fn bits(module: &impl Module) -> Vec<u8> {
    struct Bits(Vec<u8>);
    impl ModuleVisitor for Bits {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.extend_from_slice(param.val().into_data().as_bytes());
        }
    }
    let mut bits = Bits(Vec::new());
    module.visit(&mut bits);
    bits.0
}

/// A catalogue whose texts are hard to write down: quotes, line ends, letters of several scripts, prices without a short decimal form.
pub(crate) fn catalog(items: usize) -> Catalog {
    let item = |row: usize| Item {
        title: Some(format!("\"Löffel\" \\ №{row}\n\t勺子 🥄")),
        brand: row.is_multiple_of(2).then(String::new),
        categories: vec!["<a_1>".into(); row % 3],
        description: None,
        price: (!row.is_multiple_of(4)).then_some(row as f64 / 3.0 + 0.1),
    };
    let ids = (0..items).map(|row| format!("B0/{row}é")).collect();
    Catalog::new(Ids::new(ids).unwrap(), (0..items).map(item).collect()).unwrap()
}

/// The first item that is not the same in two catalogues, as it is in both.
pub(crate) fn changed<'a>(before: &'a Catalog, after: &'a Catalog) -> Option<[&'a Item; 2]> {
    assert_eq!(before.ids(), after.ids());
    let mut pairs = before.iter().zip(after.iter());
    pairs.find_map(|((_, a), (_, b))| (a != b).then_some([a, b]))
}

/// Histories of 0 to 11 items, more than a [`model`] reads, with items that come again.
pub(crate) fn histories(count: usize, items: usize) -> Vec<Vec<ItemId>> {
    let mut rng = StdRng::seed_from_u64(3);
    (0..count)
        .map(|at| {
            (0..at % 12)
                .map(|_| ItemId::from_index(rng.random_range(0..items)))
                .collect()
        })
        .collect()
}

/// The recommender of a system that writes identifiers.
pub(crate) fn sequence(system: &System) -> &SequenceRecommender {
    match &system.recommender {
        SystemRecommender::Sequence(recommender) => recommender,
        other => panic!("{other:?} does not write identifiers"),
    }
}

/// The answers to `histories`.
pub(crate) fn answers(
    recommender: &impl Recommender,
    histories: &[Vec<ItemId>],
    k: usize,
) -> Vec<Ranked> {
    let queries: Vec<Query<'_>> = histories
        .iter()
        .map(|history| Query::anonymous(history))
        .collect();
    recommender.recommend(&queries, k)
}
