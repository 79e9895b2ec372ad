//! Groups, beams, caches and slices give what the plain computation gives.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use proptest::prelude::*;

use super::super::{SelfCache, T5};
use super::{difference, prefixes, small, tokens};

const NEAR: f32 = 1e-4;

fn decode_embedded(
    t5: &T5,
    written: &Tensor<3, Int>,
    encoded: Tensor<3>,
    visible: &Tensor<3, Bool>,
) -> Tensor<4> {
    let [batch, groups, length] = written.dims();
    let inputs = t5.embed(written.clone().reshape([batch, groups * length]));
    let inputs = inputs.reshape([batch, groups, length, t5.config().d_model]);
    t5.decode(inputs, &t5.memory(encoded), visible)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every group decodes as if its user were alone with what the group sees, cut to what it sees.
    #[test]
    fn groups_are_separate_sequences(
        lengths in prop::collection::vec(1_usize..7, 1..4),
        groups in 1_usize..4,
        length in 1_usize..5,
        salt in 0_usize..1_000,
    ) {
        let device = Device::default();
        let t5 = small().init(&device);
        let (batch, positions) = (lengths.len(), 7);
        let read = tokens(batch, positions, salt, &device);
        let written = tokens(batch, groups * length, salt + 1, &device).reshape([batch, groups, length]);
        let encoded = t5.encode(t5.embed(read), &prefixes(&lengths, positions, &device));
        // Group g of a user sees all but the last g of its real positions, and at least one.
        let seen: Vec<usize> = lengths
            .iter()
            .flat_map(|&length| (0..groups).map(move |group| length.saturating_sub(group).max(1)))
            .collect();
        let visible = prefixes(&seen, positions, &device).reshape([batch, groups, positions]);
        let together = decode_embedded(&t5, &written, encoded.clone(), &visible);
        for user in 0..batch {
            for group in 0..groups {
                let seen = seen[user * groups + group];
                let alone = decode_embedded(
                    &t5,
                    &written.clone().slice([user..user + 1, group..group + 1]),
                    encoded.clone().slice([user..user + 1, 0..seen]),
                    &Tensor::full([1, 1, seen], true, &device),
                );
                let error = difference(together.clone().slice([user..user + 1, group..group + 1]), alone);
                prop_assert!(error < NEAR, "user {user}, group {group} differ by {error}");
            }
        }
    }

    /// Steps with a cache that follows the beams give what decoding every beam's whole history at once gives.
    #[test]
    fn steps_with_a_cache_are_whole_sequences(
        widths in prop::collection::vec(1_usize..4, 1..5),
        batch in 1_usize..3,
        salt in 0_usize..1_000,
    ) {
        let device = Device::default();
        let t5 = small().init(&device);
        let positions = 6;
        let mask = prefixes(&(0..batch).map(|user| positions - user).collect::<Vec<_>>(), positions, &device);
        let encoded = t5.encode(t5.embed(tokens(batch, positions, salt, &device)), &mask);
        let memory = t5.memory(encoded.clone());

        // histories[user][beam] are the tokens that the beam has read.
        let mut histories = vec![vec![Vec::<i64>::new(); widths[0]]; batch];
        let mut cache = SelfCache::new();
        prop_assert!(cache.is_empty());
        for (step, &beams) in widths.iter().enumerate() {
            let before = histories[0].len();
            let parents: Vec<i64> = (0..batch * beams).map(|i| ((i * 31 + step + salt) % before) as i64).collect();
            let next = tokens(batch, beams, salt + step, &device);
            let read: Vec<i64> = next.clone().into_data().iter::<i64>().collect();
            histories = (0..batch)
                .map(|user| {
                    (0..beams)
                        .map(|beam| {
                            let at = user * beams + beam;
                            let mut history = histories[user][parents[at] as usize].clone();
                            history.push(read[at]);
                            history
                        })
                        .collect()
                })
                .collect();
            cache.reorder(Tensor::from_data(TensorData::new(parents, [batch, beams]), &device));
            let stepped = t5.decode_step(t5.embed(next), &memory, &mask, &mut cache);
            prop_assert_eq!(cache.len(), step + 1);

            let whole: Vec<i64> = histories.iter().flatten().flatten().copied().collect();
            let whole = Tensor::<3, Int>::from_data(TensorData::new(whole, [batch, beams, step + 1]), &device);
            let visible = mask.clone().reshape([batch, 1, positions]).repeat_dim(1, beams);
            let plain = decode_embedded(&t5, &whole, encoded.clone(), &visible);
            let last = plain.slice([0..batch, 0..beams, step..step + 1]).squeeze_dim::<3>(2);
            let error = difference(stepped, last);
            prop_assert!(error < NEAR, "step {step} differs by {error}");
        }
    }

    /// What stands at padded positions, and how many there are, changes nothing.
    #[test]
    fn padding_changes_nothing(length in 1_usize..6, padding in 1_usize..5, causal: bool, salt in 0_usize..1_000) {
        let device = Device::default();
        let t5 = small().with_causal_encoder(causal).init(&device);
        let read = tokens(2, length, salt, &device);
        let padded = Tensor::cat(vec![read.clone(), tokens(2, padding, salt + 7, &device)], 1);
        let written = tokens(2, 3, salt + 3, &device);
        let plain = t5.forward(read, &prefixes(&[length, length], length, &device), written.clone());
        let other = t5.forward(padded, &prefixes(&[length, length], length + padding, &device), written);
        let error = difference(plain, other);
        prop_assert!(error < NEAR, "padding changes logits by {error}");
    }

    /// With a causal encoder, the encoding of a prefix is the prefix of the encoding; without, it is not.
    #[test]
    fn causal_encodings_of_prefixes_are_prefixes(length in 2_usize..9, cut in 1_usize..8, salt in 0_usize..1_000) {
        let cut = cut.min(length - 1);
        let device = Device::default();
        let read = tokens(2, length, salt, &device);
        for causal in [true, false] {
            let t5 = small().with_causal_encoder(causal).init(&device);
            let encode = |read: Tensor<2, Int>| {
                let positions = read.dims()[1];
                t5.encode(t5.embed(read), &prefixes(&[positions, positions], positions, &device))
            };
            let whole = encode(read.clone()).slice([0..2, 0..cut]);
            let error = difference(whole, encode(read.clone().slice([0..2, 0..cut])));
            prop_assert_eq!(error < NEAR, causal, "causal {}: prefixes differ by {}", causal, error);
        }
    }
}

#[test]
fn training_without_dropout_computes_what_inference_computes() {
    let device = Device::default().autodiff();
    let t5 = small().with_dropout(0.0).init(&device);
    let mask = prefixes(&[6, 2], 6, &device);
    let trained = t5.forward(tokens(2, 6, 1, &device), &mask, tokens(2, 4, 2, &device));
    let valid = burn::module::Module::valid(&t5);
    let plain = device.inner();
    let inferred = valid.forward(
        tokens(2, 6, 1, &plain),
        &prefixes(&[6, 2], 6, &plain),
        tokens(2, 4, 2, &plain),
    );
    assert!(difference(trained.inner(), inferred) < 1e-5);
}

#[test]
fn dropout_is_a_function_of_the_seed() {
    let device = Device::default().autodiff();
    let t5 = small().with_dropout(0.3).init(&device);
    let run = |seed| {
        t5.seed_dropout(seed);
        t5.forward(
            tokens(2, 6, 1, &device),
            &prefixes(&[6, 2], 6, &device),
            tokens(2, 4, 2, &device),
        )
        .inner()
        .into_data()
    };
    let first = run(3);
    assert_ne!(run(4), first);
    assert_eq!(run(3), first);
}

#[test]
fn logits_of_a_range_are_a_slice_of_all() {
    let device = Device::default();
    for tied in [true, false] {
        let t5 = small().with_tied_head(tied).init(&device);
        let hidden = Tensor::<3>::random([2, 3, 16], burn::tensor::Distribution::Default, &device);
        let all = t5.logits(hidden.clone(), 0..23);
        assert!(difference(t5.logits(hidden, 5..9), all.slice([0..2, 0..3, 5..9])) < 1e-5);
    }
}

#[test]
#[should_panic(expected = "reorder it first")]
fn other_beams_without_reordering_are_refused() {
    let device = Device::default();
    let t5 = small().init(&device);
    let mask = prefixes(&[4], 4, &device);
    let memory = t5.memory(t5.encode(t5.embed(tokens(1, 4, 0, &device)), &mask));
    let mut cache = SelfCache::new();
    t5.decode_step(
        t5.embed(tokens(1, 1, 0, &device)),
        &memory,
        &mask,
        &mut cache,
    );
    t5.decode_step(
        t5.embed(tokens(1, 2, 0, &device)),
        &memory,
        &mask,
        &mut cache,
    );
}
