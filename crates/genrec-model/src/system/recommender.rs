//! The recommenders that a system can hold.

use std::path::Path;

use burn::tensor::Device;
use genrec_data::{Catalog, ItemId, UserId};
use genrec_metrics::{Query, Ranked, Recommender, SeenItems, Ties};
use serde::{Deserialize, Serialize};

use super::{language, retrieval, sequence, set};
use crate::Result;
use crate::instruct::LanguageRecommender;
use crate::retrieval::RetrievalRecommender;
use crate::sequence::SequenceRecommender;
use crate::set::SetRecommender;

/// A generative recommender of any kind.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "there is one a system")]
pub enum SystemRecommender {
    /// Writes identifiers.
    Sequence(SequenceRecommender),
    /// Answers by nearest neighbour.
    Retrieval(Box<RetrievalRecommender>),
    /// Answers with sets of tokens.
    Set(Box<SetRecommender>),
    /// Asked in words.
    Language(Box<LanguageRecommender>),
}

/// What the manifest says of a recommender.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum About {
    Sequence(sequence::About),
    Retrieval(Box<retrieval::About>),
    Set(Box<set::About>),
    Language(Box<language::About>),
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
            Self::Retrieval(recommender) => recommender.identifier(item),
            Self::Set(recommender) => {
                let slots = recommender.table().slots();
                let plural = if slots == 1 { "" } else { "s" };
                format!("a set of {slots} token{plural}")
            }
            Self::Language(recommender) => recommender.instructions().identifier_name(item),
        }
    }

    /// The user that the data call `id`; `None` if there is no such user, or the recommender knows histories only.
    pub fn user(&self, id: &str) -> Option<UserId> {
        match self {
            Self::Sequence(_) | Self::Set(_) | Self::Language(_) => None,
            Self::Retrieval(recommender) => recommender.user(id),
        }
    }

    /// Writes its files into `folder`.
    pub(super) fn save(&self, folder: &Path) -> Result<About> {
        Ok(match self {
            Self::Sequence(recommender) => About::Sequence(sequence::save(recommender, folder)?),
            Self::Retrieval(recommender) => {
                About::Retrieval(Box::new(retrieval::save(recommender, folder)?))
            }
            Self::Set(recommender) => About::Set(Box::new(set::save(recommender, folder)?)),
            Self::Language(recommender) => {
                About::Language(Box::new(language::save(recommender, folder)?))
            }
        })
    }

    pub(super) fn open(
        about: About,
        folder: &Path,
        catalog: &Catalog,
        device: &Device,
    ) -> Result<Self> {
        Ok(match about {
            About::Sequence(about) => Self::Sequence(sequence::open(about, folder, device)?),
            About::Retrieval(about) => retrieval::open(*about, folder, device)?.into(),
            About::Set(about) => set::open(*about, folder, device)?.into(),
            About::Language(about) => language::open(*about, folder, catalog, device)?.into(),
        })
    }

    fn inner(&self) -> &dyn Recommender {
        match self {
            Self::Sequence(recommender) => recommender,
            Self::Retrieval(recommender) => recommender.as_ref(),
            Self::Set(recommender) => recommender.as_ref(),
            Self::Language(recommender) => recommender.as_ref(),
        }
    }
}

impl From<SequenceRecommender> for SystemRecommender {
    fn from(recommender: SequenceRecommender) -> Self {
        Self::Sequence(recommender)
    }
}

impl From<RetrievalRecommender> for SystemRecommender {
    fn from(recommender: RetrievalRecommender) -> Self {
        Self::Retrieval(Box::new(recommender))
    }
}

impl From<SetRecommender> for SystemRecommender {
    fn from(recommender: SetRecommender) -> Self {
        Self::Set(Box::new(recommender))
    }
}

impl From<LanguageRecommender> for SystemRecommender {
    fn from(recommender: LanguageRecommender) -> Self {
        Self::Language(Box::new(recommender))
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
