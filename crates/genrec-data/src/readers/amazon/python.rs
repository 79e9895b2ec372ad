//! Python literals, as the metadata of 2014 has them: what `repr` writes and `ast.literal_eval` reads.

use serde_json::{Map, Number, Value};

/// Nesting beyond this is no data; it bounds the stack.
const DEEPEST: usize = 64;

/// What is wrong with a literal.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) expected: &'static str,
    /// With the column.
    pub(super) found: String,
}

/// Parses one literal: strings, numbers, lists, tuples, dicts with strings as keys, `True`, `False` and `None`. Tuples become arrays.
pub(super) fn parse(text: &str) -> Result<Value, Wrong> {
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
    };
    let value = parser.value()?;
    parser.skip_spaces();
    if parser.at < text.len() {
        return parser.wrong("the end of the line");
    }
    Ok(value)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn skip_spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    fn wrong<T>(&self, expected: &'static str) -> Result<T, Wrong> {
        let rest: String = self.text[self.at..].chars().take(20).collect();
        let found = if rest.is_empty() {
            "the end of the line".to_owned()
        } else {
            format!("{rest:?} at column {}", self.at + 1)
        };
        Err(Wrong { expected, found })
    }

    fn value(&mut self) -> Result<Value, Wrong> {
        const EXPECTED: &str = "a Python literal";
        self.skip_spaces();
        match self.peek() {
            Some(b'{') => self.nested(Self::dict),
            Some(b'[') => self.nested(|parser| Ok(Value::Array(parser.sequence(b']')?.0))),
            Some(b'(') => self.nested(Self::tuple),
            Some(b'\'' | b'"') => Ok(Value::String(self.string()?)),
            // Python 2 marks strings beyond ASCII.
            Some(b'u') => {
                self.at += 1;
                Ok(Value::String(self.string()?))
            }
            Some(b'0'..=b'9' | b'+' | b'-' | b'.') => self.number(),
            _ => {
                let names = [
                    ("None", Value::Null),
                    ("True", true.into()),
                    ("False", false.into()),
                ];
                for (name, value) in names {
                    let rest = &self.text[self.at..];
                    let whole =
                        |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
                    if rest.strip_prefix(name).is_some_and(whole) {
                        self.at += name.len();
                        return Ok(value);
                    }
                }
                self.wrong(EXPECTED)
            }
        }
    }

    fn nested(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<Value, Wrong>,
    ) -> Result<Value, Wrong> {
        if self.depth == DEEPEST {
            return self.wrong("no more than 64 levels of brackets");
        }
        self.depth += 1;
        self.at += 1;
        let value = inner(self);
        self.depth -= 1;
        value
    }

    /// Values up to the closing bracket, and whether a comma follows the last.
    fn sequence(&mut self, close: u8) -> Result<(Vec<Value>, bool), Wrong> {
        let mut values = Vec::new();
        let mut comma = false;
        loop {
            self.skip_spaces();
            if self.eat(close) {
                return Ok((values, comma));
            }
            if !values.is_empty() && !comma {
                return self.wrong("a comma or the closing bracket");
            }
            values.push(self.value()?);
            self.skip_spaces();
            comma = self.eat(b',');
        }
    }

    fn tuple(&mut self) -> Result<Value, Wrong> {
        let (mut values, comma) = self.sequence(b')')?;
        match values.pop() {
            // Brackets around a value make no tuple.
            Some(value) if values.is_empty() && !comma => Ok(value),
            last => {
                values.extend(last);
                Ok(Value::Array(values))
            }
        }
    }

    fn dict(&mut self) -> Result<Value, Wrong> {
        let mut entries = Map::new();
        let mut comma = true;
        loop {
            self.skip_spaces();
            if self.eat(b'}') {
                return Ok(Value::Object(entries));
            }
            if !comma {
                return self.wrong("a comma or the closing brace");
            }
            let start = self.at;
            self.eat(b'u');
            let key = self.string()?;
            if entries.contains_key(&key) {
                self.at = start;
                return self.wrong("each key once");
            }
            self.skip_spaces();
            if !self.eat(b':') {
                return self.wrong("a colon after the key");
            }
            let value = self.value()?;
            entries.insert(key, value);
            self.skip_spaces();
            comma = self.eat(b',');
        }
    }

    fn number(&mut self) -> Result<Value, Wrong> {
        const EXPECTED: &str = "a decimal number that fits 64 bits";
        let rest = &self.text[self.at..];
        let in_number = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_');
        let token = &rest[..rest.find(|c| !in_number(c)).unwrap_or(rest.len())];
        let digits = token.trim_start_matches(['+', '-']);
        let number = if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            let leading_zero = digits.len() > 1 && digits.starts_with('0');
            let integer = || {
                token
                    .parse::<i64>()
                    .map(Number::from)
                    .or_else(|_| token.parse::<u64>().map(Number::from))
            };
            integer().ok().filter(|_| !leading_zero)
        } else {
            let plain = token
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
            token
                .parse::<f64>()
                .ok()
                .filter(|_| plain)
                .and_then(Number::from_f64)
        };
        match number {
            Some(number) => {
                self.at += token.len();
                Ok(Value::Number(number))
            }
            None => self.wrong(EXPECTED),
        }
    }

    fn string(&mut self) -> Result<String, Wrong> {
        let quote = match self.peek() {
            Some(quote @ (b'\'' | b'"')) => quote,
            _ => return self.wrong("a string in quotes"),
        };
        self.at += 1;
        let mut string = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(run) = rest.find(|c: char| c == char::from(quote) || c == '\\') else {
                self.at = self.text.len();
                return self.wrong("the closing quote");
            };
            string.push_str(&rest[..run]);
            self.at += run;
            if self.eat(quote) {
                return Ok(string);
            }
            string.push(self.escape()?);
        }
    }

    /// The character of an escape, from its backslash on.
    fn escape(&mut self) -> Result<char, Wrong> {
        const EXPECTED: &str = "an escape that Python's repr writes";
        let start = self.at;
        self.at += 1;
        let kind = self.peek();
        self.at += usize::from(kind.is_some_and(|kind| kind.is_ascii()));
        let character = match kind {
            Some(b'\\') => Some('\\'),
            Some(b'\'') => Some('\''),
            Some(b'"') => Some('"'),
            Some(b'n') => Some('\n'),
            Some(b't') => Some('\t'),
            Some(b'r') => Some('\r'),
            Some(b'a') => Some('\x07'),
            Some(b'b') => Some('\x08'),
            Some(b'f') => Some('\x0c'),
            Some(b'v') => Some('\x0b'),
            Some(b'x') => self.hex(2).and_then(char::from_u32),
            Some(b'U') => self.hex(8).and_then(char::from_u32),
            Some(b'u') => self.hex(4).and_then(|unit| self.utf16(unit)),
            Some(b'0'..=b'7') => {
                self.at -= 1;
                self.octal()
            }
            _ => None,
        };
        match character {
            Some(character) => Ok(character),
            None => {
                self.at = start;
                self.wrong(EXPECTED)
            }
        }
    }

    fn hex(&mut self, digits: usize) -> Option<u32> {
        let text = self.text.get(self.at..self.at + digits)?;
        if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        self.at += digits;
        u32::from_str_radix(text, 16).ok()
    }

    fn octal(&mut self) -> Option<char> {
        let mut code = 0;
        for _ in 0..3 {
            match self.peek() {
                Some(digit @ b'0'..=b'7') => code = 8 * code + u32::from(digit - b'0'),
                _ => break,
            }
            self.at += 1;
        }
        char::from_u32(code)
    }

    /// Narrow builds of Python 2 write a character beyond the first plane as two escapes.
    fn utf16(&mut self, unit: u32) -> Option<char> {
        if !(0xd800..0xdc00).contains(&unit) {
            return char::from_u32(unit);
        }
        if !(self.eat(b'\\') && self.eat(b'u')) {
            return None;
        }
        let low = self.hex(4).filter(|low| (0xdc00..0xe000).contains(low))?;
        char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
    }
}

#[cfg(test)]
mod tests;
