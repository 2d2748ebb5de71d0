//! Why a message can't be in an archive of sealed messages.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

use crate::jobs::error::{ErrorKind, MemberCause};
use crate::message::Format;

/// Where a message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessagePlace {
    /// In a file of its own.
    File(PathBuf),
    /// In an archive.
    Member {
        /// The archive.
        archive: PathBuf,
        /// The stored name. Not safe on a terminal.
        member: String,
    },
}

impl fmt::Display for MessagePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Member { archive, member } => write!(f, "{}: {member}", archive.display()),
        }
    }
}

/// Why a message can't be in an archive of sealed messages.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BundleFault {
    /// Its name doesn't say that it's a message.
    #[error("its name ends neither in .pgp (OpenPGP) nor in .p7m (CMS)")]
    Ending,
    /// Its name says that it's of another kind.
    #[error("its name is not that of {}", kind(*.0))]
    OtherEnding(Format),
    /// It is a message, but not in octets.
    #[error("it is a message as text, in armor or base64")]
    Text,
    /// It isn't sealed to exactly those who are expected.
    #[error("{}", other_recipients(.missing.as_deref(), .unexpected.as_deref()))]
    OtherRecipients {
        /// The name of a recipient that can't open it. Not safe on a terminal.
        missing: Option<String>,
        /// Somebody else who can. Not safe on a terminal.
        unexpected: Option<String>,
    },
    /// Its recipients can't be compared with those who are expected.
    #[error("it hides a recipient, so nobody can say who can open it")]
    HiddenRecipient,
    /// It can be opened by whoever knows a passphrase.
    #[error("a passphrase opens it as well")]
    Passphrase,
}

impl BundleFault {
    pub(in crate::jobs) fn kind(&self) -> ErrorKind {
        match self {
            Self::Ending | Self::OtherEnding(_) | Self::Text => ErrorKind::Usage,
            Self::OtherRecipients { .. } | Self::HiddenRecipient | Self::Passphrase => {
                ErrorKind::Recipient
            }
        }
    }
}

impl From<BundleFault> for MemberCause {
    fn from(fault: BundleFault) -> Self {
        Self::NotBundled(fault)
    }
}

fn kind(format: Format) -> &'static str {
    match format.is_open_pgp() {
        true => "an OpenPGP message, which it is",
        false => "a CMS message, which it is",
    }
}

fn other_recipients(missing: Option<&str>, unexpected: Option<&str>) -> String {
    match (missing, unexpected) {
        (None, None) => "it has other recipients".into(),
        (Some(missing), None) => format!("it is not sealed to “{missing}”"),
        (None, Some(unexpected)) => {
            format!("it is also sealed to {unexpected}, which is none of the recipients")
        }
        (Some(missing), Some(unexpected)) => {
            format!("it is sealed to {unexpected}, and not to “{missing}”")
        }
    }
}
