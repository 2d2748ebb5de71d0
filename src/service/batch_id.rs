//! The names of batches.

use std::fmt;
use std::io;
use std::time::SystemTime;

use openssl::rand::rand_bytes;

use crate::hex;
use crate::timestamp::Timestamp;

/// The length of the day in a name: `2026-11-28`.
const DAY: usize = 10;

/// The length of day and hour: `2026-11-28T15`.
const HOUR: usize = 13;

/// The name of a batch: the hour in which it was made, in UTC, and a random number
/// of 128 bits. So the names are sorted by hours.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct BatchId(Box<str>);

impl BatchId {
    /// Makes a new one.
    pub fn new(now: SystemTime) -> io::Result<Self> {
        let mut number = [0; 16];
        rand_bytes(&mut number)?;
        let time = Timestamp(now).to_string();
        let hour = time.get(..HOUR).unwrap_or_default();
        let name = format!("{hour}-{}", hex::lower(&number));
        Self::parse(&name).ok_or_else(|| io::Error::other("the clock is beyond the year 9999"))
    }

    /// Takes the name of a directory or an archive; `None` if it's not that of a
    /// batch.
    pub fn parse(name: &str) -> Option<Self> {
        let (hour, number) = name.split_at_checked(HOUR)?;
        let number = number.strip_prefix('-')?;
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let (date, hour) = hour.split_once('T')?;
        let are_numbers = date.len() == DAY && date.split('-').all(is_number) && is_number(hour);
        let is_hex = number
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        (are_numbers && number.len() == 32 && is_hex).then(|| Self(name.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name of its archive.
    pub fn archive(&self) -> String {
        format!("{self}.zip")
    }

    /// Takes the name of its archive.
    pub fn of_archive(name: &str) -> Option<Self> {
        Self::parse(name.strip_suffix(".zip")?)
    }

    /// Returns the day on which it was made, in UTC: `2026-11-28`.
    pub fn day(&self) -> &str {
        self.0.get(..DAY).unwrap_or_default()
    }

    /// Returns the day and the hour: `2026-11-28T15`.
    pub fn hour(&self) -> &str {
        self.0.get(..HOUR).unwrap_or_default()
    }
}

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::BatchId;

    #[test]
    fn a_name_says_when_the_batch_was_made() {
        let time = UNIX_EPOCH + Duration::from_secs(1_795_878_062);
        let id = BatchId::new(time).unwrap();
        assert_eq!(id.day(), "2026-11-28");
        assert_eq!(id.hour(), "2026-11-28T15");
        assert_eq!(BatchId::of_archive(&id.archive()), Some(id.clone()));
        assert_ne!(BatchId::new(time).unwrap(), id);
    }

    #[test]
    fn other_names_are_none_of_batches() {
        for name in [
            "",
            "..",
            "2026-11-28T15",
            "2026-11-28T15-0011",
            "2026-11-28T15-00112233445566778899AABBCCDDEEFF",
            "2026-11/28T15-00112233445566778899aabbccddeeff",
            "2026-11-28T15-00112233445566778899aabbccddeeff.zip",
        ] {
            assert_eq!(BatchId::parse(name), None, "{name}");
        }
        let sound = "2026-11-28T15-00112233445566778899aabbccddeeff";
        assert!(BatchId::parse(sound).is_some());
    }
}
