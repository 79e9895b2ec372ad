//! MovieLens (Harper and Konstan, TiiS 2015): `ratings.csv` and `movies.csv`, as in ml-latest-small, ml-20m, ml-25m and ml-32m.

mod table;

use std::path::PathBuf;

use self::table::Table;
use super::{
    events::{Events, Moment, Policy, RepeatedInteractions, UnknownItems},
    item_record::text,
    source::{Line, folder_name, quote},
};
use crate::{Dataset, Item, Result};

const RATINGS: [&str; 4] = ["userId", "movieId", "rating", "timestamp"];
const MOVIES: [&str; 3] = ["movieId", "title", "genres"];
const NO_GENRES: &str = "(no genres listed)";

/// Reads MovieLens: every rating is an interaction at its time.
///
/// `ratings.csv` has the columns `userId,movieId,rating,timestamp`, in any order and with others among them.
/// **Ties**: many users rated several movies in the same second; such ratings keep the order of the file, which in the
/// published files is the order of `movieId`. Users and movies are numbered in the order in which they first occur in
/// `ratings.csv`.
///
/// `movies.csv` has `movieId,title,genres`; the genres, separated by `|`, become the categories. The catalogue has the
/// movies that were rated, and the others only if [`with_unseen_items`](Self::with_unseen_items) asks for them.
///
/// ```no_run
/// use genrec_data::readers::MovieLens;
///
/// let dataset = MovieLens::new("ml-latest-small/ratings.csv")
///     .with_movies("ml-latest-small/movies.csv")
///     .with_min_rating(4.0)
///     .read()?;
/// println!("{}", dataset.statistics());
/// # Ok::<(), genrec_data::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct MovieLens {
    ratings: PathBuf,
    movies: Option<PathBuf>,
    min_rating: Option<f64>,
    policy: Policy,
}

impl MovieLens {
    /// The file of ratings, `ratings.csv` or `ratings.csv.gz`.
    pub fn new(ratings: impl Into<PathBuf>) -> Self {
        Self {
            ratings: ratings.into(),
            movies: None,
            min_rating: None,
            policy: Policy::default(),
        }
    }

    /// The file of titles and genres, `movies.csv` or `movies.csv.gz`. Without it the catalogue has no text.
    #[must_use]
    pub fn with_movies(mut self, movies: impl Into<PathBuf>) -> Self {
        self.movies = Some(movies.into());
        self
    }

    /// Leaves out lower ratings. By default none are left out.
    #[must_use]
    pub fn with_min_rating(mut self, rating: f64) -> Self {
        self.min_rating = Some(rating);
        self
    }

    /// Whether rated movies that the file of movies lacks are an error (the default) or kept without text.
    #[must_use]
    pub fn with_unknown_items(mut self, unknown: UnknownItems) -> Self {
        self.policy.unknown = unknown;
        self
    }

    /// Whether the catalogue has the movies nobody rated too, after the others. By default it has not.
    #[must_use]
    pub fn with_unseen_items(mut self, unseen: bool) -> Self {
        self.policy.unseen = unseen;
        self
    }

    /// Reads the files. The data set is called by the folder of the ratings.
    ///
    /// # Errors
    ///
    /// [`Error::Read`](crate::Error::Read) if a file cannot be read to its end,
    /// [`Error::Malformed`](crate::Error::Malformed) with the line for what is no row of the table, and for rated movies that
    /// the file of movies lacks, [`Error::Unexpected`](crate::Error::Unexpected) for an empty file.
    pub fn read(&self) -> Result<Dataset> {
        let mut events = Events::new(&self.ratings);
        let mut table = Table::open(&self.ratings, RATINGS)?;
        while let Some((line, cells)) = table.next_row()? {
            let [user, movie, rating, time] = cells.each_ref().map(AsRef::as_ref);
            for (column, id) in [("userId", user), ("movieId", movie)] {
                check_id(&line, column, id)?;
            }
            let rating: f64 = parse(
                &line,
                "a rating, a number such as 3.5",
                rating,
                |rating: &f64| rating.is_finite(),
            )?;
            let time = parse(&line, "a timestamp, whole seconds since 1970", time, |_| {
                true
            })?;
            if self.min_rating.is_none_or(|least| rating >= least) {
                events.push(&line, user, movie, Moment::from_seconds(time))?;
            }
        }
        let mut ordered = events.finish(true, RepeatedInteractions::KeepAll)?;
        let (interactions, catalog, users) = match &self.movies {
            None => ordered.without_texts()?,
            Some(path) => {
                let mut table = Table::open(path, MOVIES)?;
                while let Some((line, cells)) = table.next_row()? {
                    let [movie, title, genres] = cells.each_ref().map(AsRef::as_ref);
                    check_id(&line, "movieId", movie)?;
                    let genres = if genres == NO_GENRES { "" } else { genres };
                    let item = Item {
                        title: text(title),
                        categories: genres.split('|').filter_map(text).collect(),
                        ..Item::default()
                    };
                    ordered.describe(self.policy, &line, movie, item)?;
                }
                ordered.with_texts(self.policy, path)?
            }
        };
        Dataset::new(folder_name(&self.ratings), interactions, catalog, users)
    }
}

fn check_id(line: &Line<'_>, column: &str, id: &str) -> Result<()> {
    // Leading zeros and signs would be further names for one user or movie.
    let canonical = id == "0" || !id.starts_with(['0', '+']);
    match id.parse::<u64>() {
        Ok(_) if canonical => Ok(()),
        _ => Err(line.malformed(
            format!("{column}, a number of 0 or more that fits 64 bits"),
            quote(id),
            "put the row right or leave it out",
        )),
    }
}

fn parse<T: std::str::FromStr>(
    line: &Line<'_>,
    expected: &str,
    found: &str,
    valid: impl Fn(&T) -> bool,
) -> Result<T> {
    found
        .parse()
        .ok()
        .filter(valid)
        .ok_or_else(|| line.malformed(expected, quote(found), "put the row right or leave it out"))
}

#[cfg(test)]
mod tests;
