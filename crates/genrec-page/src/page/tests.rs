use super::*;
use crate::{BarChart, Cell, LineChart};

const NASTY: &str = "<script>alert('x')</script> \"&\" \u{1}";

fn page() -> Page {
    let inner = Section::new(NASTY).with_paragraph(NASTY);
    let lines = LineChart::new(NASTY)
        .with_axes(NASTY, NASTY)
        .with_series(NASTY, [(1.0, 1.0), (2.0, 4.0)]);
    let bars = BarChart::new(NASTY, [NASTY, "b"]).with_series(NASTY, [1.0, 2.0]);
    let section = Section::new(NASTY)
        .with_facts([(NASTY, NASTY)])
        .with_table(
            Table::new(NASTY, [NASTY, "n"]).with_row([Cell::from(NASTY), Cell::from(3_usize)]),
        )
        .with_chart(lines)
        .with_chart(bars)
        .with_folded(inner.clone())
        .with_section(inner.with_section(Section::new("deep")));
    (0..3).fold(
        Page::new(NASTY)
            .with_paragraph(NASTY)
            .with_facts([(NASTY, "1")]),
        |page, _| page.with_section(section.clone()),
    )
}

/// The tags of a page in order: name, whether it closes, whether it is closed at once.
fn tags(html: &str) -> Vec<(String, bool, bool)> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let end = rest.find('>').expect("a tag ends");
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        tags.push((name, tag.starts_with('/'), tag.ends_with('/')));
    }
    tags
}

#[test]
fn elements_are_nested() {
    let html = page().to_html().unwrap();
    let mut open: Vec<String> = Vec::new();
    for (name, closes, at_once) in tags(&html) {
        if closes {
            assert_eq!(open.pop().as_deref(), Some(name.as_str()), "after {open:?}");
        } else if !at_once && !["", "meta"].contains(&name.as_str()) {
            let parent = open.last().map_or("", String::as_str);
            match name.as_str() {
                "tr" => assert!(["thead", "tbody"].contains(&parent)),
                "td" => assert_eq!(parent, "tr"),
                "li" => assert_eq!(parent, "ul"),
                "summary" => assert_eq!(parent, "details"),
                "figcaption" => assert_eq!(parent, "figure"),
                "div" | "table" | "figure" | "section" | "dl" | "nav" => assert_ne!(parent, "p"),
                _ => {}
            }
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
    for name in [
        "h1",
        "h2",
        "h3",
        "h4",
        "nav",
        "details",
        "svg",
        "figcaption",
        "caption",
    ] {
        assert!(tags(&html).iter().any(|tag| tag.0 == name), "{name}");
    }
}

#[test]
fn words_are_escaped_wherever_they_stand() {
    let html = page().to_html().unwrap();
    assert!(!html.contains("<script") && !html.contains("alert('") && !html.contains('\u{1}'));
    assert!(html.matches("&lt;script&gt;").count() > 20);
}

#[test]
fn nothing_comes_from_elsewhere() {
    let html = page().to_html().unwrap();
    for foreign in [
        "http",
        "src=",
        "url(",
        "@import",
        "<link",
        "<script",
        "javascript:",
        "xmlns",
    ] {
        assert!(!html.contains(foreign), "{foreign}");
    }
    assert!(html.contains("href=\"#section-3\"") && html.contains("id=\"section-3\""));
    assert!(!html.contains("section-4"));
}

#[test]
fn a_short_page_has_no_contents() {
    let page = Page::new("T").with_section(Section::new("only"));
    assert!(!page.to_html().unwrap().contains("<nav"));
}

#[test]
fn a_failed_save_leaves_the_old_page_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.html");
    Page::new("old").save(&path).unwrap();
    let old = fs::read_to_string(&path).unwrap();
    let broken = Page::new("new").with_table(Table::new("T", ["a"]).with_row(["1", "2"]));
    assert!(broken.save(&path).is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), old);
    let error = Page::new("new")
        .save(folder.path().join("missing/page.html"))
        .unwrap_err();
    assert!(error.to_string().starts_with("cannot write") && error.to_string().contains("missing"));
    Page::new("new").save(&path).unwrap();
    assert!(fs::read_to_string(&path).unwrap().contains("<h1>new</h1>"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
