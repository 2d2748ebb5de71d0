//! Messages: one sealed file each. An OpenPGP message
//! ([RFC 9580](https://www.rfc-editor.org/rfc/rfc9580)), or one of CMS
//! ([RFC 5652](https://www.rfc-editor.org/rfc/rfc5652)), formerly PKCS#7.

mod armored;
mod attempt;
mod cms;
mod compression;
mod copied;
mod envelope;
mod fault;
mod format;
mod front_limit;
mod io;
mod last_piece;
mod limits;
mod message_passphrases;
pub(crate) mod name_binding;
mod open;
mod opener;
mod openpgp;
mod seal;
mod seal_error;
mod session;
mod share;
mod signatures;
mod sink;
mod spool;
mod text;
mod whole;

#[doc(hidden)]
pub use attempt::with_proven_key;
pub use compression::Compression;
pub use envelope::Envelope;
pub(crate) use fault::internal;
pub use fault::{MessageFault, OpenError};
pub use format::Format;
pub(crate) use limits::Inflated;
pub use limits::Limits;
pub use open::{OpenMessage, Opened};
pub use opener::Opener;
pub(crate) use openpgp::MAX_LITERAL_NAME;
pub(crate) use openpgp::{MessageWriter, Part, PartsOpener, PartsSealer, check_pkesks};
pub use seal::{Armor, SealOptions, SealPlan, SealedFile, Sealer};
pub use seal_error::{PlanError, SealError};
pub(crate) use session::{MessageId, MessageKey, PackedKey, Session};
pub(crate) use share::{FrontKind, SharedMessage};
pub(crate) use sink::MessageSink;
pub(crate) use text::{form_of, has_traces};
pub(crate) use whole::WholeMessage;
