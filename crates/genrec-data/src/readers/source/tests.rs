use super::*;
use crate::readers::fixture::{Folder, gzip};

fn all(path: &Path) -> Result<Vec<(u64, String)>> {
    let mut lines = Lines::open(path, "lines")?;
    let mut all = Vec::new();
    while let Some(line) = lines.next_line()? {
        all.push((line.number, line.text.to_owned()));
    }
    Ok(all)
}

#[test]
fn lines_are_the_same_plain_compressed_in_members_or_under_another_name() {
    let text = "\u{feff}a b\r\n\n  \nc\n\u{e9}";
    let expected = [(1, "a b".into()), (4, "c".into()), (5, "\u{e9}".into())];
    let folder = Folder::new();
    let members = [
        gzip(&text.as_bytes()[..5]),
        gzip(b""),
        gzip(&text.as_bytes()[5..]),
    ]
    .concat();
    for (name, bytes) in [
        ("plain.txt", text.as_bytes().to_vec()),
        ("one.txt.gz", gzip(text.as_bytes())),
        ("several.txt.gz", members.clone()),
        ("disguised.txt", members),
    ] {
        assert_eq!(all(&folder.file(name, bytes)).unwrap(), expected, "{name}");
    }
}

#[test]
fn a_gz_file_cut_anywhere_is_an_error_and_never_a_shorter_file() {
    let folder = Folder::new();
    let text: String = (0..200).map(|n| format!("line {}\n", n * n)).collect();
    let whole = [gzip(text.as_bytes()), gzip(text.as_bytes())].concat();
    let first = gzip(text.as_bytes()).len();
    // A cut exactly between two members leaves a whole file, and nothing in it can tell.
    for cut in (1..whole.len()).filter(|&cut| cut != first) {
        let path = folder.file("cut.gz", whole[..cut].to_vec());
        let error = all(&path).expect_err(&format!("cut at {cut} of {}", whole.len()));
        assert!(matches!(error, Error::Read { .. }), "cut at {cut}: {error}");
        assert!(error.to_string().contains("cut.gz"), "{error}");
    }
}

#[test]
fn a_text_file_named_gz_is_refused() {
    let folder = Folder::new();
    let error = all(&folder.file("text.gz", "no gzip here")).unwrap_err();
    assert!(error.to_string().contains("text.gz"), "{error}");
}

#[test]
fn broken_utf8_is_reported_with_line_and_column() {
    let folder = Folder::new();
    let error = all(&folder.file("x.txt", b"good\nb\xffd\n".to_vec())).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("x.txt:2: expected UTF-8 text, found byte 0xff at column 2"),
        "{error}"
    );
}

#[test]
fn an_empty_file_and_a_missing_one_are_told_apart() {
    let folder = Folder::new();
    for (name, bytes) in [
        ("empty", Vec::new()),
        ("empty.gz", gzip(b"")),
        ("nothing.gz", Vec::new()),
    ] {
        let error = all(&folder.file(name, bytes)).unwrap_err();
        assert!(error.to_string().contains("found an empty file"), "{error}");
    }
    let error = all(&folder.path().join("absent")).unwrap_err();
    assert!(matches!(error, Error::Read { .. }), "{error}");
}

#[test]
fn a_peek_gives_a_short_line_and_not_a_long_one() {
    let folder = Folder::new();
    let path = folder.file("x", "\n0123456789\n");
    let mut lines = Lines::open(&path, "lines").unwrap();
    assert!(matches!(lines.peek(20), Ok(Peek::Line(line)) if line.text == "0123456789"));
    let mut lines = Lines::open(&path, "lines").unwrap();
    assert!(matches!(lines.peek(5), Ok(Peek::Longer)));
    let mut lines = Lines::open(&folder.file("blank", "\n \n"), "lines").unwrap();
    assert!(matches!(lines.peek(5), Ok(Peek::Nothing)));
}

#[test]
fn in_a_table_white_space_is_a_row() {
    let folder = Folder::new();
    let mut lines = Lines::open_table(&folder.file("t", "a\r\n\r\n\n\t\r\n \n"), "t").unwrap();
    for expected in [(1, "a"), (4, "\t"), (5, " ")] {
        let line = lines.next_line().unwrap().unwrap();
        assert_eq!((line.number, line.text), expected);
    }
    assert!(lines.next_line().unwrap().is_none());
}

#[test]
fn long_finds_are_cut_for_messages() {
    assert_eq!(quote("a\tb"), r#""a\tb""#);
    assert!(quote(&"\u{e9}".repeat(10_000)).len() < 200);
}
