use tokenizers::models::unigram::Unigram;
use tokenizers::pre_tokenizers::metaspace::Metaspace;

use super::*;

fn trained() -> TextTokenizer {
    let texts = [
        "steel screw 20 mm",
        "brass screw 30 mm",
        "steel bolt",
        "screw and bolt",
    ];
    TextTokenizer::train(&texts, 280).unwrap()
}

#[test]
fn every_text_comes_back_and_known_words_are_short() {
    let tokenizer = trained();
    for text in [
        "steel screw",
        "Ünïcode, 日本語 and \"quotes\"\n\ttabs",
        "<eos>not an end",
        "",
    ] {
        let tokens = tokenizer.encode(text).unwrap();
        assert_eq!(tokenizer.decode(&tokens).unwrap(), text);
    }
    assert!(tokenizer.encode(" screw").unwrap().len() < 3);
    assert_eq!(
        (tokenizer.token("<pad>"), tokenizer.token("<eos>")),
        (Some(0), Some(1))
    );
    assert!(tokenizer.len() <= 280 && tokenizer.len() > 258);
    let again = trained();
    assert_eq!(
        again.inner.to_string(false).unwrap(),
        tokenizer.inner.to_string(false).unwrap()
    );
    assert!(TextTokenizer::train(&["a"], 257).is_err());
}

#[test]
fn identifiers_are_single_tokens_behind_the_text() {
    let plain = trained();
    let vocabulary = Vocabulary::new(&[3, 4]);
    let tokenizer = plain.clone().with_identifiers(&vocabulary).unwrap();
    assert_eq!(tokenizer.len(), plain.len() + 7);
    let tokens = tokenizer.encode("steel <a_2><b_3> bolt").unwrap();
    let first = plain.len() as u32;
    assert!(
        tokens.windows(2).any(|pair| pair == [first + 2, first + 6]),
        "{tokens:?}"
    );
    for level in 0..2 {
        for token in vocabulary.level(level).map(TokenId::new) {
            let written = tokenizer.encode(&vocabulary.name(token)).unwrap();
            assert_eq!(written, [tokenizer.of_identifier(token, 1)]);
        }
    }
    assert_eq!(tokenizer.of_identifier(vocabulary.eos(), 1), 1);
    assert!(tokenizer.clone().with_identifiers(&vocabulary).is_err());

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    tokenizer.save(&path).unwrap();
    let opened = TextTokenizer::open(&path).unwrap();
    assert_eq!(
        opened.encode("a <b_1> bolt").unwrap(),
        tokenizer.encode("a <b_1> bolt").unwrap()
    );
    let again = opened.clone().having_identifiers(&vocabulary).unwrap();
    let token = TokenId::new(vocabulary.level(1).start);
    assert_eq!(again.of_identifier(token, 1), first + 3);
    let error = opened.having_identifiers(&Vocabulary::new(&[4, 4]));
    assert!(error.unwrap_err().to_string().contains("<a_3>"));
    std::fs::write(&path, "{").unwrap();
    assert!(
        TextTokenizer::open(&path)
            .unwrap_err()
            .to_string()
            .contains("tokenizer.json")
    );
}

#[test]
fn titles_are_identifiers_in_words() {
    let titles = [
        "steel screw 20 mm",
        "steel screw 30 mm",
        "steel screw 20 mm",
        "",
    ];
    let items = titles.map(|title| genrec_data::Item {
        title: Some(title.to_owned()),
        ..genrec_data::Item::default()
    });
    let ids = genrec_data::Ids::new(["x", "y", "z", "bolt"].map(String::from).to_vec());
    let catalog = Catalog::new(ids.unwrap(), items.to_vec()).unwrap();
    let plain = trained();
    let table = plain.titles(&catalog, 32).unwrap();
    let vocabulary = Vocabulary::of(&table);
    let text = plain
        .clone()
        .with_identifiers_in_words(&vocabulary)
        .unwrap();
    assert!(text.in_words() && !plain.in_words() && text.len() == plain.len());
    let items = vocabulary.tokenize(&table);
    let written = |item: u32| {
        let tokens = items.tokens(item.into()).iter();
        let tokens: Vec<u32> = tokens.map(|&token| text.of_identifier(token, 1)).collect();
        text.decode(&tokens).unwrap()
    };
    let expected = [
        "steel screw 20 mm",
        "steel screw 30 mm",
        "steel screw 20 mm 2",
        "bolt",
    ];
    assert_eq!([0, 1, 2, 3].map(written), expected);
    // Cut before they differ, the second gets a number too.
    let cut = plain.titles(&catalog, 2).unwrap();
    assert_eq!(cut.len(), 4);
    assert!(text.with_identifiers_in_words(&vocabulary).is_err());
    assert!(
        plain
            .with_identifiers_in_words(&Vocabulary::new(&[9999]))
            .is_err()
    );
}

#[test]
fn special_pieces_of_a_unigram_are_text_in_texts() {
    // As T5 has them: the special tokens are pieces that cost nothing.
    let pieces = [
        ("<pad>", 0.0),
        ("</s>", 0.0),
        ("<unk>", 0.0),
        ("▁", -2.0),
        ("▁the", -3.0),
        ("▁end", -3.0),
    ];
    let letters = ["<", "/", "s", ">", "u", "n", "k"].map(|letter| (letter, -5.0));
    let pieces = pieces.into_iter().chain(letters);
    let pieces = pieces
        .map(|(piece, score)| (piece.to_owned(), score))
        .collect();
    let mut inner = Tokenizer::new(Unigram::from(pieces, Some(2), false).unwrap());
    inner.with_pre_tokenizer(Some(Metaspace::default()));
    inner.with_decoder(Some(Metaspace::default()));
    let special = ["<pad>", "</s>", "<unk>"].map(|word| AddedToken::from(word, true));
    inner.add_special_tokens(special).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    inner.save(&path, false).unwrap();

    let text = TextTokenizer::open(&path).unwrap();
    let written = "the end</s> <unk> the</s></s>";
    // Not by itself.
    let plain = text.inner.encode(written, false).unwrap();
    assert_eq!(
        plain.get_ids().iter().filter(|&&token| token == 1).count(),
        3
    );
    let tokens = text.encode(written).unwrap();
    assert!(tokens.iter().all(|token| *token > 2), "{tokens:?}");
    assert_eq!(
        text.decode(&tokens).unwrap(),
        "the end< /s> < unk> the< /s>< /s>"
    );
    assert_eq!(text.encode("the end").unwrap(), [4, 5]);
    // What is unknown stays so.
    assert!(text.encode("the 日").unwrap().contains(&2));
}

#[test]
fn items_of_one_title_are_numbered() {
    let titles = ["bolt", "bolt 3", "bolt", "bolt", "bolt 3"];
    let items = titles.map(|title| genrec_data::Item {
        title: Some(title.to_owned()),
        ..genrec_data::Item::default()
    });
    let ids = genrec_data::Ids::new(["a", "b", "c", "d", "e"].map(String::from).to_vec());
    let catalog = Catalog::new(ids.unwrap(), items.to_vec()).unwrap();
    let plain = trained();
    let table = plain.titles(&catalog, 32).unwrap();
    let written = table.iter().map(|(_, codes)| {
        let tokens: Vec<u32> = codes.iter().map(|code| code.get()).collect();
        plain.decode(&tokens).unwrap()
    });
    // The third of the bolts is no "bolt 3": another item is called so.
    let expected = ["bolt", "bolt 3", "bolt 2", "bolt 4", "bolt 3 2"];
    assert_eq!(written.collect::<Vec<_>>(), expected);
}
