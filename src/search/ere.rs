//! Extended regular expressions of POSIX (POSIX.1-2017, XBD 9.4), as GNU `grep -E` reads
//! them in UTF-8: in the syntax of the regex crate, which reads many of them differently.
//!
//! Deliberate differences to GNU grep:
//!
//! - An interval with nothing to repeat is refused, as is `(*)`. GNU's two matchers disagree on
//!   what they leave out. Braces that are no interval stand for themselves wherever they are:
//!   `{}`, which JSON has and GNU refuses, too.
//! - `(?:`, `(?i:` and `(?i)` mean what they mean in the regex crate, and in most others. No
//!   other `(?` is known. For GNU, the `?` has nothing to repeat and is left out.
//! - So do `\d`, `\t`, `\r`, `\x41`, `\u00e4`, `\p{L}`, `\A` and `\z`. For GNU, these are the
//!   letters. Any other letter or digit after a `\` is refused.
//! - There are no back-references.
//! - Combining marks are parts of words: `\w`, `\b`, `\<` and so on are those of Unicode.
//! - A range goes by the numbers of the characters, as in the locale C.

use std::str::Chars;

use super::bracket::{SPACE, bracket};
use super::pattern::{BadSearch, SearchedText, built};

/// Translates a pattern without a line end in it.
pub(super) fn translated(pattern: &str) -> Result<String, BadSearch> {
    let mut translation = Translation {
        pattern,
        rest: pattern.chars(),
        regex: String::new(),
        previous: Previous::Nothing,
        open: Vec::new(),
    };
    while let Some(character) = translation.rest.next() {
        translation.add(character)?;
    }
    match translation.open.pop() {
        Some(group) => {
            let place = translation.place(group.left);
            Err(bad(format!("unclosed group at character {place}")))
        }
        None => Ok(translation.regex),
    }
}

/// A pattern of which a part is translated.
struct Translation<'p> {
    pattern: &'p str,
    rest: Chars<'p>,
    regex: String,
    previous: Previous,
    open: Vec<Group>,
}

/// What an operator of repetition repeats, by where it begins in the translation.
#[derive(Clone, Copy)]
enum Previous {
    Nothing,
    Part(usize),
    /// A part that is repeated already.
    Repeated(usize),
}

/// A group that isn't closed yet.
struct Group {
    /// How much of the pattern is left behind its parenthesis.
    left: usize,
    /// Where it begins in the translation.
    start: usize,
}

/// Of what begins with `(?`, this is known.
const SPECIAL_GROUPS: [&str; 5] = ["?:", "?i:", "?-i:", "?i)", "?-i)"];

/// The most that GNU repeats anything, RE_DUP_MAX.
const MOST_REPEATED: usize = 32767;

impl Translation<'_> {
    fn add(&mut self, character: char) -> Result<(), BadSearch> {
        let left = self.left();
        match character {
            '(' => return self.open_group(),
            ')' => match self.open.pop() {
                Some(group) => {
                    self.regex.push(')');
                    self.previous = Previous::Part(group.start);
                }
                None => self.literal(')'),
            },
            '|' => {
                self.regex.push('|');
                self.previous = Previous::Nothing;
            }
            '*' | '+' | '?' => return self.repeat(left, character.encode_utf8(&mut [0; 4])),
            '{' => match self.interval()? {
                Some(interval) => return self.repeat(left, &interval),
                None => self.literal('{'),
            },
            '[' => {
                let class = bracket(&mut self.rest).map_err(|cause| {
                    let place = self.place(left);
                    bad(format!(
                        "the bracket expression at character {place}: {cause}"
                    ))
                })?;
                self.part(&class);
            }
            '\\' => return self.escape(),
            '.' | '^' | '$' => self.part(character.encode_utf8(&mut [0; 4])),
            _ => self.literal(character),
        }
        Ok(())
    }

    /// Returns how much of the pattern is left, which is known at once.
    fn left(&self) -> usize {
        self.rest.as_str().len()
    }

    /// Returns which character of the pattern is the last one before so much is left,
    /// counted from 1.
    fn place(&self, left: usize) -> usize {
        let read = self.pattern.len() - left;
        self.pattern
            .char_indices()
            .take_while(|(at, _)| *at < read)
            .count()
    }

    fn part(&mut self, regex: &str) {
        self.previous = Previous::Part(self.regex.len());
        self.regex.push_str(regex);
    }

    fn literal(&mut self, character: char) {
        self.part(&regex::escape(character.encode_utf8(&mut [0; 4])));
    }

    /// Adds what stands between characters, which isn't repeated.
    fn boundary(&mut self, regex: &str) {
        self.regex.push_str(regex);
        self.previous = Previous::Nothing;
    }

    fn open_group(&mut self) -> Result<(), BadSearch> {
        let (left, start) = (self.left(), self.regex.len());
        let rest = self.rest.as_str();
        let special = SPECIAL_GROUPS.iter().find_map(|special| {
            let behind = rest.strip_prefix(special)?;
            Some((*special, behind))
        });
        let begin = match special {
            Some((special, behind)) => {
                self.rest = behind.chars();
                special
            }
            None if rest.starts_with('?') => {
                let place = self.place(left);
                return Err(bad(format!(
                    "the (? at character {place}: only (?:, (?i: and (?i) are known"
                )));
            }
            None => "?:",
        };
        self.boundary(&format!("({begin}"));
        if !begin.ends_with(')') {
            self.open.push(Group { left, start });
        }
        Ok(())
    }

    /// Repeats what is before. That may be a repetition itself, which isn't made lazy.
    fn repeat(&mut self, left: usize, operator: &str) -> Result<(), BadSearch> {
        let start = match self.previous {
            Previous::Nothing if operator.starts_with('{') || self.is_at_end_of_group() => {
                let place = self.place(left);
                return Err(bad(format!(
                    "the {operator} at character {place} has nothing to repeat"
                )));
            }
            // As for GNU, it means nothing.
            Previous::Nothing => return Ok(()),
            Previous::Part(start) => start,
            Previous::Repeated(start) => {
                self.regex.insert_str(start, "(?:");
                self.regex.push(')');
                start
            }
        };
        self.regex.push_str(operator);
        self.previous = Previous::Repeated(start);
        Ok(())
    }

    fn is_at_end_of_group(&self) -> bool {
        !self.open.is_empty() && self.rest.as_str().starts_with(')')
    }

    /// Reads on behind a `{`, if an interval begins with it.
    fn interval(&mut self) -> Result<Option<String>, BadSearch> {
        let left = self.left();
        let Some((interval, behind)) = self.rest.as_str().split_once('}') else {
            return Ok(None);
        };
        let (least, most) = interval.split_once(',').unwrap_or((interval, interval));
        let is_number = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
        if interval.is_empty() || !is_number(least) || !is_number(most) {
            return Ok(None);
        }
        let refused = |cause: &str| {
            let place = self.place(left);
            bad(format!("{{{interval}}} at character {place} {cause}"))
        };
        let number = |text: &str| match text.parse() {
            Ok(number) if number <= MOST_REPEATED => Ok(number),
            _ => Err(refused("repeats more than 32767 times")),
        };
        let least = match least {
            "" => 0,
            least => number(least)?,
        };
        let most = match most {
            "" => None,
            most => Some(number(most)?),
        };
        let interval = match most {
            None => format!("{{{least},}}"),
            Some(most) if least == most => format!("{{{most}}}"),
            Some(most) if least < most => format!("{{{least},{most}}}"),
            Some(_) => return Err(refused("has more than the most as its least")),
        };
        self.rest = behind.chars();
        Ok(Some(interval))
    }

    fn escape(&mut self) -> Result<(), BadSearch> {
        let left = self.left();
        let Some(escaped) = self.rest.next() else {
            return Err(bad("a \\ at its end, with nothing behind it".to_owned()));
        };
        match escaped {
            '`' => self.boundary(r"\A"),
            '\'' => self.boundary(r"\z"),
            // In a group, no brace behind it belongs to it.
            '<' | '>' | 'b' | 'B' | 'A' | 'z' => self.boundary(&format!(r"(?:\{escaped})")),
            's' => self.part(SPACE),
            'S' => self.part(&format!("[^{SPACE}]")),
            'w' | 'W' | 'd' | 'D' | 'r' | 't' => {
                self.part(&format!(r"\{escaped}"));
            }
            'x' | 'u' | 'U' | 'p' | 'P' => {
                let argument = argument(escaped, self.rest.as_str());
                self.rest
                    .by_ref()
                    .take(argument.chars().count())
                    .for_each(drop);
                let escape = format!(r"\{escaped}{argument}");
                built(&escape, SearchedText::default()).map_err(|cause| {
                    let place = self.place(left);
                    bad(format!("{escape} at character {place}: {cause}"))
                })?;
                self.part(&escape);
            }
            '1'..='9' => {
                let place = self.place(left);
                return Err(bad(format!(
                    "\\{escaped} at character {place}: back-references aren't supported; callseal cat ARCHIVE MEMBER | grep -E PATTERN knows them"
                )));
            }
            _ if escaped.is_ascii_alphanumeric() => {
                let place = self.place(left);
                return Err(bad(format!(
                    "\\{escaped} at character {place} has no meaning"
                )));
            }
            _ => self.literal(escaped),
        }
        Ok(())
    }
}

/// Returns what belongs to an escape of the regex crate, at the start of what follows it.
fn argument(letter: char, rest: &str) -> &str {
    if rest.starts_with('{') {
        return rest.split_inclusive('}').next().unwrap_or(rest);
    }
    let length = match letter {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => 1,
    };
    let end = rest.char_indices().nth(length).map(|(end, _)| end);
    rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest)
}

fn bad(cause: String) -> BadSearch {
    BadSearch(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_translated() {
        for (pattern, expected) in [
            ("", ""),
            ("refund|cancel", "refund|cancel"),
            ("^a.b$", "^a.b$"),
            ("(a|(b))*", "(?:a|(?:b))*"),
            (r"a+?", "(?:a+)?"),
            ("x**", "(?:x*)*"),
            ("a{2}{3}*", "(?:(?:a{2}){3})*"),
            ("(ab){,2}?", "(?:(?:ab){0,2})?"),
            ("a{,}b{2,}c{01,2}", "a{0,}b{2,}c{1,2}"),
            ("*a(+b|?c)", "a(?:b|c)"),
            ("^*", "^*"),
            (r#"{"agent": {}}"#, r#"\{"agent": \{\}\}"#),
            ("a{1", r"a\{1"),
            ("a{ 1}", r"a\{ 1\}"),
            ("a)?", r"a\)?"),
            ("]}", r"\]\}"),
            ("a&&b~#", r"a\&\&b\~\#"),
            (r"\<a\>\b{\B", r"(?:\<)a(?:\>)(?:\b)\{(?:\B)"),
            (r"\`a\'", r"\Aa\z"),
            (r"\w\W\d\t", r"\w\W\d\t"),
            (r"\.\{\/\é\_", r"\.\{/é_"),
            (r"\x41\x{41}\pL\p{L}b", r"\x41\x{41}\pL\p{L}b"),
            ("(?i)a", "(?i)a"),
            ("(?:a)*(?-i:b)", "(?:a)*(?-i:b)"),
            ("[a-z]", "[a-z]"),
            (r"[\n]", r"[\\n]"),
            (r"[]\]", r"[\]\\]"),
            ("[^]a-]", r"[^\]a\-]"),
            ("[a&&b#--]", r"[a\&\&b\#-\-]"),
            ("[[a~~]", r"[\[a\~\~]"),
            ("[--/]", r"[\--/]"),
            ("[[.-.]-/[=a=][.].]]", r"[\--/a\]]"),
            ("[[:digit:]_]", "[0-9_]"),
            ("[:a]", "[:a]"),
        ] {
            let translated =
                translated(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            assert_eq!(translated, expected, "{pattern}");
            built(&translated, SearchedText::default()).unwrap();
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (pattern, expected) in [
            ("äb(a", "unclosed group at character 3"),
            ("a\\", "a \\ at its end, with nothing behind it"),
            ("(a|*)", "the * at character 4 has nothing to repeat"),
            ("a|{2}", "the {2} at character 3 has nothing to repeat"),
            (
                "a{2,1}",
                "{2,1} at character 2 has more than the most as its least",
            ),
            (
                "a{1,32768}",
                "{1,32768} at character 2 repeats more than 32767 times",
            ),
            (
                "(?=a)",
                "the (? at character 1: only (?:, (?i: and (?i) are known",
            ),
            ("a\\q", "\\q at character 2 has no meaning"),
            ("\\n", "\\n at character 1 has no meaning"),
            ("\\xg0", "\\xg0 at character 1: invalid hexadecimal digit"),
            (
                "\\p{Foo}",
                "\\p{Foo} at character 1: Unicode property not found",
            ),
            ("a[b", "the bracket expression at character 2: unclosed"),
            (
                "[[:alpha:]",
                "the bracket expression at character 1: unclosed",
            ),
            (
                "[[:foo:]]",
                "the bracket expression at character 1: [:foo:] is no class of characters",
            ),
            (
                "[[.ab.]]",
                "the bracket expression at character 1: [.ab.] isn't one character",
            ),
            (
                "[z-a]",
                "the bracket expression at character 1: the range z-a ends before it begins",
            ),
            (
                "[a-[:alpha:]]",
                "the bracket expression at character 1: a range is between two characters",
            ),
            (
                "[[=a=]-c]",
                "the bracket expression at character 1: a range is between two characters",
            ),
            (
                "[a-c-e]",
                "the bracket expression at character 1: a - that isn't in a range stands first or last",
            ),
            (
                "x[:space:]",
                "the bracket expression at character 2: character class syntax is [[:space:]], not [:space:]",
            ),
        ] {
            let error = translated(pattern).unwrap_err();
            assert_eq!(error.to_string(), expected, "{pattern}");
        }
        let error = translated("(a)\\1").unwrap_err().to_string();
        assert!(
            error.starts_with("\\1 at character 4: back-references aren't supported"),
            "{error}"
        );
    }
}
