//! Points in time as people read them.

use std::fmt;
use std::time::SystemTime;

use time::OffsetDateTime;

/// Shows a point in time in UTC, to the second: `2026-03-14 09:26:53Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamp(pub SystemTime);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = OffsetDateTime::from(self.0);
        write!(
            f,
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}Z",
            t.year(),
            u8::from(t.month()),
            t.day(),
            t.hour(),
            t.minute(),
            t.second()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn shows_utc_to_the_second() {
        let t = UNIX_EPOCH + Duration::from_secs(1_773_480_413);
        assert_eq!(Timestamp(t).to_string(), "2026-03-14 09:26:53Z");
        assert_eq!(Timestamp(UNIX_EPOCH).to_string(), "1970-01-01 00:00:00Z");
    }
}
