//! Decoding of headers and end records (APPNOTE 4.3). All numbers are
//! little-endian.

use super::dos_time::DosTime;

/// Signatures (APPNOTE 4.3.7, 4.3.12, 4.3.9.3, 4.3.14, 4.3.15, 4.3.16).
pub(super) const LOCAL_SIGNATURE: u32 = 0x0403_4b50;
pub(super) const CENTRAL_SIGNATURE: u32 = 0x0201_4b50;
const DESCRIPTOR_SIGNATURE: u32 = 0x0807_4b50;
pub(super) const ZIP64_END_SIGNATURE: u32 = 0x0606_4b50;
pub(super) const LOCATOR_SIGNATURE: u32 = 0x0706_4b50;
pub(super) const END_SIGNATURE: u32 = 0x0605_4b50;

/// General purpose bits (APPNOTE 4.4.4).
pub(super) const FLAG_ENCRYPTED: u16 = 1;
/// Checksum and sizes follow the data, in a data descriptor.
pub(super) const FLAG_DESCRIPTOR: u16 = 1 << 3;
pub(super) const FLAG_STRONG_ENCRYPTION: u16 = 1 << 6;
pub(super) const FLAG_UTF8: u16 = 1 << 11;
pub(super) const FLAG_MASKED_HEADERS: u16 = 1 << 13;

/// Compression methods (APPNOTE 4.4.5).
pub(super) const METHOD_STORED: u16 = 0;
pub(super) const METHOD_DEFLATED: u16 = 8;

/// A 32-bit field with this value refers to a ZIP64 record (APPNOTE 4.4.1.4).
pub(super) const ZIP64_MARKER: u64 = u32::MAX as u64;

/// The same for the 16-bit numbers of members.
pub(super) const ZIP64_COUNT_MARKER: u64 = u16::MAX as u64;

/// Fixed lengths in bytes.
pub(super) const LOCAL_BYTES: usize = 30;
pub(super) const CENTRAL_BYTES: usize = 46;
pub(super) const END_BYTES: usize = 22;
pub(super) const LOCATOR_BYTES: usize = 20;
pub(super) const ZIP64_END_BYTES: usize = 56;

/// The size that the ZIP64 end record states for itself: without its first 12
/// bytes.
pub(super) const ZIP64_END_REST: u64 = 44;

/// Returns whether a file that starts with these bytes may be a ZIP archive: it
/// starts with a local header (APPNOTE 4.3.7), or is an empty archive (4.3.16).
#[must_use]
pub fn looks_like_zip(prefix: &[u8]) -> bool {
    [LOCAL_SIGNATURE, END_SIGNATURE]
        .iter()
        .any(|signature| prefix.starts_with(&signature.to_le_bytes()))
}

/// Reads numbers from the front of some bytes; `None` at their end.
#[derive(Clone)]
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns what is left.
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// Returns whether nothing is left but fewer zeros than a record's header
    /// has.
    pub fn is_padding(&self) -> bool {
        self.0.len() < 4 && self.0.iter().all(|octet| *octet == 0)
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    /// Reads one record of an extra field: its kind and its data (APPNOTE
    /// 4.5.1).
    pub fn extra_record(&mut self) -> Option<(u16, &'a [u8])> {
        let kind = self.u16()?;
        let length = self.u16()?;
        Some((kind, self.bytes(length.into())?))
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn signature(&mut self, expected: u32) -> Option<()> {
        (self.u32()? == expected).then_some(())
    }
}

/// The fixed part of a local header (APPNOTE 4.3.7).
pub(super) struct LocalHeader {
    pub flags: u16,
    pub method: u16,
    pub crc: u32,
    pub stored_size: u32,
    pub size: u32,
    pub name_bytes: u16,
    pub extra_bytes: u16,
}

impl LocalHeader {
    pub fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        fields.signature(LOCAL_SIGNATURE)?;
        let _version = fields.u16()?;
        let (flags, method) = (fields.u16()?, fields.u16()?);
        let _time_and_date = fields.u32()?;
        Some(Self {
            flags,
            method,
            crc: fields.u32()?,
            stored_size: fields.u32()?,
            size: fields.u32()?,
            name_bytes: fields.u16()?,
            extra_bytes: fields.u16()?,
        })
    }
}

/// The fixed part of a central directory header (APPNOTE 4.3.12).
pub(super) struct CentralHeader {
    /// The system that the member was made on (APPNOTE 4.4.2).
    pub host: u8,
    pub flags: u16,
    pub method: u16,
    pub modified: DosTime,
    pub crc: u32,
    pub stored_size: u32,
    pub size: u32,
    pub name_bytes: u16,
    pub extra_bytes: u16,
    pub comment_bytes: u16,
    pub disk: u16,
    pub external_attributes: u32,
    pub offset: u32,
}

impl CentralHeader {
    pub fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        fields.signature(CENTRAL_SIGNATURE)?;
        let [_version_made, host] = fields.u16()?.to_le_bytes();
        let _version_needed = fields.u16()?;
        let (flags, method) = (fields.u16()?, fields.u16()?);
        let modified = DosTime {
            time: fields.u16()?,
            date: fields.u16()?,
        };
        let (crc, stored_size, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let (name_bytes, extra_bytes, comment_bytes) =
            (fields.u16()?, fields.u16()?, fields.u16()?);
        let disk = fields.u16()?;
        let _internal_attributes = fields.u16()?;
        Some(Self {
            host,
            flags,
            method,
            modified,
            crc,
            stored_size,
            size,
            name_bytes,
            extra_bytes,
            comment_bytes,
            disk,
            external_attributes: fields.u32()?,
            offset: fields.u32()?,
        })
    }
}

/// Reads the data descriptor that is `bytes` long: checksum, stored size, size.
///
/// The sizes have 32 or 64 bits, and the signature is optional
/// (APPNOTE 4.3.9.2, 4.3.9.3); the four forms differ in length.
pub(super) fn parse_descriptor(bytes: &[u8]) -> Option<(u32, u64, u64)> {
    let mut fields = Fields::new(bytes);
    if matches!(bytes.len(), 16 | 24) {
        fields.signature(DESCRIPTOR_SIGNATURE)?;
    }
    let crc = fields.u32()?;
    let sizes = match bytes.len() {
        12 | 16 => (fields.u32()?.into(), fields.u32()?.into()),
        20 | 24 => (fields.u64()?, fields.u64()?),
        _ => return None,
    };
    Some((crc, sizes.0, sizes.1))
}

/// The end of central directory record (APPNOTE 4.3.16), and the ZIP64 one
/// (4.3.14) with the same values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub disk: u32,
    pub directory_disk: u32,
    pub members_on_disk: u64,
    pub members: u64,
    pub directory_size: u64,
    pub directory_offset: u64,
}

impl End {
    /// Reads the record, and the length of the comment after it.
    pub fn parse(fields: &mut Fields<'_>) -> Option<(Self, u16)> {
        fields.signature(END_SIGNATURE)?;
        let end = Self {
            disk: fields.u16()?.into(),
            directory_disk: fields.u16()?.into(),
            members_on_disk: fields.u16()?.into(),
            members: fields.u16()?.into(),
            directory_size: fields.u32()?.into(),
            directory_offset: fields.u32()?.into(),
        };
        Some((end, fields.u16()?))
    }

    /// Reads the ZIP64 record. One with an extensible data sector, which is
    /// longer, is not recognised: such a sector could only encrypt or compress
    /// the directory.
    pub fn parse_zip64(fields: &mut Fields<'_>) -> Option<Self> {
        fields.signature(ZIP64_END_SIGNATURE)?;
        let rest = fields.u64()?;
        let _versions = fields.u32()?;
        let end = Self {
            disk: fields.u32()?,
            directory_disk: fields.u32()?,
            members_on_disk: fields.u64()?,
            members: fields.u64()?,
            directory_size: fields.u64()?,
            directory_offset: fields.u64()?,
        };
        (rest == ZIP64_END_REST).then_some(end)
    }

    /// Returns whether every value of this record equals that of the ZIP64
    /// record, or is all ones and so left to it.
    pub fn agrees_with(&self, zip64: &Self) -> bool {
        let same = |short: u64, long: u64, marker: u64| short == long || short == marker;
        same(self.disk.into(), zip64.disk.into(), ZIP64_COUNT_MARKER)
            && same(
                self.directory_disk.into(),
                zip64.directory_disk.into(),
                ZIP64_COUNT_MARKER,
            )
            && same(
                self.members_on_disk,
                zip64.members_on_disk,
                ZIP64_COUNT_MARKER,
            )
            && same(self.members, zip64.members, ZIP64_COUNT_MARKER)
            && same(self.directory_size, zip64.directory_size, ZIP64_MARKER)
            && same(self.directory_offset, zip64.directory_offset, ZIP64_MARKER)
    }
}

/// The place of the end record by a ZIP64 locator (APPNOTE 4.3.15).
pub(super) struct Locator {
    pub disk: u32,
    pub offset: u64,
    pub disks: u32,
}

impl Locator {
    pub fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        fields.signature(LOCATOR_SIGNATURE)?;
        Some(Self {
            disk: fields.u32()?,
            offset: fields.u64()?,
            disks: fields.u32()?,
        })
    }
}
