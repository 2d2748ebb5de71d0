//! Certificates and keys: recipients that are sealed to, identities that open.

mod certificate;
mod export;
mod file;
mod files;
mod fit;
mod generate;
mod handle;
mod identity;
mod key_file;
mod keyring;
mod mapping;
mod openpgp_certificate;
mod origin;
mod outlook;
mod party;
mod passphrase;
mod pkcs8;
mod recipient;
mod recipients;
mod refusal;
mod requirements;
mod secret;
mod self_certified;
mod trust;
mod x509;

pub use export::{ExportError, SecretKeyExport, export_certificate};
pub use fit::Fit;
pub use generate::{
    Attribute, GenerateError, KeyKind, NewKey, OpenPgpKey, RsaSizeError, Subject, SubjectError,
    SubjectFault, UserId,
};
pub use handle::{Fingerprint, KeyHandle};
pub use identity::{Identity, KeyError, KeyFault, UnlockFault};
pub use keyring::{Keyring, NoIdentity};
pub use mapping::UnusableKey;
pub use origin::Beside;
pub use outlook::Outlook;
pub use party::{Examined, Party, Pin};
pub use passphrase::{
    LockedKey, NewPassphrase, NoPassphrases, Passphrase, Passphrases, UnfitPassphrase,
};
pub use recipient::{CertificateKind, MessageVersion, Recipient};
pub use recipients::{RecipientNotice, Recipients};
pub use refusal::{RecipientError, Refusal};
pub use requirements::{MinRsaBits, Requirements};
pub use trust::{CaBundle, Chain, ChainFault, ChainLink, TrustError, TrustFault};

/// OpenSSL's own reason, without its error codes and file names.
fn openssl_reason(e: &openssl::error::ErrorStack) -> String {
    e.errors()
        .iter()
        .find_map(openssl::error::Error::reason)
        .unwrap_or("unknown cause")
        .to_owned()
}
