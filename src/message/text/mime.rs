//! Mails: messages in a part whose content is encoded for transfer
//! ([RFC 2045](https://www.rfc-editor.org/rfc/rfc2045)). S/MIME and PGP/MIME
//! send them ([RFC 8551](https://www.rfc-editor.org/rfc/rfc8551),
//! [RFC 3156](https://www.rfc-editor.org/rfc/rfc3156)), and `openssl cms` writes
//! S/MIME by default.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::block::Block;
use super::is_base64;

/// The most multiparts within each other.
const MAX_DEPTH: usize = 8;

/// How the content of a part is encoded (RFC 2045, section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Base64,
    QuotedPrintable,
}

/// The part of a mail that holds a message, encoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct EncodedPart {
    /// Where its content begins in the mail.
    pub content: usize,
    pub encoding: Encoding,
    /// The line that ends it, if the mail has several parts.
    pub end: Option<Vec<u8>>,
}

impl EncodedPart {
    /// Returns the first part of a mail that holds a message, if that part is
    /// encoded.
    pub fn find(mail: &[u8]) -> Option<Self> {
        match part_with_message(mail, 0, None, 0)? {
            Found::Encoded(part) => Some(part),
            Found::Plain => None,
        }
    }
}

/// Returns the length of the header of a mail with the blank line after it; 0
/// if the text does not begin with one.
pub(super) fn header_length(mail: &[u8]) -> usize {
    Header::read(mail).map_or(0, |header| header.length)
}

/// A part that holds a message.
enum Found {
    Encoded(EncodedPart),
    /// Its content stands as it is.
    Plain,
}

/// Searches an entity (RFC 2045, section 2.4), which begins `offset` bytes into
/// the mail and ends with the line `end`.
fn part_with_message(
    entity: &[u8],
    offset: usize,
    end: Option<&[u8]>,
    depth: usize,
) -> Option<Found> {
    let header = Header::read(entity)?;
    let (_, content) = entity.split_at(header.length);
    let offset = offset + header.length;
    if let Some(delimiter) = header.delimiter()
        && depth < MAX_DEPTH
    {
        let mut parts = Parts::of(content, &delimiter);
        return parts.find_map(|(begin, part)| {
            part_with_message(part, offset + begin, Some(&delimiter), depth + 1)
        });
    }
    let encoding = header.encoding();
    let has_message = match encoding {
        Some(Encoding::Base64) => is_base64(content) || has_block_in_base64(content),
        Some(Encoding::QuotedPrintable) | None => Block::find(content).is_some(),
    };
    has_message.then(|| match encoding {
        None => Found::Plain,
        Some(encoding) => Found::Encoded(EncodedPart {
            content: offset,
            encoding,
            end: end.map(<[u8]>::to_vec),
        }),
    })
}

/// Returns whether armor or PEM is encoded in base64 once more, as some
/// programs do with all attachments.
fn has_block_in_base64(content: &[u8]) -> bool {
    let characters = content.iter().copied();
    let mut characters: Vec<u8> = characters
        .take_while(|c| *c != b'-')
        .filter(|c| !c.is_ascii_whitespace())
        .collect();
    characters.truncate(characters.len() / 4 * 4);
    let text = BASE64_STANDARD.decode(characters);
    text.is_ok_and(|text| Block::find(&text).is_some())
}

/// The parts of a multipart, each with its position in the content
/// ([RFC 2046, section 5.1](https://www.rfc-editor.org/rfc/rfc2046#section-5.1)).
struct Parts<'a> {
    content: &'a [u8],
    delimiter: &'a [u8],
    /// The position after the last delimiter line that was found.
    position: usize,
}

impl<'a> Parts<'a> {
    fn of(content: &'a [u8], delimiter: &'a [u8]) -> Self {
        let mut parts = Self {
            content,
            delimiter,
            position: 0,
        };
        parts.next(); // the text before the first part
        parts
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let begin = self.position;
        let part = self.content.get(begin..).filter(|part| !part.is_empty())?;
        let mut length = 0;
        for line in part.split_inclusive(|octet| *octet == b'\n') {
            if line.starts_with(self.delimiter) {
                self.position = begin + length + line.len();
                return Some((begin, part.split_at(length).0));
            }
            length += line.len();
        }
        self.position = self.content.len();
        Some((begin, part))
    }
}

/// The fields of an entity's header that matter here.
#[derive(Default)]
struct Header {
    /// Its length with the blank line after it.
    length: usize,
    content_type: Vec<u8>,
    transfer_encoding: Vec<u8>,
}

impl Header {
    /// Reads lines `Name: value` up to a blank line. A value may go on in
    /// indented lines ([RFC 5322, section
    /// 2.2](https://www.rfc-editor.org/rfc/rfc5322#section-2.2)).
    fn read(entity: &[u8]) -> Option<Self> {
        let mut header = Self::default();
        let mut field: Option<&[u8]> = None;
        for line in entity.split_inclusive(|octet| *octet == b'\n') {
            header.length += line.len();
            if !line.ends_with(b"\n") {
                return None;
            }
            let is_continued = line.starts_with(b" ") || line.starts_with(b"\t");
            match line.trim_ascii() {
                [] if field.is_some() => return Some(header),
                [] => {}
                value if is_continued => header.add(field?, value),
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

    fn encoding(&self) -> Option<Encoding> {
        match self.transfer_encoding.trim_ascii() {
            word if word.eq_ignore_ascii_case(b"base64") => Some(Encoding::Base64),
            word if word.eq_ignore_ascii_case(b"quoted-printable") => {
                Some(Encoding::QuotedPrintable)
            }
            _ => None,
        }
    }

    /// Returns the beginning of the lines around the parts, of a multipart.
    fn delimiter(&self) -> Option<Vec<u8>> {
        const PARAMETER: &[u8] = b"boundary=";
        let kind = self.content_type.trim_ascii_start();
        if !kind.get(..10)?.eq_ignore_ascii_case(b"multipart/") {
            return None;
        }
        let mut windows = kind.windows(PARAMETER.len());
        let at = windows.position(|window| window.eq_ignore_ascii_case(PARAMETER))?;
        let value = kind.get(at + PARAMETER.len()..)?;
        let boundary = match value.strip_prefix(b"\"") {
            Some(quoted) => quoted.split(|octet| *octet == b'"').next(),
            None => value
                .split(|octet| octet.is_ascii_whitespace() || *octet == b';')
                .next(),
        };
        let boundary = boundary.filter(|boundary| !boundary.is_empty())?;
        Some([b"--", boundary].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARMOR: &str = "-----BEGIN PGP MESSAGE-----\n\nwQMDAA==\n-----END PGP MESSAGE-----\n";

    fn find(mail: &str) -> Option<(Encoding, String, &str)> {
        let part = EncodedPart::find(mail.as_bytes())?;
        let end = part.end.map(|end| String::from_utf8(end).unwrap());
        Some((
            part.encoding,
            end.unwrap_or_default(),
            &mail[part.content..],
        ))
    }

    #[test]
    fn a_field_goes_on_in_indented_lines_and_its_name_has_any_case() {
        let mail = "\nFrom x\nCONTENT-type: application/pkcs7-mime;\n name=x\n\
                    content-Transfer-Encoding:\n\tBASE64\n \nwQMDAAAAAAAA";
        let expected = (Encoding::Base64, String::new(), "wQMDAAAAAAAA");
        assert_eq!(find(mail), Some(expected));
        assert_eq!(header_length(mail.as_bytes()), mail.len() - 12);
    }

    #[test]
    fn the_first_part_with_a_message_is_found_in_nested_multiparts() {
        let head = |boundary: &str| format!("Content-Type: multipart/mixed; {boundary}\n\n");
        let part = |encoding: &str, content: &str| {
            format!("Content-Transfer-Encoding: {encoding}\n\n{content}")
        };
        let quoted = part("quoted-printable", ARMOR);
        let mail = format!(
            "{}text\n--a b\n{}\n--a b\n{}--c\n{}--c--\n--a b--\n",
            head("boundary=\"a b\""),
            part("base64", "AAAA"),
            head("x=y; Boundary=c; z"),
            quoted,
        );
        let (encoding, end, _) = find(&mail).unwrap();
        assert_eq!((encoding, &*end), (Encoding::QuotedPrintable, "--c"));
        let plain = mail.replacen(&quoted, &part("7bit", ARMOR), 1);
        assert_eq!(find(&plain), None);
    }

    #[test]
    fn other_texts_are_no_mails() {
        for text in [
            "",
            "\n\n",
            "no header\n\nwQMDAAAAAAAA",
            "Content-Transfer-Encoding: base64\nwQMDAAAAAAAA",
            "Content-Transfer-Encoding: base64",
            ": base64\n\nwQMDAAAAAAAA",
            " continued: base64\n\nwQMDAAAAAAAA",
            "Content-Type: multipart/mixed; boundary=\n\n--\n\nwQMD",
            "Content-Type: multipart/mixed; boundary=a\n\n--a",
            "Content-Type: multi",
        ] {
            assert_eq!(find(text), None, "{text:?}");
        }
    }

    #[test]
    fn multiparts_without_end_are_not_followed() {
        let nested = "Content-Type: multipart/mixed; boundary=a\n\n--a\n".repeat(1000);
        assert_eq!(find(&nested), None);
    }
}
