//! The facts of the `--json` documents: what several commands share.

use std::path::Path;

use callseal::Timestamp;
use callseal::keys::{Chain, Recipient, Recipients};
use callseal::message::Format;
use serde::ser::Error;
use serde::{Serialize, Serializer};
use serde_json::Value;

/// The facts of a report. Each command has its own type for them.
#[derive(Debug)]
pub struct Facts(serde_json::Result<Value>);

impl Facts {
    pub fn of(facts: &impl Serialize) -> Self {
        Self(serde_json::to_value(facts))
    }
}

impl Serialize for Facts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let facts = self.0.as_ref().map_err(S::Error::custom)?;
        facts.serialize(serializer)
    }
}

/// A path. Octets that aren't UTF-8 are replaced.
pub struct PathFact<'a>(pub &'a Path);

impl Serialize for PathFact<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.display())
    }
}

/// The format of messages.
#[derive(Serialize)]
pub struct FormatFacts {
    format: &'static str,
    authenticated: bool,
}

impl From<Format> for FormatFacts {
    fn from(format: Format) -> Self {
        Self {
            format: format.name(),
            authenticated: format.is_authenticated(),
        }
    }
}

/// A recipient's key and certificate.
#[derive(Serialize)]
pub struct RecipientFacts<'a> {
    fingerprint: String,
    label: &'a str,
    kind: &'static str,
    algorithm: String,
    source: PathFact<'a>,
    certificate_fingerprint: Option<&'a str>,
    expires: Option<Timestamp>,
    chain: Option<ChainFacts<'a>>,
}

#[derive(Serialize)]
struct ChainFacts<'a> {
    issuers: Vec<IssuerFacts<'a>>,
    crls_expire: Option<Timestamp>,
}

#[derive(Serialize)]
struct IssuerFacts<'a> {
    subject: &'a str,
    expires: Option<Timestamp>,
}

impl<'a> From<&'a Recipient> for RecipientFacts<'a> {
    fn from(recipient: &'a Recipient) -> Self {
        Self {
            fingerprint: recipient.fingerprint().to_string(),
            label: recipient.label(),
            kind: recipient.kind().name(),
            algorithm: recipient.algorithm(),
            source: PathFact(recipient.source()),
            certificate_fingerprint: recipient.certificate_fingerprint(),
            expires: recipient.expires().map(Timestamp),
            chain: recipient.chain().map(ChainFacts::from),
        }
    }
}

impl<'a> From<&'a Chain> for ChainFacts<'a> {
    fn from(chain: &'a Chain) -> Self {
        let issuers = chain.issuers.iter().map(|ca| IssuerFacts {
            subject: &ca.subject,
            expires: ca.expires.map(Timestamp),
        });
        Self {
            issuers: issuers.collect(),
            crls_expire: chain.crls_expire.map(Timestamp),
        }
    }
}

/// Returns the facts of each recipient.
pub fn recipient_facts(recipients: &Recipients) -> Vec<RecipientFacts<'_>> {
    recipients.iter().map(RecipientFacts::from).collect()
}
