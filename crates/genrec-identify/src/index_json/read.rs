use std::{collections::HashMap, fmt, path::Path};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::{Code, Error, Identifier, Result};

/// Whether all identifiers must have as many codes as the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lengths {
    /// All of one length, as codes of a quantizer are.
    Equal,
    /// Of any length from one.
    Any,
}

/// Parses a whole file; row `i` of the result is item `i`. `path` is only for messages.
pub(crate) fn parse(path: &Path, bytes: &[u8], lengths: Lengths) -> Result<Vec<Identifier>> {
    let place = |line, column, fault: Fault| Error::IndexFile {
        path: path.to_owned(),
        line,
        column,
        item: fault.item,
        expected: fault.expected,
        found: fault.found,
    };
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let (line, column) = position(bytes, error.valid_up_to());
        place(
            line,
            column,
            Fault::new(
                "UTF-8 text",
                format!("the byte 0x{:02x}", bytes[error.valid_up_to()]),
            ),
        )
    })?;
    if text.trim().is_empty() {
        return Err(place(1, 1, Fault::new(WHOLE, "an empty file")));
    }

    let mut reader = Reader {
        lengths,
        first: None,
        entries: HashMap::new(),
        item: None,
        fault: None,
    };
    let mut json = serde_json::Deserializer::from_str(text);
    let parsed = reader.deserialize_file(&mut json).and_then(|()| {
        reader.item = None;
        json.end()
    });
    if let Err(error) = parsed {
        let fault = reader
            .fault
            .take()
            .unwrap_or_else(|| Fault::of(&error, reader.item.take()));
        return Err(place(error.line().max(1), error.column().max(1), fault));
    }

    let items = reader.entries.len();
    let rows = (0..items as u32)
        .map(|item| reader.entries.remove(&item).ok_or(item))
        .collect::<Result<Vec<_>, _>>();
    rows.map_err(|missing| {
        let (line, column) = position(bytes, bytes.len());
        place(
            line,
            column,
            Fault::new(
                format!(
                    "every item from 0 to {}, as there are {items} entries",
                    items - 1
                ),
                format!("no entry for item {missing}"),
            ),
        )
    })
}

const WHOLE: &str =
    "an object from item numbers to tokens, such as {\"0\": [\"<a_12>\", \"<b_7>\"]}";

/// Line and column (in bytes), from 1, of a byte.
fn position(bytes: &[u8], at: usize) -> (usize, usize) {
    let line_start = bytes[..at]
        .iter()
        .rposition(|&byte| byte == b'\n')
        .map_or(0, |newline| newline + 1);
    (
        1 + bytes[..at].iter().filter(|&&byte| byte == b'\n').count(),
        1 + at - line_start,
    )
}

/// What is wrong, without the place.
struct Fault {
    item: Option<String>,
    expected: String,
    found: String,
}

impl Fault {
    fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            item: None,
            expected: expected.into(),
            found: found.into(),
        }
    }

    /// The fault in an error that the JSON parser raised itself.
    fn of(error: &serde_json::Error, item: Option<String>) -> Self {
        let text = error.to_string();
        let text = text
            .strip_suffix(&format!(
                " at line {} column {}",
                error.line(),
                error.column()
            ))
            .unwrap_or(&text);
        let (expected, found) = match text
            .strip_prefix("invalid type: ")
            .and_then(|text| text.split_once(", expected "))
        {
            Some((found, expected)) => (expected.to_owned(), found.to_owned()),
            None if error.is_eof() => (
                String::from("the rest of the object"),
                format!("the end of the file ({text})"),
            ),
            None if text == "trailing characters" => (
                String::from("the end of the file after the object"),
                String::from("more text"),
            ),
            None => (WHOLE.to_owned(), format!("a fault in the JSON ({text})")),
        };
        Self {
            item,
            expected,
            found,
        }
    }
}

/// Collects the entries; a fault it notices itself is left in `fault` and travels through the parser as an error
/// without text, to gain its place there.
struct Reader {
    lengths: Lengths,
    /// The first item's key and number of tokens.
    first: Option<(String, usize)>,
    entries: HashMap<u32, Identifier>,
    /// The key being read.
    item: Option<String>,
    fault: Option<Fault>,
}

impl Reader {
    fn deserialize_file<'de, D: Deserializer<'de>>(&mut self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(Entries(self))
    }

    fn refuse<E: serde::de::Error>(
        &mut self,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> E {
        self.fault = Some(Fault {
            item: self.item.clone(),
            expected: expected.into(),
            found: found.into(),
        });
        E::custom("")
    }

    /// Takes the entry of one item after checking its key.
    fn key<E: serde::de::Error>(&mut self, key: String) -> Result<u32, E> {
        let item = key
            .parse::<u32>()
            .ok()
            .filter(|item| item.to_string() == key);
        self.item = None;
        let Some(item) = item else {
            return Err(self.refuse(
                "an item number from 0 as the key, such as \"17\"",
                format!("{key:?}"),
            ));
        };
        self.item = Some(key);
        if self.entries.contains_key(&item) {
            return Err(self.refuse("one entry for the item", "a second one"));
        }
        Ok(item)
    }

    fn token<E: serde::de::Error>(&mut self, token: &str, level: usize) -> Result<Code, E> {
        Code::parse(token, level).ok_or_else(|| {
            self.refuse(
                format!(
                    "a token of level {level}, such as \"{}\"",
                    Code::new(12).name(level)
                ),
                format!("{token:?}"),
            )
        })
    }

    fn length<E: serde::de::Error>(&mut self, found: usize) -> Result<(), E> {
        if found == 0 {
            return Err(self.refuse("at least one token", "an empty list"));
        }
        let key = self.item.clone().unwrap_or_default();
        let (first, expected) = self.first.get_or_insert((key, found)).clone();
        if self.lengths == Lengths::Equal && found != expected {
            return Err(self.refuse(
                format!("{expected} tokens, as item {first} has"),
                format!("{found} tokens"),
            ));
        }
        Ok(())
    }
}

/// The object of all items.
struct Entries<'a>(&'a mut Reader);

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(WHOLE)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            let item = self.0.key(key)?;
            let identifier = map.next_value_seed(Tokens(self.0))?;
            self.0.entries.insert(item, identifier);
        }
        self.0.item = None;
        if self.0.entries.is_empty() {
            return Err(self.0.refuse("at least one item", "an empty object"));
        }
        Ok(())
    }
}

/// The list of one item's tokens.
struct Tokens<'a>(&'a mut Reader);

impl<'de> DeserializeSeed<'de> for Tokens<'_> {
    type Value = Identifier;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Identifier, D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Tokens<'_> {
    type Value = Identifier;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of tokens, such as [\"<a_12>\", \"<b_7>\"]")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut tokens: A) -> Result<Identifier, A::Error> {
        let mut codes = Vec::with_capacity(tokens.size_hint().unwrap_or(4));
        while let Some(code) = tokens.next_element_seed(Token {
            reader: self.0,
            level: codes.len(),
        })? {
            codes.push(code);
        }
        self.0.length(codes.len())?;
        Ok(Identifier::new(codes))
    }
}

/// One token.
struct Token<'a> {
    reader: &'a mut Reader,
    level: usize,
}

impl<'de> DeserializeSeed<'de> for Token<'_> {
    type Value = Code;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Code, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Token<'_> {
    type Value = Code;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a token of level {}, such as \"{}\"",
            self.level,
            Code::new(12).name(self.level)
        )
    }

    fn visit_str<E: serde::de::Error>(self, token: &str) -> Result<Code, E> {
        self.reader.token(token, self.level)
    }
}
