//! How long a party's certificates will suffice.

use std::time::{Duration, SystemTime};

use super::party::{Examined, Party, usable};
use super::refusal::{RecipientError, Refusal};
use super::requirements::Requirements;
use crate::keys::trust::ChainFault;

/// When a party can't be sealed to any more with its present certificates.
#[derive(Debug)]
pub struct Outlook {
    /// The time from which it would be refused.
    pub refused_from: SystemTime,
    /// Why.
    pub why: RecipientError,
}

impl Party {
    /// Looks ahead from the time of the requirements to the first moment at
    /// which the party would be refused. If it would be refused already, that
    /// is the time of the requirements. `None` means never: one of its keys has
    /// no end.
    ///
    /// Later CRLs are assumed to revoke what the present ones do.
    pub fn outlook(&self, requirements: &Requirements) -> Option<Outlook> {
        let mut at = requirements.at();
        let mut change = self.next_change(requirements);
        // There are no more such moments than starts and ends of certificates,
        // as long as each is later than the one before.
        loop {
            at = match change {
                Ok(next) => next.filter(|next| *next > at)?,
                Err(why) => {
                    return Some(Outlook {
                        refused_from: at,
                        why,
                    });
                }
            };
            change = match requirements.later(at) {
                Ok(later) => self.next_change(&later),
                Err(why) => Err(why),
            };
        }
    }

    /// Returns the next moment at which the verdict may change: when the last
    /// of the certificates in use has ended, or another one begins.
    fn next_change(
        &self,
        requirements: &Requirements,
    ) -> Result<Option<SystemTime>, RecipientError> {
        let examined = self.examine(requirements)?;
        let begin = examined.iter().filter_map(begins).min();
        let (recipients, _) = usable(self, examined)?;
        let ends: Option<Vec<SystemTime>> = recipients
            .iter()
            .map(|recipient| recipient.usable_until())
            .collect();
        // Its last second counts (RFC 5280, section 4.1.2.5).
        let end = ends.and_then(|ends| ends.into_iter().max()?.checked_add(Duration::from_secs(1)));
        Ok(begin.into_iter().chain(end).min())
    }
}

/// Returns the start of a certificate that is not yet valid.
fn begins(certificate: &Examined) -> Option<SystemTime> {
    match certificate.verdict {
        Err(
            Refusal::NotYetValid { until, .. }
            | Refusal::Untrusted {
                fault: ChainFault::CaNotYetValid { until, .. },
                ..
            },
        ) => Some(until),
        _ => None,
    }
}
