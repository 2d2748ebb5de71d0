//! OpenPGP messages ([RFC 9580](https://www.rfc-editor.org/rfc/rfc9580)).

mod beginning;
mod canonical_lines;
mod cipher;
mod compress;
mod container;
mod encrypt;
mod framing;
mod front;
mod inflate;
mod judged;
mod literal_body;
mod message_writer;
mod native_lines;
mod open;
mod packet;
mod parts;
mod schedule;
mod seal;
mod share;
mod sign;
mod signed;
mod signed_hashes;
mod skesk;
mod unlock;
mod whole;

pub(super) use beginning::{
    begins_message, begins_sealed_packet, begins_unencrypted, surely_begins_message,
};
pub(super) use front::{OpenPgpFront, RawFront};
pub(crate) use message_writer::MessageWriter;
pub(super) use open::{begin, begin_with};
pub(crate) use parts::{Part, PartsOpener, PartsSealer, check_pkesks};
pub use seal::MAX_LITERAL_NAME;
pub(super) use seal::{OpenPgpPlan, OpenPgpSealer};
pub(super) use share::OpenPgpShared;
pub(super) use whole::{front_length, read_front, read_whole};

#[cfg(test)]
mod signed_tests;
#[cfg(test)]
mod tests;
