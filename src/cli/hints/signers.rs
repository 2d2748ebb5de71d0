//! Hints for signing keys, and for signers whose signatures are asked for.

use std::path::Path;

use callseal::keys::{SignatureFault, SignerError, SigningKeyFault};
use callseal::message::{MessageFault, PlanError};

use super::keys::of_key_file;
use super::messages::of_unlock;
use super::recipients::of_refusal;
use super::{Hint, some};
/// Returns the hint for a file that yields no key that signs.
pub fn of_signing_key(path: &Path, fault: &SigningKeyFault) -> Hint {
    some(match fault {
        SigningKeyFault::Key(fault) => return of_key_file(path, fault),
        SigningKeyFault::Locked(fault) => return of_unlock(fault),
        SigningKeyFault::SeveralKeys(_) => "put the key that signs into a file of its own",
        SigningKeyFault::NoCertificate => {
            "put its certificate next to it, in a file of the same name that ends in crt, pem, cer, der, pub or asc"
        }
        SigningKeyFault::OtherCertificate { .. } => {
            "replace that certificate with the one for this key"
        }
        SigningKeyFault::Expired { .. } | SigningKeyFault::Revoked { .. } => {
            "sign with another key, whose certificate is valid"
        }
        SigningKeyFault::Usage { .. } | SigningKeyFault::NoSigningKey { .. } => {
            "sign with a key whose certificate is made for that: `callseal keygen --sign` makes one"
        }
        _ => return None,
    })
}

/// Returns the hint for a signer that can't be used.
pub fn of_signers(error: &SignerError) -> Hint {
    some(match error {
        SignerError::Refused { refusal, .. } => return of_refusal(refusal),
        SignerError::BareKey { .. } => {
            "give the signer's certificate: a public key alone names no signer"
        }
        SignerError::NoCertificate { .. } => {
            "give the certificate as a file with --signer: OpenPGP signatures don't hold it"
        }
        SignerError::SubjectWithoutCa { .. } => "give the signer's certificate or its fingerprint",
        SignerError::Trust { .. } => "check the files of the CA",
        _ => return None,
    })
}

/// Returns the hint for a message that isn't signed as it should be.
pub fn of_signatures(fault: &MessageFault) -> Hint {
    some(match fault {
        MessageFault::NotSigned { by, .. } if by.is_empty() => {
            "ask its sender to sign it; without --signer it opens, and nothing shows who made it"
        }
        MessageFault::NotSigned { .. } => {
            "if you trust who has signed it, give their OpenPGP certificate with --signer; compare its fingerprint with one that you got another way"
        }
        MessageFault::Forwarded { .. } => {
            "ask the signer whether it is meant for you; without --signer it opens"
        }
        MessageFault::Signatures(_) => "don't trust it: get it again from its sender",
        MessageFault::CarriesNoSignatures => {
            "leave out --signer; nothing in a CMS message shows who made it"
        }
        MessageFault::Signature { fault, .. } => return of_signature(fault),
        _ => return None,
    })
}

fn of_signature(fault: &SignatureFault) -> Hint {
    some(match fault {
        SignatureFault::Expired { .. } => {
            "get the signer's present certificate: its end may have been put off; else ask them to seal it anew"
        }
        SignatureFault::Revoked { .. } => {
            "don't trust it: somebody else may have the signer's key; ask them to seal it anew"
        }
        SignatureFault::NotYetValid { .. } | SignatureFault::InTheFuture(_) => {
            "check the clocks, of this machine and of the signer's"
        }
        SignatureFault::WeakHash(_) => {
            "ask the signer to seal it anew; with GnuPG, `--digest-algo SHA256` signs well"
        }
        SignatureFault::NoCertificate => "give the signer's certificate as a file: `--signer FILE`",
        SignatureFault::Kind(_) => {
            "ask the signer to sign it as a file: with GnuPG, `gpg --sign --encrypt` without --textmode"
        }
        _ => "don't trust it: get it again from its sender",
    })
}

/// Returns the hint for messages that can't be signed as asked.
pub fn of_plan(error: &PlanError) -> Hint {
    some(match error {
        PlanError::Signed(_) => "leave out --sign, or give `--format auto`",
        PlanError::SignedForHidden => "leave out --sign or --hidden-recipients",
        PlanError::SignerOfOtherKind { .. } => {
            "give an OpenPGP key, or sign an archive: `callseal pack --sign` takes keys of X.509"
        }
        PlanError::SignerOfOtherVersion { .. } => {
            "sign with a key of version 4, such as one of GnuPG; or give `--format rfc9580` if all recipients read it"
        }
        PlanError::SignerIsRecipient { .. } => {
            "sign with a key that opens nothing, or leave this recipient out"
        }
        _ => return None,
    })
}
