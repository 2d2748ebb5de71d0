//! Archives built by hand, so that each can have one fault.

/// The fields that both headers of a member have.
#[derive(Clone, Debug)]
pub struct Header {
    pub flags: u16,
    pub method: u16,
    pub crc: u32,
    pub stored_size: u32,
    pub size: u32,
    pub name: Vec<u8>,
    pub extra: Vec<u8>,
}

impl Header {
    fn push(&self, out: &mut Vec<u8>) {
        out.extend(20_u16.to_le_bytes());
        out.extend(self.flags.to_le_bytes());
        out.extend(self.method.to_le_bytes());
        out.extend([0, 0, 0x21, 0x5a]);
        out.extend(self.crc.to_le_bytes());
        out.extend(self.stored_size.to_le_bytes());
        out.extend(self.size.to_le_bytes());
        out.extend((self.name.len() as u16).to_le_bytes());
        out.extend((self.extra.len() as u16).to_le_bytes());
    }
}

#[derive(Clone, Debug)]
pub struct Member {
    pub local: Header,
    pub central: Header,
    pub data: Vec<u8>,
    /// A data descriptor, or a gap.
    pub after: Vec<u8>,
    pub comment: Vec<u8>,
    pub disk: u16,
    pub mode: u16,
    /// Instead of the true offset.
    pub offset: Option<u32>,
}

impl Member {
    pub fn new(name: &str, data: &[u8]) -> Self {
        let header = Header {
            flags: 0,
            method: 0,
            crc: crc32fast::hash(data),
            stored_size: data.len() as u32,
            size: data.len() as u32,
            name: name.into(),
            extra: Vec::new(),
        };
        Self {
            local: header.clone(),
            central: header,
            data: data.into(),
            after: Vec::new(),
            comment: Vec::new(),
            disk: 0,
            mode: 0,
            offset: None,
        }
    }

    pub fn deflated(name: &str, data: &[u8]) -> Self {
        use std::io::Write;
        let mut encoder =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(data).unwrap();
        let mut member = Self::new(name, data);
        member.data = encoder.finish().unwrap();
        member.both(|header| header.method = 8);
        member.fit()
    }

    pub fn both(&mut self, change: impl Fn(&mut Header)) {
        change(&mut self.local);
        change(&mut self.central);
    }

    pub fn with_both(mut self, change: impl Fn(&mut Header)) -> Self {
        self.both(change);
        self
    }

    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Sets the stored size to that of the data.
    pub fn fit(mut self) -> Self {
        let size = self.data.len() as u32;
        self.both(|header| header.stored_size = size);
        self
    }

    /// Leaves checksum and sizes to a descriptor of 12, 16, 20 or 24 bytes.
    pub fn streamed(mut self, descriptor_bytes: usize) -> Self {
        self.both(|header| header.flags |= 8);
        (self.local.crc, self.local.stored_size, self.local.size) = (0, 0, 0);
        if matches!(descriptor_bytes, 16 | 24) {
            self.after.extend(b"PK\x07\x08");
        }
        self.after.extend(self.central.crc.to_le_bytes());
        for size in [self.central.stored_size, self.central.size] {
            if descriptor_bytes > 16 {
                self.after.extend(u64::from(size).to_le_bytes());
            } else {
                self.after.extend(size.to_le_bytes());
            }
        }
        self
    }
}

#[derive(Clone, Debug, Default)]
pub struct Zip {
    pub prefix: Vec<u8>,
    pub members: Vec<Member>,
    /// After the central directory, before the end records.
    pub after_directory: Vec<u8>,
    pub comment: Vec<u8>,
    /// Instead of the true values.
    pub count: Option<u16>,
    pub directory_size: Option<u32>,
    pub directory_offset: Option<u32>,
    pub zip64: Option<Zip64>,
    /// After the comment.
    pub trailer: Vec<u8>,
}

/// Wrong values for the ZIP64 records.
#[derive(Clone, Debug)]
pub struct Zip64 {
    pub members: u64,
    pub rest: u64,
    pub shift: u64,
    pub disks: u32,
}

pub fn zip(members: impl IntoIterator<Item = Member>) -> Zip {
    Zip {
        members: members.into_iter().collect(),
        ..Zip::default()
    }
}

pub fn extra(kind: u16, data: &[u8]) -> Vec<u8> {
    let mut out = kind.to_le_bytes().to_vec();
    out.extend((data.len() as u16).to_le_bytes());
    out.extend(data);
    out
}

impl Zip {
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut out = self.prefix.clone();
        let mut directory = Vec::new();
        for member in &self.members {
            let offset = out.len() as u32;
            out.extend(b"PK\x03\x04");
            member.local.push(&mut out);
            out.extend(&member.local.name);
            out.extend(&member.local.extra);
            out.extend(&member.data);
            out.extend(&member.after);

            directory.extend(b"PK\x01\x02");
            directory.extend([20, 3]);
            member.central.push(&mut directory);
            directory.extend((member.comment.len() as u16).to_le_bytes());
            directory.extend(member.disk.to_le_bytes());
            directory.extend([0, 0]);
            directory.extend((u32::from(member.mode) << 16).to_le_bytes());
            directory.extend(member.offset.unwrap_or(offset).to_le_bytes());
            directory.extend(&member.central.name);
            directory.extend(&member.central.extra);
            directory.extend(&member.comment);
        }
        let offset = out.len() as u32;
        let size = directory.len() as u32;
        out.extend(directory);
        out.extend(&self.after_directory);
        if let Some(zip64) = &self.zip64 {
            let end = out.len() as u64 + zip64.shift;
            out.extend(b"PK\x06\x06");
            out.extend(zip64.rest.to_le_bytes());
            out.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            out.extend(zip64.members.to_le_bytes());
            out.extend(zip64.members.to_le_bytes());
            out.extend(u64::from(size).to_le_bytes());
            out.extend(u64::from(offset).to_le_bytes());
            out.extend(b"PK\x06\x07\0\0\0\0");
            out.extend(end.to_le_bytes());
            out.extend(zip64.disks.to_le_bytes());
        }
        let count = self.count.unwrap_or(self.members.len() as u16);
        out.extend(b"PK\x05\x06");
        out.extend([0; 4]);
        out.extend(count.to_le_bytes());
        out.extend(count.to_le_bytes());
        out.extend(self.directory_size.unwrap_or(size).to_le_bytes());
        out.extend(self.directory_offset.unwrap_or(offset).to_le_bytes());
        out.extend((self.comment.len() as u16).to_le_bytes());
        out.extend(&self.comment);
        out.extend(&self.trailer);
        out
    }
}
