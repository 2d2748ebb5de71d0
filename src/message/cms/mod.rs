//! CMS messages, formerly PKCS#7
//! ([RFC 5652](https://www.rfc-editor.org/rfc/rfc5652)).
//!
//! It reads DER, and BER with indefinite lengths and strings in segments
//! anywhere:
//!
//! - EnvelopedData (RFC 5652, section 6), which isn't protected from change,
//!   with AES-128, -192 or -256 in CBC mode
//!   ([RFC 3565](https://www.rfc-editor.org/rfc/rfc3565)), or 3DES with three
//!   keys (RFC 3370, section 5.1);
//! - AuthEnvelopedData ([RFC 5083](https://www.rfc-editor.org/rfc/rfc5083))
//!   with AES-128, -192 or -256 in GCM mode
//!   ([RFC 5084](https://www.rfc-editor.org/rfc/rfc5084), section 3.2), a nonce
//!   of 1 to 16 octets and a tag of 12 to 16, but not with authenticated
//!   attributes: these follow the content, and would have to be known before
//!   it.
//!
//! The content's key opens with:
//!
//! - key transport (RFC 5652, section 6.2.1): RSAES-PKCS1-v1_5
//!   ([RFC 3370](https://www.rfc-editor.org/rfc/rfc3370), section 4.2.1), and
//!   RSAES-OAEP with SHA-1 or SHA-2, any label, and MGF1 with a hash of its
//!   own ([RFC 4055](https://www.rfc-editor.org/rfc/rfc4055), section 4.1);
//! - key agreement (RFC 5652, section 6.2.2): ephemeral-static ECDH on the
//!   NIST curves, standard or cofactor, derivation with SHA-1 or SHA-2
//!   ([RFC 5753](https://www.rfc-editor.org/rfc/rfc5753), section 7.1.4), and
//!   a key wrapped with AES ([RFC 3394](https://www.rfc-editor.org/rfc/rfc3394))
//!   or 3DES ([RFC 3217](https://www.rfc-editor.org/rfc/rfc3217), section 3).
//!
//! The front of a message is read without a key; once one fits, the content
//! streams through in constant memory, whatever its lengths claim. Recipients
//! are bounded in number and size, and elements in their depth.

mod algorithm;
mod ber;
mod cipher;
mod content;
mod encode;
mod end;
mod front;
mod kdf;
mod key_agreement;
mod key_transport;
mod kind;
mod open;
mod recipient_info;
mod seal;
mod share;
mod wrap;

pub(super) use front::{CmsFront, read_front, read_whole};
pub(super) use kind::CmsKind;
pub(super) use open::{begin, starts};
pub(super) use seal::{CmsPlan, CmsSealer};
pub(super) use share::CmsShared;

#[cfg(test)]
mod tests;
