//! Choices that the config and the command line share.

use serde::Deserialize;

/// Whether plaintext is compressed before it's sealed. The compressed size
/// tells something about the content; `None` avoids that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
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
    pub const ALL: [Self; 3] = [Self::Auto, Self::Rfc4880, Self::Rfc9580];

    /// The word for it in the config and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Rfc4880 => "rfc4880",
            Self::Rfc9580 => "rfc9580",
        }
    }
}

/// Which kind of message is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// RFC 9580 if every recipient reads it, else RFC 4880.
    #[default]
    Auto,
    /// SEIPDv1, for readers that have only GnuPG.
    Rfc4880,
    /// SEIPDv2.
    Rfc9580,
}
