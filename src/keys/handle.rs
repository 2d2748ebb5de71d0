//! How a message names the keys that open it.

use std::fmt;

use sequoia_openpgp as openpgp;

use super::x509_handle::{IssuerAndSerial, SubjectKeyId};

/// The fingerprint of an OpenPGP key: 20 bytes for version 4, 32 bytes for
/// version 6 ([RFC 9580, section 5.5.4]).
///
/// [RFC 9580, section 5.5.4]: https://www.rfc-editor.org/rfc/rfc9580#section-5.5.4
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(openpgp::Fingerprint);

impl Fingerprint {
    /// Returns the 8-byte key ID of the same key.
    pub fn key_id(&self) -> KeyHandle {
        KeyHandle::KeyId(openpgp::KeyID::from(&self.0).to_hex())
    }
}

impl Fingerprint {
    pub(crate) fn of(fingerprint: openpgp::Fingerprint) -> Self {
        Self(fingerprint)
    }

    pub(crate) fn inner(&self) -> openpgp::Fingerprint {
        self.0.clone()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_hex())
    }
}

/// The name of one recipient in a message: in a PKESK packet
/// ([RFC 9580, section 5.1]), or in a RecipientInfo of CMS
/// ([RFC 5652, section 6.2]).
///
/// [RFC 9580, section 5.1]: https://www.rfc-editor.org/rfc/rfc9580#section-5.1
/// [RFC 5652, section 6.2]: https://www.rfc-editor.org/rfc/rfc5652#section-6.2
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyHandle {
    /// The whole fingerprint (version 6 PKESK).
    Fingerprint(Fingerprint),
    /// Sixteen upper-case hexadecimal digits (version 3 PKESK).
    KeyId(String),
    /// Nothing: the recipient stays anonymous.
    Hidden,
    /// The X.509 certificate, by its issuer and serial number (CMS).
    IssuerAndSerial(IssuerAndSerial),
    /// The X.509 certificate, by its subject key identifier (CMS).
    SubjectKeyId(SubjectKeyId),
}

impl KeyHandle {
    /// Returns whether this handle names the key with that fingerprint. Handles
    /// of CMS name certificates.
    pub fn names(&self, fingerprint: &Fingerprint) -> bool {
        match self {
            Self::Fingerprint(f) => f == fingerprint,
            Self::KeyId(_) => *self == fingerprint.key_id(),
            Self::Hidden | Self::IssuerAndSerial(_) | Self::SubjectKeyId(_) => false,
        }
    }

    /// Returns the memory that it takes in addition to its own size, in bytes.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::IssuerAndSerial(certificate) => {
                certificate.issuer_der().len() + certificate.serial_octets().len()
            }
            Self::Fingerprint(_) | Self::KeyId(_) | Self::Hidden | Self::SubjectKeyId(_) => 0,
        }
    }

    /// Returns whether it is a handle of CMS, which names a certificate and not
    /// a key.
    #[doc(hidden)]
    pub fn names_a_certificate(&self) -> bool {
        matches!(self, Self::IssuerAndSerial(_) | Self::SubjectKeyId(_))
    }
}

impl KeyHandle {
    /// Reads a fingerprint or a key ID, in hexadecimal digits with or without
    /// blanks.
    #[doc(hidden)]
    pub fn parse(digits: &str) -> Option<Self> {
        let digits: String = digits.split(' ').collect();
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        match digits.len() {
            16 => Some(Self::KeyId(digits.to_ascii_uppercase())),
            40 | 64 => {
                let fingerprint = digits.parse().ok()?;
                Some(Self::Fingerprint(Fingerprint(fingerprint)))
            }
            _ => None,
        }
    }

    /// Returns the handle in a PKESK.
    pub(crate) fn of(handle: Option<openpgp::KeyHandle>) -> Self {
        match handle {
            Some(openpgp::KeyHandle::Fingerprint(f)) => Self::Fingerprint(Fingerprint::of(f)),
            // RFC 9580, section 5.1.8: a key ID of zeros is an anonymous recipient.
            Some(openpgp::KeyHandle::KeyID(id)) if id.is_wildcard() => Self::Hidden,
            Some(openpgp::KeyHandle::KeyID(id)) => Self::KeyId(id.to_hex()),
            None => Self::Hidden,
        }
    }
}

impl fmt::Display for KeyHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fingerprint(fingerprint) => fingerprint.fmt(f),
            Self::KeyId(id) => f.write_str(id),
            Self::Hidden => f.write_str("hidden recipient"),
            Self::IssuerAndSerial(certificate) => certificate.fmt(f),
            Self::SubjectKeyId(id) => write!(f, "subject key identifier {id}"),
        }
    }
}
