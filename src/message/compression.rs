//! Choices that the config and the command line share.

use crate::message::MessageFormat;

/// Whether plaintext is compressed before it's sealed. The compressed size
/// tells something about the content; `None` avoids that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Decided for each file on a sample of its content.
    #[default]
    Auto,
    /// Never.
    None,
    /// Always, with Deflate.
    Deflate,
}

impl Compression {
    /// All choices.
    pub const ALL: [Self; 3] = [Self::Auto, Self::None, Self::Deflate];

    /// The word for it in the config and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::None => "none",
            Self::Deflate => "deflate",
        }
    }
}

impl Format {
    /// All choices.
    pub const ALL: [Self; 5] = [
        Self::Auto,
        Self::Rfc4880,
        Self::Rfc9580,
        Self::Cms,
        Self::CmsGcm,
    ];

    /// The word for it in the config and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Rfc4880 => MessageFormat::Rfc4880.name(),
            Self::Rfc9580 => MessageFormat::Rfc9580.name(),
            Self::Cms => MessageFormat::Cms.name(),
            Self::CmsGcm => MessageFormat::CmsGcm.name(),
        }
    }
}

/// Which kind of message is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// RFC 9580 if every recipient reads it, else RFC 4880.
    #[default]
    Auto,
    /// SEIPDv1, for readers that have only GnuPG.
    Rfc4880,
    /// SEIPDv2.
    Rfc9580,
    /// CMS EnvelopedData, for readers that have only `openssl smime` and RSA
    /// keys. Nothing protects it from change.
    Cms,
    /// CMS AuthEnvelopedData with AES-GCM, for readers that have only
    /// `openssl cms`.
    CmsGcm,
}
