//! Little-endian numbers, appended to a header.

use std::io;

pub(super) fn push_u16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_le_bytes());
}

pub(super) fn push_u32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}

pub(super) fn push_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends the value in 32 bits, or the ZIP64 marker if it doesn't fit.
pub(super) fn push_low_u32(out: &mut Vec<u8>, value: u64) {
    push_u32(out, u32::try_from(value).unwrap_or(u32::MAX));
}

/// Appends the length of a name, an extra field or one of its records, in 16
/// bits. Names fit by construction of [`MemberName`](super::MemberName), and
/// callseal's extra fields are short.
pub(super) fn push_length(out: &mut Vec<u8>, bytes: &[u8]) -> io::Result<()> {
    push_u16(out, u16::try_from(bytes.len()).map_err(io::Error::other)?);
    Ok(())
}
