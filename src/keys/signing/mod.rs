//! Signers: the keys that sign, and the certificates whose signatures count.
//!
//! - `key`, `key_x509` and `key_openpgp` load signing keys;
//! - `detached` makes the signatures over one content, `cms_write` and
//!   `openpgp_write` those of a kind;
//! - `signers` loads whose signatures count, `cms_verify` and `openpgp_verify`
//!   judge signatures (`verdict`);
//! - `signer_faults` says which of their certificates are of no use;
//! - `claims` says what signatures claim about themselves.

mod certificate_file;
mod claims;
mod cms_algorithm;
mod cms_attributes;
mod cms_read;
mod cms_time;
mod cms_verify;
mod cms_write;
mod detached;
mod fitness;
mod inline;
mod key;
mod key_openpgp;
mod key_x509;
mod openpgp_read;
mod openpgp_verify;
mod openpgp_write;
mod signer_faults;
mod signers;
mod subject;
mod verdict;

pub(crate) use claims::{claims_of_cms, claims_of_openpgp};
pub use detached::SigningFault;
pub(crate) use detached::sign_detached;
pub use key::{SigningKey, SigningKeyError, SigningKeyFault};
pub use signers::{SignerError, SignerName, Signers, SigningTime};
pub use verdict::{SignatureFault, SignatureVerdict, Standing};

/// The size limit of a file of signatures, in bytes: 1 MiB. A few take some
/// kB.
pub(crate) const MAX_SIGNATURE_FILE: u64 = 1 << 20;

/// The most signatures over one content.
pub(crate) const MAX_SIGNATURES: usize = 64;

#[cfg(test)]
mod tests;
