//! Certificates and keys: recipients that are sealed to, identities that open.

mod certificate;
mod export;
mod file;
mod handle;
mod identity;
mod keyring;
mod mapping;
mod openpgp_certificate;
mod passphrase;
mod recipient;
mod recipients;
mod refusal;
mod secret;
mod x509;

pub use export::{ExportError, export_secret_key};
pub use handle::{Fingerprint, KeyHandle};
pub use identity::{Identity, KeyError, KeyFault, UnlockFault};
pub use keyring::{Keyring, NoIdentity};
pub use passphrase::{LockedKey, NoPassphrases, Passphrase, Passphrases};
pub use recipient::{CertificateKind, MessageVersion, Recipient};
pub use recipients::{DuplicateRecipient, Recipients};
pub use refusal::{RecipientError, Refusal};

/// OpenSSL's own reason, without its error codes and file names.
fn openssl_reason(e: &openssl::error::ErrorStack) -> String {
    e.errors()
        .iter()
        .find_map(openssl::error::Error::reason)
        .unwrap_or("unknown cause")
        .to_owned()
}
