use genrec_data::{Interactions, UserId};
use genrec_embed::Embeddings;
use genrec_metrics::SeenItems;

use super::graph::Graph;
use super::propagation::Propagation;
use crate::error::{Error, Result};

/// A fitted LightGCN: rows of users and items whose dot product ranks, and a [`Recommender`](genrec_metrics::Recommender).
///
/// # Who is asked for
///
/// A query of a known user is answered with that user's row: what the user did after training does not count. A query
/// without a user, or of a user the model does not know, is answered with the row that a new user with the history of the
/// query would have if the rows of the items stayed as they are: a new user has no layer-0 row, so it is
/// `1 / (layers + 1)` of the sum over the distinct items `i` of the history of
/// `(e_i^(0) + .. + e_i^(layers - 1)) / sqrt(|history| |users of i|)`. With 0 layers, where nothing is propagated, and with
/// a history of nothing but items that nobody had in training, the mean row of all users stands in.
#[derive(Debug, Clone, PartialEq)]
pub struct LightGcn {
    /// The layer-0 rows, `[users, d_model]` and `[items, d_model]`.
    pub(super) layer0: [Embeddings; 2],
    /// The propagated rows, `[users, d_model]`.
    pub(super) users: Embeddings,
    /// The propagated rows, `[items, d_model]`.
    pub(super) items: Embeddings,
    /// What an item of its history adds to the row of a new user, but for the length of the history, `[items, d_model]`.
    pub(super) folding: Embeddings,
    /// The mean of the propagated rows of the users, `[d_model]`.
    pub(super) mean_user: Vec<f32>,
    /// Whether rows were propagated at all: BPR-MF's were not.
    pub(super) propagated: bool,
    pub(super) seen: SeenItems,
}

impl LightGcn {
    /// The model with given layer-0 rows, `[users, d_model]` and `[items, d_model]`, propagated over the graph of
    /// `interactions`: those it was trained on, without validation and test.
    ///
    /// # Errors
    ///
    /// [`Error::Rows`] if there is not one row for each user and item, [`Error::Width`] if rows differ in width.
    pub fn from_layer0(
        users: Embeddings,
        items: Embeddings,
        layers: usize,
        interactions: &Interactions,
    ) -> Result<Self> {
        let sides = [
            ("users", &users, interactions.users()),
            ("items", &items, interactions.items()),
        ];
        for (what, rows, expected) in sides {
            if rows.rows() != expected {
                return Err(Error::Rows {
                    what,
                    found: rows.rows(),
                    expected,
                });
            }
        }
        if items.dim() != users.dim() {
            return Err(Error::Width {
                what: "items",
                found: items.dim(),
                expected: users.dim(),
            });
        }
        let weights = [users.as_slice(), items.as_slice()].concat();
        Self::propagate(&Graph::new(interactions), &weights, users.dim(), layers)
    }

    /// This model with newcomers, without training: the layer-0 rows stay, and propagation over the graph of `interactions` gives the rows. Whoever has nothing in
    /// `known`, what the model was trained on, starts from zeros, and so becomes what his neighbours are; there may be more users and items than there were.
    ///
    /// # Errors
    ///
    /// [`Error::Rows`] if there are fewer users or items than before, or `known` is of others.
    pub fn grown(
        &self,
        layers: usize,
        interactions: &Interactions,
        known: &Interactions,
    ) -> Result<Self> {
        let [users, items] = &self.layer0;
        let popularity = known.popularity();
        let sides = [
            ("users", users, known.users(), interactions.users()),
            ("items", items, known.items(), interactions.items()),
        ];
        for (what, rows, trained, grown) in sides {
            if rows.rows() != trained || grown < trained {
                let found = rows.rows();
                let expected = if rows.rows() == trained {
                    grown
                } else {
                    trained
                };
                return Err(Error::Rows {
                    what,
                    found,
                    expected,
                });
            }
        }
        let extended = |rows: &Embeddings, count: usize, has: &dyn Fn(usize) -> bool| {
            let d = rows.dim();
            let mut values = vec![0.0; count * d];
            for row in (0..rows.rows()).filter(|&row| has(row)) {
                values[row * d..][..d].copy_from_slice(rows.row(row));
            }
            Embeddings::from_vec(count, d, values)
        };
        let user = |user: usize| !known.history(UserId::from_index(user)).is_empty();
        let item = |item: usize| popularity[item] > 0;
        let users = extended(users, interactions.users(), &user)?;
        let items = extended(items, interactions.items(), &item)?;
        Self::from_layer0(users, items, layers, interactions)
    }

    /// The model of layer-0 rows, users first, `[nodes, d]`.
    pub(super) fn propagate(
        graph: &Graph,
        weights: &[f32],
        d: usize,
        layers: usize,
    ) -> Result<Self> {
        let sides = |rows: &[f32]| -> Result<[Embeddings; 2]> {
            let (users, items) = rows.split_at(graph.users() * d);
            Ok([
                Embeddings::from_vec(graph.users(), d, users.to_vec())?,
                Embeddings::from_vec(graph.items(), d, items.to_vec())?,
            ])
        };
        let [users, items] = sides(&Propagation::new(graph, d, layers).all(weights))?;
        let [_, mut folding] = match layers {
            0 => sides(&vec![0.0; weights.len()])?,
            _ => sides(&Propagation::new(graph, d, layers - 1).all(weights))?,
        };
        // The mean of `layers` layers, as a part of one more.
        let part = layers as f32 / (layers + 1) as f32;
        let mut rows = folding.into_array();
        for (item, mut row) in rows.rows_mut().into_iter().enumerate() {
            let factor = part * graph.scale(graph.users() + item);
            row.mapv_inplace(|x| x * factor);
        }
        folding = Embeddings::new(rows)?;
        Ok(Self::from_parts(sides(weights)?, users, items, folding))
    }

    pub(super) fn from_parts(
        layer0: [Embeddings; 2],
        users: Embeddings,
        items: Embeddings,
        folding: Embeddings,
    ) -> Self {
        let mean = users.view().mean_axis(ndarray::Axis(0));
        let mean_user = mean.map_or_else(|| vec![0.0; users.dim()], |mean| mean.to_vec());
        Self {
            propagated: layer0[1] != items || layer0[0] != users,
            layer0,
            users,
            items,
            folding,
            mean_user,
            seen: SeenItems::default(),
        }
    }

    /// What to do with items of the history of a query. Default: they are ranked like all others.
    #[must_use]
    pub fn with_seen_items(mut self, seen: SeenItems) -> Self {
        self.seen = seen;
        self
    }

    /// The propagated rows of the users, the mean of all layers, `[users, d_model]`.
    pub fn user_embeddings(&self) -> &Embeddings {
        &self.users
    }

    /// The propagated rows of the items, the mean of all layers, `[items, d_model]`.
    pub fn item_embeddings(&self) -> &Embeddings {
        &self.items
    }

    /// The learnt rows of the users before propagation, `[users, d_model]`.
    pub fn user_layer0(&self) -> &Embeddings {
        &self.layer0[0]
    }

    /// The learnt rows of the items before propagation, `[items, d_model]`.
    pub fn item_layer0(&self) -> &Embeddings {
        &self.layer0[1]
    }

    /// The width of the rows.
    pub fn d_model(&self) -> usize {
        self.items.dim()
    }
}

#[cfg(test)]
mod tests {
    use super::super::graph::tests::interactions;
    use super::*;

    fn rows(rows: usize) -> Embeddings {
        Embeddings::from_vec(rows, 2, (0..rows * 2).map(|i| i as f32).collect()).unwrap()
    }

    /// One layer by hand: user 0 has both items, user 1 has item 0.
    #[test]
    fn one_layer_by_hand() {
        let data = interactions(2, &[&[0, 1], &[0]]);
        let model = LightGcn::from_layer0(rows(2), rows(2), 1, &data).unwrap();
        // Items: [0, 1], [2, 3]; degrees: users 2, 1, items 2, 1.
        let root = 0.5f32.sqrt();
        let expected = [
            (0.0 + 0.0 * 0.5 + 2.0 * root) / 2.0,
            (1.0 + 1.0 * 0.5 + 3.0 * root) / 2.0,
        ];
        for (found, expected) in model.user_embeddings().row(0).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        // Item 1 is only with user 0, whose layer-0 row is [0, 1].
        let expected = [2.0 / 2.0, (3.0 + root) / 2.0];
        for (found, expected) in model.item_embeddings().row(1).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        assert_eq!(model.user_layer0(), &rows(2));
        assert_eq!(model.item_layer0(), &rows(2));
    }

    #[test]
    fn newcomers_become_what_their_neighbours_are() {
        let known = interactions(3, &[&[0, 1], &[]]);
        let model = LightGcn::from_layer0(rows(2), rows(3), 1, &known).unwrap();
        // User 1 takes item 0, user 2 comes with item 2; nobody has item 3.
        let all = interactions(4, &[&[0, 1], &[0], &[2]]);
        let grown = model.grown(1, &all, &known).unwrap();
        assert_eq!(
            grown.user_layer0().as_slice(),
            [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]
        );
        assert_eq!(
            &grown.item_layer0().as_slice()[..6],
            [0.0, 1.0, 2.0, 3.0, 0.0, 0.0]
        );
        let root = 0.5f32.sqrt();
        for (found, expected) in grown.user_embeddings().row(1).iter().zip([0.0, root / 2.0]) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        assert_eq!(grown.item_embeddings().row(3), [0.0, 0.0]);
        // With nobody new it is the same model.
        assert_eq!(
            model
                .grown(1, &known, &known)
                .unwrap()
                .user_embeddings()
                .row(0),
            model.user_embeddings().row(0)
        );
        let fewer = model
            .grown(1, &interactions(2, &[&[0], &[]]), &known)
            .unwrap_err();
        assert!(
            fewer
                .to_string()
                .starts_with("there are 3 rows for 2 items"),
            "{fewer}"
        );
    }

    #[test]
    fn rows_must_fit_the_data() {
        let data = interactions(3, &[&[0, 1], &[0]]);
        let error = LightGcn::from_layer0(rows(2), rows(2), 3, &data)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("there are 2 rows for 3 items"), "{error}");
        let error = LightGcn::from_layer0(rows(1), rows(3), 3, &data)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("there are 1 rows for 2 users"), "{error}");
        let narrow = Embeddings::from_vec(3, 1, vec![0.0; 3]).unwrap();
        let error = LightGcn::from_layer0(rows(2), narrow, 3, &data)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("the rows of `items` are 1 wide, expected 2"),
            "{error}"
        );
    }

    #[test]
    fn without_propagation_it_is_matrix_factorization() {
        let data = interactions(2, &[&[0, 1], &[0]]);
        let name = |layers| {
            let model = LightGcn::from_layer0(rows(2), rows(2), layers, &data).unwrap();
            genrec_metrics::Recommender::name(&model).to_owned()
        };
        assert_eq!((name(0), name(3)), ("BPR-MF".into(), "LightGCN".into()));
        assert_eq!(super::super::LightGcnConfig::bpr_mf().layers, 0);
    }
}
