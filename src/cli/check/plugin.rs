//! The result in one line for monitoring.

use super::Check;
use crate::cli::nagios::{Datum, Line};
use crate::cli::ui::count;

impl Check<'_> {
    /// Returns the result in one line for monitoring.
    pub fn plugin_line(&self, warn_days: u32) -> Line {
        let parties = match self.parties {
            1 => "1 recipient".into(),
            more => format!("{more} recipients"),
        };
        let first = match self.first_days {
            Some(days) => format!("the first is refused in {}", count(days, "day")),
            None => "none of them will be refused".into(),
        };
        let days = self.first_days.map(|days| Datum {
            warning: format!("{warn_days}:"),
            critical: "1:".into(),
            ..Datum::plain("days", days, "")
        });
        let data = [Datum::plain("recipients", self.parties, "")];
        let data = data.into_iter().chain(days).collect();
        self.report
            .line("CHECK", format!("{parties}, {first}"), data)
    }
}
