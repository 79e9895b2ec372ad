//! Long prompts, which are read in pieces side by side, against the whole at once.

use std::ops::Range;

use burn::tensor::{Device, Int, Tensor};

use super::super::LanguageModel;
use super::super::model::{even_parts, parts};
use super::{difference, small, small_on, tokens};

const LENGTHS: [usize; 2] = [601, 250];

/// States of all positions, and of a token after each prompt for two beams.
fn states(model: &LanguageModel, tokens: &Tensor<2, Int>) -> [Tensor<3>; 2] {
    let (prompt, _) = model.read(tokens.clone(), &LENGTHS);
    let next = Tensor::<2, Int>::from_data([[3, 4], [5, 6]], &tokens.device());
    let step = model.step(next, &prompt, &mut prompt.beams());
    [model.forward(tokens.clone()), step]
}

#[test]
fn parts_follow_each_other_and_are_alike_and_long_enough() {
    for positions in (1..3000).chain([25_000, 131_072]) {
        let parts = even_parts(positions);
        let ends = parts.iter().map(|part| part.end);
        assert!(
            std::iter::once(0)
                .chain(ends)
                .eq(parts.iter().map(|part| part.start).chain([positions]))
        );
        match parts.len() {
            1 => assert!(positions < 256),
            count => assert!(count % 2 == 0),
        }
        let shortest = parts.iter().map(Range::len).min().unwrap();
        let longest = parts.iter().map(Range::len).max().unwrap();
        assert!(longest <= 256 && longest - shortest <= 1, "{positions}");
        assert!(parts.len() == 1 || shortest >= 128, "{positions}");
    }
}

/// Without gradients in pieces, with gradients as a whole.
#[test]
fn pieces_are_the_whole() {
    let cores = Device::default();
    let graph = Device::default().autodiff();
    let read = |device: &Device| parts(&Tensor::zeros([2, LENGTHS[0], 16], device)).len();
    assert_eq!((read(&cores), read(&graph)), (4, 1));

    let tokens = tokens(2, LENGTHS[0], 1);
    let on_graph = Tensor::from_data(tokens.to_data(), &graph);
    let whole = states(&small_on(&graph), &on_graph).map(Tensor::inner);
    for threads in [1, 2, 16] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        let pieces = pool.install(|| states(&small(), &tokens));
        for (pieces, whole) in pieces.into_iter().zip(whole.clone()) {
            let (error, largest) = difference(pieces, whole);
            assert!(error < 1e-5 * largest, "{threads}: {error} of {largest}");
        }
    }
}
