//! Certificates of CAs, and whether a certificate chains to one.
//!
//! Paths are validated by OpenSSL's verifier alone
//! ([RFC 5280, section 6](https://www.rfc-editor.org/rfc/rfc5280#section-6)).

mod bundle;
mod crls;
mod distrust;
mod fault;
mod store;
mod verdict;
mod verifier;

pub use bundle::{CaBundle, TrustError, TrustFault};
pub(crate) use distrust::Distrust;
pub use fault::ChainFault;
pub(crate) use fault::revoked;
pub(crate) use verifier::Verifier;
pub use verifier::{Chain, ChainLink};
