//! The result in one line for monitoring.

use super::{Checked, Work, conclude};
use crate::cli::nagios::{Datum, Line};
use crate::cli::ui::count;

/// Returns the result in one line for monitoring.
pub(super) fn line(checked: Vec<Checked<'_>>, work: &Work<'_>) -> Line {
    let well = match checked.as_slice() {
        [one] => work.line(one),
        more => format!(
            "{} are as they should be",
            count(more.len() as u64, "archive")
        ),
    };
    let verified = || checked.iter().filter_map(|one| one.verified.as_ref());
    let failed = checked.iter().filter(|one| !one.failures.is_empty());
    let data = vec![
        Datum::plain("archives", checked.len() as u64, ""),
        Datum {
            critical: "0".into(),
            ..Datum::plain("failed", failed.count() as u64, "")
        },
        Datum::plain(
            "entries",
            verified().map(|one| one.entries as u64).sum(),
            "",
        ),
        Datum::plain("bytes", verified().map(|one| one.bytes).sum(), "B"),
    ];
    conclude(checked, work, true).line("VERIFY", well, data)
}
