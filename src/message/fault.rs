//! What can be wrong with a message.

use std::io;
use std::path::PathBuf;

use sequoia_openpgp as openpgp;
use thiserror::Error;

use crate::files::cause;
use crate::keys::NoIdentity;

/// What must not be, whatever is read: a fault of the program's own. It fails
/// the job, where to go on would lose something.
#[derive(Debug, Error)]
#[error("internal error: {0}")]
struct Internal(&'static str);

/// Returns a fault of the program's own, as the readers and writers of messages
/// report it.
pub(crate) fn internal(what: &'static str) -> io::Error {
    io::Error::other(Internal(what))
}

/// Why a message does not open.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The message could not be read: the source's own error.
    #[error("{}", cause(.0))]
    Read(io::Error),
    /// The plaintext could not be written.
    #[error("{}", cause(.0))]
    Write(io::Error),
    /// Plaintext that has to wait for its authentication has no place to.
    #[error("no temporary file can be written in {}: {}", .directory.display(), cause(.error))]
    Spool {
        /// The directory for temporary files.
        directory: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// No key at hand opens it.
    #[error(transparent)]
    NoIdentity(#[from] NoIdentity),
    /// It can't be trusted, or not be understood.
    #[error(transparent)]
    Fault(#[from] MessageFault),
}

/// What is wrong with a message.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MessageFault {
    /// It is no message, neither of OpenPGP nor of CMS.
    #[error("it is not an OpenPGP message, nor one of CMS")]
    NotAMessage,
    /// An OpenPGP message, but nothing in it is encrypted.
    #[error("it is not encrypted")]
    NotEncrypted,
    /// Encrypted in the way of the 1990s, which nothing protects from change.
    #[error("it has no integrity protection")]
    NoIntegrityProtection,
    /// It ends early.
    #[error("it is truncated")]
    Truncated,
    /// Its content isn't what was sealed.
    #[error("it was altered or damaged after it was sealed")]
    Altered,
    /// Its packets are not those of one message.
    #[error("it is malformed: {0}")]
    Malformed(String),
    /// Another message follows it. The text says how that one begins.
    #[error("a second message follows the first ({0})")]
    SecondMessage(&'static str),
    /// It uses something that is not offered here.
    #[error("it uses {0}, which is not supported")]
    Unsupported(String),
    /// It expands to more than was allowed.
    #[error("it decompresses to more than {limit} bytes")]
    TooLarge {
        /// The limit for one message.
        limit: u64,
    },
    /// Together with those before it, it expands to more than was allowed.
    #[error("with it, more than {limit} bytes would be decompressed in total")]
    TotalTooLarge {
        /// The limit for all messages together.
        limit: u64,
    },
}

impl From<io::Error> for OpenError {
    /// Sorts what comes out of the layers of readers.
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{InvalidInput, Other, UnexpectedEof};
        let error = match error.downcast::<MessageFault>() {
            Ok(fault) => return fault.into(),
            Err(error) => error,
        };
        if error.get_ref().is_some_and(|inner| inner.is::<Internal>()) {
            return Self::Read(error);
        }
        match error.kind() {
            UnexpectedEof => MessageFault::Truncated.into(),
            // OpenSSL and the decoder of Deflate say so of bad data. Errors of the
            // source have a number from the system, or another kind.
            InvalidInput | Other if error.raw_os_error().is_none() => MessageFault::Altered.into(),
            _ => Self::Read(error),
        }
    }
}

impl From<MessageFault> for io::Error {
    /// As the readers of messages report it, for [`OpenError`] to find again.
    fn from(fault: MessageFault) -> Self {
        Self::new(io::ErrorKind::InvalidData, fault)
    }
}

impl From<OpenError> for io::Error {
    /// Returns the same, of whatever went wrong.
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Read(error) | OpenError::Write(error) => error,
            OpenError::Spool { error, .. } => error,
            OpenError::Fault(fault) => fault.into(),
            OpenError::NoIdentity(no_identity) => Self::other(no_identity),
        }
    }
}

impl From<openpgp::anyhow::Error> for MessageFault {
    fn from(error: openpgp::anyhow::Error) -> Self {
        Self::Malformed(error.root_cause().to_string())
    }
}
