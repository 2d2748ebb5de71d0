//! Reading bounded elements of a message with bcder.

use bcder::Mode;
use bcder::decode::{Constructed, SliceSource};

pub(super) use crate::der::{
    Algorithm, Decoded, skip_any, take_any, take_octets, take_oid, take_opt_octets,
};
use crate::message::fault::MessageFault;

/// Reads the single element in `octets`; `what` names it in the error.
pub(super) fn decode<'a, T>(
    octets: &'a [u8],
    what: &str,
    read: impl FnOnce(&mut Constructed<SliceSource<'a>>) -> Decoded<T, SliceSource<'a>>,
) -> Result<T, MessageFault> {
    Mode::Ber
        .decode(SliceSource::new(octets), read)
        .map_err(|_| MessageFault::Malformed(format!("{what} can't be decoded")))
}
