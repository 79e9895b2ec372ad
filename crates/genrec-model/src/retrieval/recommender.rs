//! A trained model as a recommender.

use std::sync::Arc;

use burn::tensor::Tensor;
use genrec_data::{Ids, ItemId, UserId};
use genrec_embed::Embeddings;
use genrec_identify::token::Prompt;
use genrec_metrics::{Query, Ranked, Recommender, SeenItems};
use genrec_retrieve::{ExactSearch, NearestItems, Similarity};

use super::reader::expect_words;
use super::{Asking, Reader, Representations, RetrievalModel, Tokenizers, Tokens};
use crate::{Error, Result};

/// Recommends by nearest neighbour: user and history as tokens of a prompt, the prompt through the model, and the items whose rows are nearest to the answer, by
/// cosine.
///
/// A user without a history is asked about with the prompt that has the user only. Somebody unknown has no tokens: the place of the user in the prompt is left
/// out, and only the items of the history are read, which the model was not trained with.
///
/// `S` is the search over the rows of items.
#[derive(Clone, Debug)]
pub struct RetrievalRecommender<S = ExactSearch> {
    name: String,
    model: RetrievalModel,
    asking: Asking,
    representations: Representations,
    tokenizers: Option<Tokenizers>,
    user_ids: Option<Ids>,
    search: S,
}

impl RetrievalRecommender {
    /// A recommender that compares all items, around a model; the representations are the rows that the tokens stand for.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if model, tokens and representations are not of each other's size.
    pub fn new(
        name: impl Into<String>,
        model: RetrievalModel,
        tokens: Tokens,
        representations: Representations,
    ) -> Result<Self> {
        check(&model, &tokens, &representations)?;
        let reader = Reader::new(
            model.vocabulary().clone(),
            Arc::new(tokens),
            model.config().positions,
        )?;
        Ok(Self {
            name: name.into(),
            asking: Asking::new(&model, reader),
            search: exact(representations.items(), &model)?,
            model,
            representations,
            tokenizers: None,
            user_ids: None,
        })
    }

    /// Puts new rows in the place of the old ones, for users and items that are there already and for new ones after them. The tokens of all are made anew by
    /// the trained [tokenizers](Self::with_tokenizers), so that a row that has not changed keeps its tokens (if they are the ones that made them); nothing is trained.
    ///
    /// Where users come in, what the data call them all is to be told anew by [`with_user_ids`](Self::with_user_ids): the ids of those before them are dropped.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] without tokenizers, and for rows of another width or fewer of them than before.
    pub fn update_representations(&mut self, users: Embeddings, items: Embeddings) -> Result<()> {
        let search = exact(&items, &self.model)?;
        self.update_with(users, items, search)
    }
}

impl<S: NearestItems> RetrievalRecommender<S> {
    /// The same recommender with another search, by cosine over the rows of the same items.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if it is over other items or by another similarity.
    pub fn with_search<T: NearestItems>(self, search: T) -> Result<RetrievalRecommender<T>> {
        check_search(&search, self.representations.items())?;
        Ok(RetrievalRecommender {
            name: self.name,
            model: self.model,
            asking: self.asking,
            representations: self.representations,
            tokenizers: self.tokenizers,
            user_ids: self.user_ids,
            search,
        })
    }

    /// As [`update_representations`](RetrievalRecommender::update_representations), with a search over the new rows of items.
    ///
    /// # Errors
    ///
    /// As there, and if the search is over other items.
    pub fn update_with(&mut self, users: Embeddings, items: Embeddings, search: S) -> Result<()> {
        check_search(&search, &items)?;
        let rows = Representations::new(users, items)?;
        let Some(tokenizers) = &self.tokenizers else {
            return Err(Error::Config {
                what: "tokenizers",
                found: "none".into(),
                expected: "those that made the tokens: give them by with_tokenizers".into(),
            });
        };
        let (old, new) = (&self.representations, &rows);
        for (what, before, after) in [
            ("rows of users", old.users().rows(), new.users().rows()),
            ("rows of items", old.items().rows(), new.items().rows()),
        ] {
            if after < before {
                return Err(Error::Config {
                    what,
                    found: after.to_string(),
                    expected: format!("at least the {before} that were there; new ones after them"),
                });
            }
        }
        check_width(&self.model, &rows)?;
        let tokens = tokenizers.tokens(&rows, &self.model.device())?;
        let vocabulary = self.model.vocabulary().clone();
        let positions = self.model.config().positions;
        self.asking.reader = Reader::new(vocabulary, Arc::new(tokens), positions)?;
        if rows.users().rows() > self.representations.users().rows() {
            self.user_ids = None;
        }
        (self.representations, self.search) = (rows, search);
        Ok(())
    }

    /// With what made the tokens, so that new rows get theirs.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if they are of rows of another width or of other codebooks.
    pub fn with_tokenizers(mut self, tokenizers: Tokenizers) -> Result<Self> {
        // Fails where new rows would.
        let tokens = tokenizers.tokens(&self.representations, &self.model.device())?;
        let vocabulary = self.model.vocabulary().clone();
        Reader::new(vocabulary, Arc::new(tokens), self.model.config().positions)?;
        self.tokenizers = Some(tokenizers);
        Ok(self)
    }

    /// With what the data call the users: one id for each.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for another number of ids.
    pub fn with_user_ids(mut self, ids: Ids) -> Result<Self> {
        if ids.len() != self.users() {
            return Err(Error::Config {
                what: "ids of users",
                found: ids.len().to_string(),
                expected: format!("one for each of the {} users", self.users()),
            });
        }
        self.user_ids = Some(ids);
        Ok(self)
    }

    /// Asked with another prompt.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a word that none of the model's prompts has.
    pub fn with_prompt(mut self, prompt: Prompt) -> Result<Self> {
        expect_words(self.model.vocabulary(), &prompt)?;
        self.asking.prompt = prompt;
        Ok(self)
    }

    /// Whether items of the history take part in the ranking; removed ones score minus infinity.
    #[must_use]
    pub fn with_seen_items(mut self, seen_items: SeenItems) -> Self {
        self.asking.seen_items = seen_items;
        self
    }

    /// Under another name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The number of users.
    pub fn users(&self) -> usize {
        self.representations.users().rows()
    }

    /// The user that the data call `id`, if it is known what they call them.
    pub fn user(&self, id: &str) -> Option<UserId> {
        let ids = self.user_ids.as_ref()?;
        ids.index_of(id).map(UserId::from_index)
    }

    /// What the data call the users.
    pub fn user_ids(&self) -> Option<&Ids> {
        self.user_ids.as_ref()
    }

    /// The model.
    pub fn model(&self) -> &RetrievalModel {
        &self.model
    }

    /// The tokens of users and items.
    pub fn tokens(&self) -> &Tokens {
        self.asking.reader.tokens()
    }

    /// The rows of users and items.
    pub fn representations(&self) -> &Representations {
        &self.representations
    }

    /// What makes tokens of new rows.
    pub fn tokenizers(&self) -> Option<&Tokenizers> {
        self.tokenizers.as_ref()
    }

    /// The prompt that it is asked with.
    pub fn prompt(&self) -> &Prompt {
        &self.asking.prompt
    }

    /// How the tokens of an item are written.
    ///
    /// # Panics
    ///
    /// If there is no such item.
    pub fn identifier(&self, item: ItemId) -> String {
        self.tokens().items().name(item.index())
    }

    /// The row that answers each query, `[queries, d_row]`.
    ///
    /// # Panics
    ///
    /// If a history holds an item that is not there.
    pub fn answers(&self, queries: &[Query<'_>]) -> Tensor<2> {
        self.asking.rows(&self.model, queries)
    }
}

fn exact(items: &Embeddings, model: &RetrievalModel) -> Result<ExactSearch> {
    let rows = items.to_tensor(&model.device());
    Ok(ExactSearch::new(rows, Similarity::Cosine)?)
}

fn check_search(search: &impl NearestItems, items: &Embeddings) -> Result<()> {
    let found = (search.items(), search.dim(), search.similarity());
    let expected = (items.rows(), items.dim(), Similarity::Cosine);
    if found == expected {
        return Ok(());
    }
    Err(Error::Config {
        what: "search",
        found: format!("{found:?} (items, width, similarity)"),
        expected: format!("{expected:?}, as the rows of the items"),
    })
}

fn check_width(model: &RetrievalModel, rows: &Representations) -> Result<()> {
    if rows.dim() == model.config().d_row {
        return Ok(());
    }
    Err(Error::Config {
        what: "width of the rows",
        found: rows.dim().to_string(),
        expected: format!("{}, as the model answers", model.config().d_row),
    })
}

/// That the parts are of each other's size.
pub(crate) fn check(model: &RetrievalModel, tokens: &Tokens, rows: &Representations) -> Result<()> {
    check_width(model, rows)?;
    for (what, found, expected) in [
        ("tokens of users", tokens.users().len(), rows.users().rows()),
        ("tokens of items", tokens.items().len(), rows.items().rows()),
    ] {
        if found != expected {
            return Err(Error::Config {
                what,
                found: found.to_string(),
                expected: format!("one for each of the {expected} rows"),
            });
        }
    }
    Ok(())
}

/// # Panics
///
/// If a history holds an item that is not there, or the model gives rows that are not numbers (its training has diverged).
impl<S: NearestItems> Recommender for RetrievalRecommender<S> {
    fn name(&self) -> &str {
        &self.name
    }

    fn items(&self) -> usize {
        self.representations.items().rows()
    }

    fn recommend(&self, queries: &[Query<'_>], k: usize) -> Vec<Ranked> {
        self.asking
            .recommend(&self.model, &self.search, queries, k)
            .expect("the rows of a model whose weights are finite are numbers, and the search finds items for them")
    }

    fn seen_items(&self) -> SeenItems {
        self.asking.seen_items
    }
}
