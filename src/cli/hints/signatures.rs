//! Hints for the signatures of archives.

use callseal::EvidenceFault;
use callseal::keys::SignatureFault;

use super::{Hint, some};

/// For an archive that isn't what was signed.
pub const ASK_SIGNER: &str =
    "don't trust it, and keep it as it is; get the archive again from whoever signed it";

/// For a key that opens what it signs.
pub const OWN_KEY: &str = "sign with a key that opens nothing: `callseal keygen --sign` makes one";

/// Returns the hint for the signature of a named signer that doesn't hold.
fn of_signature(fault: &SignatureFault) -> Hint {
    some(match fault {
        SignatureFault::Expired { .. } => {
            "if it was signed before that, a profile with `signing-time = \"trusted\"` accepts it; else ask for a new signature"
        }
        SignatureFault::NotYetValid { .. } | SignatureFault::InTheFuture(_) => {
            "check the clocks, of this machine and of the signer's"
        }
        SignatureFault::NoCertificate => "give the signer's certificate as a file",
        SignatureFault::Usage(_) | SignatureFault::Key(_) | SignatureFault::WeakHash(_) => {
            "ask the signer to sign it anew, with a key that `callseal keygen --sign` makes"
        }
        _ => ASK_SIGNER,
    })
}

pub fn of_evidence(fault: &EvidenceFault) -> Hint {
    some(match fault {
        EvidenceFault::NotSigned => {
            "ask its sender for the signed archive; `callseal verify` without a signer checks whether it is sound"
        }
        EvidenceFault::OtherSigners { .. } => {
            "name the certificate of whoever should have signed it with --signer; a signature by anybody else proves nothing"
        }
        EvidenceFault::NoSignerNamed => {
            "name who signed it with --signer CERT, and the signature is checked and kept; or leave it out with --drop-signatures"
        }
        EvidenceFault::NoSignature => ASK_SIGNER,
        EvidenceFault::OtherOrigin => {
            "name with --signer who signed the origin as well; if you don't know them, get the archive again from its source, or leave all signatures out with --drop-signatures"
        }
        EvidenceFault::SignerOpens { .. } => {
            "ask the signer to sign with another key than the one that opens; `callseal keygen --sign` makes one"
        }
        EvidenceFault::Fails { fault, .. } => return of_signature(fault),
        EvidenceFault::SignerWouldOpen { .. } => {
            "let in another certificate of theirs, or leave the signature out with --drop-signatures"
        }
        _ => ASK_SIGNER,
    })
}
