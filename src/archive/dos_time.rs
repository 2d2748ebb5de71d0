//! Modification times: MS-DOS date and time, and Unix seconds.

use std::time::{Duration, SystemTime};

const SECONDS_PER_DAY: i64 = 86_400;

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
        let of_day = seconds.rem_euclid(SECONDS_PER_DAY);
        let (year, month, day) = civil_from_days(seconds.div_euclid(SECONDS_PER_DAY));
        let (hours, minutes, halves) = (of_day / 3600, of_day / 60 % 60, of_day % 60 / 2);
        // The clamp above keeps every part within its bits.
        let pack = |high: i64, middle: i64, low: i64, bits: u32| {
            u16::try_from((high << 9 << bits) | (middle << 5) | low).unwrap_or(u16::MAX)
        };
        Self {
            time: pack(hours, minutes, halves, 2),
            date: pack(year.saturating_sub(1980), month, day, 0),
        }
    }

    /// Returns the seconds since 1970. A date that doesn't exist is treated as
    /// 1980-01-01: writers without a time leave zeros.
    pub fn to_unix(self) -> i64 {
        let (date, time) = (i64::from(self.date), i64::from(self.time));
        let (year, month, day) = (
            (date >> 9).saturating_add(1980),
            (date >> 5) & 15,
            date & 31,
        );
        let (hours, minutes, halves) = (time >> 11, (time >> 5) & 63, time & 31);
        let days = days_from_civil(year, month, day);
        let exists = civil_from_days(days) == (year, month, day);
        if !exists || hours > 23 || minutes > 59 || halves > 29 {
            return DOS_FIRST;
        }
        [
            (days, SECONDS_PER_DAY),
            (hours, 3600),
            (minutes, 60),
            (halves, 2),
        ]
        .into_iter()
        .fold(0, |sum: i64, (count, unit)| {
            sum.saturating_add(count.saturating_mul(unit))
        })
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

/// Returns year, month (1 to 12) and day (1 to 31) of a day counted from
/// 1970-01-01.
///
/// Years run from March here, so that the leap day is the last of its year;
/// 146,097 days are 400 years.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let leaps = (of_era / 1460)
        .saturating_sub(of_era / 36_524)
        .saturating_add(of_era / 146_096);
    let year_of_era = of_era.saturating_sub(leaps) / 365;
    let of_year = of_era.saturating_sub(days_before_year(year_of_era));
    let month_from_march = of_year.saturating_mul(5).saturating_add(2) / 153;
    let day = of_year
        .saturating_sub(days_before_month(month_from_march))
        .saturating_add(1);
    let month = if month_from_march < 10 {
        month_from_march.saturating_add(3)
    } else {
        month_from_march.saturating_sub(9)
    };
    let year = era
        .saturating_mul(400)
        .saturating_add(year_of_era)
        .saturating_add(i64::from(month <= 2));
    (year, month, day)
}

/// Returns the inverse of [`civil_from_days`] for dates that exist.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year.saturating_sub(i64::from(month <= 2));
    let month_from_march = month.saturating_add(9).rem_euclid(12);
    let era_days = year
        .div_euclid(400)
        .saturating_mul(146_097)
        .saturating_sub(719_468);
    era_days
        .saturating_add(days_before_year(year.rem_euclid(400)))
        .saturating_add(days_before_month(month_from_march))
        .saturating_add(day.saturating_sub(1))
}

fn days_before_year(year_of_era: i64) -> i64 {
    year_of_era
        .saturating_mul(365)
        .saturating_add(year_of_era / 4)
        .saturating_sub(year_of_era / 100)
}

fn days_before_month(month_from_march: i64) -> i64 {
    month_from_march.saturating_mul(153).saturating_add(2) / 5
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
