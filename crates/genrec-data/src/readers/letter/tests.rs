use super::*;
use crate::{
    ItemId,
    readers::fixture::{Folder, by_name, gzip, real, refused},
};

const INTER: &str = "{\"u\": [0, 2],\n \"v\": [1]}";
const ITEM: &str = "{\"0\": {\"title\": \"A\"},\n \"2\": {},\n \"1\": {\"brand\": \"B\", \"categories\": \"x,y\"}}";

fn read(inter: impl Into<Vec<u8>>, item: Option<&str>) -> Result<Dataset> {
    let folder = Folder::new();
    let mut reader = LetterJson::new(folder.file("Toy.inter.json", inter));
    if let Some(item) = item {
        reader = reader.with_items(folder.file("Toy.item.json", item));
    }
    reader.read()
}

#[test]
fn histories_and_items_come_together() {
    let dataset = read(INTER, Some(ITEM)).unwrap();
    assert_eq!(dataset.name, "Toy");
    assert_eq!(by_name(&dataset), [("u", vec!["0", "2"]), ("v", vec!["1"])]);
    assert_eq!(dataset.catalog.text(ItemId::new(1)), "B. x, y");
    assert_eq!(dataset.catalog.get(ItemId::new(2)), &Item::default());
}

#[test]
fn gz_gives_the_same() {
    let folder = Folder::new();
    let reader = LetterJson::new(folder.file("Toy.inter.json.gz", gzip(INTER.as_bytes())))
        .with_items(folder.file("Toy.item.json.gz", gzip(ITEM.as_bytes())));
    assert_eq!(reader.read().unwrap(), read(INTER, Some(ITEM)).unwrap());
}

#[test]
fn without_item_file_the_catalogue_has_no_text() {
    let dataset = read(INTER, None).unwrap();
    assert_eq!(dataset.catalog.len(), 3);
    assert!(!dataset.catalog.has_text());
    let folder = Folder::new();
    let reader = LetterJson::new(folder.file("x.inter.json", "{\"u\": [0, 5]}"));
    refused(
        reader.read(),
        &[
            "x.inter.json: expected every item number",
            "no item 1",
            "with_catalogue_size",
        ],
    );
    let dataset = reader.clone().with_catalogue_size(7).read().unwrap();
    assert_eq!(
        (dataset.catalog.len(), dataset.interactions.items()),
        (7, 7)
    );
    refused(
        reader.with_catalogue_size(5).read(),
        &["x.inter.json:1: expected an item of the catalogue, numbered below 5, found item 5"],
    );
}

#[test]
fn unknown_items_are_refused_with_their_line() {
    refused(
        read("{\"u\": [0],\n \"v\": [3]}", Some(ITEM)),
        &["Toy.inter.json:2: expected an item of Toy.item.json, numbered below 3, found item 3"],
    );
}

#[test]
fn huge_and_negative_items_are_refused() {
    refused(
        read("{\"u\": [0,\n 4294967294]}", None),
        &["Toy.inter.json: ", "the largest, 4294967294", "no item 1"],
    );
    refused(
        read("{\"u\": [0,\n 4294967296]}", None),
        &["Toy.inter.json:2:", "found item 4294967296"],
    );
    refused(
        read("{\"u\": [0,\n -1]}", None),
        &["Toy.inter.json:2:", "found integer `-1`"],
    );
    refused(
        read(INTER, Some("{\"-1\": {}}")),
        &[
            "Toy.item.json:1: expected an item number from 0",
            "item \"-1\"",
        ],
    );
    refused(
        read(INTER, Some("{\"0\": {},\n\"99999999999\": {}}")),
        &["Toy.item.json:2:", "item \"99999999999\""],
    );
    refused(
        read(INTER, Some("{\"0\": {},\n\"4000000000\": {}}")),
        &["Toy.item.json: ", "found no item 1"],
    );
}

#[test]
fn repeated_users_items_and_fields_are_refused_with_their_line() {
    refused(
        read("{\"u\": [0],\n \"u\": [1]}", None),
        &["Toy.inter.json:2: expected each user once"],
    );
    refused(
        read(INTER, Some("{\"0\": {},\n\"0\": {}}")),
        &["Toy.item.json:2: expected each item once"],
    );
    refused(
        read(
            INTER,
            Some("{\"0\": {\"title\": \"a\",\n\"title\": \"b\"}}"),
        ),
        &["Toy.item.json:2: expected each field once"],
    );
}

#[test]
fn wrong_types_are_refused_with_their_line() {
    refused(
        read("{\"u\": [0],\n \"v\": \"1\"}", None),
        &["Toy.inter.json:2: expected a list of items"],
    );
    refused(
        read("{\"u\": [0],\n \"v\": [\"1\"]}", None),
        &["Toy.inter.json:2: expected an item number"],
    );
    refused(
        read(INTER, Some("{\"0\":\n 5}")),
        &["Toy.item.json:2: expected an item: an object with \"title\""],
    );
    refused(
        read(INTER, Some("{\"0\": {\"title\":\n 5}}")),
        &["Toy.item.json:2: expected a string"],
    );
    refused(
        read(INTER, Some("[]")),
        &["Toy.item.json:1: expected {\"0\": {\"title\""],
    );
}

#[test]
fn empty_broken_and_truncated_files_are_refused() {
    refused(read("", None), &["Toy.inter.json: ", "an empty file"]);
    refused(read("{}", None), &["Toy.inter.json: ", "found no user"]);
    refused(read(INTER, Some("")), &["Toy.item.json: ", "an empty file"]);
    refused(
        read(b"{\"u\": [0],\n \"\xf0\": [1]}".to_vec(), None),
        &["Toy.inter.json:2: "],
    );
    refused(
        read("{\"u\": [0],\n \"v\": [1", None),
        &["Toy.inter.json:2: ", "EOF while parsing a list"],
    );
    let folder = Folder::new();
    let long: Vec<String> = (0..900)
        .map(|user| format!("\"{user}\": [{}]", user * 7 % 900))
        .collect();
    let path = folder.truncated_gz("Toy.inter.json.gz", &format!("{{{}}}", long.join(",\n")));
    refused(
        LetterJson::new(path).read(),
        &["Toy.inter.json.gz: cannot be read (line "],
    );
    let with_items =
        |items| LetterJson::new(folder.file("Toy.inter.json", INTER)).with_items(items);
    let broken = b"{\"0\": {},\n \"1\": {\"title\": \"\xff\"}}".to_vec();
    refused(
        with_items(folder.file("Toy.item.json", broken)).read(),
        &[
            "Toy.item.json:2: expected {\"0\": {\"title\": ...",
            "unicode",
        ],
    );
    let long: Vec<String> = (0..900)
        .map(|item| format!("\"{item}\": {{\"title\": \"{}\"}}", item * 7 % 900))
        .collect();
    let cut = folder.truncated_gz("Toy.item.json.gz", &format!("{{{}}}", long.join(",\n")));
    refused(
        with_items(cut).read(),
        &["Toy.item.json.gz: cannot be read (line ", "complete"],
    );
}

#[test]
fn the_real_files_have_their_published_sizes() {
    for (folder, name, users, items, interactions, has_text) in [
        ("scientific", "Scientific", 8_317, 4_344, 58_492, true),
        ("beauty", "Beauty", 22_363, 12_101, 198_502, true),
        ("instruments", "Instruments", 24_772, 9_922, 206_153, false),
    ] {
        let Some(folder) = real(folder) else { return };
        let mut reader = LetterJson::new(folder.join(format!("{name}.inter.json")));
        if has_text {
            reader = reader.with_items(folder.join(format!("{name}.item.json")));
        }
        let dataset = reader.read().unwrap();
        let found = dataset.statistics();
        assert_eq!(
            (found.users, found.items, found.interactions),
            (users, items, interactions),
            "{name}"
        );
        assert_eq!(dataset.catalog.has_text(), has_text, "{name}");
    }
}

#[test]
fn an_item_file_is_read_alone() {
    let folder = Folder::new();
    let catalog = LetterJson::read_items(folder.file("Toy.item.json", ITEM)).unwrap();
    assert_eq!(catalog, read(INTER, Some(ITEM)).unwrap().catalog);
    let missing = LetterJson::read_items(folder.file("Gap.item.json", "{\"0\": {}, \"2\": {}}"));
    assert!(missing.unwrap_err().to_string().contains("no item 1"));
}
