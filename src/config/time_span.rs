//! Spans of time as people write them: `90s`, `10m`, `2h`, `1d`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

/// The letters of the units, their names, and their lengths in seconds.
const UNITS: [(char, &str, u64); 4] = [
    ('s', "second", 1),
    ('m', "minute", 60),
    ('h', "hour", 60 * 60),
    ('d', "day", 24 * 60 * 60),
];

/// A span of time, shown in the unit that it was written in: `10 minutes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeSpan {
    count: u64,
    unit: &'static str,
    length: Duration,
}

impl TimeSpan {
    /// Returns how long it is.
    pub fn length(&self) -> Duration {
        self.length
    }
}

impl fmt::Display for TimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.count == 1 { "" } else { "s" };
        write!(f, "{} {}{plural}", self.count, self.unit)
    }
}

/// A text that is not a span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected a whole number and a unit, such as 90s, 10m, 2h or 1d")]
pub struct NotATimeSpan;

/// Takes a whole number and one of the units `s`, `m`, `h` and `d`. A number
/// alone is refused: people mean different units by it.
impl FromStr for TimeSpan {
    type Err = NotATimeSpan;

    fn from_str(text: &str) -> Result<Self, NotATimeSpan> {
        parse(text).ok_or(NotATimeSpan)
    }
}

fn parse(text: &str) -> Option<TimeSpan> {
    let (letter, unit, seconds) = UNITS.into_iter().find(|unit| text.ends_with(unit.0))?;
    let digits = text.strip_suffix(letter)?;
    // Numbers may have a sign elsewhere.
    let is_digits = digits.bytes().all(|octet| octet.is_ascii_digit());
    let count: u64 = digits.parse().ok().filter(|_| is_digits)?;
    Some(TimeSpan {
        count,
        unit,
        length: Duration::from_secs(count.checked_mul(seconds)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_a_number_and_a_unit() {
        for (text, seconds, shown) in [
            ("0s", 0, "0 seconds"),
            ("90s", 90, "90 seconds"),
            ("1m", 60, "1 minute"),
            ("10m", 600, "10 minutes"),
            ("2h", 7200, "2 hours"),
            ("1d", 86_400, "1 day"),
        ] {
            let span: TimeSpan = text.parse().unwrap();
            assert_eq!(span.length(), Duration::from_secs(seconds), "{text}");
            assert_eq!(span.to_string(), shown);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "m",
            "10",
            "10 m",
            "10M",
            "10min",
            "1.5h",
            "-1h",
            "+1h",
            "1h30m",
            " 1h",
            "１h",
            "18446744073709551615d",
            "99999999999999999999s",
        ] {
            assert_eq!(text.parse::<TimeSpan>(), Err(NotATimeSpan), "{text:?}");
        }
    }
}
