use std::borrow::Cow;

use genrec_metrics::{Best, Query, Ranked, Recommender, SeenItems};
use ndarray::{Array2, Axis};
use rayon::prelude::*;

use super::model::LightGcn;

/// Queries scored in one matrix product: the rows of the items are packed for each product again.
const QUERIES: usize = 128;

/// Items scored in one matrix product: the scores stay in a core's cache until the best of them are chosen.
const ITEMS: usize = 2048;

impl LightGcn {
    /// The row that ranks the items for a query, `[d_model]`.
    fn query_row(&self, query: &Query<'_>) -> Cow<'_, [f32]> {
        if let Some(user) = query.user.filter(|user| user.index() < self.users.rows()) {
            return Cow::Borrowed(self.users.row(user.index()));
        }
        let mut items: Vec<usize> = query.history.iter().map(|item| item.index()).collect();
        items.sort_unstable();
        items.dedup();
        // Items that nobody had are no neighbours of anything: their rows here are zeros.
        let mut row = vec![0.0; self.d_model()];
        for &item in &items {
            row.iter_mut()
                .zip(self.folding.row(item))
                .for_each(|(sum, x)| *sum += x);
        }
        if row.iter().all(|&x| x == 0.0) {
            return Cow::Borrowed(&self.mean_user);
        }
        let scale = 1.0 / (items.len() as f32).sqrt();
        row.iter_mut().for_each(|x| *x *= scale);
        Cow::Owned(row)
    }
}

/// Items ranked by the dot product of their rows with the row of the query, on all cores.
///
/// # Panics
///
/// If the history of a query holds an item that is not in the catalogue.
impl Recommender for LightGcn {
    fn name(&self) -> &str {
        match self.propagated {
            true => "LightGCN",
            false => "BPR-MF",
        }
    }

    fn items(&self) -> usize {
        self.items.rows()
    }

    fn recommend(&self, queries: &[Query<'_>], k: usize) -> Vec<Ranked> {
        for item in queries.iter().flat_map(|query| query.history) {
            assert!(
                item.index() < self.items.rows(),
                "item {item} of a history is not among the {} of the catalogue",
                self.items.rows()
            );
        }
        let answer = |queries: &[Query<'_>]| {
            let rows: Vec<f32> = queries
                .iter()
                .flat_map(|query| self.query_row(query).into_owned())
                .collect();
            let rows = Array2::from_shape_vec((queries.len(), self.d_model()), rows)
                .expect("a row for every query");
            let mut best = vec![Best::new(k); queries.len()];
            let items = self.items.view();
            for (block, first) in items
                .axis_chunks_iter(Axis(0), ITEMS)
                .zip((0..).step_by(ITEMS))
            {
                let mut scores = rows.dot(&block.t());
                let asked = scores.rows_mut().into_iter().zip(queries).zip(&mut best);
                for ((mut scores, query), best) in asked {
                    let scores = scores.as_slice_mut();
                    let scores = scores.expect("a product is in standard layout");
                    if self.seen == SeenItems::Removed {
                        for item in query.history {
                            if let Some(score) = item
                                .index()
                                .checked_sub(first)
                                .and_then(|at| scores.get_mut(at))
                            {
                                *score = f32::NEG_INFINITY;
                            }
                        }
                    }
                    best.add(first, scores);
                }
            }
            best.into_iter().map(Best::ranked).collect::<Vec<_>>()
        };
        queries.par_chunks(QUERIES).flat_map_iter(answer).collect()
    }

    fn seen_items(&self) -> SeenItems {
        self.seen
    }
}

#[cfg(test)]
mod tests {
    use super::super::LightGcnConfig;
    use super::super::graph::tests::interactions;
    use super::*;
    use genrec_data::{Interactions, ItemId, UserId};
    use proptest::prelude::*;

    fn data() -> Interactions {
        interactions(6, &[&[0, 1, 2], &[1, 2], &[3, 4], &[0, 4], &[]])
    }

    fn model(layers: usize) -> LightGcn {
        let config = LightGcnConfig::new()
            .with_d_model(16)
            .with_layers(layers)
            .with_epochs(3)
            .with_init_std(1.0);
        config.fit(&data(), 9, |_| {}).unwrap()
    }

    fn ids(items: &[u32]) -> Vec<ItemId> {
        items.iter().copied().map(ItemId::new).collect()
    }

    #[test]
    fn known_users_are_ranked_by_dot_products() {
        let model = model(2);
        let history = ids(&[5]);
        let ranked = model.recommend(&[Query::new(UserId::new(3), &history)], 6);
        let dot = |item: usize| -> f32 {
            std::iter::zip(model.users.row(3), model.items.row(item))
                .map(|(x, y)| x * y)
                .sum()
        };
        let mut expected: Vec<usize> = (0..6).collect();
        expected.sort_by(|&a, &b| dot(b).total_cmp(&dot(a)));
        let found: Vec<usize> = ranked[0].items().iter().map(|item| item.index()).collect();
        assert_eq!(found, expected);
    }

    /// The row of a new user is what propagation gives a user whose layer-0 row is zero, the items' rows kept.
    #[test]
    fn new_users_get_the_propagated_row_of_their_history() {
        for layers in 1..4 {
            let model = model(layers);
            let d = model.d_model();
            // Layers of the items by the definition, each edge in turn.
            let data = data();
            let degree = data.popularity();
            let mut users = model.layer0[0].as_slice().to_vec();
            let mut items = model.layer0[1].as_slice().to_vec();
            let mut sums = vec![0.0; d];
            let history = [1usize, 4];
            for _ in 0..layers {
                for item in history {
                    let scale = 1.0 / ((degree[item] * 2) as f32).sqrt();
                    (0..d).for_each(|column| sums[column] += scale * items[item * d + column]);
                }
                let (mut next_users, mut next_items) =
                    (vec![0.0; users.len()], vec![0.0; items.len()]);
                for (user, own) in data.iter() {
                    for item in own {
                        let scale = 1.0 / ((own.len() as u32 * degree[item.index()]) as f32).sqrt();
                        for column in 0..d {
                            next_users[user.index() * d + column] +=
                                scale * items[item.index() * d + column];
                            next_items[item.index() * d + column] +=
                                scale * users[user.index() * d + column];
                        }
                    }
                }
                (users, items) = (next_users, next_items);
            }
            let row = model
                .query_row(&Query::anonymous(&ids(&[4, 1, 1])))
                .into_owned();
            for (found, sum) in row.iter().zip(sums) {
                let expected = sum / (layers + 1) as f32;
                assert!(
                    (found - expected).abs() < 1e-5,
                    "{layers} layers: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn nobody_in_particular_is_everybody() {
        let model = model(2);
        let far = Query::new(UserId::new(77), &[]);
        for query in [Query::anonymous(&[]), Query::anonymous(&ids(&[5])), far] {
            assert_eq!(model.query_row(&query).as_ref(), model.mean_user);
        }
        assert_eq!(model.recommend(&[], 3).len(), 0);
    }

    #[test]
    fn seen_items_are_removed_if_asked() {
        let history = ids(&[1, 2]);
        let query = [Query::new(UserId::new(1), &history)];
        let (all, rest) = (model(1), model(1).with_seen_items(SeenItems::Removed));
        assert_eq!(
            (all.seen_items(), rest.seen_items()),
            (SeenItems::Ranked, SeenItems::Removed)
        );
        assert_eq!(all.recommend(&query, 10)[0].len(), 6);
        let ranked = &rest.recommend(&query, 10)[0];
        assert_eq!(ranked.len(), 4);
        assert!(history.iter().all(|item| ranked.rank_of(*item).is_none()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn batches_do_not_change_answers(users in prop::collection::vec(0u32..6, 1..40), k in 0usize..8) {
            let model = model(3);
            let queries: Vec<Query<'_>> = users.iter().map(|&user| Query::new(UserId::new(user), &[])).collect();
            let together = model.recommend(&queries, k);
            let alone: Vec<Ranked> = queries.iter().flat_map(|query| model.recommend(&[*query], k)).collect();
            prop_assert_eq!(together, alone);
        }
    }
}
