use std::fs;
use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use genrec_data::readers::{FirstItem, SequenceText};
use genrec_data::{Interactions, ItemId};
use genrec_quantize::{MaskedVqConfig, Quantizer};
use proptest::prelude::*;

use super::*;
use crate::{Code, CodeTable};

fn table(side: Side, rows: usize, seed: u32) -> TokenTable {
    let code = |i: u32| Code::new((i.wrapping_mul(2_654_435_761) ^ seed) % 7);
    let codes = (0..rows as u32 * 3).map(code).collect();
    TokenTable::new(side, CodeTable::new(rows, 3, codes, vec![7, 9, 7]).unwrap())
}

fn interactions(histories: &[&[u32]], items: usize) -> Interactions {
    let history = |items: &&[u32]| items.iter().copied().map(ItemId::new).collect();
    Interactions::new(items, histories.iter().map(history).collect()).unwrap()
}

#[test]
fn a_table_survives_its_file_and_other_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.json");
    let users = table(Side::User, 11, 3);
    users.write(&path).unwrap();
    assert_eq!(TokenTable::read(&path).unwrap(), users);

    let text = fs::read_to_string(&path).unwrap();
    for (from, to, reason) in [
        ("\"<u2-", "\"<u1-", "a token of user 0 as <u2-12>"),
        ("\"<u1-", "\"<v1-", "a token of user 0 as <u1-12>"),
        ("\"<u3-", "\"<u3-0", "a token of user 0"),
        ("[7,9,7]", "[1,9,7]", "expected a code below 1"),
        ("[7,9,7]", "[7,9]", "2 tokens for user 0"),
        ("\"side\"", "\"sites\"", "sites"),
    ] {
        fs::write(&path, text.replace(from, to)).unwrap();
        let message = TokenTable::read(&path).unwrap_err().to_string();
        assert!(message.contains(reason), "{message} should say {reason}");
    }
}

#[test]
fn a_quantizer_makes_a_table() {
    let quantizer = MaskedVqConfig::new(4)
        .with_hidden(vec![5])
        .with_d_code(3)
        .with_codebook_sizes(vec![6, 2])
        .init(&Device::default());
    let values = (0..20).map(|i| (i as f32 * 0.7).sin()).collect::<Vec<_>>();
    let rows = Tensor::<2>::from_data(TensorData::new(values, [5, 4]), &Device::default());
    let items = TokenTable::of(Side::Item, &quantizer, &rows).unwrap();
    assert_eq!((items.len(), items.levels()), (5, 2));
    assert_eq!(items.table().codebook_sizes(), [6, 2]);
    let codes: Vec<i64> = quantizer.encode(rows.clone()).into_data().iter().collect();
    assert!((0..5).all(|i| i64::from(items.codes(i)[1].get()) == codes[2 * i + 1]));
    let narrow = TokenTable::of(Side::Item, &quantizer, &rows.narrow(1, 0, 3)).unwrap_err();
    assert!(
        narrow.to_string().contains("5 rows of 3 values"),
        "{narrow}"
    );
}

#[test]
fn prompts_are_words_and_places() {
    let prompt = Prompt::new("What now, {user}? After {items}: ...").unwrap();
    let word = |word: &str| Part::Word(word.into());
    let expected = [
        word("what"),
        word("now"),
        word(","),
        Part::User,
        word("?"),
        word("after"),
        Part::Items,
        word(":"),
        word("."),
        word("."),
        word("."),
    ];
    assert_eq!(prompt.parts(), expected);
    assert!(prompt.has_items());
    for text in [
        "nobody",
        "{user} {user}",
        "{items} {items}",
        "{use}",
        "a{user}",
        "",
    ] {
        let message = Prompt::new(text).unwrap_err().to_string();
        assert!(message.contains("{user}, {items} or both"), "{message}");
    }
    let text = serde_json::to_string(&prompt).unwrap();
    assert_eq!(serde_json::from_str::<Prompt>(&text).unwrap(), prompt);
    assert!(serde_json::from_str::<Prompt>("\"nobody\"").is_err());
}

#[test]
fn our_prompts_are_ten_one_and_one() {
    let prompts = Prompts::default();
    assert_eq!((prompts.seen.len(), prompts.iter().count()), (10, 12));
    assert!(
        prompts
            .seen
            .iter()
            .chain([&prompts.unseen])
            .all(Prompt::has_items)
    );
    assert!(!prompts.user_only.has_items());
    // A model without a text model behind it can only read words that it was trained with.
    let known = PromptVocabulary::new(&prompts.seen, [1], [1]);
    for part in prompts
        .unseen
        .parts()
        .iter()
        .chain(prompts.user_only.parts())
    {
        if let Part::Word(word) = part {
            assert!(
                known.word(word).is_some(),
                "{word} is in no prompt that is trained with"
            );
        }
    }
    assert!(prompts.seen.iter().all(|seen| *seen != prompts.unseen));
}

#[test]
fn every_token_has_one_name() {
    let prompts = Prompts::default();
    let vocabulary = PromptVocabulary::new(prompts.iter(), [3, 4], [5, 2, 2]);
    let names: Vec<String> = (0..vocabulary.len() as u32)
        .map(|t| vocabulary.name(t.into()))
        .collect();
    let mut distinct = names.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), names.len());
    assert_eq!(
        vocabulary.word("which").map(|token| vocabulary.name(token)),
        Some("which".into())
    );
    assert_eq!(vocabulary.word("Which"), None);
    assert_eq!(
        vocabulary.name(vocabulary.token(Side::User, 1, Code::new(3))),
        "<u2-3>"
    );
    assert_eq!(
        vocabulary.name(vocabulary.token(Side::Item, 2, Code::new(0))),
        "<v3-0>"
    );
    assert_eq!(
        vocabulary.token(Side::Item, 2, Code::new(1)).index() + 1,
        vocabulary.len()
    );
}

#[test]
#[should_panic(expected = "level 0 of a user has 3 codewords, not 3")]
fn a_code_outside_its_codebook_has_no_token() {
    PromptVocabulary::new([], [3], [5]).token(Side::User, 0, Code::new(3));
}

#[test]
fn published_files_survive_and_wrong_ones_are_refused_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("codebook.txt");
    let data = interactions(&[&[2, 0], &[], &[1, 2]], 3);
    let (users, items) = (table(Side::User, 3, 1), table(Side::Item, 3, 2));
    write_published(&path, &data, &users, &items).unwrap();
    let sizes = [7, 9, 7];
    let read = || read_published(&path, &data, &sizes);
    assert_eq!(read().unwrap(), [users.clone(), items.clone()]);

    let text = fs::read_to_string(&path).unwrap();
    for (from, to, reason) in [
        ("user_cb", "users", "codebook.txt:1: expected the header"),
        (
            "1,user_<a-",
            "1,user_<b-",
            "codebook.txt:3: expected 3 tokens of one user",
        ),
        ("2,user", "3,user", "codebook.txt:4: expected user 2"),
        (
            " item_",
            " items_",
            "codebook.txt:2: expected 3 tokens of one item",
        ),
        (" item_<0-", "item_<0-", "codebook.txt:2"),
        ("user_<a-", "user_<a-0", "codebook.txt:2"),
    ] {
        fs::write(&path, text.replace(from, to)).unwrap();
        let message = read().unwrap_err().to_string();
        assert!(message.contains(reason), "{message} should say {reason}");
    }
    fs::write(&path, &text).unwrap();
    let other = interactions(&[&[2, 1], &[], &[1, 2]], 3);
    let message = read_published(&path, &other, &sizes)
        .unwrap_err()
        .to_string();
    assert!(message.contains("as before"), "{message}");
    let more = interactions(&[&[2, 0], &[], &[1, 2]], 4);
    let message = read_published(&path, &more, &sizes)
        .unwrap_err()
        .to_string();
    assert!(message.contains("item 3 in none"), "{message}");
    assert!(write_published(&path, &more, &users, &items).is_err());
}

/// The published codebooks of LastFM, with either numbering of the items.
#[test]
#[expect(
    clippy::print_stderr,
    reason = "a test that does not run has to say so"
)]
fn published_codebooks_are_read_and_written_to_the_same_bytes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/lastfm");
    if !folder.exists() {
        return eprintln!("skipped: there is no {}", folder.display());
    }
    let other = SequenceText::new(folder.join("test.txt")).with_first_item(FirstItem::Zero);
    let data = SequenceText::new(folder.join("user_sequence.txt"))
        .read()
        .unwrap();
    let path = folder.join("test_codebook.txt");
    let [users, items] = read_published(&path, &data.interactions, &[256; 3]).unwrap();
    let numbered = other.read().unwrap().interactions;
    let [same, _] = read_published(&path, &numbered, &[256; 3]).unwrap();
    assert_eq!(users, same);
    assert_eq!((users.len(), items.len()), (1_090, 3_646));
    assert_eq!(users.name(0), "<u1-133><u2-240><u3-135>");
    let out = tempfile::tempdir().unwrap();
    let copy = out.path().join("copy.txt");
    write_published(&copy, &data.interactions, &users, &items).unwrap();
    assert!(fs::read(&copy).unwrap() == fs::read(&path).unwrap());
}

proptest! {
    #[test]
    fn names_and_codes_are_one_to_one(level in 0usize..40, code in 0u32..100_000) {
        for side in [Side::User, Side::Item] {
            let name = side.name(level, Code::new(code));
            prop_assert_eq!(side.parse(&name, level), Some(Code::new(code)));
            prop_assert_eq!(side.parse(&name, level + 1), None);
        }
        prop_assert_eq!(Side::Item.parse(&Side::User.name(level, Code::new(code)), level), None);
    }
}
