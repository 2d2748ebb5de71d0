//! The words for what will happen, and for what holds.

use std::time::SystemTime;

use callseal::Timestamp;
use callseal::keys::{Chain, ChainFault, RecipientError, Refusal};

/// Returns the cause of a refusal that is still to come.
pub fn in_advance(why: &RecipientError) -> String {
    let RecipientError::Refused { path, refusal } = why else {
        return why.to_string();
    };
    let then = match refusal {
        Refusal::Expired { subject, since } => {
            format!("“{subject}” expires on {}", Timestamp(*since))
        }
        Refusal::Untrusted {
            subject,
            fault: ChainFault::CaExpired { ca, since },
        } => format!(
            "“{subject}” was issued by “{ca}”, which expires on {}",
            Timestamp(*since)
        ),
        other => other.to_string(),
    };
    format!("{}: {then}", path.display())
}

pub fn chain_phrase(chain: &Chain, at: SystemTime) -> String {
    let issuers = chain.issuers.iter().map(|ca| match ca.expires {
        Some(end) => format!("“{}” (until {})", ca.subject, Timestamp(end)),
        None => format!("“{}”", ca.subject),
    });
    let mut phrase = match chain.issuers.is_empty() {
        true => "is in the CA bundle itself".to_owned(),
        false => format!("chains to {}", issuers.collect::<Vec<_>>().join(", ")),
    };
    if let Some(due) = chain.crls_expire {
        phrase.push_str("; not revoked, by CRLs valid until ");
        phrase.push_str(&Timestamp(due).to_string());
        if due < at {
            phrase.push_str(" (newer ones are needed by then)");
        }
    }
    phrase
}
