//! The files of tokens that are published with TokenRec: a table with the columns number, tokens of the user, tokens of the items of the user's history.
//!
//! ```text
//! ,user_cb_id,item_cb_id
//! 0,user_<a-133><b-240><c-135>,item_<0-119><1-125><2-192> item_<0-28><1-138><2-80>
//! ```

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use genrec_data::Interactions;

use super::{Side, TokenTable};
use crate::{Code, CodeTable, Error, Result};

const HEADER: &str = ",user_cb_id,item_cb_id";

/// Reads a published file: the tokens of all users and of all items of `interactions`, whose histories the lines are, user by user and item by item. How the
/// interactions number their items does not matter.
///
/// The file does not say how many codewords a level has: `codebook_sizes` does, for both sides.
///
/// # Errors
///
/// [`Error::Io`], [`Error::TokenFile`] with the line for what is no such file, is of other histories, or gives an item other tokens than before, [`Error::Shape`]
/// if an item is in no history, and [`Error::CodeOutOfRange`].
pub fn read_published(
    path: impl AsRef<Path>,
    interactions: &Interactions,
    codebook_sizes: &[usize],
) -> Result<[TokenTable; 2]> {
    let path = path.as_ref();
    let text = fs::read_to_string(path).map_err(|source| Error::Io {
        path: path.to_path_buf(),
        source,
    })?;
    let levels = codebook_sizes.len();
    let fail = |line: usize, expected: String, found: String| Error::TokenFile {
        path: path.to_path_buf(),
        line,
        expected,
        found,
    };
    let mut lines = text.lines();
    let header = lines.next().unwrap_or_default();
    if header != HEADER {
        return Err(fail(
            1,
            format!("the header {HEADER:?}"),
            format!("{header:?}"),
        ));
    }
    let lines: Vec<&str> = lines.collect();
    if lines.len() != interactions.users() {
        let expected = format!("a line for each of the {} users", interactions.users());
        return Err(fail(
            lines.len() + 1,
            expected,
            format!("{} lines", lines.len()),
        ));
    }
    let mut users = Vec::with_capacity(lines.len() * levels);
    let mut items: Vec<Option<Vec<Code>>> = vec![None; interactions.items()];
    for ((number, line), (user, history)) in lines.iter().enumerate().zip(interactions.iter()) {
        let at = number + 2;
        let mut columns = line.splitn(3, ',');
        let mut next = || columns.next().unwrap_or_default();
        let (row, tokens, taken) = (next(), next(), next());
        if row != user.get().to_string() {
            return Err(fail(at, format!("user {}", user.get()), format!("{row:?}")));
        }
        let parsed = |text, side| {
            let codes = parse(text, side, levels).ok_or_else(|| {
                let like = written(side, &vec![Code::new(12); levels]);
                fail(
                    at,
                    format!("{levels} tokens of one {side}, as {like}"),
                    format!("{text:?}"),
                )
            })?;
            if codes
                .iter()
                .zip(codebook_sizes)
                .any(|(code, &size)| code.index() >= size)
            {
                let expected = format!(
                    "codes below {codebook_sizes:?}, the codebook sizes that were given for the file"
                );
                return Err(fail(at, expected, format!("{text:?}")));
            }
            Ok(codes)
        };
        users.extend(parsed(tokens, Side::User)?);
        let taken: Vec<&str> = taken.split(' ').filter(|text| !text.is_empty()).collect();
        if taken.len() != history.len() {
            let expected = format!("the {} items of user {}", history.len(), user.get());
            return Err(fail(at, expected, format!("{} items", taken.len())));
        }
        for (text, item) in taken.into_iter().zip(history) {
            let codes = parsed(text, Side::Item)?;
            match &items[item.index()] {
                Some(known) if *known != codes => {
                    let expected = format!(
                        "item {} as before: {}",
                        item.get(),
                        written(Side::Item, known)
                    );
                    return Err(fail(at, expected, text.to_owned()));
                }
                _ => items[item.index()] = Some(codes),
            }
        }
    }
    if let Some(missing) = items.iter().position(Option::is_none) {
        return Err(Error::Shape {
            expected: "every item in some history: a published file has tokens of those only"
                .into(),
            found: format!("item {missing} in none"),
        });
    }
    let items: Vec<Code> = items.into_iter().flatten().flatten().collect();
    let table = |side, rows, codes| -> Result<TokenTable> {
        let codes = CodeTable::new(rows, levels, codes, codebook_sizes.to_vec())?;
        Ok(TokenTable::new(side, codes))
    };
    Ok([
        table(Side::User, interactions.users(), users)?,
        table(Side::Item, interactions.items(), items)?,
    ])
}

/// Writes a file as the published ones are, byte by byte.
///
/// # Errors
///
/// [`Error::Shape`] if the tables are not of the users and items of `interactions`, and [`Error::Io`].
pub fn write_published(
    path: impl AsRef<Path>,
    interactions: &Interactions,
    users: &TokenTable,
    items: &TokenTable,
) -> Result<()> {
    let counts = [
        (users, Side::User, interactions.users()),
        (items, Side::Item, interactions.items()),
    ];
    for (table, side, count) in counts {
        if (table.side(), table.len()) != (side, count) {
            return Err(Error::Shape {
                expected: format!("tokens of {count} {side}s"),
                found: format!("those of {} {}s", table.len(), table.side()),
            });
        }
    }
    let mut text = format!("{HEADER}\n");
    for (user, history) in interactions.iter() {
        let taken: Vec<String> = history
            .iter()
            .map(|item| written(Side::Item, items.codes(item.index())))
            .collect();
        let tokens = written(Side::User, users.codes(user.index()));
        writeln!(text, "{},{tokens},{}", user.get(), taken.join(" ")).expect("a string takes all");
    }
    fs::write(path.as_ref(), text).map_err(|source| Error::Io {
        path: path.as_ref().to_path_buf(),
        source,
    })
}

/// How a published file marks a level: letters for users, numbers for items.
fn mark(side: Side, level: usize) -> String {
    match side {
        Side::User => Code::new(0).name(level)[1..]
            .trim_end_matches("_0>")
            .to_owned(),
        Side::Item => level.to_string(),
    }
}

fn written(side: Side, codes: &[Code]) -> String {
    let mut text = format!("{side}_");
    for (level, code) in codes.iter().enumerate() {
        write!(text, "<{}-{}>", mark(side, level), code.get()).expect("a string takes all");
    }
    text
}

fn parse(text: &str, side: Side, levels: usize) -> Option<Vec<Code>> {
    let rest = text.strip_prefix(&format!("{side}_"))?;
    let codes: Vec<Code> = rest
        .split_inclusive('>')
        .map(|token| {
            let (_, digits) = token.strip_suffix('>')?.split_once('-')?;
            digits.parse().ok().map(Code::new)
        })
        .collect::<Option<_>>()?;
    // A second spelling would not survive reading and writing.
    (codes.len() == levels && written(side, &codes) == text).then_some(codes)
}
