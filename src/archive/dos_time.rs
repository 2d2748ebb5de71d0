//! Modification times: MS-DOS date and time, and Unix seconds.

use std::time::{Duration, SystemTime};

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

/// 1980-01-01T00:00:00Z, the first time of MS-DOS.
const DOS_FIRST: i64 = 315_532_800;

/// 2107-12-31T23:59:58Z, the last.
const DOS_LAST: i64 = 4_354_819_198;

/// An MS-DOS date and time (APPNOTE 4.4.6), treated as UTC: the format doesn't
/// say, and an archive must not depend on where it was made. Its resolution is
/// two seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DosTime {
    /// Hours in bits 11 to 15, minutes in bits 5 to 10, half the seconds below.
    pub time: u16,
    /// Years since 1980 in bits 9 to 15, months in bits 5 to 8, days below.
    pub date: u16,
}

impl DosTime {
    /// Returns the time in whole seconds since 1970, clamped to the years 1980
    /// to 2107 and rounded down to an even second.
    pub fn from_unix(seconds: i64) -> Self {
        let seconds = seconds.clamp(DOS_FIRST, DOS_LAST);
        let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let part = |number: u8| u16::from(number);
        // The clamp above keeps the year within its bits.
        let year = u16::try_from(at.year().saturating_sub(1980)).unwrap_or_default();
        Self {
            time: (part(at.hour()) << 11) | (part(at.minute()) << 5) | (part(at.second()) / 2),
            date: (year << 9) | (part(at.month().into()) << 5) | part(at.day()),
        }
    }

    /// Returns the seconds since 1970. A date that doesn't exist is treated as
    /// 1980-01-01: writers without a time leave zeros.
    pub fn to_unix(self) -> i64 {
        self.date_time()
            .map_or(DOS_FIRST, |at| at.assume_utc().unix_timestamp())
    }

    fn date_time(self) -> Option<PrimitiveDateTime> {
        let [_, date] = self.date.to_be_bytes();
        let [hours, _] = (self.time >> 3).to_be_bytes();
        let [_, minutes] = (self.time >> 5).to_be_bytes();
        let [_, halves] = self.time.to_be_bytes();
        let [_, months] = (self.date >> 5).to_be_bytes();
        let month = Month::try_from(months & 15).ok()?;
        let year = i32::from(self.date >> 9).saturating_add(1980);
        let date = Date::from_calendar_date(year, month, date & 31).ok()?;
        let seconds = (halves & 31).saturating_mul(2);
        let time = Time::from_hms(hours, minutes & 63, seconds).ok()?;
        Some(PrimitiveDateTime::new(date, time))
    }
}

/// Returns the point in time of seconds since 1970; the epoch if the system
/// can't represent it.
pub(super) fn system_time(seconds: i64) -> SystemTime {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let time = if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    };
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dos(year: u16, month: u16, day: u16, hours: u16, minutes: u16, seconds: u16) -> DosTime {
        DosTime {
            date: ((year - 1980) << 9) | (month << 5) | day,
            time: (hours << 11) | (minutes << 5) | (seconds / 2),
        }
    }

    #[test]
    fn known_dates_are_converted() {
        for (seconds, expected) in [
            (315_532_800, dos(1980, 1, 1, 0, 0, 0)),
            (951_782_400, dos(2000, 2, 29, 0, 0, 0)),
            (1_709_251_199, dos(2024, 2, 29, 23, 59, 58)),
            (1_709_251_200, dos(2024, 3, 1, 0, 0, 0)),
            (4_107_542_400, dos(2100, 3, 1, 0, 0, 0)),
            (4_354_819_198, dos(2107, 12, 31, 23, 59, 58)),
        ] {
            assert_eq!(DosTime::from_unix(seconds), expected);
            assert_eq!(expected.to_unix(), seconds & !1);
        }
    }

    #[test]
    fn times_outside_the_calendar_are_clamped() {
        assert_eq!(DosTime::from_unix(i64::MIN), dos(1980, 1, 1, 0, 0, 0));
        assert_eq!(DosTime::from_unix(0), dos(1980, 1, 1, 0, 0, 0));
        assert_eq!(DosTime::from_unix(i64::MAX), dos(2107, 12, 31, 23, 59, 58));
    }

    #[test]
    fn dates_that_do_not_exist_are_the_first_day() {
        for impossible in [
            DosTime { date: 0, time: 0 },
            dos(2023, 2, 29, 0, 0, 0),
            dos(2023, 13, 1, 0, 0, 0),
            dos(2023, 1, 1, 24, 0, 0),
            dos(2023, 1, 1, 0, 60, 0),
            dos(2023, 1, 1, 0, 0, 60),
        ] {
            assert_eq!(impossible.to_unix(), DOS_FIRST, "{impossible:?}");
        }
    }

    #[test]
    fn a_time_before_1970_is_represented() {
        assert_eq!(
            system_time(-2),
            SystemTime::UNIX_EPOCH - Duration::from_secs(2)
        );
    }

    proptest! {
        #[test]
        fn every_even_second_of_the_calendar_survives(half in DOS_FIRST / 2..=DOS_LAST / 2) {
            prop_assert_eq!(DosTime::from_unix(half * 2).to_unix(), half * 2);
        }

        #[test]
        fn any_bits_are_a_time_within_the_calendar(date: u16, time: u16) {
            let seconds = DosTime { time, date }.to_unix();
            prop_assert!((DOS_FIRST..=DOS_LAST).contains(&seconds));
        }
    }
}
