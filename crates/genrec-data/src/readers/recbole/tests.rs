use super::*;
use crate::{
    ItemId, UserId,
    readers::fixture::{Folder, by_name, gzip, refused},
};

const INTER: &str = "user_id:token\titem_id:token\trating:float\ttimestamp:float\nu\tb\t4\t2e2\nv\tb\t1\t5.0\nu\ta\t3\t100.75\nu\tc\t3\t100.5\n";
const ITEM: &str = "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\tprice:float\n\
                    a\tThe A Team\t1990\tWar Drama\t2.5\nb\t\t\t\t\nz\tUnseen\t\t\t\nc\tC\t\tWar\t\n";

fn reader(inter: impl Into<Vec<u8>>, item: Option<&str>) -> (Folder, RecBole) {
    let folder = Folder::new();
    let mut reader = RecBole::new(folder.file("toy.inter", inter));
    if let Some(item) = item {
        reader = reader.with_items(folder.file("toy.item", item));
    }
    (folder, reader)
}

fn read(inter: impl Into<Vec<u8>>, item: Option<&str>) -> Result<Dataset> {
    let (_folder, reader) = reader(inter, item);
    reader.read()
}

#[test]
fn rows_are_ordered_by_time_with_fractions() {
    let dataset = read(INTER, Some(ITEM)).unwrap();
    assert_eq!(dataset.name, "toy");
    assert_eq!(
        by_name(&dataset),
        [("u", vec!["c", "a", "b"]), ("v", vec!["b"])]
    );
    assert_eq!(
        dataset.interactions.timestamps(UserId::new(0)).unwrap(),
        [100, 100, 200]
    );
    assert_eq!(
        dataset.catalog.texts(),
        ["", "The A Team. War, Drama", "C. War"]
    );
    assert_eq!(dataset.catalog.get(ItemId::new(1)).price, Some(2.5));
}

#[test]
fn gz_gives_the_same() {
    let folder = Folder::new();
    let reader = RecBole::new(folder.file("toy.inter.gz", gzip(INTER.as_bytes())))
        .with_items(folder.file("toy.item.gz", gzip(ITEM.as_bytes())));
    assert_eq!(reader.read().unwrap(), read(INTER, Some(ITEM)).unwrap());
}

#[test]
fn without_times_the_order_of_the_file_counts() {
    let dataset = read("item_id:token\tuser_id:token\nb\tu\na\tu\nb\tv\n", None).unwrap();
    assert_eq!(by_name(&dataset), [("u", vec!["b", "a"]), ("v", vec!["b"])]);
    assert!(!dataset.interactions.has_timestamps());
    assert!(!dataset.catalog.has_text());
}

#[test]
fn columns_separators_and_unseen_items_can_be_chosen() {
    let inter = "session:token\tproduct:token\tat:float\ns\tp\t2\ns\tq\t1\n";
    let item = "product:token\tcategories:token_seq\tbrand:token\np\tHome Care|Soap\tX Y\nq\tSoap\t\nr\t\t\n";
    let (_folder, reader) = reader(inter, Some(item));
    let reader = reader
        .with_columns(RecBoleColumns {
            user: "session".into(),
            item: "product".into(),
            time: "at".into(),
        })
        .with_sequence_separator("|");
    let dataset = reader.clone().read().unwrap();
    assert_eq!(by_name(&dataset), [("s", vec!["q", "p"])]);
    assert_eq!(
        dataset.catalog.get(ItemId::new(0)).categories,
        ["Home Care", "Soap"]
    );
    assert_eq!(
        dataset.catalog.get(ItemId::new(0)).brand.as_deref(),
        Some("X Y")
    );
    assert_eq!(
        reader.with_unseen_items(true).read().unwrap().catalog.len(),
        3
    );
}

#[test]
fn malformed_headers_are_refused() {
    for (header, part) in [
        (
            "user_id\titem_id:token",
            "expected a column as name:type, the type one of token, token_seq, float, float_seq, found \"user_id\"",
        ),
        ("user_id:int\titem_id:token", "found \"user_id:int\""),
        (
            "user_id:token item_id:token",
            "expected a column user_id:token",
        ),
        (
            "user_id:token\ttimestamp:float",
            "expected a column item_id:token, found user_id:token, timestamp:float",
        ),
        (
            "user_id:float\titem_id:token",
            "expected column user_id of type token, found user_id:float",
        ),
        (
            "user_id:token\titem_id:token\ttimestamp:token",
            "expected column timestamp of type float",
        ),
        (
            "user_id:token\titem_id:token\tuser_id:token",
            "expected each column once",
        ),
        (
            "user_id:token\titem_id:token\titem_id_list:token_seq",
            "expected one interaction a row",
        ),
    ] {
        refused(read(format!("{header}\n"), None), &["toy.inter:1: ", part]);
    }
    let item = "item_id:token\ttitle:float\n";
    refused(
        read(INTER, Some(item)),
        &["toy.item:1: expected column title of type token or token_seq"],
    );
}

#[test]
fn malformed_rows_are_refused_with_their_line() {
    let second =
        |row: &str| format!("user_id:token\titem_id:token\ttimestamp:float\nu\ta\t1\n{row}\n");
    for (row, part) in [
        (
            "u\ta",
            "expected 3 columns separated by tabs, as in the first line, found 2",
        ),
        (
            "u\ta\tnoon",
            "expected a time, a number of seconds since 1970, found \"noon\"",
        ),
        ("u\ta\tnan", "expected a time"),
        ("u\ta\t1e30", "expected a time in seconds that fits 64 bits"),
        ("\ta\t1", "expected a user's id, found nothing"),
        ("u\t\t1", "expected an item's id, found nothing"),
    ] {
        refused(read(second(row), None), &["toy.inter:3: ", part]);
    }
    // A row of empty cells is a row.
    refused(
        read(second("\t\t"), None),
        &["toy.inter:3: expected a time", "found \"\""],
    );
    refused(
        read("user_id:token\titem_id:token\nu\ta\n\t\n", None),
        &["toy.inter:3: expected a user's id, found nothing"],
    );
    refused(
        read("user_id:token\titem_id:token\nu\ta\n  \n", None),
        &["toy.inter:3: expected 2 columns", "found 1"],
    );
}

#[test]
fn malformed_items_are_refused_with_their_line() {
    refused(
        read(INTER, Some("id:token\ttitle:token\na\tA\n")),
        &[
            "toy.item:1: expected a column item_id:token, found id:token, title:token",
            "with_columns",
        ],
    );
    for (row, part) in [
        (
            "a\tA",
            "expected 3 columns separated by tabs, as in the first line, found 2",
        ),
        (
            "a\tA\t1\t2",
            "expected 3 columns separated by tabs, as in the first line, found 4",
        ),
        ("\tA\t1", "expected an item's id, found nothing"),
        ("\t\t", "expected an item's id, found nothing"),
        (
            "a\tA\tdear",
            "expected a price of 0 or more, found \"dear\"",
        ),
        (
            "a\tA\t-1.5",
            "expected a price of 0 or more, found \"-1.5\"",
        ),
        ("a\tA\tinf", "expected a price of 0 or more, found \"inf\""),
    ] {
        let item = format!("item_id:token\ttitle:token\tprice:float\nb\tB\t0\n{row}\n");
        refused(read(INTER, Some(&item)), &["toy.item:3: ", part]);
    }
}

#[test]
fn unknown_items_are_refused_or_kept() {
    let item = "item_id:token\ttitle:token\nb\tB\n";
    refused(
        read(INTER, Some(item)),
        &["toy.inter:4: expected an item of toy.item, found item \"a\" (and 1 others"],
    );
    let (_folder, reader) = reader(INTER, Some(item));
    let kept = reader
        .with_unknown_items(UnknownItems::KeepWithoutText)
        .read()
        .unwrap();
    assert_eq!(kept.catalog.texts(), ["B", "", ""]);
}

#[test]
fn empty_broken_and_truncated_files_are_refused() {
    refused(
        read("", None),
        &["toy.inter: ", "an empty file", "user_id:token"],
    );
    refused(read("\n\n", None), &["toy.inter:1: ", "only blank lines"]);
    refused(
        read("user_id:token\titem_id:token\n", None),
        &["toy.inter: ", "found no user"],
    );
    refused(read(INTER, Some("")), &["toy.item: ", "an empty file"]);
    let broken = [INTER.as_bytes(), b"u\t\xc3\x28\t1\t1\n"].concat();
    refused(
        read(broken, None),
        &["toy.inter:6: expected UTF-8 text, found byte 0xc3 at column 3"],
    );
    let folder = Folder::new();
    let with_items = |items| RecBole::new(folder.file("toy.inter", INTER)).with_items(items);
    refused(
        with_items(folder.file("toy.item", [ITEM.as_bytes(), b"d\t\xff\t\t\t\n"].concat())).read(),
        &["toy.item:6: expected UTF-8 text, found byte 0xff at column 3"],
    );
    let rows: String = (0..3_000)
        .map(|row| format!("{row}\tTitle {}\n", row * 31 % 997))
        .collect();
    let text = format!("item_id:token\ttitle:token\n{rows}");
    refused(
        with_items(folder.truncated_gz("cut.item.gz", &text)).read(),
        &["cut.item.gz: cannot be read (line ", "complete"],
    );
    let rows: String = (0..3_000)
        .map(|row| format!("u{}\ti{}\n", row % 70, row * 31 % 997))
        .collect();
    let path = folder.truncated_gz(
        "cut.inter.gz",
        &format!("user_id:token\titem_id:token\n{rows}"),
    );
    refused(
        RecBole::new(path).read(),
        &["cut.inter.gz: cannot be read (line "],
    );
}
