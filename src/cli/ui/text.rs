//! Text that is safe and easy to read on a terminal.

use std::borrow::Cow;
use std::fmt::Write;
use std::time::Duration;

/// Escapes everything that could control a terminal or hide text: control
/// characters, and characters that change the writing direction or take no
/// space, such as tags.
pub fn safe(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unsafe(c) {
            // Writing to a string does not fail.
            let _ = write!(escaped, "\\u{{{:x}}}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// Returns whether a character could control a terminal or hide text.
pub fn is_unsafe(c: char) -> bool {
    c.is_control() || is_default_ignorable(c) || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Returns whether a character is invisible: Unicode's property
/// Default_Ignorable_Code_Point (DerivedCoreProperties.txt, version 16), and
/// the three characters for annotations.
fn is_default_ignorable(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{34F}'
            | '\u{61C}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// Formats a number of bytes in a readable unit: `553 KiB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut value = count as f64;
    let mut unit = "B";
    for next in UNITS {
        if value < 1023.5 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    if value < 9.95 {
        format!("{value:.1} {unit}")
    } else {
        format!("{value:.0} {unit}")
    }
}

/// Formats a count with its noun: `1 member`, `2 members`.
pub fn count(n: u64, noun: &str) -> String {
    match n {
        1 => format!("1 {noun}"),
        _ => format!("{n} {noun}s"),
    }
}

/// Cuts a text that is too long, after that many bytes or a little less.
pub fn cut(text: &str, longest: usize) -> Cow<'_, str> {
    if text.len() <= longest {
        return Cow::Borrowed(text);
    }
    let begin: String = text
        .char_indices()
        .take_while(|(at, c)| at + c.len_utf8() <= longest)
        .map(|(_, c)| c)
        .collect();
    Cow::Owned(begin + "…")
}

/// Counts batches.
pub fn batches(n: u64) -> String {
    match n {
        1 => "1 batch".into(),
        _ => format!("{n} batches"),
    }
}

/// Formats a time in a readable unit: `90 s`, `15 minutes`.
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} minutes", seconds / 60),
        7_200..172_800 => format!("{} hours", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// Quotes a name that somebody else has chosen: it can't seem to end before its
/// end.
pub fn quoted(name: &str) -> String {
    format!("“{}”", safe(name).replace(['“', '”'], "\""))
}

/// Counts the entries of an archive.
pub fn entries(n: usize) -> String {
    match n {
        1 => "1 entry".into(),
        _ => format!("{n} entries"),
    }
}

/// Quotes a word for a shell, if it needs quotes.
pub fn shell_word(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_if_a_shell_needs_it() {
        for (word, shown) in [
            ("keys/clé-2024.key", "keys/clé-2024.key"),
            ("my keys/a.key", "'my keys/a.key'"),
            ("$(reboot)", "'$(reboot)'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
        ] {
            assert_eq!(shell_word(word), shown);
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(cut("été", 5), "été");
        assert_eq!(cut("été", 4), "ét…");
        assert_eq!(cut("été", 2), "é…");
        assert_eq!(cut("été", 0), "…");
    }

    #[test]
    fn times_have_the_unit_that_fits() {
        for (seconds, shown) in [
            (0, "0 s"),
            (119, "119 s"),
            (120, "2 minutes"),
            (7_199, "119 minutes"),
            (7_200, "2 hours"),
            (172_800, "2 days"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), shown);
        }
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(
            safe("a\x1b[2Jb\nc\u{202E}d"),
            "a\\u{1b}[2Jb\\u{a}c\\u{202e}d"
        );
        assert_eq!(safe("message-enregistré 录音"), "message-enregistré 录音");
    }

    #[test]
    fn tags_and_other_invisible_characters_are_escaped() {
        for c in [
            '\u{AD}',
            '\u{34F}',
            '\u{180E}',
            '\u{2064}',
            '\u{3164}',
            '\u{FE0F}',
            '\u{E0000}',
            '\u{E0041}',
            '\u{E007F}',
            '\u{E01EF}',
        ] {
            let code = u32::from(c);
            assert_eq!(safe(&format!("a{c}b")), format!("a\\u{{{code:x}}}b"));
        }
    }

    #[test]
    fn sizes_have_two_digits_or_three() {
        for (n, shown) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (10_239, "10 KiB"),
            (1_048_575, "1.0 MiB"),
            (6 << 30, "6.0 GiB"),
            (u64::MAX, "16384 PiB"),
        ] {
            assert_eq!(bytes(n), shown);
        }
    }
}
