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
    /// It is signed, and what is made of it wouldn't be.
    #[error("it is signed, and the new archive would not be")]
    WouldBeLost,
    /// All its signatures are by signers who weren't named.
    #[error("it has no signature of a signer that you named{}", by(.0))]
    OtherSigners(Vec<SignatureVerdict>),
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

/// Says who the signers are.
fn by(verdicts: &[SignatureVerdict]) -> String {
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
    match signers.is_empty() {
        true => String::new(),
        false => format!("; it claims to be signed by {}{more}", signers.join(", ")),
    }
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
