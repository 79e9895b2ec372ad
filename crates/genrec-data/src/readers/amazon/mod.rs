//! The Amazon review dumps of 2014 (McAuley et al., SIGIR 2015), 2018 (Ni et al., EMNLP 2019) and 2023 (Hou et al., 2024).

mod python;
mod review;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use serde::de::DeserializeSeed;

use super::{
    events::{Events, Policy, RepeatedInteractions, RepeatedItems, UnknownItems},
    item_record::{FieldNames, ItemRecord},
    json::{explain, read_line},
    source::{Line, Lines, plain_name},
};
use crate::{Dataset, Item, Result};

const PYTHON_METADATA: &str =
    "one Python dict a line, {'asin': ..., 'title': ..., 'brand': ..., 'categories': [[...]], ...}";

/// Which of the dumps: their fields differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AmazonRelease {
    /// `reviewerID`, `asin`, `unixReviewTime`, `overall`; the metadata are Python dicts, one a line.
    Of2014,
    /// Reviews as in 2014; the metadata are JSON, one object a line.
    Of2018,
    /// `user_id`, `parent_asin`, `timestamp` in milliseconds, `rating`; the metadata are JSON, one object a line.
    Of2023,
}

impl AmazonRelease {
    fn reviews(self) -> &'static str {
        match self {
            Self::Of2014 | Self::Of2018 => {
                "one review a line, {\"reviewerID\": \"...\", \"asin\": \"...\", \"unixReviewTime\": 1400000000, \"overall\": 5.0, ...}"
            }
            Self::Of2023 => {
                "one review a line, {\"user_id\": \"...\", \"parent_asin\": \"...\", \"timestamp\": 1600000000000, \"rating\": 5.0, ...}"
            }
        }
    }

    fn metadata(self) -> &'static str {
        match self {
            Self::Of2014 => PYTHON_METADATA,
            Self::Of2018 => {
                "one item a line, {\"asin\": \"...\", \"title\": ..., \"brand\": ..., \"category\": [...], ...}"
            }
            Self::Of2023 => {
                "one item a line, {\"parent_asin\": \"...\", \"title\": ..., \"store\": ..., \"categories\": [...], ...}"
            }
        }
    }

    fn names(self) -> FieldNames {
        let (id, brand, categories) = match self {
            Self::Of2014 => ("asin", "brand", "categories"),
            Self::Of2018 => ("asin", "brand", "category"),
            Self::Of2023 => ("parent_asin", "store", "categories"),
        };
        FieldNames {
            id: Some(id),
            brand,
            categories,
        }
    }
}

impl fmt::Display for AmazonRelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Of2014 => "2014",
            Self::Of2018 => "2018",
            Self::Of2023 => "2023",
        })
    }
}

/// Reads a raw dump of Amazon reviews, one JSON object a line, and the metadata that go with it.
///
/// Each review is an interaction at the second it was written (in 2023 ordered by the millisecond). Reviews of a user at the
/// same time keep the order of the file; this matters, because in 2014 and 2018 the times are days. Users and items are
/// numbered in the order in which they first occur in the file. By default nothing is lost: a user's several reviews of one
/// item are all kept ([`with_repeated_reviews`](Self::with_repeated_reviews)), whatever their rating
/// ([`with_min_rating`](Self::with_min_rating)); see [`Dataset::k_core`] for the usual filter. In 2023 the item is
/// `parent_asin`, or `asin` in reviews without one.
///
/// The catalogue has the items that were reviewed; of the others in the metadata nothing is kept, unless
/// [`with_unseen_items`](Self::with_unseen_items) asks for them. `title`, `brand` (2023: `store`), `categories` (2018:
/// `category`; several paths become one list, each name once), `description` (paragraphs joined by a space) and `price` (a
/// number or one dollar amount; ranges and remarks count as no price) are read, blank ones as missing.
///
/// ```no_run
/// use genrec_data::readers::{AmazonRelease, AmazonReviews};
///
/// let dataset = AmazonReviews::new(AmazonRelease::Of2018, "All_Beauty.json.gz")
///     .with_metadata("meta_All_Beauty.json.gz")
///     .read()?
///     .k_core(5)?;
/// println!("{}", dataset.statistics());
/// # Ok::<(), genrec_data::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct AmazonReviews {
    release: AmazonRelease,
    reviews: PathBuf,
    metadata: Option<PathBuf>,
    min_rating: Option<f64>,
    repeated_reviews: RepeatedInteractions,
    policy: Policy,
}

impl AmazonReviews {
    /// The file of reviews, `.json`, `.jsonl` or either with `.gz`.
    pub fn new(release: AmazonRelease, reviews: impl Into<PathBuf>) -> Self {
        Self {
            release,
            reviews: reviews.into(),
            metadata: None,
            min_rating: None,
            repeated_reviews: RepeatedInteractions::default(),
            policy: Policy::default(),
        }
    }

    /// The file of metadata, `meta_*`. Without it the catalogue has no text.
    #[must_use]
    pub fn with_metadata(mut self, metadata: impl Into<PathBuf>) -> Self {
        self.metadata = Some(metadata.into());
        self
    }

    /// Leaves out reviews that rate lower. By default none are left out, and a rating need not be there.
    #[must_use]
    pub fn with_min_rating(mut self, rating: f64) -> Self {
        self.min_rating = Some(rating);
        self
    }

    /// Whether all of a user's reviews of one item are kept (the default) or the first.
    #[must_use]
    pub fn with_repeated_reviews(mut self, repeated: RepeatedInteractions) -> Self {
        self.repeated_reviews = repeated;
        self
    }

    /// Whether items without metadata are an error (the default) or kept without text.
    #[must_use]
    pub fn with_unknown_items(mut self, unknown: UnknownItems) -> Self {
        self.policy.unknown = unknown;
        self
    }

    /// Whether two different records of one item are an error (the default) or the first one holds.
    #[must_use]
    pub fn with_repeated_items(mut self, repeated: RepeatedItems) -> Self {
        self.policy.repeated = repeated;
        self
    }

    /// Whether the catalogue has the items without reviews too, after the others. By default it has not.
    #[must_use]
    pub fn with_unseen_items(mut self, unseen: bool) -> Self {
        self.policy.unseen = unseen;
        self
    }

    /// Reads the files.
    ///
    /// # Errors
    ///
    /// [`Error::Read`](crate::Error::Read) if a file cannot be read to its end,
    /// [`Error::Malformed`](crate::Error::Malformed) with the line for what is no review or no record of an item, an item
    /// without metadata, or a second, different record of an item, [`Error::Unexpected`](crate::Error::Unexpected) for an empty file.
    pub fn read(&self) -> Result<Dataset> {
        let shape = self.release.reviews();
        let mut events = Events::new(&self.reviews);
        let mut lines = Lines::open(&self.reviews, shape)?;
        while let Some(line) = lines.next_line()? {
            let review = review::read(&line, self.release)?;
            if let Some(least) = self.min_rating {
                let Some(rating) = review.rating else {
                    return Err(line.malformed(
                        "a rating, to be compared",
                        "none",
                        "read without a minimum rating",
                    ));
                };
                if rating < least {
                    continue;
                }
            }
            events.push(&line, &review.user, &review.item, review.moment)?;
        }
        let mut ordered = events.finish(true, self.repeated_reviews)?;
        let (interactions, catalog, users) = match &self.metadata {
            None => ordered.without_texts()?,
            Some(path) => {
                let mut lines = Lines::open(path, self.release.metadata())?;
                while let Some(line) = lines.next_line()? {
                    let (id, item) = read_metadata(&line, self.release)?;
                    ordered.describe(self.policy, &line, &id, item)?;
                }
                ordered.with_texts(self.policy, path)?
            }
        };
        Dataset::new(name(&self.reviews), interactions, catalog, users)
    }
}

/// The release that a line of reviews belongs to, if it is one. Reviews of 2014 and 2018 look alike: a line of the metadata tells.
pub(crate) fn recognise(reviews: &str, metadata: Option<&str>) -> Option<AmazonRelease> {
    let line = Line {
        path: Path::new(""),
        number: 1,
        text: reviews,
    };
    if review::read(&line, AmazonRelease::Of2023).is_ok() {
        return Some(AmazonRelease::Of2023);
    }
    review::read(&line, AmazonRelease::Of2018).ok()?;
    let json =
        metadata.is_none_or(|line| serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok());
    Some(if json {
        AmazonRelease::Of2018
    } else {
        AmazonRelease::Of2014
    })
}

/// Whether a line is a Python literal, as those of the metadata of 2014 are.
pub(crate) fn is_python(line: &str) -> bool {
    python::parse(line.trim()).is_ok()
}

fn read_metadata(line: &Line<'_>, release: AmazonRelease) -> Result<(String, Item)> {
    let record = ItemRecord(release.names());
    let shape = release.metadata();
    if release != AmazonRelease::Of2014 {
        return read_line(line, shape, record);
    }
    let remedy = format!("the file should be {shape}");
    let value = python::parse(line.text.trim())
        .map_err(|wrong| line.malformed(wrong.expected, wrong.found, remedy.as_str()))?;
    record.deserialize(value).map_err(|error| {
        let (expected, found) = explain(&error, shape);
        line.malformed(expected, found, remedy)
    })
}

/// `reviews_Toys_and_Games_5.json.gz` is called "Toys_and_Games_5".
fn name(reviews: &Path) -> String {
    let name = plain_name(reviews);
    let name = name.strip_prefix("reviews_").unwrap_or(&name);
    let end = name.rfind(".json").unwrap_or(name.len());
    name[..end].to_owned()
}

#[cfg(test)]
mod tests;
