//! Blocks: text between a line that names its kind and one that ends it.

use std::borrow::Cow;
use std::io::{BufRead, Read};

use crate::message::fault::{MessageFault, OpenError};

/// The limit of armor headers and the blank lines after them, in bytes. Nobody
/// reads them, and they are not part of a message.
const MAX_HEADERS: u64 = 64 * 1024;

/// A kind of block that holds messages.
#[derive(Debug, PartialEq, Eq)]
struct BlockKind {
    begin: &'static [u8],
    end: &'static [u8],
    /// OpenPGP's armor has headers and a checksum
    /// ([RFC 9580, section 6.2](https://www.rfc-editor.org/rfc/rfc9580#section-6.2)),
    /// PEM has neither.
    is_armor: bool,
}

/// Armor, that of `gpg --enarmor` included; PEM by RFC 7468, sections 8 and 9,
/// without the variants of some old software; and what gpgsm writes.
const KINDS: [BlockKind; 5] = [
    BlockKind {
        begin: b"-----BEGIN PGP MESSAGE-----",
        end: b"-----END PGP MESSAGE-----",
        is_armor: true,
    },
    BlockKind {
        begin: b"-----BEGIN PGP ARMORED FILE-----",
        end: b"-----END PGP ARMORED FILE-----",
        is_armor: true,
    },
    BlockKind {
        begin: b"-----BEGIN ENCRYPTED MESSAGE-----",
        end: b"-----END ENCRYPTED MESSAGE-----",
        is_armor: false,
    },
    BlockKind {
        begin: b"-----BEGIN CMS-----",
        end: b"-----END CMS-----",
        is_armor: false,
    },
    BlockKind {
        begin: b"-----BEGIN PKCS7-----",
        end: b"-----END PKCS7-----",
        is_armor: false,
    },
];

/// The marks that mail programs put before the lines that they quote.
const QUOTES: &[u8] = b">|]}";

/// A block, found by its first line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// The line that ends it, without its line end.
    end: Cow<'static, [u8]>,
    is_armor: bool,
    is_of_mail: bool,
    /// The number of bytes in the text up to the end of the first line's
    /// dashes.
    content: usize,
    /// The quotes before each line. They count as white space.
    quotes: Vec<u8>,
}

impl Block {
    /// Returns the first block of a text. Its first line stands alone, except
    /// for white space and quotes before it.
    pub fn find(text: &[u8]) -> Option<Self> {
        let mut offset = 0;
        for line in text.split_inclusive(|octet| *octet == b'\n') {
            let margin = line.iter().take_while(|octet| is_margin(**octet)).count();
            let (margin, rest) = line.split_at(margin);
            if let Some(kind) = KINDS.iter().find(|kind| rest.starts_with(kind.begin)) {
                let quotes = margin.iter().filter(|octet| QUOTES.contains(octet));
                return Some(Self {
                    end: kind.end.into(),
                    is_armor: kind.is_armor,
                    is_of_mail: false,
                    content: offset + margin.len() + kind.begin.len(),
                    quotes: quotes.copied().collect(),
                });
            }
            offset += line.len();
        }
        None
    }

    /// Returns the base64 of a part of a mail, up to the line `end`.
    pub fn of_part(end: Vec<u8>) -> Self {
        Self {
            end: end.into(),
            is_armor: false,
            is_of_mail: true,
            content: 0,
            quotes: Vec::new(),
        }
    }

    /// Returns whether it is a part of a mail.
    pub fn is_of_mail(&self) -> bool {
        self.is_of_mail
    }

    /// Returns the position in the text at which its content begins.
    pub fn content(&self) -> usize {
        self.content
    }

    /// Returns whether the text begins with it.
    pub fn is_first(&self) -> bool {
        let begins = |kind: &BlockKind| kind.begin.len() == self.content;
        self.quotes.is_empty() && KINDS.iter().any(begins)
    }

    /// Returns the line that ends it, without its line end.
    pub fn end(&self) -> &[u8] {
        &self.end
    }

    /// Returns whether a checksum may follow its base64.
    pub fn may_have_checksum(&self) -> bool {
        self.is_armor
    }

    /// Returns whether the octet has no meaning in it.
    pub fn is_blank(&self, octet: u8) -> bool {
        octet.is_ascii_whitespace() || self.quotes.contains(&octet)
    }

    /// Reads to the base64 and a bit into it. The source continues with the
    /// returned part. If the blank line between headers and base64 is missing,
    /// a colon marks a header: base64 has none.
    ///
    /// # Errors
    ///
    /// There are more headers than anybody writes.
    pub fn skip_headers(&self, source: &mut impl BufRead) -> Result<Vec<u8>, OpenError> {
        if !self.is_armor {
            return Ok(Vec::new());
        }
        let mut room = MAX_HEADERS;
        // The rest of the first line.
        let mut is_first = true;
        let (mut has_headers, mut are_headers_read) = (false, false);
        loop {
            let mut line = Vec::new();
            source.by_ref().take(room).read_until(b'\n', &mut line)?;
            let is_blank = line.iter().all(|octet| self.is_blank(*octet));
            let is_header = !are_headers_read && line.contains(&b':');
            if line.is_empty() && room > 0 {
                return Ok(line);
            }
            room -= line.len() as u64;
            // The part that is cut off may be the beginning of another header.
            if room == 0 && (is_blank || (has_headers && !are_headers_read)) {
                let what = "its armor has more than 64 KiB of headers";
                return Err(MessageFault::Malformed(what.into()).into());
            }
            if !is_blank && !is_header {
                return Ok(line);
            }
            has_headers |= is_header;
            are_headers_read |= is_blank && !is_first;
            is_first = false;
        }
    }
}

/// Returns whether the octet may come before a block's first line, on that
/// line: white space, zeros, quotes, a byte order mark in UTF-8 or UTF-16, and
/// the end of a file in DOS.
pub(super) fn is_margin(octet: u8) -> bool {
    let is_mark = matches!(octet, 0xEF | 0xBB | 0xBF | 0xFE | 0xFF);
    let is_blank = matches!(octet, b' ' | b'\t' | b'\r' | 0x0B | 0x0C | 0x1A | 0);
    is_mark || is_blank || QUOTES.contains(&octet)
}
