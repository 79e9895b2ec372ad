//! Opens a saved system and answers histories with the next items.
//!
//! ```text
//! cargo run --release --example recommend -- runs/letter-1/LETTER-TIGER  12 840 7
//! cargo run --release --example recommend -- runs/tokenrec-1/TokenRec  --user 17
//! cat histories.txt | cargo run --release --example recommend -- runs/letter-1/LETTER-TIGER
//! ```
//!
//! A history is the ids of its items, oldest first, as the data called them; on standard input one history a line. A system that knows users (TokenRec) is asked
//! about one with `--user`, with a history or without; a history alone is somebody's whom it does not know, of whom it reads the items and nothing else.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::io::{self, BufRead};
use std::path::PathBuf;

use clap::Parser;
use comfy_table::Table;
use genrec::data::{ItemId, UserId};
use genrec::metrics::{Query, Recommender};
use genrec::model::System;

mod shared;
use shared::device::Backend;

/// Answers histories with the next items.
#[derive(Parser)]
struct Arguments {
    /// The folder of a saved system.
    system: PathBuf,
    /// The items of one history, oldest first; without any, histories are read from standard input, one a line.
    items: Vec<String>,
    /// The user, as the data called them, for a system that knows users.
    #[arg(long)]
    user: Option<String>,
    /// How many items to recommend.
    #[arg(short, long, default_value_t = 10)]
    k: usize,
    /// What does the work.
    #[arg(long, value_enum, default_value_t = Backend::value_variants()[0])]
    device: Backend,
}

use clap::ValueEnum as _;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let system = System::open(&arguments.system, &arguments.device.device())?;
    let user = match &arguments.user {
        None => None,
        Some(id) => Some(system.recommender.user(id).ok_or_else(|| {
            format!("{id}: no such user of this system; one that writes identifiers knows no users, give the items of a history")
        })?),
    };
    if !arguments.items.is_empty() || user.is_some() {
        return answer(
            &system,
            user,
            arguments.items.iter().map(String::as_str),
            arguments.k,
        );
    }
    for line in io::stdin().lock().lines() {
        answer(&system, None, line?.split_whitespace(), arguments.k)?;
    }
    Ok(())
}

/// Prints the best `k` items after a history.
fn answer<'a>(
    system: &System,
    user: Option<UserId>,
    history: impl Iterator<Item = &'a str>,
    k: usize,
) -> Result<(), Box<dyn Error>> {
    let ids = system.catalog.ids();
    let item = |id: &str| match ids.index_of(id) {
        Some(index) => Ok(ItemId::from_index(index)),
        None => Err(format!(
            "{id}: no such item among the {} of this system",
            ids.len()
        )),
    };
    let history = history.map(item).collect::<Result<Vec<_>, _>>()?;
    let query = Query {
        user,
        history: &history,
    };
    let answers = system.recommender.recommend(&[query], k);

    let mut table = Table::new();
    table.set_header(["", "item", "identifier", "score", "title"]);
    for ranked in &answers {
        for ((item, score), rank) in ranked
            .items()
            .iter()
            .zip(ranked.scores())
            .zip(ranked.ranks())
        {
            table.add_row([
                rank.to_string(),
                ids.original(item.index()).to_owned(),
                system.recommender.identifier(*item),
                format!("{score:.3}"),
                system.catalog.get(*item).title.clone().unwrap_or_default(),
            ]);
        }
    }
    println!("{table}");
    Ok(())
}
