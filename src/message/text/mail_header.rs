//! The headers of mails and of their parts
//! ([RFC 5322, section 2.2](https://www.rfc-editor.org/rfc/rfc5322#section-2.2)).

use super::mime::Encoding;

/// The fields of an entity's header that matter here.
#[derive(Default)]
pub(super) struct Header {
    /// Its length with the blank line after it.
    pub length: usize,
    pub content_type: Vec<u8>,
    pub transfer_encoding: Vec<u8>,
}

impl Header {
    /// Reads lines `Name: value` up to a blank line. A value may go on in
    /// indented lines ([RFC 5322, section
    /// 2.2](https://www.rfc-editor.org/rfc/rfc5322#section-2.2)).
    pub fn read(entity: &[u8]) -> Option<Self> {
        let mut header = Self::default();
        let mut field: Option<&[u8]> = None;
        for line in entity.split_inclusive(|octet| *octet == b'\n') {
            header.length += line.len();
            if !line.ends_with(b"\n") {
                return None;
            }
            let is_continued = line.starts_with(b" ") || line.starts_with(b"\t");
            match line.trim_ascii() {
                value if is_continued => header.add(field?, value),
                [] if field.is_some() => return Some(header),
                [] => {}
                // The line before each mail of a mailbox.
                _ if field.is_none() && line.starts_with(b"From ") => {}
                line => {
                    let colon = line.iter().position(|octet| *octet == b':')?;
                    let (name, value) = line.split_at(colon);
                    let is_name = |octet: &u8| octet.is_ascii_graphic();
                    if name.is_empty() || !name.iter().all(is_name) {
                        return None;
                    }
                    header.add(name, value.get(1..)?);
                    field = Some(name);
                }
            }
        }
        None
    }

    fn add(&mut self, name: &[u8], value: &[u8]) {
        let field = if name.eq_ignore_ascii_case(b"Content-Type") {
            &mut self.content_type
        } else if name.eq_ignore_ascii_case(b"Content-Transfer-Encoding") {
            &mut self.transfer_encoding
        } else {
            return;
        };
        field.push(b' ');
        field.extend_from_slice(value);
    }

    /// Returns whether the entity is a whole mail, forwarded.
    pub fn is_mail(&self) -> bool {
        first_word(&self.content_type).eq_ignore_ascii_case(b"message/rfc822")
    }

    pub fn encoding(&self) -> Option<Encoding> {
        match first_word(&self.transfer_encoding) {
            word if word.eq_ignore_ascii_case(b"base64") => Some(Encoding::Base64),
            word if word.eq_ignore_ascii_case(b"quoted-printable") => {
                Some(Encoding::QuotedPrintable)
            }
            _ => None,
        }
    }

    /// Returns the beginning of the lines around the parts, of a multipart.
    pub fn delimiter(&self) -> Option<Vec<u8>> {
        let kind = first_word(&self.content_type);
        if !kind.get(..10)?.eq_ignore_ascii_case(b"multipart/") {
            return None;
        }
        let boundary = parameter(&self.content_type, b"boundary")?;
        (!boundary.is_empty()).then(|| [b"--", &*boundary].concat())
    }
}

/// Returns the first word of a field, which may be in quotes.
fn first_word(field: &[u8]) -> &[u8] {
    let is_end = |octet: &u8| octet.is_ascii_whitespace() || b";(".contains(octet);
    let word = field.trim_ascii().split(is_end).next().unwrap_or_default();
    let word = word.strip_prefix(b"\"").unwrap_or(word);
    word.strip_suffix(b"\"").unwrap_or(word)
}

/// Returns the value of a field's parameter (RFC 2045, section 5.1).
fn parameter(field: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let mut octets = field.iter().copied().peekable();
    // The word before the parameters.
    octets.find(|octet| *octet == b';')?;
    loop {
        let mut found = Vec::new();
        while let Some(octet) = octets.next_if(|octet| !b"=;".contains(octet)) {
            found.push(octet);
        }
        let mut value = Vec::new();
        if octets.next_if_eq(&b'=').is_some() {
            while octets.next_if(u8::is_ascii_whitespace).is_some() {}
            if octets.next_if_eq(&b'"').is_some() {
                while let Some(octet) = octets.next().filter(|octet| *octet != b'"') {
                    let escaped = (octet == b'\\').then(|| octets.next()).flatten();
                    value.push(escaped.unwrap_or(octet));
                }
            } else {
                let is_part = |octet: &u8| *octet != b';' && !octet.is_ascii_whitespace();
                while let Some(octet) = octets.next_if(is_part) {
                    value.push(octet);
                }
            }
        }
        if found.trim_ascii().eq_ignore_ascii_case(name) {
            return Some(value);
        }
        octets.find(|octet| *octet == b';')?;
    }
}
