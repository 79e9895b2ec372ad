//! A model as one safetensors file.

use std::path::Path;

use genrec_data::Interactions;
use genrec_embed::Embeddings;

use super::model::LightGcn;
use crate::error::{Error, Result};

/// The names that the published implementation gives the layer-0 rows.
const LAYER0: [&str; 2] = ["embedding_user.weight", "embedding_item.weight"];
const USERS: &str = "users";
const ITEMS: &str = "items";
const FOLDING: &str = "folding";

impl LightGcn {
    /// Saves the model as one safetensors file: the layer-0 rows under the names of the published implementation
    /// (`embedding_user.weight`, `embedding_item.weight`), the propagated rows (`users`, `items`) and what new users are
    /// made of (`folding`). The file is replaced as a whole or not at all.
    ///
    /// # Errors
    ///
    /// [`Error::Embeddings`] if it cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let [users, items] = &self.layer0;
        Embeddings::write_safetensors_tensors(
            path,
            &[
                (LAYER0[0], users),
                (LAYER0[1], items),
                (USERS, &self.users),
                (ITEMS, &self.items),
                (FOLDING, &self.folding),
            ],
        )?;
        Ok(())
    }

    /// Loads a model that [`save`](Self::save) saved. Items seen are ranked: that is not a part of the file.
    ///
    /// # Errors
    ///
    /// [`Error::Embeddings`] if the file is damaged or of something else, [`Error::File`] if its parts do not belong
    /// together.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let read = |tensor| Embeddings::read_safetensors_tensor(path, tensor);
        let (layer0, users) = ([read(LAYER0[0])?, read(LAYER0[1])?], read(USERS)?);
        let (items, folding) = (read(ITEMS)?, read(FOLDING)?);
        let in_file = |reason| Error::File {
            path: path.to_path_buf(),
            reason: Box::new(reason),
        };
        let expected = users.dim();
        for (what, rows, count) in [
            (LAYER0[0], &layer0[0], users.rows()),
            (LAYER0[1], &layer0[1], items.rows()),
            (ITEMS, &items, items.rows()),
            (FOLDING, &folding, items.rows()),
        ] {
            if rows.dim() != expected {
                return Err(in_file(Error::Width {
                    what,
                    found: rows.dim(),
                    expected,
                }));
            }
            if rows.rows() != count {
                return Err(in_file(Error::Rows {
                    what,
                    found: rows.rows(),
                    expected: count,
                }));
            }
        }
        Ok(Self::from_parts(layer0, users, items, folding))
    }

    /// Loads published layer-0 rows (tensors `embedding_user.weight`, `[users, d_model]`, and `embedding_item.weight`,
    /// `[items, d_model]`) and propagates them over the graph of `interactions`: those they were trained on.
    ///
    /// # Errors
    ///
    /// [`Error::Embeddings`] if the file is damaged or has no such tensors, and as [`from_layer0`](Self::from_layer0).
    pub fn load_layer0(
        path: impl AsRef<Path>,
        layers: usize,
        interactions: &Interactions,
    ) -> Result<Self> {
        let path = path.as_ref();
        let [users, items] = LAYER0.map(|tensor| Embeddings::read_safetensors_tensor(path, tensor));
        let model = Self::from_layer0(users?, items?, layers, interactions);
        model.map_err(|reason| Error::File {
            path: path.to_path_buf(),
            reason: Box::new(reason),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::LightGcnConfig;
    use super::super::graph::tests::interactions;
    use super::*;
    use genrec_data::readers::{FirstItem, SequenceText};
    use genrec_metrics::{EvaluateConfig, Metric, SeenItems, evaluate};

    fn data() -> Interactions {
        interactions(4, &[&[0, 1], &[1], &[2, 3]])
    }

    fn model() -> LightGcn {
        LightGcnConfig::new()
            .with_d_model(8)
            .with_epochs(2)
            .fit(&data(), 1, |_| {})
            .unwrap()
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lightgcn.safetensors");
        model().save(&path).unwrap();
        assert_eq!(LightGcn::load(&path).unwrap(), model());
        assert_eq!(LightGcn::load_layer0(&path, 3, &data()).unwrap(), model());
    }

    #[test]
    fn other_files_are_refused_with_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lightgcn.safetensors");
        let message = |result: Result<LightGcn>| result.unwrap_err().to_string();
        assert!(message(LightGcn::load(&path)).contains("lightgcn.safetensors"));

        let model = model();
        model.user_embeddings().write_safetensors(&path).unwrap();
        let error = message(LightGcn::load(&path));
        assert!(
            error.contains("no tensor `embedding_user.weight`"),
            "{error}"
        );

        let fewer = interactions(3, &[&[0, 1], &[1], &[2]]);
        model.save(&path).unwrap();
        let error = message(LightGcn::load_layer0(&path, 3, &fewer));
        assert!(
            error.contains("lightgcn.safetensors: there are 4 rows for 3 items"),
            "{error}"
        );

        let narrow = Embeddings::from_vec(4, 2, vec![0.0; 8]).unwrap();
        let [users, items] = &model.layer0;
        let parts = [
            (LAYER0[0], users),
            (LAYER0[1], items),
            (USERS, users),
            (ITEMS, items),
            (FOLDING, &narrow),
        ];
        Embeddings::write_safetensors_tensors(&path, &parts).unwrap();
        let error = message(LightGcn::load(&path));
        assert!(
            error.contains("rows of `folding` are 2 wide, expected 8"),
            "{error}"
        );
    }

    /// TokenRec's published rows for LastFM: what PyTorch computes from them with dense matrices.
    #[test]
    #[expect(
        clippy::print_stderr,
        reason = "a test that does not run has to say so"
    )]
    fn published_rows_rank_as_in_pytorch() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/lastfm");
        if !folder.exists() {
            return eprintln!("skipped: there is no {}", folder.display());
        }
        // The numbers of this file's items are those of the rows; `user_sequence.txt` has others.
        let reader = SequenceText::new(folder.join("test.txt")).with_first_item(FirstItem::Zero);
        let data = reader.read().unwrap().interactions;
        let split = genrec_data::leave_one_out(&data).unwrap();
        let histories = data
            .iter()
            .map(|(_, history)| history[..history.len() - 1].to_vec());
        let train = Interactions::new(data.items(), histories.collect()).unwrap();
        let model =
            LightGcn::load_layer0(folder.join("lightgcn-64d.safetensors"), 3, &train).unwrap();
        for (rows, row, expected) in [
            (
                model.user_embeddings(),
                0,
                [-0.4666, 0.4374, 0.1713, -0.7339],
            ),
            (
                model.item_embeddings(),
                5,
                [-0.4289, 0.2973, 0.1743, -0.5722],
            ),
        ] {
            for (found, expected) in rows.row(row).iter().zip(expected) {
                assert!((found - expected).abs() < 1e-4, "{found} {expected}");
            }
        }
        let model = model.with_seen_items(SeenItems::Removed);
        let config = EvaluateConfig::new(0).with_ks([10, 20]).with_resamples(0);
        let report = evaluate(&model, &split.test, &config).unwrap();
        for (k, expected) in [(10, 0.1009), (20, 0.1486)] {
            let recall = report.value(Metric::Recall, k).unwrap();
            assert!(
                (recall - expected).abs() < 1e-3,
                "{recall} at {k}, expected {expected}"
            );
        }
    }
}
