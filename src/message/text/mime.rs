//! Mails: messages in a part whose content is encoded for transfer
//! ([RFC 2045](https://www.rfc-editor.org/rfc/rfc2045)). S/MIME and PGP/MIME
//! send them ([RFC 8551](https://www.rfc-editor.org/rfc/rfc8551),
//! [RFC 3156](https://www.rfc-editor.org/rfc/rfc3156)), and `openssl cms` writes
//! S/MIME by default.

use std::io::Read;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::block::Block;
use super::mail_header::Header;
use super::quoted_printable::QuotedPrintable;
use super::{begins_content_info, begins_message, second};
use crate::message::fault::MessageFault;

/// The most entities within each other.
const MAX_DEPTH: usize = 8;

/// The octets at the start of a part that show what it is.
const HEAD: usize = 64;

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
    /// Returns the part of a mail that holds a message, if that part is encoded.
    /// A signed one counts only if none is sealed.
    ///
    /// # Errors
    ///
    /// Several parts hold messages.
    pub fn find(mail: &[u8]) -> Result<Option<Self>, MessageFault> {
        let is_sealed = |head: &[u8]| second::binary(head).is_some();
        let is_any = |head: &[u8]| begins_message(head) || begins_content_info(head);
        let mut found = Search::new(&is_sealed).of(mail);
        if found.is_empty() {
            found = Search::new(&is_any).of(mail);
        }
        match (found.pop(), found.is_empty()) {
            (Some(_), false) => Err(MessageFault::SecondMessage("a part of a mail")),
            (Some(Found::Encoded(part)), true) => Ok(Some(part)),
            _ => Ok(None),
        }
    }
}

/// Returns the length of the header of a mail with the blank line after it; 0
/// if the text does not begin with one.
pub(super) fn header_length(mail: &[u8]) -> usize {
    Header::read(mail).map_or(0, |header| header.length)
}

/// Returns whether a text is a mail, or as much of one as is there.
pub(super) fn is_mail(text: &[u8]) -> bool {
    Header::read(text).is_some_and(|header| {
        !header.content_type.is_empty() || !header.transfer_encoding.is_empty()
    })
}

/// A part that holds a message.
enum Found {
    Encoded(EncodedPart),
    /// Its content stands as it is.
    Plain,
}

/// A search for the parts whose first octets are those of a message.
struct Search<'a> {
    is_message: &'a dyn Fn(&[u8]) -> bool,
    found: Vec<Found>,
}

impl<'a> Search<'a> {
    fn new(is_message: &'a dyn Fn(&[u8]) -> bool) -> Self {
        Self {
            is_message,
            found: Vec::new(),
        }
    }

    fn of(mut self, mail: &[u8]) -> Vec<Found> {
        self.entity(mail, 0, None, 0);
        self.found
    }

    /// Searches an entity (RFC 2045, section 2.4), which begins `offset` bytes
    /// into the mail and ends with the line `end`.
    fn entity(&mut self, entity: &[u8], offset: usize, end: Option<&[u8]>, depth: usize) {
        let Some(header) = Header::read(entity) else {
            return;
        };
        let (_, content) = entity.split_at(header.length);
        let offset = offset + header.length;
        if depth < MAX_DEPTH {
            if let Some(delimiter) = header.delimiter() {
                for (begin, part) in Parts::of(content, &delimiter) {
                    self.entity(part, offset + begin, Some(&delimiter), depth + 1);
                }
                return;
            }
            if header.is_mail() {
                return self.entity(content, offset, end, depth + 1);
            }
        }
        let Some(encoding) = header.encoding() else {
            self.found
                .extend(Block::find(content).map(|_| Found::Plain));
            return;
        };
        let head = encoding.head(content);
        if (self.is_message)(&head) || Block::find(&head).is_some() {
            self.found.push(Found::Encoded(EncodedPart {
                content: offset,
                encoding,
                end: end.map(<[u8]>::to_vec),
            }));
        }
    }
}

impl Encoding {
    /// Returns the first octets of a part, decoded; of a text all of it, since a
    /// block may come after other text.
    fn head(self, content: &[u8]) -> Vec<u8> {
        match self {
            Self::Base64 => {
                let characters = content.iter().copied();
                let mut characters: Vec<u8> = characters
                    .take_while(|c| *c != b'-')
                    .filter(|c| !c.is_ascii_whitespace())
                    .collect();
                characters.truncate(characters.len() / 4 * 4);
                let whole = BASE64_STANDARD.decode(&characters);
                whole.unwrap_or_else(|_| {
                    // What follows the padding is another matter.
                    characters.truncate(HEAD);
                    BASE64_STANDARD.decode(characters).unwrap_or_default()
                })
            }
            Self::QuotedPrintable => {
                let mut decoded = Vec::new();
                // Reading from memory does not fail.
                let _ = QuotedPrintable::new(content).read_to_end(&mut decoded);
                decoded
            }
        }
    }
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
            if let Some(delimiter) = Delimiter::of(line, self.delimiter) {
                self.position = match delimiter {
                    Delimiter::Next => begin + length + line.len(),
                    Delimiter::Last => self.content.len(),
                };
                return Some((begin, part.split_at(length).0));
            }
            length += line.len();
        }
        self.position = self.content.len();
        Some((begin, part))
    }
}

/// A line between the parts of a multipart, or after the last of them.
pub(super) enum Delimiter {
    Next,
    Last,
}

impl Delimiter {
    pub fn of(line: &[u8], delimiter: &[u8]) -> Option<Self> {
        match line.strip_prefix(delimiter)?.trim_ascii_end() {
            b"" => Some(Self::Next),
            b"--" => Some(Self::Last),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARMOR: &str = "-----BEGIN PGP MESSAGE-----\n\nwQMDAA==\n-----END PGP MESSAGE-----\n";

    fn find(mail: &str) -> Option<(Encoding, String, &str)> {
        let part = EncodedPart::find(mail.as_bytes()).unwrap()?;
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
                    content-Transfer-Encoding:\n\tBASE64\n \n\nwQMDAAAAAAAA";
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
    fn parts_end_where_other_readers_see_their_ends() {
        let part = "Content-Transfer-Encoding: base64\n\nwQMDAAAAAAAA\n";
        let text = "Content-Type: text/plain\n\nno message\n";
        for (boundary, mail, is_found) in [
            ("a", format!("--a\n{text}--about\n{part}--a--\n"), false),
            ("a", format!("--a\n{text}--a--\n--a\n{part}--a--\n"), false),
            ("a", format!("--a\n{text}--a \t\r\n{part}--a--\n"), true),
            ("\"a\"", format!("--a\n{part}--a--\n"), true),
            ("\"a\\\"b\"", format!("--a\"b\n{part}--a\"b--\n"), true),
            (" \"a;b\" ; x", format!("--a;b\n{part}--a;b--\n"), true),
        ] {
            let mail = format!(
                "Content-Type: multipart/mixed; x=\"boundary=z\"; xboundary=y; boundary={boundary}\n\n{mail}"
            );
            assert_eq!(find(&mail).is_some(), is_found, "{mail}");
        }
        let two = format!("--a\n{part}--a\n{part}--a--\n");
        let two = format!("Content-Type: multipart/mixed; boundary = a\n\n{two}");
        assert!(EncodedPart::find(two.as_bytes()).is_err());
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
