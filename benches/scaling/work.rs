//! What is measured.

use std::hint::black_box;
use std::sync::Arc;

use burn::tensor::Device;
use genrec::collaborative::LightGcn;
use genrec::data::{Interactions, ItemId, leave_one_out};
use genrec::decode::{BeamSearchConfig, Overlay, Selection, TableScorer, TokenId, Trie};
use genrec::embed::Embeddings;
use genrec::identify::{
    Code, CodeTable, Disambiguate, Identifier, IdentifierTable, ResidualSpace, Vocabulary,
};
use genrec::metrics::{EvaluateConfig, Query, Recommender, SeenItems, evaluate};
use genrec::model::{Retrieval, SequenceModel, SequenceModelConfig, SequenceRecommender};
use genrec::quantize::{Callbacks, Quantizer, ResidualKMeansConfig, RqVaeConfig, TrainerConfig};

use crate::{Curve, Result, Work, inputs};

const LEVELS: usize = 4;
const CODEWORDS: usize = 256;
const WIDTH: usize = 64;
const ITEMS: usize = 9_922;

pub(crate) fn curves(largest: usize) -> Vec<Curve> {
    let items = |most: usize| {
        let sizes = (3..).map(|power| 10_usize.pow(power));
        sizes
            .take_while(|&size| size <= most.min(largest))
            .collect::<Vec<_>>()
    };
    vec![
        Curve {
            name: "tokenizer training: an epoch of an RQ-VAE, 64 wide",
            x: "items",
            sizes: items(1_000_000),
            make: rqvae,
        },
        Curve {
            name: "tokenizer training: residual k-means, 4 x 256, 10 iterations",
            x: "items",
            sizes: items(100_000),
            make: residual_kmeans,
        },
        Curve {
            name: "tokenizer training: residual k-means of 10,000 items, 10 iterations",
            x: "codewords a level",
            sizes: vec![64, 256, 1_024],
            make: |codewords| kmeans_of(10_000, codewords),
        },
        Curve {
            name: "identifier assignment: codes and next best of collided items",
            x: "items",
            sizes: items(1_000_000),
            make: assignment,
        },
        Curve {
            name: "trie build, 4 x 256 (8 x 2,048 from a million)",
            x: "items",
            sizes: items(10_000_000),
            make: trie_build,
        },
        Curve {
            name: "trie from its file, checked",
            x: "items",
            sizes: items(10_000_000),
            make: trie_open,
        },
        Curve {
            name: "overlay: 100 items gone and 100 come",
            x: "items",
            sizes: items(10_000_000),
            make: overlay,
        },
        Curve {
            name: "selection of a tenth of the items",
            x: "items",
            sizes: items(10_000_000),
            make: selection,
        },
        Curve {
            name: "beam search alone, 32 requests, 20 beams",
            x: "items",
            sizes: items(1_000_000),
            make: |items| search(items, 20),
        },
        Curve {
            name: "beam search alone, 32 requests, 100,000 items",
            x: "beams",
            sizes: vec![5, 10, 20, 50, 100, 200],
            make: |beams| search(100_000, beams),
        },
        Curve {
            name: "recommendation, LETTER-TIGER's T5, 32 users of 20 items",
            x: "beams",
            sizes: vec![5, 10, 20, 50, 100],
            make: |beams| recommend(32, 20, beams, 0),
        },
        Curve {
            name: "recommendation, LETTER-TIGER's T5, 32 users, 20 beams",
            x: "items in a history",
            sizes: vec![5, 10, 20, 50],
            make: |history| recommend(32, history, 20, 0),
        },
        Curve {
            name: "recommendation, LETTER-TIGER's T5, 20 items, 20 beams",
            x: "users asked at once",
            sizes: vec![1, 4, 16, 64, 256],
            make: |users| recommend(users, 20, 20, 0),
        },
        Curve {
            name: "recommendation, LETTER-TIGER's T5, 32 users of 20 items, 20 beams",
            x: "threads",
            sizes: vec![1, 2],
            make: |threads| recommend(32, 20, 20, threads),
        },
        Curve {
            name: "full-ranking evaluation of 2,000 users, rows of 64",
            x: "items",
            sizes: items(1_000_000),
            make: evaluation,
        },
    ]
}

fn rqvae(items: usize) -> Result<Work> {
    let rows = inputs::normal(items, WIDTH, &Device::default());
    Ok(Box::new(move || {
        let rqvae = RqVaeConfig::new(WIDTH)
            .with_hidden(vec![64, 48])
            .init(&Device::default());
        let trainer = TrainerConfig::new(1).with_batch(1_024.min(items)).init();
        black_box(trainer.fit(rqvae, &rows, Callbacks::new())?);
        Ok(())
    }))
}

fn residual_kmeans(items: usize) -> Result<Work> {
    kmeans_of(items, CODEWORDS)
}

fn kmeans_of(items: usize, codewords: usize) -> Result<Work> {
    let rows = inputs::normal(items, WIDTH, &Device::default());
    let config = ResidualKMeansConfig::new()
        .with_codebook_sizes(vec![codewords; LEVELS])
        .with_iterations(10);
    Ok(Box::new(move || {
        black_box(config.fit(&rows, 1)?);
        Ok(())
    }))
}

fn assignment(items: usize) -> Result<Work> {
    let device = Device::default();
    let rows = inputs::normal(items, 16, &device);
    let fitted_to = rows.clone().narrow(0, 0, items.min(10_000));
    let config = ResidualKMeansConfig::new().with_iterations(10);
    let fitted = config.fit(&fitted_to, 1)?;
    Ok(Box::new(move || {
        let codes: Vec<i64> = fitted.encode(rows.clone()).into_data().iter().collect();
        let codes = codes
            .into_iter()
            .map(|code| Code::new(code as u32))
            .collect();
        let codes = CodeTable::new(items, LEVELS, codes, vec![CODEWORDS; LEVELS])?;
        let space = ResidualSpace::from_tensors(rows.clone(), fitted.codebooks())?;
        black_box(Disambiguate::NextBest.apply(&codes, Some(&space))?);
        Ok(())
    }))
}

/// Random identifiers, all different.
fn tokens(items: usize) -> (usize, Vec<TokenId>) {
    let (levels, codewords) = if items < 1_000_000 {
        (4, 256)
    } else {
        (8, 2_048)
    };
    let codes = inputs::identifiers(items, levels, codewords);
    (levels, codes.into_iter().map(TokenId::new).collect())
}

fn trie(items: usize) -> Result<Trie> {
    let (levels, tokens) = tokens(items);
    Ok(Trie::from_identifiers(
        tokens.chunks_exact(levels).zip(0..),
    )?)
}

fn trie_build(items: usize) -> Result<Work> {
    let (levels, tokens) = tokens(items);
    Ok(Box::new(move || {
        black_box(Trie::from_identifiers(
            tokens.chunks_exact(levels).zip(0..),
        )?);
        Ok(())
    }))
}

fn trie_open(items: usize) -> Result<Work> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("trie");
    trie(items)?.save(&path)?;
    Ok(Box::new(move || {
        let _kept = &folder;
        black_box(Trie::open(&path)?);
        Ok(())
    }))
}

fn overlay(items: usize) -> Result<Work> {
    let base = Overlay::new(Arc::new(trie(items)?));
    let gone: Vec<u32> = (0..100).map(|place| place * (items as u32 / 100)).collect();
    let come: Vec<([TokenId; 3], u32)> = (0..100)
        .map(|place| {
            (
                [place, place, place].map(TokenId::new),
                items as u32 + place,
            )
        })
        .collect();
    Ok(Box::new(move || {
        black_box(base.update(&gone, come.iter().copied())?);
        Ok(())
    }))
}

fn selection(items: usize) -> Result<Work> {
    let trie = trie(items)?;
    let values: Vec<u32> = (0..items as u32).step_by(10).collect();
    Ok(Box::new(move || {
        black_box(Selection::allow(&trie, &values));
        Ok(())
    }))
}

fn search(items: usize, beams: usize) -> Result<Work> {
    const REQUESTS: usize = 32;
    let trie = trie(items)?;
    let (levels, classes) = (
        trie.depth(),
        1 + trie.tokens_at(0).last().map_or(0, |token| token.index()),
    );
    let table = inputs::log_probabilities(REQUESTS * levels, classes.max(CODEWORDS));
    let mut scorer = TableScorer::new(REQUESTS, levels, classes.max(CODEWORDS), table)?;
    let search = BeamSearchConfig::new(beams).init()?;
    Ok(Box::new(move || {
        black_box(search.search(&trie, REQUESTS, &mut scorer, None)?);
        Ok(())
    }))
}

/// As many threads as there are cores with 0.
fn recommend(users: usize, history: usize, beams: usize, threads: usize) -> Result<Work> {
    let codes = inputs::identifiers(ITEMS, LEVELS, CODEWORDS as u32);
    let identifiers = codes
        .chunks_exact(LEVELS)
        .map(|codes| codes.iter().copied().collect::<Identifier>());
    let table = IdentifierTable::new(identifiers.collect())?
        .with_codebook_sizes(vec![CODEWORDS; LEVELS])?;
    let vocabulary = Vocabulary::of(&table);
    let tokens = Arc::new(vocabulary.tokenize(&table));
    let config = SequenceModelConfig::paper(&vocabulary).with_max_history(history);
    let model = SequenceModel::new(config, &tokens, 0, &Device::default())?;
    let retrieval = Retrieval::new(tokens).with_beams(beams);
    let recommender = SequenceRecommender::new("LETTER-TIGER", model, retrieval);
    let items: Vec<ItemId> = (0..users * history)
        .map(|place| ItemId::new((place % ITEMS) as u32))
        .collect();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()?;
    Ok(Box::new(move || {
        let queries: Vec<Query<'_>> = items.chunks_exact(history).map(Query::anonymous).collect();
        pool.install(|| black_box(recommender.recommend(&queries, beams.min(10))));
        Ok(())
    }))
}

fn evaluation(items: usize) -> Result<Work> {
    const USERS: usize = 2_000;
    const HISTORY: usize = 10;
    let item = |user: usize, place: usize| (user * 17 + place * (items / HISTORY)) % items;
    let history = |user| (0..HISTORY).map(move |place| ItemId::from_index(item(user, place)));
    let histories = (0..USERS).map(|user| history(user).collect()).collect();
    let split = leave_one_out(&Interactions::new(items, histories)?)?;
    let device = Device::default();
    let rows = |count: usize| Embeddings::from_tensor(inputs::normal(count, WIDTH, &device));
    let users = rows(split.train.users())?;
    let model = LightGcn::from_layer0(users, rows(split.train.items())?, 0, &split.train)?;
    let model = model.with_seen_items(SeenItems::Removed);
    Ok(Box::new(move || {
        black_box(evaluate(&model, &split.test, &EvaluateConfig::new(1))?);
        Ok(())
    }))
}
