//! Messages: one sealed file each, an OpenPGP message
//! ([RFC 9580](https://www.rfc-editor.org/rfc/rfc9580)).

mod expansion;
mod fault;
mod format;
mod openpgp;

pub use expansion::Expansion;
pub use fault::{MessageFault, OpenError};
pub use format::MessageFormat;
pub use openpgp::{
    Armor, Envelope, LiteralHeader, MAX_LITERAL_NAME, OpenMessage, SealError, SealPlan, Sealer,
};
