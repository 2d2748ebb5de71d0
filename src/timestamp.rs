//! Points in time as people read them.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};
use thiserror::Error;
use time::{Date, Month, OffsetDateTime, Time};

/// A point in time, shown in UTC to the second as RFC 3339 does:
/// `2026-03-14T09:26:53Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamp(pub SystemTime);

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The calendar ends with the year 9999, and with it all validity
        // (RFC 5280, section 4.1.2.5).
        let Ok(t) = OffsetDateTime::from_unix_timestamp(unix_seconds(self.0)) else {
            return f.write_str("a day after the year 9999");
        };
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            t.year(),
            u8::from(t.month()),
            t.day(),
            t.hour(),
            t.minute(),
            t.second()
        )
    }
}

/// Returns whole seconds since 1970, rounded down; the smallest or largest
/// number for times far beyond any calendar.
pub(crate) fn unix_seconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => {
            let before = before.duration();
            let up = u64::from(before.subsec_nanos() > 0);
            i64::try_from(before.as_secs().saturating_add(up)).map_or(i64::MIN, i64::saturating_neg)
        }
    }
}

/// A text that is not a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected a date not before 1970, such as 2026-12-24 or 2026-12-24T18:30:00Z")]
pub struct NotATimestamp;

/// Takes a date, which means its first second in UTC, or a date and a time in
/// UTC: `2026-12-24`, `2026-12-24T18:30:00Z`, or with a blank instead of the
/// `T`.
impl FromStr for Timestamp {
    type Err = NotATimestamp;

    fn from_str(text: &str) -> Result<Self, NotATimestamp> {
        parse(text).ok_or(NotATimestamp)
    }
}

fn parse(text: &str) -> Option<Timestamp> {
    fn numbers<const N: usize>(
        text: &str,
        separator: char,
        widths: [usize; N],
    ) -> Option<[u16; N]> {
        let mut parts = text.split(separator);
        let mut numbers = [0; N];
        for (number, width) in numbers.iter_mut().zip(widths) {
            let part = parts.next().filter(|part| part.len() == width)?;
            let is_digits = part.bytes().all(|b| b.is_ascii_digit());
            *number = part.parse().ok().filter(|_| is_digits)?;
        }
        parts.next().is_none().then_some(numbers)
    }
    let (date, time) = match text.split_once(['T', ' ']) {
        Some((date, time)) => (date, time.strip_suffix('Z')?),
        None => (text, "00:00:00"),
    };
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    // Not all systems can represent earlier times.
    if year < 1970 {
        return None;
    }
    let small = |number: u16| u8::try_from(number).ok();
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?.map(small);
    let month = Month::try_from(small(month)?).ok()?;
    let date = Date::from_calendar_date(year.into(), month, small(day)?).ok()?;
    let time = Time::from_hms(hour?, minute?, second?).ok()?;
    Some(Timestamp(date.with_time(time).assume_utc().into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn shows_utc_to_the_second() {
        let t = UNIX_EPOCH + Duration::from_secs(1_773_480_413);
        assert_eq!(Timestamp(t).to_string(), "2026-03-14T09:26:53Z");
        assert_eq!(Timestamp(UNIX_EPOCH).to_string(), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn a_time_before_1970_is_rounded_down() {
        let time = UNIX_EPOCH - Duration::from_millis(1500);
        assert_eq!(unix_seconds(time), -2);
        assert_eq!(Timestamp(time).to_string(), "1969-12-31T23:59:58Z");
    }

    #[test]
    fn shown_times_can_be_read_again() {
        for text in [
            "2026-03-14T09:26:53Z",
            "1970-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
        ] {
            let t: Timestamp = text.parse().unwrap();
            assert_eq!(t.to_string(), text);
            assert_eq!(text.replace('T', " ").parse(), Ok(t));
        }
    }

    #[test]
    fn any_point_in_time_can_be_shown() {
        for seconds in [253_402_300_800, 1 << 40, i64::MAX as u64] {
            if let Some(t) = UNIX_EPOCH.checked_add(Duration::from_secs(seconds)) {
                assert_eq!(Timestamp(t).to_string(), "a day after the year 9999");
            }
        }
        let t = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(Timestamp(t).to_string(), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn a_date_stands_for_its_first_second() {
        let t: Timestamp = "2024-02-29".parse().unwrap();
        assert_eq!(t.to_string(), "2024-02-29T00:00:00Z");
    }

    #[test]
    fn invalid_dates_are_refused() {
        for text in [
            "",
            "tomorrow",
            "2026-12",
            "2026-13-01",
            "2026-02-29",
            "24.12.2026",
            "2026-1-1",
            "2026-12-24T",
            "2026-12-24T18:30Z",
            "2026-12-24T18:30:00",
            "2026-12-24T25:00:00Z",
            "2026-12-24-01",
            "1969-12-31",
            "+026-12-24",
            "2026-12-24T18:30:00Z ",
            "２０２６-12-24",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(NotATimestamp), "{text:?}");
        }
    }
}
