//! A folder of data, recognised by what is in it.

mod folder;

use std::path::Path;

use self::folder::Folder;
use crate::{
    Dataset, Result,
    readers::{
        AmazonReviews, LetterJson, MovieLens, RecBole, SequenceText, TemporalJson,
        recognise_amazon, source::Lines,
    },
};

/// The longest line that may be a review.
const LONGEST_REVIEW: u64 = 1 << 20;

const METADATA: &str = "meta_";

/// What is looked for in a folder, in the words of the message when nothing is found.
const LOOKED_FOR: &str = "one of: *.inter.json (LETTER, LC-Rec); *.inter (RecBole); ratings.csv (MovieLens); user_sequence.txt, \
                          sequential_data.txt, or train.txt with test.txt (sequences); training.json with validation.json and \
                          testing.json (SETRec); reviews of Amazon as *.json or *.jsonl; each also with .gz";

/// Opens a folder of any of the formats that [`readers`](crate::readers) knows, recognised by what is in it.
///
/// | format | recognised by | and what goes with it |
/// | --- | --- | --- |
/// | [`LetterJson`] | `X.inter.json` | `X.item.json` |
/// | [`RecBole`] | `X.inter` | `X.item` |
/// | [`MovieLens`] | `ratings.csv` | `movies.csv` |
/// | [`SequenceText`] | `user_sequence.txt`, `sequential_data.txt`, or else `test.txt` beside `train.txt` | |
/// | [`TemporalJson`] | `training.json`, `validation.json` and `testing.json` | `warm_items.json` with `cold_items.json` |
/// | [`AmazonReviews`] | a file whose first line is a review | the only `meta_*`, or of several the one of the same name |
///
/// Each file may also be compressed, `.gz` after its name. Without the files of the last column the catalogue has no text.
/// Readers are used as they are by default; to choose other options, or to take a published split, call them directly.
///
/// ```no_run
/// let dataset = genrec_data::open("data/scientific")?;
/// println!("{}: {}", dataset.name, dataset.statistics());
/// # Ok::<(), genrec_data::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Read`](crate::Error::Read) if the folder cannot be read, [`Error::Unexpected`](crate::Error::Unexpected) if it holds
/// nothing that is known (with what was looked for and what is there) or more than one data set (with their files), and what the
/// reader of the format refuses.
pub fn open(dir: impl AsRef<Path>) -> Result<Dataset> {
    let folder = Folder::open(dir.as_ref())?;
    let mut found = recognise(&folder)?;
    match found.len() {
        0 => Err(folder.unexpected(
            LOOKED_FOR,
            folder.listing(),
            "give the folder that holds the files, or call the reader of their format (genrec_data::readers) with their paths",
        )),
        1 => found.swap_remove(0).read(),
        _ => {
            let names: Vec<String> = found.iter().map(Found::describe).collect();
            Err(folder.unexpected(
                "one data set",
                names.join(" and "),
                "call the reader of the one you mean (genrec_data::readers) with its path, or move the others elsewhere",
            ))
        }
    }
}

/// A data set in a folder.
struct Found {
    file: String,
    reader: Reader,
}

enum Reader {
    Letter(LetterJson),
    RecBole(RecBole),
    MovieLens(MovieLens),
    Sequences(SequenceText),
    Temporal(TemporalJson),
    Amazon(AmazonReviews),
}

impl Found {
    fn new(file: &str, reader: Reader) -> Self {
        Self {
            file: file.to_owned(),
            reader,
        }
    }

    fn read(self) -> Result<Dataset> {
        match self.reader {
            Reader::Letter(reader) => reader.read(),
            Reader::RecBole(reader) => reader.read(),
            Reader::MovieLens(reader) => reader.read(),
            Reader::Sequences(reader) => reader.read(),
            Reader::Temporal(reader) => reader.read(),
            Reader::Amazon(reader) => reader.read(),
        }
    }

    fn describe(&self) -> String {
        let format = match self.reader {
            Reader::Letter(_) => "LetterJson",
            Reader::RecBole(_) => "RecBole",
            Reader::MovieLens(_) => "MovieLens",
            Reader::Sequences(_) => "SequenceText",
            Reader::Temporal(_) => "TemporalJson",
            Reader::Amazon(_) => "AmazonReviews",
        };
        format!("{} ({format})", self.file)
    }
}

/// All data sets in a folder.
fn recognise(folder: &Folder) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for (file, name) in folder.ending(".inter.json") {
        let reader = LetterJson::new(folder.path(file));
        let reader = match folder.named(&format!("{name}.item.json"))? {
            Some(items) => reader.with_items(folder.path(items)),
            None => reader,
        };
        found.push(Found::new(file, Reader::Letter(reader)));
    }
    for (file, name) in folder.ending(".inter") {
        let reader = RecBole::new(folder.path(file));
        let reader = match folder.named(&format!("{name}.item"))? {
            Some(items) => reader.with_items(folder.path(items)),
            None => reader,
        };
        found.push(Found::new(file, Reader::RecBole(reader)));
    }
    if let Some(file) = folder.named("ratings.csv")? {
        let reader = MovieLens::new(folder.path(file));
        let reader = match folder.named("movies.csv")? {
            Some(movies) => reader.with_movies(folder.path(movies)),
            None => reader,
        };
        found.push(Found::new(file, Reader::MovieLens(reader)));
    }
    if let Some(file) = sequences(folder)? {
        found.push(Found::new(
            file,
            Reader::Sequences(SequenceText::new(folder.path(file))),
        ));
    }
    found.extend(temporal(folder)?);
    found.extend(amazon(folder)?);
    Ok(found)
}

/// The file of whole sequences. Published folders have the sequences and a split made of them side by side: one data set.
fn sequences(folder: &Folder) -> Result<Option<&str>> {
    for name in ["user_sequence.txt", "sequential_data.txt"] {
        if let Some(file) = folder.named(name)? {
            return Ok(Some(file));
        }
    }
    Ok(match folder.named("train.txt")? {
        Some(_) => folder.named("test.txt")?,
        None => None,
    })
}

fn temporal(folder: &Folder) -> Result<Option<Found>> {
    let named = |name| folder.named(name);
    let parts = (
        named("training.json")?,
        named("validation.json")?,
        named("testing.json")?,
    );
    let (Some(training), Some(validation), Some(test)) = parts else {
        return Ok(None);
    };
    let reader = TemporalJson::new(
        folder.path(training),
        folder.path(validation),
        folder.path(test),
    );
    let reader = match (named("warm_items.json")?, named("cold_items.json")?) {
        (Some(warm), Some(cold)) => reader.with_item_lists(folder.path(warm), folder.path(cold)),
        _ => reader,
    };
    Ok(Some(Found::new(training, Reader::Temporal(reader))))
}

fn amazon(folder: &Folder) -> Result<Vec<Found>> {
    let files = || {
        [".json", ".jsonl"]
            .into_iter()
            .flat_map(|ending| folder.ending(ending))
    };
    let is_metadata = |file: &str| file.starts_with(METADATA);
    let mut found = Vec::new();
    for (file, name) in files().filter(|(file, _)| !is_metadata(file)) {
        let Some(line) = first_line(folder, file) else {
            continue;
        };
        let Some(release) = recognise_amazon(&line, None) else {
            continue;
        };
        let metadata: Vec<(&str, &str)> = files().filter(|(file, _)| is_metadata(file)).collect();
        let metadata = match metadata[..] {
            [] => None,
            [(only, _)] => Some(only),
            _ => Some(metadata_of(folder, file, name, &metadata)?),
        };
        let Some(metadata) = metadata else {
            found.push(Found::new(
                file,
                Reader::Amazon(AmazonReviews::new(release, folder.path(file))),
            ));
            continue;
        };
        let metadata_line = first_line(folder, metadata);
        let release = recognise_amazon(&line, metadata_line.as_deref()).unwrap_or(release);
        let reader =
            AmazonReviews::new(release, folder.path(file)).with_metadata(folder.path(metadata));
        found.push(Found::new(file, Reader::Amazon(reader)));
    }
    Ok(found)
}

/// The metadata that belong to `reviews_X_5.json`, `X_5.json` or `X.jsonl`: `meta_X`.
fn metadata_of<'a>(
    folder: &Folder,
    reviews: &str,
    name: &str,
    metadata: &[(&'a str, &str)],
) -> Result<&'a str> {
    let category = name.strip_prefix("reviews_").unwrap_or(name);
    let category = category.strip_suffix("_5").unwrap_or(category);
    let belongs = |name: &str| name.strip_prefix(METADATA) == Some(category);
    let mut fitting = metadata.iter().filter(|(_, name)| belongs(name));
    match (fitting.next(), fitting.next()) {
        (Some(&(file, _)), None) => Ok(file),
        _ => Err(folder.unexpected(
            format!("one file {METADATA}{category} for {reviews}"),
            metadata
                .iter()
                .map(|&(file, _)| file)
                .collect::<Vec<_>>()
                .join(", "),
            "call AmazonReviews with the two paths",
        )),
    }
}

/// The first line of a file, if it can be read and may be a review.
fn first_line(folder: &Folder, file: &str) -> Option<String> {
    let mut lines = Lines::open(&folder.path(file), "lines").ok()?;
    let line = lines.peek(LONGEST_REVIEW).ok()??;
    Some(line.text.to_owned())
}

#[cfg(test)]
mod tests;
