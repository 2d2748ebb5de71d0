//! Writing what surrounds content of any length.

use crate::der::{CONSTRUCTED, OCTET_STRING, SEQUENCE, header};

/// The tag of `[0]`.
const CONTEXT_0: u8 = 0x80;

/// The end of a value of indefinite length (X.690, section 8.1.5).
const END: [u8; 2] = [0, 0];

/// The octets before the encrypted content, built from the inside out.
pub(super) struct CmsFront {
    octets: Vec<u8>,
    /// The number of octets that follow the front within its enclosing element;
    /// unknown if lengths are indefinite.
    following: Option<u64>,
}

impl CmsFront {
    /// Creates `encryptedContent [0] IMPLICIT OCTET STRING`
    /// ([RFC 5652, section 6.1](https://www.rfc-editor.org/rfc/rfc5652#section-6.1))
    /// of that length, or one in segments.
    pub fn of_content(length: Option<u64>) -> Self {
        let tag = match length {
            Some(_) => CONTEXT_0,
            None => CONTEXT_0 | CONSTRUCTED,
        };
        Self {
            octets: header(tag, length),
            following: length,
        }
    }

    /// Puts these octets before it.
    pub fn after(self, octets: &[u8]) -> Self {
        Self {
            octets: [octets, &self.octets].concat(),
            ..self
        }
    }

    /// Adds that many octets after what it encloses.
    pub fn before(self, octets: u64) -> Self {
        Self {
            following: self.following.map(|n| n.saturating_add(octets)),
            ..self
        }
    }

    /// Encloses it in a SEQUENCE.
    pub fn in_sequence(self) -> Self {
        self.enclosed(SEQUENCE)
    }

    /// Encloses it in an explicit `[0]`.
    pub fn in_context_0(self) -> Self {
        self.enclosed(CONTEXT_0 | CONSTRUCTED)
    }

    fn enclosed(self, tag: u8) -> Self {
        let length = self
            .following
            .map(|n| n.saturating_add(self.octets.len() as u64));
        self.after(&header(tag, length))
    }

    /// Returns the octets.
    pub fn into_octets(self) -> Vec<u8> {
        self.octets
    }
}

/// Returns the ends of that many values of indefinite length.
pub(super) fn ends(values: usize) -> Vec<u8> {
    END.repeat(values)
}

/// Returns the header of an OCTET STRING.
pub(super) fn octet_string(length: u64) -> Vec<u8> {
    header(OCTET_STRING, Some(length))
}
