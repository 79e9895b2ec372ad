//! A folder of data, recognised by what is in it.

mod amazon;
mod folder;

use std::path::{Path, PathBuf};

use self::folder::Folder;
use crate::{
    Dataset, Result,
    readers::{AmazonReviews, LetterJson, MovieLens, RecBole, SequenceText, TemporalJson},
};

/// The files of a temporal split, and the lists of items that may go with them.
const TEMPORAL: [&str; 5] = [
    "training.json",
    "validation.json",
    "testing.json",
    "warm_items.json",
    "cold_items.json",
];

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
/// | [`SequenceText`] | `user_sequence.txt`, `sequential_data.txt`, or else `test.txt` beside `train.txt`, if its lines are whole | |
/// | [`TemporalJson`] | `training.json`, `validation.json` and `testing.json` | `warm_items.json` with `cold_items.json` |
/// | [`AmazonReviews`] | a file whose first line is a review | the only `meta_*`, or of several the one of the same name |
///
/// Each file may also be compressed, `.gz` after its name. A `test.txt` is whole if each of its lines begins as the user's line in
/// `train.txt`; where it holds only what is tested on, as LightGCN's and NGCF's, it is refused. To see whether a `.json` or `.jsonl`
/// file holds reviews its start is read, and a file whose start is no JSON (or Python dict) is refused. Without the files of the
/// last column the catalogue has no text.
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
    /// With the file of the training part of each line, if the lines are to be compared with it.
    Sequences(SequenceText, Option<PathBuf>),
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
            Reader::Sequences(reader, None) => reader.read(),
            Reader::Sequences(reader, Some(training)) => reader.read_with_training(&training),
            Reader::Temporal(reader) => reader.read(),
            Reader::Amazon(reader) => reader.read(),
        }
    }

    fn describe(&self) -> String {
        let format = match self.reader {
            Reader::Letter(_) => "LetterJson",
            Reader::RecBole(_) => "RecBole",
            Reader::MovieLens(_) => "MovieLens",
            Reader::Sequences(..) => "SequenceText",
            Reader::Temporal(_) => "TemporalJson",
            Reader::Amazon(_) => "AmazonReviews",
        };
        format!("{} ({format})", self.file)
    }
}

/// All data sets in a folder.
fn recognise(folder: &Folder) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    // Files of JSON that belong to a data set already: what is wrong with them, its reader says.
    let mut taken = Vec::new();
    for (file, name) in folder.ending(".inter.json") {
        let items = folder.named(&format!("{name}.item.json"))?;
        let reader = LetterJson::new(folder.path(file));
        let reader = match items {
            Some(items) => reader.with_items(folder.path(items)),
            None => reader,
        };
        taken.push(file);
        taken.extend(items);
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
    found.extend(sequences(folder)?);
    if let Some(split) = temporal(folder)? {
        found.push(split);
        for name in TEMPORAL {
            taken.extend(folder.named(name)?);
        }
    }
    found.extend(amazon::recognise(folder, &taken)?);
    Ok(found)
}

/// The file of whole sequences. Published folders have the sequences and a split made of them side by side: one data set.
fn sequences(folder: &Folder) -> Result<Option<Found>> {
    let found = |file, training| {
        let reader = SequenceText::new(folder.path(file));
        Some(Found::new(file, Reader::Sequences(reader, training)))
    };
    for name in ["user_sequence.txt", "sequential_data.txt"] {
        if let Some(file) = folder.named(name)? {
            return Ok(found(file, None));
        }
    }
    Ok(
        match (folder.named("train.txt")?, folder.named("test.txt")?) {
            (Some(training), Some(file)) => found(file, Some(folder.path(training))),
            _ => None,
        },
    )
}

fn temporal(folder: &Folder) -> Result<Option<Found>> {
    let [training, validation, test, warm, cold] = TEMPORAL.map(|name| folder.named(name));
    let parts = (training?, validation?, test?);
    let (Some(training), Some(validation), Some(test)) = parts else {
        return Ok(None);
    };
    let reader = TemporalJson::new(
        folder.path(training),
        folder.path(validation),
        folder.path(test),
    );
    let reader = match (warm?, cold?) {
        (Some(warm), Some(cold)) => reader.with_item_lists(folder.path(warm), folder.path(cold)),
        _ => reader,
    };
    Ok(Some(Found::new(training, Reader::Temporal(reader))))
}

#[cfg(test)]
mod tests;
