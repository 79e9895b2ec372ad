//! The pairwise loss (Rendle et al., "BPR: Bayesian personalized ranking from implicit feedback", equation 4).

/// One comparison: `user` prefers `positive` to `negative`. Nodes of the graph, or places in a selection of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Triple {
    pub(super) user: u32,
    pub(super) positive: u32,
    pub(super) negative: u32,
}

/// The mean of `-ln sigmoid(<u, p> - <u, n>)` over `triples` of places in `means`, `[selected, d]`, and its gradient into
/// `gradient`, `[selected, d]`.
///
/// Runs in the order of `triples` on one core, as the sums must not depend on the number of cores; it is a small part of
/// a step.
pub(super) fn bpr(means: &[f32], d: usize, triples: &[Triple], gradient: &mut [f32]) -> f64 {
    gradient.fill(0.0);
    let row = |place: u32| place as usize * d..(place as usize + 1) * d;
    let mut loss = 0.0;
    for triple in triples {
        let [user, positive, negative] =
            [triple.user, triple.positive, triple.negative].map(|place| &means[row(place)]);
        let margin = dot_difference(user, positive, negative);
        // ln(1 + e^-x) without overflow, and its derivative.
        loss += f64::from((-margin.abs()).exp().ln_1p() + (-margin).max(0.0));
        let slope = -1.0 / ((1.0 + margin.exp()) * triples.len() as f32);
        let of = gradient[row(triple.user)]
            .iter_mut()
            .zip(positive.iter().zip(negative));
        of.for_each(|(of, (positive, negative))| *of += slope * (positive - negative));
        gradient[row(triple.positive)]
            .iter_mut()
            .zip(user)
            .for_each(|(of, user)| *of += slope * user);
        gradient[row(triple.negative)]
            .iter_mut()
            .zip(user)
            .for_each(|(of, user)| *of -= slope * user);
    }
    loss / triples.len() as f64
}

/// `<user, positive - negative>`, in eight running sums that the compiler keeps in registers.
fn dot_difference(user: &[f32], positive: &[f32], negative: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let rest = |row: &[f32]| row.len() / 8 * 8;
    for ((user, positive), negative) in user
        .chunks_exact(8)
        .zip(positive.chunks_exact(8))
        .zip(negative.chunks_exact(8))
    {
        for lane in 0..8 {
            sums[lane] += user[lane] * (positive[lane] - negative[lane]);
        }
    }
    let last = (rest(user)..user.len()).map(|i| user[i] * (positive[i] - negative[i]));
    sums.iter().sum::<f32>() + last.sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn far_margins_do_not_overflow() {
        let triple = [Triple {
            user: 0,
            positive: 1,
            negative: 2,
        }];
        let mut gradient = [0.0; 3];
        let loss = bpr(&[100.0, 5.0, 0.0], 1, &triple, &mut gradient);
        assert_eq!((loss, gradient), (0.0, [-0.0, -0.0, 0.0]));
        let loss = bpr(&[100.0, 0.0, 5.0], 1, &triple, &mut gradient);
        assert_eq!((loss, gradient), (500.0, [5.0, -100.0, 100.0]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn gradients_are_those_of_finite_differences(
            elements in prop::collection::vec(-1.0f32..1.0, 4 * 11),
            triples in prop::collection::vec((0u32..4, 0u32..4, 0u32..4), 1..6),
        ) {
            let triples: Vec<Triple> = triples
                .into_iter()
                .map(|(user, positive, negative)| Triple { user, positive, negative })
                .collect();
            let (mut gradient, mut ignored) = (vec![0.0; 44], vec![0.0; 44]);
            bpr(&elements, 11, &triples, &mut gradient);
            for (i, &slope) in gradient.iter().enumerate() {
                let mut at = |change: f32| {
                    let mut moved = elements.clone();
                    moved[i] += change;
                    bpr(&moved, 11, &triples, &mut ignored)
                };
                let expected = (at(1e-2) - at(-1e-2)) / 2e-2;
                prop_assert!((f64::from(slope) - expected).abs() < 1e-3, "element {}: {} {}", i, slope, expected);
            }
        }
    }
}
