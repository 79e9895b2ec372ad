use super::*;

const NAMES: FieldNames = FieldNames {
    id: Some("asin"),
    brand: "store",
    categories: "categories",
};

fn read(json: &str) -> Result<(String, Item), String> {
    let mut json = serde_json::Deserializer::from_str(json);
    ItemRecord(NAMES)
        .deserialize(&mut json)
        .map_err(|error| error.to_string())
}

fn categories(json: &str) -> Vec<String> {
    read(&format!("{{\"asin\": \"x\", \"categories\": {json}}}"))
        .unwrap()
        .1
        .categories
}

#[test]
fn a_full_record_and_an_empty_one() {
    let (id, item) = read(
        r#"{"asin": "B1", "title": " T ", "store": "S", "rank": {"x": [1]}, "categories": ["A", "B"],
            "description": ["one ", "", "two"], "price": 12.5}"#,
    )
    .unwrap();
    let expected = Item {
        title: Some("T".into()),
        brand: Some("S".into()),
        categories: vec!["A".into(), "B".into()],
        description: Some("one two".into()),
        price: Some(12.5),
    };
    assert_eq!((id.as_str(), item), ("B1", expected));
    let blank = r#"{"asin": "B2", "title": "", "store": null, "categories": [], "description": [], "price": null}"#;
    assert_eq!(read(blank).unwrap(), ("B2".into(), Item::default()));
    assert_eq!(
        read(r#"{"asin": "B3"}"#).unwrap(),
        ("B3".into(), Item::default())
    );
}

#[test]
fn categories_in_every_shape() {
    assert_eq!(
        categories("\"A & B,Tapes, Glues & C,D\""),
        ["A & B", "Tapes, Glues & C", "D"]
    );
    assert_eq!(
        categories("\"OPI, Makeup, Nails\""),
        ["OPI", "Makeup", "Nails"]
    );
    assert_eq!(categories("\"One\""), ["One"]);
    assert_eq!(categories("\"\""), [""; 0]);
    assert_eq!(categories("\",A,\""), ["A"]);
    assert_eq!(categories("[\"A, B\", \"C\", \" \"]"), ["A, B", "C"]);
    assert_eq!(
        categories("[[\"A\", \"B\"], [\"A\", \"C\"]]"),
        ["A", "B", "C"]
    );
    assert_eq!(categories("\"A,B,A\""), ["A", "B", "A"]);
    assert_eq!(categories("[\"A\", \"A\"]"), ["A", "A"]);
    assert_eq!(categories("null"), [""; 0]);
}

#[test]
fn prices_are_amounts_or_nothing() {
    let price = |json: &str| {
        read(&format!("{{\"asin\": \"x\", \"price\": {json}}}")).map(|(_, item)| item.price)
    };
    assert_eq!(price("3"), Ok(Some(3.0)));
    assert_eq!(price("\"$1,299.50\""), Ok(Some(1299.5)));
    for no_price in [
        "\"\"",
        "\"$1.00 - $2.00\"",
        "\".a-box{color:red}\"",
        "\"from 3\"",
        "\"NaN\"",
        "null",
    ] {
        assert_eq!(price(no_price), Ok(None), "{no_price}");
    }
    assert!(price("-1").unwrap_err().contains("a price of 0 or more"));
    assert!(
        price("[1]")
            .unwrap_err()
            .contains("a price of 0 or more, or a string")
    );
}

#[test]
fn what_is_no_record_is_refused() {
    for (json, part) in [
        (
            r#"["B1"]"#,
            "expected an item: an object with \"asin\", \"title\"",
        ),
        (r#"{"title": "x"}"#, "missing field `asin`"),
        (r#"{"asin": ""}"#, "the item's id as \"asin\""),
        (r#"{"asin": 5}"#, "expected a string"),
        (
            r#"{"asin": "x", "title": 5}"#,
            "expected a string or a list of strings",
        ),
        (
            r#"{"asin": "x", "title": {}}"#,
            "expected a string or a list of strings",
        ),
        (
            r#"{"asin": "x", "categories": [5]}"#,
            "a category: a string or a list of strings",
        ),
        (
            r#"{"asin": "x", "categories": [[["deep"]]]}"#,
            "expected a string",
        ),
        (
            r#"{"asin": "x", "title": "a", "title": "b"}"#,
            "\"title\" a second time",
        ),
    ] {
        let error = read(json).expect_err(json);
        assert!(error.contains(part), "{json}: {error}");
    }
}
