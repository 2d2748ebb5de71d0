//! Bracket expressions of POSIX: `[a-z]`, `[^[:space:]]`. In them, `\` stands for itself.

use std::str::Chars;

/// Reads on behind a `[`, to the end of the bracket expression. Returns it in the syntax of
/// the regex crate, or what is wrong with it.
pub(super) fn bracket(rest: &mut Chars<'_>) -> Result<String, String> {
    let mut class = String::from("[");
    if rest.as_str().starts_with('^') {
        rest.next();
        class.push('^');
    }
    let inside = rest.as_str();
    let mut is_first = true;
    let mut is_plain = true;
    loop {
        let before = rest.as_str();
        if before.starts_with(']') && !is_first {
            break;
        }
        let part = part(rest)?;
        let from = match part {
            // Elsewhere, nobody knows what it means.
            Part::Character('-') if before.starts_with('-') && !is_first && !is_last(rest) => {
                return Err("a - that isn't in a range stands first or last".to_owned());
            }
            Part::Character(from) => Some(from),
            Part::Class(_) | Part::Equivalence(_) => None,
        };
        is_plain &= !before.starts_with('[') || matches!(part, Part::Character('['));
        let is_range = rest.as_str().starts_with('-') && !rest.as_str().starts_with("-]");
        match (part, is_range) {
            (Part::Class(name), false) => class.push_str(class_named(name)?),
            (Part::Character(character) | Part::Equivalence(character), false) => {
                class.push_str(&escaped(character));
            }
            (_, true) => {
                is_plain = false;
                rest.next();
                let (Some(from), Part::Character(to)) = (from, self::part(rest)?) else {
                    return Err("a range is between two characters".to_owned());
                };
                if from > to {
                    return Err(format!("the range {from}-{to} ends before it begins"));
                }
                class.push_str(&format!("{}-{}", escaped(from), escaped(to)));
            }
        }
        is_first = false;
    }
    let inside = inside.strip_suffix(rest.as_str()).unwrap_or(inside);
    // It would mean these letters, which isn't what anybody wants.
    if is_plain && inside.starts_with(':') && inside.ends_with(':') && inside.contains(|c| c != ':')
    {
        return Err("character class syntax is [[:space:]], not [:space:]".to_owned());
    }
    rest.next();
    class.push(']');
    Ok(class)
}

/// A part of a bracket expression.
enum Part<'p> {
    Character(char),
    /// The characters that are sorted like this one: in Unicode's order, itself.
    Equivalence(char),
    Class(&'p str),
}

fn part<'p>(rest: &mut Chars<'p>) -> Result<Part<'p>, String> {
    let first = rest.next().ok_or(UNCLOSED)?;
    let mut name = rest.clone();
    let (kind, end) = match (first, name.next()) {
        ('[', Some(':')) => (':', ":]"),
        ('[', Some('.')) => ('.', ".]"),
        ('[', Some('=')) => ('=', "=]"),
        _ => return Ok(Part::Character(first)),
    };
    let (name, behind) = name.as_str().split_once(end).ok_or(UNCLOSED)?;
    *rest = behind.chars();
    if kind == ':' {
        return Ok(Part::Class(name));
    }
    let mut characters = name.chars();
    match (characters.next(), characters.next(), kind) {
        (Some(one), None, '.') => Ok(Part::Character(one)),
        (Some(one), None, _) => Ok(Part::Equivalence(one)),
        _ => Err(format!("[{kind}{name}{kind}] isn't one character")),
    }
}

const UNCLOSED: &str = "unclosed";

fn is_last(rest: &Chars<'_>) -> bool {
    rest.as_str().starts_with(']')
}

fn escaped(character: char) -> String {
    regex::escape(character.encode_utf8(&mut [0; 4]))
}

/// What `\s` means, too: no spaces at which no line is broken.
pub(super) const SPACE: &str = r"[\s--[\u{85}\u{A0}\u{2007}\u{202F}]]";

/// Returns the class of this name, as in the locales of glibc with UTF-8.
fn class_named(name: &str) -> Result<&'static str, String> {
    Ok(match name {
        // Digits of other scripts are letters there.
        "alpha" => r"[\p{Alphabetic}\p{Nd}--[0-9]]",
        "alnum" => r"\p{Alphabetic}\p{Nd}",
        "lower" => r"\p{Lowercase}",
        "upper" => r"\p{Uppercase}",
        "digit" => "0-9",
        "xdigit" => "0-9A-Fa-f",
        "space" => SPACE,
        "blank" => r"[\t\p{Zs}--[\u{A0}\u{2007}\u{202F}]]",
        "cntrl" => r"\p{Cc}\u{2028}\u{2029}",
        "print" => r"[^\p{Cc}\p{Cn}\u{2028}\u{2029}]",
        "graph" => r"[^\p{Cc}\p{Cn}[\s--[\u{A0}\u{2007}\u{202F}]]]",
        "punct" => r"[^\p{Cc}\p{Cn}[\s--[\u{A0}\u{2007}\u{202F}]]\p{Alphabetic}\p{Nd}]",
        _ => return Err(format!("[:{name}:] is no class of characters")),
    })
}
