//! How long certificates will last.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use callseal::Timestamp;
use callseal::keys::{ChainFault, Outlook, Party, RecipientError, Refusal, Requirements};
use serde::Serialize;

use super::facts::PathFact;
use super::ui::{Ui, count};

/// A day in seconds.
pub const DAY: u64 = 24 * 60 * 60;

/// Warn this many days before a certificate ends.
pub const WARN_DAYS: u32 = 30;

/// Returns the whole days from one moment to a later one.
pub fn days_until(then: SystemTime, at: SystemTime) -> u64 {
    let left = then.duration_since(at).unwrap_or_default();
    left.as_secs() / DAY
}

/// Returns whether a moment is less than a time away, or past.
pub fn is_within(then: SystemTime, at: SystemTime, time: Duration) -> bool {
    then.duration_since(at).unwrap_or_default() < time
}

/// Returns whether it's time to warn of a certificate that ends then.
pub fn is_soon(then: SystemTime, at: SystemTime) -> bool {
    is_within(then, at, Duration::from_secs(u64::from(WARN_DAYS) * DAY))
}

/// A certificate that ends soon, and without which its party would be refused.
pub struct EndingSoon {
    subject: String,
    path: PathBuf,
    /// The CA that ends, if it isn't the certificate itself.
    issuer: Option<String>,
    end: SystemTime,
    days: u64,
}

impl EndingSoon {
    /// Finds the certificates because of which a party will be refused soon. A party
    /// whose next certificate is there already is fine.
    pub fn of(party: &Party, requirements: &Requirements, at: SystemTime) -> Vec<Self> {
        let outlook = party.outlook(requirements);
        let Some(Outlook { refused_from, why }) = outlook else {
            return Vec::new();
        };
        if !is_soon(refused_from, at) {
            return Vec::new();
        }
        let refusals: Vec<(&Path, &Refusal)> = match &why {
            RecipientError::Refused { path, refusal } => vec![(path, refusal)],
            RecipientError::NoneValid { refusals, .. } => {
                refusals.iter().map(|(path, why)| (&**path, why)).collect()
            }
            _ => Vec::new(),
        };
        let ends = refusals.into_iter().filter_map(|(path, refusal)| {
            let (subject, issuer, end) = match refusal {
                Refusal::Expired { subject, since } => (subject, None, *since),
                Refusal::Untrusted {
                    subject,
                    fault: ChainFault::CaExpired { ca, since },
                } => (subject, Some(ca.clone()), *since),
                _ => return None,
            };
            Some(Self {
                subject: subject.clone(),
                path: path.to_owned(),
                issuer,
                end,
                days: days_until(end, at),
            })
        });
        // Others have ended before.
        ends.filter(|ending| ending.end >= at).collect()
    }

    /// Returns the warning.
    pub fn sentence(&self) -> String {
        let Self { subject, path, .. } = self;
        let issued = self
            .issuer
            .as_ref()
            .map(|ca| format!(" was issued by “{ca}”, which"));
        let when = match self.days {
            0 => "within a day".into(),
            days => format!("in {}", count(days, "day")),
        };
        let end = Timestamp(self.end).to_string();
        format!(
            "“{subject}” ({}){} ends on {}, {when}: from then on, nothing is sealed",
            path.display(),
            issued.unwrap_or_default(),
            end.split('T').next().unwrap_or_default()
        )
    }
}

/// Warns of each of them.
pub fn warn(ending: &[EndingSoon], ui: &Ui) {
    for certificate in ending {
        ui.warning(&certificate.sentence());
    }
}

/// The facts of a certificate that ends soon.
#[derive(Serialize)]
pub struct EndingFacts<'a> {
    label: &'a str,
    source: PathFact<'a>,
    issuer: Option<&'a str>,
    ends: Timestamp,
    days_left: u64,
}

impl<'a> From<&'a EndingSoon> for EndingFacts<'a> {
    fn from(ending: &'a EndingSoon) -> Self {
        Self {
            label: &ending.subject,
            source: PathFact(&ending.path),
            issuer: ending.issuer.as_deref(),
            ends: Timestamp(ending.end),
            days_left: ending.days,
        }
    }
}
