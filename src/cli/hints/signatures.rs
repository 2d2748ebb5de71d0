//! Hints for the signatures of archives.

use callseal::EvidenceFault;

use super::{Hint, some};

/// For an archive that isn't what was signed.
pub const ASK_SIGNER: &str =
    "don't trust it, and keep it as it is; get the archive again from whoever signed it";

/// For a key that opens what it signs.
pub const OWN_KEY: &str = "sign with a key that opens nothing: `callseal keygen --sign` makes one";

pub fn of_evidence(fault: &EvidenceFault) -> Hint {
    some(match fault {
        EvidenceFault::NotSigned => {
            "ask its sender for the signed archive; without --signer and --signers-of, it is taken as it is"
        }
        EvidenceFault::OtherSigners(_) => {
            "name the certificate of whoever should have signed it with --signer; a signature by anybody else proves nothing"
        }
        EvidenceFault::WouldBeLost => {
            "name who signed it with --signer CERT, and the signature is checked and kept; or leave it out with --drop-signatures"
        }
        EvidenceFault::SignerOpens { .. } => {
            "ask the signer to sign with another key than the one that opens; `callseal keygen --sign` makes one"
        }
        EvidenceFault::SignerWouldOpen { .. } => {
            "let in another certificate of theirs, or leave the signature out with --drop-signatures"
        }
        _ => ASK_SIGNER,
    })
}
