//! The recommenders that a system can hold.

use std::path::Path;

use burn::tensor::Device;
use genrec_data::ItemId;
use genrec_metrics::{Query, Ranked, Recommender, SeenItems, Ties};
use serde::{Deserialize, Serialize};

use super::sequence;
use crate::Result;
use crate::sequence::SequenceRecommender;

/// A generative recommender of any kind.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SystemRecommender {
    /// Writes identifiers.
    Sequence(SequenceRecommender),
}

/// What the manifest says of a recommender.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum About {
    Sequence(sequence::About),
}

impl SystemRecommender {
    /// The identifier of an item, as text.
    ///
    /// # Panics
    ///
    /// If there is no such item.
    pub fn identifier(&self, item: ItemId) -> String {
        match self {
            Self::Sequence(recommender) => recommender.tokens().name(item),
        }
    }

    /// Writes its files into `folder`.
    pub(super) fn save(&self, folder: &Path) -> Result<About> {
        Ok(match self {
            Self::Sequence(recommender) => About::Sequence(sequence::save(recommender, folder)?),
        })
    }

    pub(super) fn open(about: About, folder: &Path, device: &Device) -> Result<Self> {
        Ok(match about {
            About::Sequence(about) => Self::Sequence(sequence::open(about, folder, device)?),
        })
    }

    fn inner(&self) -> &dyn Recommender {
        match self {
            Self::Sequence(recommender) => recommender,
        }
    }
}

impl From<SequenceRecommender> for SystemRecommender {
    fn from(recommender: SequenceRecommender) -> Self {
        Self::Sequence(recommender)
    }
}

impl Recommender for SystemRecommender {
    fn name(&self) -> &str {
        self.inner().name()
    }

    fn items(&self) -> usize {
        self.inner().items()
    }

    fn recommend(&self, queries: &[Query<'_>], k: usize) -> Vec<Ranked> {
        self.inner().recommend(queries, k)
    }

    fn seen_items(&self) -> SeenItems {
        self.inner().seen_items()
    }

    fn ties(&self) -> Ties {
        self.inner().ties()
    }
}
