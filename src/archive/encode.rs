//! Encoding of headers and end records (APPNOTE 4.3). All numbers are
//! little-endian.

use std::io;

use super::dos_time::DosTime;
use super::extra;
use super::numbers::{push_length, push_low_u32, push_u16, push_u32, push_u64};
use super::records::{
    CENTRAL_SIGNATURE, END_SIGNATURE, FLAG_UTF8, LOCAL_SIGNATURE, LOCATOR_SIGNATURE, METHOD_STORED,
    ZIP64_COUNT_MARKER, ZIP64_END_REST, ZIP64_END_SIGNATURE, ZIP64_MARKER,
};

/// Version needed to extract (APPNOTE 4.4.3): 1.0, or 4.5 with ZIP64.
const VERSION_STORED: u16 = 10;
const VERSION_ZIP64: u16 = 45;

/// Version made by (APPNOTE 4.4.2): Unix, so that the mode below takes effect,
/// and version 6.3 of the format, which has UTF-8 names.
const MADE_BY: u16 = (3 << 8) | 63;

/// External attributes: the Unix mode of a regular file, `rw-------`; and that of
/// a directory, `rwx------`, with the bit that it has on MS-DOS.
const ATTRIBUTES: u32 = 0o100_600 << 16;
const DIRECTORY_ATTRIBUTES: u32 = (0o040_700 << 16) | 0x10;

/// The facts of a stored member, from which both of its headers are written.
pub(super) struct Stored {
    /// The stored name.
    pub name: Vec<u8>,
    /// Seconds since 1970.
    pub modified: i64,
    pub crc: u32,
    pub size: u64,
    /// The start of the local header.
    pub offset: u64,
    /// Whether the local header has a ZIP64 record. It then uses it whatever
    /// the size, since the header's length is fixed before the size is known.
    pub zip64: bool,
}

impl Stored {
    /// Returns the local header. Its length depends on the name, the time and
    /// `zip64` only.
    pub fn local_header(&self) -> io::Result<Vec<u8>> {
        let mut extra = Vec::new();
        let size = if self.zip64 {
            // Both sizes, uncompressed first (APPNOTE 4.5.3).
            extra::push_zip64(&mut extra, &[self.size, self.size])?;
            ZIP64_MARKER
        } else {
            self.size
        };
        extra::push_modified(&mut extra, self.modified)?;
        let mut out = Vec::new();
        push_u32(&mut out, LOCAL_SIGNATURE);
        self.push_common(&mut out, self.zip64, size, &extra)?;
        out.extend_from_slice(&self.name);
        out.extend_from_slice(&extra);
        Ok(out)
    }

    /// Appends the central directory header.
    pub fn push_central_header(&self, out: &mut Vec<u8>) -> io::Result<()> {
        let [size, offset] = [self.size, self.offset].map(|value| value.min(ZIP64_MARKER));
        let mut wide = Vec::new();
        if size == ZIP64_MARKER {
            wide.extend([self.size, self.size]);
        }
        if offset == ZIP64_MARKER {
            wide.push(self.offset);
        }
        let mut extra = Vec::new();
        extra::push_zip64(&mut extra, &wide)?;
        extra::push_modified(&mut extra, self.modified)?;
        push_u32(out, CENTRAL_SIGNATURE);
        push_u16(out, MADE_BY);
        self.push_common(out, self.zip64 || !wide.is_empty(), size, &extra)?;
        push_u16(out, 0); // comment length
        push_u16(out, 0); // disk
        push_u16(out, 0); // internal attributes
        push_u32(
            out,
            match self.name.ends_with(b"/") {
                true => DIRECTORY_ATTRIBUTES,
                false => ATTRIBUTES,
            },
        );
        push_low_u32(out, offset);
        out.extend_from_slice(&self.name);
        out.extend_from_slice(&extra);
        Ok(())
    }

    /// Appends the fields that both headers have in the same order: from the
    /// version needed to the length of the extra field.
    fn push_common(
        &self,
        out: &mut Vec<u8>,
        zip64: bool,
        size: u64,
        extra: &[u8],
    ) -> io::Result<()> {
        let modified = DosTime::from_unix(self.modified);
        push_u16(out, if zip64 { VERSION_ZIP64 } else { VERSION_STORED });
        push_u16(out, FLAG_UTF8);
        push_u16(out, METHOD_STORED);
        push_u16(out, modified.time);
        push_u16(out, modified.date);
        push_u32(out, self.crc);
        push_low_u32(out, size);
        push_low_u32(out, size);
        push_length(out, &self.name)?;
        push_length(out, extra)
    }
}

/// Returns the records that end an archive: ZIP64 ones if a value needs them,
/// then the end of central directory record.
///
/// A value that equals the marker also goes to ZIP64, so that no reader has to
/// guess.
pub(super) fn end_records(members: u64, directory_size: u64, directory_offset: u64) -> Vec<u8> {
    let mut out = Vec::new();
    if members >= ZIP64_COUNT_MARKER || directory_size.max(directory_offset) >= ZIP64_MARKER {
        push_u32(&mut out, ZIP64_END_SIGNATURE);
        push_u64(&mut out, ZIP64_END_REST);
        push_u16(&mut out, MADE_BY);
        push_u16(&mut out, VERSION_ZIP64);
        push_u32(&mut out, 0); // this disk
        push_u32(&mut out, 0); // the directory's disk
        push_u64(&mut out, members);
        push_u64(&mut out, members);
        push_u64(&mut out, directory_size);
        push_u64(&mut out, directory_offset);
        push_u32(&mut out, LOCATOR_SIGNATURE);
        push_u32(&mut out, 0); // the ZIP64 end record's disk
        push_u64(&mut out, directory_offset.saturating_add(directory_size));
        push_u32(&mut out, 1); // disks
    }
    push_u32(&mut out, END_SIGNATURE);
    push_u16(&mut out, 0); // this disk
    push_u16(&mut out, 0); // the directory's disk
    let count = u16::try_from(members).unwrap_or(u16::MAX);
    push_u16(&mut out, count);
    push_u16(&mut out, count);
    push_low_u32(&mut out, directory_size);
    push_low_u32(&mut out, directory_offset);
    push_u16(&mut out, 0); // comment length
    out
}
