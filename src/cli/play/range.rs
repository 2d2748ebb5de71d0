//! Ranges of bytes ([RFC 9110, section 14](https://www.rfc-editor.org/rfc/rfc9110#section-14)).

use std::ops::Range;

/// What a `Range` field asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    /// All bytes: there is no range, or none that is understood.
    Whole,
    /// These bytes, at least one.
    Part(Range<u64>),
    /// Bytes that aren't there.
    Nowhere,
}

impl Asked {
    /// Reads the value of a `Range` field for content of this size. Several ranges, and what
    /// isn't a range, count as no range.
    pub fn of(field: &str, size: u64) -> Self {
        let Some(range) = parse(field) else {
            return Self::Whole;
        };
        let (start, end) = match range {
            (Some(first), last) => {
                let end = last.map_or(size, |last| last.saturating_add(1).min(size));
                (first, end)
            }
            (None, last) => (size.saturating_sub(last.unwrap_or_default()), size),
        };
        match start < end {
            true => Self::Part(start..end),
            false => Self::Nowhere,
        }
    }
}

/// Returns the numbers of `bytes=FIRST-LAST`, at least one of them.
fn parse(field: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (unit, range) = field.split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = range.trim_matches([' ', '\t']).split_once('-')?;
    match (number(first)?, number(last)?) {
        (None, None) => None,
        (Some(first), Some(last)) if last < first => None,
        numbers => Some(numbers),
    }
}

/// Reads digits, if there are any. A number that is too large is as good as the largest.
fn number(digits: &str) -> Option<Option<u64>> {
    if digits.is_empty() {
        return Some(None);
    }
    let is_number = digits.bytes().all(|octet| octet.is_ascii_digit());
    is_number.then(|| Some(digits.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::Asked::{self, Nowhere, Part, Whole};

    #[test]
    fn a_range_means_what_the_standard_says() {
        for (field, asked) in [
            ("bytes=0-0", Part(0..1)),
            ("bytes=0-9", Part(0..10)),
            ("bytes=9-9", Part(9..10)),
            ("bytes=3-5", Part(3..6)),
            ("Bytes=3-5", Part(3..6)),
            ("bytes= 3-5 ", Part(3..6)),
            ("bytes=0003-5", Part(3..6)),
            ("bytes=3-", Part(3..10)),
            ("bytes=3-99", Part(3..10)),
            ("bytes=3-18446744073709551615", Part(3..10)),
            ("bytes=3-99999999999999999999999", Part(3..10)),
            ("bytes=-3", Part(7..10)),
            ("bytes=-10", Part(0..10)),
            ("bytes=-99", Part(0..10)),
            ("bytes=-99999999999999999999999", Part(0..10)),
            ("bytes=-0", Nowhere),
            ("bytes=10-", Nowhere),
            ("bytes=10-20", Nowhere),
            ("bytes=99999999999999999999999-", Nowhere),
            ("bytes=18446744073709551615-18446744073709551615", Nowhere),
            ("", Whole),
            ("bytes", Whole),
            ("bytes=", Whole),
            ("bytes=-", Whole),
            ("bytes=5", Whole),
            ("bytes=5-3", Whole),
            ("bytes=--3", Whole),
            ("bytes=+3-5", Whole),
            ("bytes=3-5x", Whole),
            ("bytes=0x3-5", Whole),
            ("bytes=3 - 5", Whole),
            ("bytes=0-1,3-4", Whole),
            ("bytes 0-1", Whole),
            ("lines=0-1", Whole),
        ] {
            assert_eq!(Asked::of(field, 10), asked, "{field}");
        }
        assert_eq!(Asked::of("bytes=-1", 0), Nowhere);
    }
}
