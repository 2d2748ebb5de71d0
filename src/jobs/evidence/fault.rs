//! Why an archive isn't what was signed.

use thiserror::Error;

use crate::keys::{SignatureFault, SignatureVerdict};

/// Why the signatures of an archive don't count. The text completes a sentence
/// that begins with the archive.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EvidenceFault {
    /// There are no signatures.
    #[error("it is not signed")]
    NotSigned,
    /// It is signed, and another archive is to be made of it without a check.
    #[error("it is signed, and no signer is named to check that")]
    NoSignerNamed,
    /// It has a list to be signed, and nothing that can be read as its signature.
    #[error("it has a list that was to be signed, and its signature is missing or can't be read")]
    NoSignature,
    /// All its signatures are by signers who weren't named.
    #[error("it has no signature of a signer that you named{}", claims(.own, .origin))]
    OtherSigners {
        /// Those of its own list.
        own: Vec<SignatureVerdict>,
        /// Those of its origin.
        origin: Vec<SignatureVerdict>,
    },
    /// The signature of a named signer doesn't hold.
    #[error("the signature of “{signer}” {fault}")]
    Fails {
        /// The signer.
        signer: String,
        /// The cause.
        fault: SignatureFault,
    },
    /// The signer is a recipient of a member.
    #[error("its signer “{signer}” can open {member:?}, and a key that opens must not sign")]
    SignerOpens {
        /// The signer.
        signer: String,
        /// The member.
        member: String,
    },
    /// The origin is signed by nobody who was named.
    #[error(
        "its origin, the list of what was sealed first, has no signature of a signer that you named"
    )]
    OtherOrigin,
    /// The signer is to become a recipient.
    #[error("its signer “{signer}” would be a recipient, and a key that opens must not sign")]
    SignerWouldOpen {
        /// The signer.
        signer: String,
    },
    /// There are signatures of a list, and the list is missing.
    #[error("{0} is missing, which its signatures are for")]
    NoList(&'static str),
    /// A list or its signature can't be read.
    #[error("{list} {reason}")]
    List {
        /// The name of its entry.
        list: &'static str,
        /// The cause.
        reason: String,
    },
    /// The entries are in another order.
    #[error("its entries are in another order than they were signed in: {0:?} was moved")]
    Order(String),
}

/// The most names of strangers that an error has.
const MOST_NAMES: usize = 8;

/// Says who claims to have signed an archive, and its origin.
fn claims(own: &[SignatureVerdict], origin: &[SignatureVerdict]) -> String {
    match (own.is_empty(), origin.is_empty()) {
        (true, true) => String::new(),
        (false, true) => format!("; it claims to be signed by {}", names(own)),
        (true, false) => format!(
            "; it claims that what is sealed in it was signed by {}",
            names(origin)
        ),
        (false, false) => format!(
            "; it claims to be signed by {}, and what is sealed in it by {}",
            names(own),
            names(origin)
        ),
    }
}

/// Returns the names of signers, each once.
fn names(verdicts: &[SignatureVerdict]) -> String {
    let mut signers: Vec<String> = Vec::new();
    for verdict in verdicts {
        // A name can't seem to end before its end.
        let signer = format!("“{}”", verdict.signer.replace(['“', '”'], "\""));
        if !signers.contains(&signer) {
            signers.push(signer);
        }
    }
    let more = match signers.len().saturating_sub(MOST_NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    signers.truncate(MOST_NAMES);
    format!("{}{more}", signers.join(", "))
}

/// Why one entry of an archive isn't what was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignedFault {
    /// Its bytes are others.
    #[error("it was altered or replaced after the archive was signed")]
    Altered,
    /// What is sealed in it is something else.
    #[error("what is sealed in it was altered or replaced after it was signed")]
    OtherSealed,
    /// The list has the hash of all of it, and a false one of what is sealed in it.
    #[error("the signed list has another hash of what is sealed in it than of all of it")]
    Contradicted,
    /// The signed list doesn't have it.
    #[error(
        "it was added or renamed after the archive was signed: the signed list doesn't have it"
    )]
    Added,
    /// The archive doesn't have it.
    #[error("it was removed or renamed after the archive was signed: the signed list has it")]
    Removed,
}
