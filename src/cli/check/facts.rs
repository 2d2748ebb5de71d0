//! The facts of `callseal check`.

use std::collections::BTreeMap;

use callseal::Timestamp;
use serde::Serialize;

use crate::cli::facts::{Facts, PathFact, RecipientFacts};
use crate::cli::hints::Hint;

#[derive(Serialize)]
pub struct CheckFacts<'a> {
    pub config: PathFact<'a>,
    pub at: Timestamp,
    pub profiles: BTreeMap<&'a str, ProfileFacts>,
}

#[derive(Serialize)]
pub struct ProfileFacts {
    pub trust: &'static str,
    /// Null if the CAs can't be used.
    pub parties: Option<Vec<PartyFacts>>,
}

#[derive(Serialize)]
pub struct PartyFacts {
    pub party: String,
    pub state: &'static str,
    pub days_left: Option<u64>,
    pub refused_from: Option<Timestamp>,
    pub refused_with: Option<String>,
    pub why: Option<String>,
    pub certificates: Vec<Facts>,
}

#[derive(Serialize)]
pub struct CertificateFacts<'a> {
    pub path: PathFact<'a>,
    pub state: &'static str,
    #[serde(flatten)]
    pub refusal: Option<RefusalFacts>,
    pub keys: Vec<CheckedKeyFacts<'a>>,
}

#[derive(Serialize)]
pub struct RefusalFacts {
    pub why: String,
    pub hint: Hint,
}

#[derive(Serialize)]
pub struct CheckedKeyFacts<'a> {
    #[serde(flatten)]
    pub recipient: RecipientFacts<'a>,
    /// Missing if the certificate is refused; null if it has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_left: Option<Option<u64>>,
}
