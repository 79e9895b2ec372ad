//! Building a trie, and the steps of a search of it.

use std::hint::black_box;
use std::path::Path;

use genrec::decode::{Beam, BeamSearchConfig, TokenId, Trie};
use serde_json::{Value, json};

use crate::{Answer, Result, numbers};

const LEVELS: usize = 8;
const CODEWORDS: usize = 2_048;
const REQUESTS: usize = 2;
const BEAMS: usize = 70;

pub(crate) fn work(folder: &Path) -> Result<Answer> {
    let rows = numbers(&folder.join("identifiers.u32"), u32::from_le_bytes)?;
    let scores = numbers(&folder.join("scores.f32"), f32::from_le_bytes)?;
    let file = folder.join("trie");
    let search = BeamSearchConfig::new(BEAMS).init()?;
    let tokens: Vec<TokenId> = rows.into_iter().map(TokenId::new).collect();
    let mut trie = None;
    Ok(Box::new(move |what| match what {
        "build" => {
            trie = None;
            let built = Trie::from_identifiers(tokens.chunks_exact(LEVELS).zip(0..))?;
            trie = Some(built);
            Ok(Value::Null)
        }
        "search" => {
            let trie = trie.as_ref().ok_or("nothing was built")?;
            let mut scorer =
                |depth: usize, beams: &[Beam], candidates: &[TokenId], out: &mut [f32]| {
                    let mut column = 0;
                    let mut last = 0;
                    for (beam, out) in beams.iter().zip(out.chunks_exact_mut(candidates.len())) {
                        // The place of the beam among those of its request.
                        column = if beam.request == last { column } else { 0 };
                        last = beam.request;
                        let row = (depth * REQUESTS + beam.request as usize) * BEAMS + column;
                        let given = &scores[row * CODEWORDS..][..CODEWORDS];
                        column += 1;
                        // Of so many random identifiers every codeword occurs at every level.
                        assert_eq!(candidates.len(), CODEWORDS);
                        out.copy_from_slice(given);
                    }
                };
            let found = search.search(trie, REQUESTS, &mut scorer, None)?;
            let identifiers = found.iter().map(|list| {
                let row = |value: u32| &tokens[value as usize * LEVELS..][..LEVELS];
                let row = |value: u32| row(value).iter().map(|token| token.get()).collect();
                list.iter().map(|found| row(found.value)).collect()
            });
            Ok(json!(identifiers.collect::<Vec<Vec<Vec<u32>>>>()))
        }
        "save" => {
            trie.as_ref().ok_or("nothing was built")?.save(&file)?;
            Ok(Value::Null)
        }
        "open" => Ok(json!(black_box(Trie::open(&file)?).len())),
        "open unread" => Ok(json!(black_box(Trie::open_unread(&file)?).len())),
        other => Err(format!("{other}: expected build, search, save, open or open unread").into()),
    }))
}
