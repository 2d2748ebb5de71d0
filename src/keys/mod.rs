//! Certificates and keys.
//!
//! - `recipients/`: the recipients, from certificates of all kinds; `trust/`:
//!   whether a CA vouches for them;
//! - `keyring/`: the identities that open;
//! - `signing/`: the keys that sign, and the signers whose signatures count;
//! - `generate/` makes key pairs, `export/` takes them to other software.

mod directory_walk;
mod export;
mod file_content;
mod file_details;
mod file_kind;
mod generate;
mod handle;
mod jks;
mod kdf_cost;
mod keyring;
mod legacy_provider;
mod mapping;
mod openssl_errors;
mod passphrase;
mod pkcs12;
mod pkcs7;
mod recipients;
mod s2k;
mod signing;
mod ssh;
mod trust;
mod x509;
mod x509_handle;

pub(crate) use file_content::read_key as read_key_file;
pub(crate) use file_kind::is_utf16;

#[doc(hidden)]
pub use file_kind::FileKind;
pub use handle::{Fingerprint, KeyHandle};
pub use keyring::{KeyError, KeyFault, Keyring, NoIdentity, UnlockFault};
pub(crate) use keyring::{MOST_HIDDEN, MessageTrials, NotOpened, OpenedBy, SecretKey, Trials};
pub(crate) use legacy_provider::load_legacy_provider;
pub use mapping::UnusableKey;
pub(crate) use mapping::algorithm_label;
pub(crate) use openssl_errors::{forget_openssl_errors, openssl_reason};
pub use passphrase::{LockedKey, Passphrase, Passphrases};
pub(crate) use recipients::MessageVersion;
pub use recipients::{
    MinRsaBits, Party, Pin, Recipient, RecipientError, RecipientNotice, Recipients, Refusal,
    Requirements,
};
pub(crate) use s2k::{begin_derivation, memory as memory_of_derivation};
pub(crate) use signing::{
    MAX_SIGNATURE_FILE, MAX_SIGNATURES, claims_of_cms, claims_of_openpgp, sign_detached,
};
#[doc(hidden)]
pub use signing::{
    SignatureFault, SignatureVerdict, SignerError, SignerName, Signers, SigningFault, SigningKey,
    SigningKeyError, SigningKeyFault, SigningTime, Standing,
};
pub use trust::{ChainFault, TrustFault};

#[doc(hidden)]
pub use export::{ExportError, SecretKeyExport, export_certificate};
#[doc(hidden)]
pub use generate::{
    Attribute, GenerateError, KeyKind, KeyPurpose, NewKey, OpenPgpKey, RsaSizeError, Subject,
    SubjectError, SubjectFault, UserId,
};
#[doc(hidden)]
pub use keyring::{Beside, Fit, Identity};
#[doc(hidden)]
pub use passphrase::{NewPassphrase, NoPassphrases, UnfitPassphrase};
#[doc(hidden)]
pub use recipients::{CertificateKind, Examined, Outlook};
#[doc(hidden)]
pub use trust::{Chain, ChainLink};
#[doc(hidden)]
pub use x509_handle::{IssuerAndSerial, SubjectKeyId};
