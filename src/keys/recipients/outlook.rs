//! How long a party's certificates will do.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::party::{Examined, Party, usable};
use super::refusal::{RecipientError, Refusal};
use super::requirements::Requirements;
use crate::keys::trust::ChainFault;

/// How many changes are looked ahead: certificates that begin or end.
const MAX_CHANGES: usize = 1000;

/// When a party can't be sealed to any more, as its certificates stand now.
#[derive(Debug)]
pub struct Outlook {
    /// From then on it would be refused.
    pub refused_from: SystemTime,
    /// Why.
    pub why: RecipientError,
}

impl Party {
    /// Looks ahead from the time of the requirements to the first moment at
    /// which the party would be refused; that time itself, if it would be
    /// refused then already. `None`: never, since one of its keys has no end.
    ///
    /// CRLs count as of the time of the requirements: new ones will come.
    pub fn outlook(&self, requirements: &Requirements) -> Option<Outlook> {
        let refused = |refused_from, why| Some(Outlook { refused_from, why });
        let mut at = requirements.at();
        let mut examined = match self.examine(requirements) {
            Ok(examined) => examined,
            Err(why) => return refused(at, why),
        };
        let revoked: Vec<PathBuf> = examined
            .iter()
            .filter(|certificate| is_revoked(certificate))
            .map(|certificate| certificate.path.clone())
            .collect();
        for _ in 0..MAX_CHANGES {
            let next = next_change(&examined);
            if let Err(why) = usable(self, examined) {
                return refused(at, why);
            }
            at = next?;
            examined = match requirements.later(at).map_err(RecipientError::from) {
                Ok(later) => match self.examine(&later) {
                    Ok(examined) => examined,
                    Err(why) => return refused(at, why),
                },
                Err(why) => return refused(at, why),
            };
            examined.retain(|certificate| !revoked.contains(&certificate.path));
        }
        None
    }
}

fn is_revoked(certificate: &Examined) -> bool {
    matches!(
        certificate.verdict,
        Err(Refusal::Revoked { .. }
            | Refusal::Untrusted {
                fault: ChainFault::CaRevoked { .. },
                ..
            })
    )
}

/// When a certificate that can be used will have ended, or another one begins.
fn next_change(examined: &[Examined]) -> Option<SystemTime> {
    let changes = examined
        .iter()
        .flat_map(|certificate| match &certificate.verdict {
            Ok(recipients) => {
                let ends = recipients.iter().filter_map(|recipient| {
                    // Its last second counts (RFC 5280, section 4.1.2.5).
                    recipient
                        .usable_until()?
                        .checked_add(Duration::from_secs(1))
                });
                ends.collect()
            }
            Err(Refusal::NotYetValid { until, .. })
            | Err(Refusal::Untrusted {
                fault: ChainFault::CaNotYetValid { until, .. },
                ..
            }) => vec![*until],
            Err(_) => Vec::new(),
        });
    changes.min()
}
