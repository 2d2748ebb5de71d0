//! The faults of messages.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::files::cause;
use crate::keys::{NoIdentity, NotOpened, SignatureFault};

/// An error that no input may cause: a bug in the program. It fails the job,
/// since going on would lose something.
#[derive(Debug, Error)]
#[error("internal error: {0}")]
struct Internal(&'static str);

/// Returns an internal error, as the readers and writers of messages report it.
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
    /// The plaintext that awaits its authentication can't be kept.
    #[error("can't write a temporary file in {}: {}", .directory.display(), cause(.error))]
    Spool {
        /// The directory for temporary files.
        directory: PathBuf,
        /// The operating system's reason.
        error: io::Error,
    },
    /// No key of the keyring opens it.
    #[error(transparent)]
    NoIdentity(NoIdentity),
    /// It can't be trusted or understood.
    #[error(transparent)]
    Fault(#[from] MessageFault),
}

/// A fault of a message.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MessageFault {
    /// It is a message neither of OpenPGP nor of CMS.
    #[error("it is neither an OpenPGP nor a CMS message")]
    NotAMessage,
    /// It is a mail, and none of its parts is a message in a known encoding.
    #[error("it is a mail, and no message can be found in it")]
    Mail,
    /// It is an OpenPGP message, but nothing in it is encrypted.
    #[error("it is not encrypted")]
    NotEncrypted,
    /// It is encrypted in the way of the 1990s, without protection from change.
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
    /// Another message follows it. The text shows how that one begins.
    #[error("a second message follows the first ({0})")]
    SecondMessage(&'static str),
    /// It uses something that is not supported here.
    #[error("it uses {0}, which is not supported")]
    Unsupported(String),
    /// It is not signed, or only by others than the named signers.
    #[error("{}", not_signed(.by, *.more))]
    NotSigned {
        /// Some of those who have signed it, as their signatures claim. Not
        /// sanitised for a terminal.
        by: Vec<String>,
        /// The number of the others.
        more: usize,
    },
    /// The signature of a named signer doesn't hold.
    #[error("the signature of “{signer}” {fault}")]
    Signature {
        /// The signer. Not sanitised for a terminal.
        signer: String,
        /// The cause.
        fault: SignatureFault,
    },
    /// A named signer has signed it for others than the key that opens it.
    #[error("“{signer}” signed it for others: somebody else sealed it anew, or shared it")]
    Forwarded {
        /// The signer. Not sanitised for a terminal.
        signer: String,
    },
    /// Its signatures, which are to be checked, can't be.
    #[error("its signatures are malformed: {0}")]
    Signatures(&'static str),
    /// It should be signed, and is of a format without signatures.
    #[error("it is a CMS message, and these carry no signature")]
    CarriesNoSignatures,
    /// It expands to more than is allowed.
    #[error("it decompresses to more than {limit} bytes")]
    TooLarge {
        /// The limit for one message.
        limit: u64,
    },
    /// Together with those before it, it expands to more than is allowed.
    #[error("it raises the decompressed total to more than {limit} bytes")]
    TotalTooLarge {
        /// The limit for all messages together.
        limit: u64,
    },
}

fn not_signed(by: &[String], more: usize) -> String {
    if by.is_empty() {
        return "there is no signature inside of it".into();
    }
    let by: Vec<String> = by.iter().map(|signer| format!("“{signer}”")).collect();
    let more = match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "it is signed by {}{more}, and by none of the named signers",
        by.join(", ")
    )
}

impl From<NotOpened> for OpenError {
    fn from(error: NotOpened) -> Self {
        match error {
            NotOpened::NoIdentity(error) => Self::NoIdentity(error),
            NotOpened::NoSessionKey => MessageFault::Altered.into(),
        }
    }
}

impl From<NoIdentity> for OpenError {
    fn from(error: NoIdentity) -> Self {
        Self::NoIdentity(error)
    }
}

impl From<io::Error> for OpenError {
    /// Sorts the errors of the layers of readers.
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
            // OpenSSL and the decoder of Deflate report bad data so. Errors of
            // the source have a number from the system, or another kind.
            InvalidInput | Other if error.raw_os_error().is_none() => MessageFault::Altered.into(),
            _ => Self::Read(error),
        }
    }
}

impl From<MessageFault> for io::Error {
    /// Wraps it as the readers of messages report it, for [`OpenError`] to find
    /// again.
    fn from(fault: MessageFault) -> Self {
        Self::new(io::ErrorKind::InvalidData, fault)
    }
}

impl From<OpenError> for io::Error {
    /// Does the same for any error.
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Read(error) | OpenError::Write(error) => error,
            OpenError::Spool { error, .. } => error,
            OpenError::Fault(fault) => fault.into(),
            OpenError::NoIdentity(no_identity) => Self::other(no_identity),
        }
    }
}
