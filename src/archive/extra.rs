//! Extra fields: the records that follow a name (APPNOTE 4.5).

use std::io;

use super::fault::ArchiveFault;
use super::name_reading::differ_in_code_page_alone;
use super::numbers::push_length;
use super::records::Fields;

/// ZIP64 extended information (APPNOTE 4.5.3).
const ZIP64: u16 = 0x0001;

/// Info-ZIP's extended timestamp (APPNOTE 4.6.1 lists it).
const EXTENDED_TIMESTAMP: u16 = 0x5455;

/// Bit 0 of its flags: the modification time is present.
const HAS_MODIFIED: u8 = 1;

/// Info-ZIP's Unicode Path (APPNOTE 4.6.9).
const UNICODE_PATH: u16 = 0x7075;

/// The records of an extra field that callseal uses.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Extra<'a> {
    zip64: Option<&'a [u8]>,
    timestamp: Option<&'a [u8]>,
    unicode_path: Option<&'a [u8]>,
}

impl<'a> Extra<'a> {
    /// Splits an extra field into its records, which must fill it. Up to three
    /// zeros may be left, with which some writers align the data: they are no
    /// record to any reader.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ArchiveFault> {
        let mut extra = Self::default();
        let mut fields = Fields::new(bytes);
        while !fields.is_padding() {
            let (kind, data) = fields.extra_record().ok_or(ArchiveFault::ExtraField)?;
            let slot = match kind {
                ZIP64 => &mut extra.zip64,
                EXTENDED_TIMESTAMP => &mut extra.timestamp,
                UNICODE_PATH => &mut extra.unicode_path,
                _ => continue,
            };
            // If there are two, one reader uses the first and another the last.
            if slot.replace(data).is_some() {
                return Err(ArchiveFault::ExtraField);
            }
        }
        Ok(extra)
    }

    /// Returns the 64-bit values of a header's 32-bit fields: those that are
    /// all ones are in the ZIP64 record, in the order given.
    ///
    /// `disk` is the last of them and has 16 bits in the header, 32 here.
    /// A record with more than the header asks for is refused, unless
    /// `extras_allowed`, or it only repeats the header: Python and Go write
    /// such ones. What a reader takes from it is the same then, whether or not
    /// it skips the values that it doesn't need: the values that the header
    /// leaves to the record come first.
    pub fn widen<const N: usize>(
        &self,
        values: [u32; N],
        disk: u16,
        extras_allowed: bool,
    ) -> Result<([u64; N], u32), ArchiveFault> {
        // Nearly all members have no such record, and need none.
        if self.zip64.is_none() && disk != u16::MAX && !values.contains(&u32::MAX) {
            return Ok((values.map(u64::from), disk.into()));
        }
        let mut record = Fields::new(self.zip64.unwrap_or_default());
        let mut wide = values.map(u64::from);
        let is_left = |value: &u64| *value == u64::from(u32::MAX);
        let first = wide.iter().take_while(|value| is_left(value)).count();
        let are_first = !wide.iter().skip(first).any(is_left);
        for value in &mut wide {
            if is_left(value) {
                *value = record.u64().ok_or(ArchiveFault::Zip64Extra)?;
            }
        }
        let mut repeated = record.clone();
        let repeats = are_first
            && disk != u16::MAX
            && wide
                .iter()
                .skip(first)
                .all(|value| repeated.is_empty() || repeated.u64() == Some(*value))
            && (repeated.is_empty() || repeated.u32() == Some(disk.into()))
            && repeated.is_empty();
        let disk = if disk == u16::MAX {
            record.u32().ok_or(ArchiveFault::Zip64Extra)?
        } else {
            u32::from(disk)
        };
        if record.is_empty() || extras_allowed || repeats {
            Ok((wide, disk))
        } else {
            Err(ArchiveFault::Zip64Extra)
        }
    }

    /// Returns the modification time in seconds since 1970, if the field has
    /// one.
    pub fn modified(&self) -> Option<i64> {
        let mut record = Fields::new(self.timestamp?);
        let flags = record.u8()?;
        (flags & HAS_MODIFIED != 0).then_some(())?;
        record.u32().map(|bits| i64::from(bits.cast_signed()))
    }

    /// Returns the Unicode Path that belongs to `name`, if there is one and it
    /// is the same name in Unicode.
    ///
    /// The field has a version (1), the CRC-32 of the name it goes with, and a
    /// path.
    pub fn unicode_path(&self, name: &[u8]) -> Option<&'a [u8]> {
        let mut record = Fields::new(self.unicode_path?);
        let belongs = record.u8()? == 1 && record.u32()? == crc32fast::hash(name);
        let path = self.unicode_path?.get(5..)?;
        (belongs && differ_in_code_page_alone(name, path)).then_some(path)
    }

    /// Returns whether there is a Unicode Path that is another name than `name`.
    ///
    /// Strictly, a reader ignores the field if its CRC-32 is stale; callseal
    /// doesn't, since not all readers check it.
    pub fn contradicts(&self, name: &[u8]) -> bool {
        self.unicode_path
            .is_some_and(|record| record.get(5..) != Some(name))
            && self.unicode_path(name).is_none()
    }
}

/// Appends a ZIP64 record with these values, or nothing if there are none.
pub(super) fn push_zip64(out: &mut Vec<u8>, values: &[u64]) -> io::Result<()> {
    if values.is_empty() {
        return Ok(());
    }
    let data: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    push_record(out, ZIP64, &data)
}

/// Appends an extended timestamp with the modification time, seconds since
/// 1970, or nothing if the field's 32 bits can't hold it.
pub(super) fn push_modified(out: &mut Vec<u8>, seconds: i64) -> io::Result<()> {
    let Ok(seconds) = i32::try_from(seconds) else {
        return Ok(());
    };
    let [a, b, c, d] = seconds.to_le_bytes();
    push_record(out, EXTENDED_TIMESTAMP, &[HAS_MODIFIED, a, b, c, d])
}

/// Appends one record.
fn push_record(out: &mut Vec<u8>, kind: u16, data: &[u8]) -> io::Result<()> {
    out.extend_from_slice(&kind.to_le_bytes());
    push_length(out, data)?;
    out.extend_from_slice(data);
    Ok(())
}
