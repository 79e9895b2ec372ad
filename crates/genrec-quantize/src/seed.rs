//! One seed of the caller, many independent streams.

use rand::{SeedableRng, rngs::StdRng};

/// What a stream of random numbers is for. Streams of different purposes never share numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    Weights = 1,
    Codebooks = 2,
    Shuffle = 3,
    Dropout = 4,
    Revival = 5,
    Sample = 6,
    Initialise = 7,
    Restart = 8,
    AfterEpoch = 9,
    Rotation = 10,
    Encoders = 11,
    Mask = 12,
    BeforeEpoch = 13,
}

/// The seed of stream `stream`, part `part` (an epoch, a level, a layer).
///
/// It depends on nothing else, so whoever resumes at a part draws what an undisturbed run would
/// have drawn.
pub(crate) fn derive(seed: u64, stream: Stream, part: u64) -> u64 {
    [stream as u64, part]
        .into_iter()
        .fold(seed, |state, word| split_mix(state ^ split_mix(word)))
}

/// A generator for stream `stream`, part `part`.
pub(crate) fn generator(seed: u64, stream: Stream, part: u64) -> StdRng {
    StdRng::seed_from_u64(derive(seed, stream, part))
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood, 2014): a bijection that scatters
/// neighbouring numbers.
fn split_mix(word: u64) -> u64 {
    let mut z = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn streams_and_parts_do_not_collide() {
        let streams = [
            Stream::Weights,
            Stream::Codebooks,
            Stream::Shuffle,
            Stream::Dropout,
        ];
        let seeds: HashSet<u64> = (0..10)
            .flat_map(|seed| {
                streams
                    .iter()
                    .flat_map(move |&s| (0..100).map(move |part| derive(seed, s, part)))
            })
            .collect();
        assert_eq!(seeds.len(), 10 * streams.len() * 100);
    }

    #[test]
    fn a_seed_is_a_function_of_its_arguments() {
        assert_eq!(derive(7, Stream::Shuffle, 3), derive(7, Stream::Shuffle, 3));
        assert_ne!(derive(7, Stream::Shuffle, 3), derive(8, Stream::Shuffle, 3));
    }
}
