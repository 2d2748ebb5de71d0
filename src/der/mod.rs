//! ASN.1 as keys and messages have it, read and written
//! ([X.690](https://www.itu.int/rec/T-REC-X.690)).

mod algorithm;
mod encode;

pub(crate) use algorithm::{
    Algorithm, Decoded, skip_any, take_any, take_octets, take_oid, take_opt_octets,
};
pub(crate) use encode::{Encoded, der, element, header, set_of};

/// Identifier octets; those of constructed elements have bit 6 set.
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
pub(crate) const CONSTRUCTED: u8 = 0x20;
/// That of `[0]`, constructed.
pub(crate) const CONTEXT_0: u8 = 0xA0;

/// The nesting limit of elements of indefinite length, and of segments of a
/// string, where no structure is expected: far more than anybody uses.
pub(crate) const MAX_NESTING: usize = 16;
