//! Long prompts, which are read in pieces side by side, against the whole at once.

use burn::tensor::{Device, Int, Tensor};

use super::super::LanguageModel;
use super::{difference, small, small_on, tokens};

const LENGTHS: [usize; 2] = [401, 250];

/// States of all positions, and of a token after each prompt for two beams.
fn states(model: &LanguageModel, tokens: &Tensor<2, Int>) -> [Tensor<3>; 2] {
    let (prompt, _) = model.read(tokens.clone(), &LENGTHS);
    let next = Tensor::<2, Int>::from_data([[3, 4], [5, 6]], &tokens.device());
    let step = model.step(next, &prompt, &mut prompt.beams());
    [model.forward(tokens.clone()), step]
}

#[test]
fn pieces_are_the_whole() {
    let of = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        pool.install(|| states(&small(), &tokens(2, LENGTHS[0], 1)))
    };
    let whole = of(1);
    for threads in [2, 3, 16] {
        for (pieces, whole) in of(threads).into_iter().zip(whole.clone()) {
            let (error, largest) = difference(pieces, whole);
            assert!(error < 1e-5 * largest, "{threads}: {error} of {largest}");
        }
    }
}

#[test]
fn with_gradients_there_are_no_pieces_and_the_same_states() {
    let device = Device::default().autodiff();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3);
    let found = pool.build().unwrap().install(|| {
        let tokens = tokens(2, LENGTHS[0], 2);
        let [plain, _] = states(&small(), &tokens);
        let model = small_on(&device);
        let tokens = Tensor::from_data(tokens.into_data(), &device);
        [plain, model.forward(tokens).inner()]
    });
    let [plain, differentiated] = found;
    let (error, largest) = difference(differentiated, plain);
    assert!(error < 1e-5 * largest, "{error} of {largest}");
}
