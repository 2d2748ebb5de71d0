//! The kinds of message.

use crate::keys::MessageVersion;

/// The kind of message that a file is sealed as.
///
/// As a choice, `None` leaves it to the recipients: RFC 9580 if all of them
/// read it, else RFC 4880.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Format {
    /// OpenPGP, SEIPDv1
    /// ([RFC 9580, section 5.13.1](https://www.rfc-editor.org/rfc/rfc9580#section-5.13.1)),
    /// which the readers of RFC 4880 know.
    Rfc4880,
    /// OpenPGP, SEIPDv2 (RFC 9580, section 5.13.2).
    Rfc9580,
    /// OpenPGP with GnuPG's OCB packet
    /// ([LibrePGP, section 5.16](https://datatracker.ietf.org/doc/html/draft-koch-librepgp-00#section-5.16)).
    /// It is only read.
    LibrePgp,
    /// CMS EnvelopedData
    /// ([RFC 5652, section 6](https://www.rfc-editor.org/rfc/rfc5652#section-6)),
    /// formerly PKCS#7. It isn't protected from change.
    Cms,
    /// CMS AuthEnvelopedData with AES-GCM
    /// ([RFC 5083](https://www.rfc-editor.org/rfc/rfc5083),
    /// [RFC 5084](https://www.rfc-editor.org/rfc/rfc5084)).
    CmsGcm,
}

impl Format {
    /// The words for the choices, as people write them: `auto` leaves it to the
    /// recipients.
    pub const CHOICES: [(&'static str, Option<Self>); 5] = [
        ("auto", None),
        (Self::Rfc4880.name(), Some(Self::Rfc4880)),
        (Self::Rfc9580.name(), Some(Self::Rfc9580)),
        (Self::Cms.name(), Some(Self::Cms)),
        (Self::CmsGcm.name(), Some(Self::CmsGcm)),
    ];

    /// Returns its name, as people write and read it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rfc4880 => "rfc4880",
            Self::Rfc9580 => "rfc9580",
            Self::LibrePgp => "librepgp",
            Self::Cms => "cms",
            Self::CmsGcm => "cms-gcm",
        }
    }

    /// Returns whether it is OpenPGP rather than CMS.
    #[doc(hidden)]
    pub fn is_open_pgp(self) -> bool {
        matches!(self, Self::Rfc4880 | Self::Rfc9580 | Self::LibrePgp)
    }

    /// Returns whether it is sealed in chunks, each of which proves the session
    /// key. All of another message has to be read for that.
    pub(crate) fn is_chunked(self) -> bool {
        matches!(self, Self::Rfc9580 | Self::LibrePgp)
    }

    /// Returns whether opening such a message guarantees that the result is
    /// what was sealed. The ciphertext of an unauthenticated one can be changed
    /// in transit so that it still opens.
    pub fn is_authenticated(self) -> bool {
        self != Self::Cms
    }
}

impl From<MessageVersion> for Format {
    fn from(version: MessageVersion) -> Self {
        match version {
            MessageVersion::V1 => Self::Rfc4880,
            MessageVersion::V2 => Self::Rfc9580,
        }
    }
}
