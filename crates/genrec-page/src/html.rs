//! Words as HTML has them.

/// The words with U+FFFD for the control characters that HTML forbids.
pub(crate) fn printable(words: &str) -> String {
    let shown = |character: char| match character {
        '\n' | '\t' => character,
        _ if character.is_control() => '\u{fffd}',
        _ => character,
    };
    words.chars().map(shown).collect()
}

/// Appends [`printable`] words as text or as the value of an attribute: what has a meaning in HTML becomes a character reference.
pub(crate) fn escape(out: &mut String, words: &str) {
    for character in printable(words).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(character),
        }
    }
}

/// Appends an element that holds nothing but words.
pub(crate) fn element(out: &mut String, tag: &str, words: &str) {
    out.push_str(&format!("<{tag}>"));
    escape(out, words);
    out.push_str(&format!("</{tag}>\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_is_escaped() {
        let mut out = String::new();
        escape(&mut out, "<b a=\"1\" b='2'>&amp;\u{0}\u{1b}\u{85}ä\n");
        assert_eq!(
            out,
            "&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;amp;\u{fffd}\u{fffd}\u{fffd}ä\n"
        );
    }
}
