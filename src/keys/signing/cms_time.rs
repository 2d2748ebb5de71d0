//! The signing time of CMS
//! ([RFC 5652, section 11.3](https://www.rfc-editor.org/rfc/rfc5652#section-11.3)).

use std::time::SystemTime;

use crate::der::{GENERALIZED_TIME, UTC_TIME, element};
use crate::timestamp::Timestamp;

/// Returns a point in time, to the second: until the year 2049 with two digits
/// for the year, then with four.
pub(super) fn encoded(at: SystemTime) -> Vec<u8> {
    let shown = Timestamp(at).to_string();
    let digits: String = shown.chars().filter(char::is_ascii_digit).collect();
    match digits.split_at_checked(2) {
        Some((_, rest)) if ("1950"..="2049").contains(&digits.get(..4).unwrap_or_default()) => {
            element(UTC_TIME, &[rest.as_bytes(), b"Z"])
        }
        _ => element(GENERALIZED_TIME, &[digits.as_bytes(), b"Z"]),
    }
}

/// Reads the content of a time with that tag; `None` if it isn't in the form
/// that is prescribed, or before 1970.
pub(super) fn decoded(tag: u8, content: &[u8]) -> Option<SystemTime> {
    let digits = std::str::from_utf8(content).ok()?.strip_suffix('Z')?;
    let year = match (tag, digits.get(..2)?) {
        (UTC_TIME, year) if year >= "50" => "19",
        (UTC_TIME, _) => "20",
        (GENERALIZED_TIME, _) => "",
        _ => return None,
    };
    let digits = format!("{year}{digits}");
    if digits.len() != 14 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let part = |from, to| digits.get(from..to).unwrap_or_default();
    let text = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 12),
        part(12, 14)
    );
    text.parse().ok().map(|Timestamp(time)| time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_has_two_digits_until_2049() {
        for (time, tag, expected) in [
            ("2026-03-14T09:26:53Z", UTC_TIME, "260314092653Z"),
            ("1970-01-01T00:00:00Z", UTC_TIME, "700101000000Z"),
            ("2049-12-31T23:59:59Z", UTC_TIME, "491231235959Z"),
            ("2050-01-01T00:00:00Z", GENERALIZED_TIME, "20500101000000Z"),
        ] {
            let Timestamp(at) = time.parse().unwrap();
            assert_eq!(encoded(at), element(tag, &[expected.as_bytes()]));
            assert_eq!(decoded(tag, expected.as_bytes()), Some(at));
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for (tag, text) in [
            (UTC_TIME, "2603140926Z"),
            (UTC_TIME, "260314092653"),
            (UTC_TIME, "260314092653+0100"),
            (UTC_TIME, "20260314092653Z"),
            (UTC_TIME, "261314092653Z"),
            (UTC_TIME, "2603140926é"),
            (UTC_TIME, ""),
            (GENERALIZED_TIME, "260314092653Z"),
            (GENERALIZED_TIME, "20260314092653.5Z"),
            (GENERALIZED_TIME, "+0260314092653Z"),
            (0x04, "260314092653Z"),
        ] {
            assert_eq!(decoded(tag, text.as_bytes()), None, "{text}");
        }
    }
}
