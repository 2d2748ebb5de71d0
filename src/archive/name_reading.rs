//! Stored names that don't have the form that ZIP asks for: how they are read.

use super::ending;
use super::name::{MemberName, NameFault};
use super::records::FLAG_UTF8;

/// How a stored name is read that isn't a path in UTF-8 as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum NameReading {
    /// It begins with `./`, which is dropped.
    DotSlash,
    /// It was made on MS-DOS or Windows: backslashes are separators.
    Backslashes,
    /// It is in code page 437, which is ZIP's own (APPNOTE, appendix D).
    CodePage437,
    /// It is in an unknown code page, with its Unicode form in an extra field
    /// (APPNOTE 4.6.9).
    UnicodePath,
    /// It is a number; the index has the name.
    Hidden,
}

impl NameReading {
    /// Returns what names of this kind are like, to complete "names that".
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::DotSlash => "begin with ./, which was dropped",
            Self::Backslashes => "have backslashes, read as separators",
            Self::CodePage437 => "are in code page 437",
            Self::UnicodePath => "are read by their Unicode form",
            Self::Hidden => "are hidden, and were read in the index",
        }
    }
}

/// A name that was read in another way than as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ReadName {
    /// The stored octets.
    pub stored: Box<[u8]>,
    pub name: MemberName,
    pub is_directory: bool,
    pub reading: NameReading,
}

/// A stored name, with what a header says about it.
#[derive(Clone, Copy)]
pub(super) struct NameField<'a> {
    pub stored: &'a [u8],
    pub flags: u16,
    /// The system that it was made on (APPNOTE 4.4.2).
    pub host: u8,
    /// The path of a Unicode Path field that belongs to this name.
    pub unicode_path: Option<&'a [u8]>,
}

/// The hosts whose separators are backslashes: MS-DOS (and Windows, which most
/// writers call so), OS/2, NTFS and VFAT.
const BACKSLASH_HOSTS: [u8; 4] = [0, 6, 10, 14];

/// Reads a name that isn't safe as it is; `None` if there is no other way to
/// read it, or it isn't safe in that way either.
pub(super) fn read(field: &NameField<'_>) -> Option<ReadName> {
    let mut reading = None;
    let text = match (std::str::from_utf8(field.stored), field.unicode_path) {
        (Err(_), _) if field.flags & FLAG_UTF8 != 0 => return None,
        (Err(_), Some(path)) => {
            reading = Some(NameReading::UnicodePath);
            std::str::from_utf8(path).ok()?.to_owned()
        }
        (Err(_), None) => {
            reading = Some(NameReading::CodePage437);
            code_page_437(field.stored)
        }
        (Ok(text), _) => text.to_owned(),
    };
    let mut text = text.as_str();
    let slashed;
    if text.contains('\\') && BACKSLASH_HOSTS.contains(&field.host) {
        slashed = text.replace('\\', "/");
        text = &slashed;
        reading.get_or_insert(NameReading::Backslashes);
    }
    while let Some(rest) = text.strip_prefix("./") {
        text = rest;
        reading.get_or_insert(NameReading::DotSlash);
    }
    let (name, is_directory) = parse(text).ok()?;
    Some(ReadName {
        stored: field.stored.into(),
        name,
        is_directory,
        reading: reading?,
    })
}

/// Returns the safe name that a stored name has, and whether it is a
/// directory's.
fn parse(stored: &str) -> Result<(MemberName, bool), NameFault> {
    match stored.strip_suffix('/') {
        Some(directory) => Ok((MemberName::parse(directory)?, true)),
        None => {
            let path = ending::without_ending(stored).unwrap_or(stored);
            Ok((MemberName::parse(path)?, false))
        }
    }
}

/// Returns whether two forms of a name differ in nothing but characters beyond
/// ASCII. Only then is one the other in another code page; else two readers
/// would see different names.
pub(super) fn differ_in_code_page_alone(stored: &[u8], path: &[u8]) -> bool {
    let ascii = |name: &[u8]| {
        name.iter()
            .copied()
            .filter(u8::is_ascii)
            .collect::<Vec<u8>>()
    };
    std::str::from_utf8(stored).is_err() && ascii(stored) == ascii(path)
}

/// Decodes IBM's code page 437.
fn code_page_437(octets: &[u8]) -> String {
    const UPPER: &str = "\
ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
    let upper: Vec<char> = UPPER.chars().collect();
    let character = |octet: &u8| match usize::from(*octet).checked_sub(128) {
        None => char::from(*octet),
        Some(number) => upper.get(number).copied().unwrap_or('\u{fffd}'),
    };
    octets.iter().map(character).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(stored: &[u8]) -> NameField<'_> {
        NameField {
            stored,
            flags: 0,
            host: 0,
            unicode_path: None,
        }
    }

    fn read_as(field: &NameField<'_>) -> Option<(String, NameReading)> {
        read(field).map(|read| (read.name.as_str().to_owned(), read.reading))
    }

    #[test]
    fn backslashes_are_separators_on_windows_alone() {
        let windows = field(b"GIR\\c1.wav.p7m");
        let expected = ("GIR/c1.wav".to_owned(), NameReading::Backslashes);
        assert_eq!(read_as(&windows), Some(expected));
        assert_eq!(read_as(&NameField { host: 3, ..windows }), None);
        for unsafe_name in [
            &b"..\\c.wav"[..],
            b"a\\..\\c",
            b"\\c",
            b"a\\\\c",
            b"a\\.\\c",
        ] {
            assert_eq!(read_as(&field(unsafe_name)), None);
        }
    }

    #[test]
    fn dots_and_slashes_are_dropped_in_front_alone() {
        let expected = ("a/b.wav".to_owned(), NameReading::DotSlash);
        assert_eq!(read_as(&field(b"././a/b.wav.pgp")), Some(expected));
        for unsafe_name in [&b"./../a"[..], b".//a", b"./", b"a/./b", b"./a/../b"] {
            assert_eq!(read_as(&field(unsafe_name)), None);
        }
    }

    #[test]
    fn what_is_not_utf_8_is_in_code_page_437_unless_the_flag_says_otherwise() {
        let expected = ("GIR/ü\u{a0}ß.wav".to_owned(), NameReading::CodePage437);
        let german = field(b"GIR/\x81\xFF\xE1.wav");
        assert_eq!(read_as(&german), Some(expected));
        let flags = FLAG_UTF8;
        assert_eq!(read_as(&NameField { flags, ..german }), None);
        let unicode_path = Some("GIR/ö\u{2009}ß.wav".as_bytes());
        let read = read_as(&NameField {
            unicode_path,
            ..german
        });
        assert_eq!(read.unwrap().1, NameReading::UnicodePath);
    }

    #[test]
    fn all_of_code_page_437_is_known() {
        let all: Vec<u8> = (128..=255).collect();
        let decoded = code_page_437(&all);
        assert_eq!(decoded.chars().count(), 128);
        assert!(!decoded.contains('\u{fffd}'));
        assert_eq!(code_page_437(b"\x80\x9B\xE0\xFE"), "Ç¢α■");
    }

    #[test]
    fn two_names_are_one_only_if_their_ascii_is_the_same() {
        assert!(differ_in_code_page_alone(
            b"a/\x81.wav",
            "a/ü.wav".as_bytes()
        ));
        assert!(!differ_in_code_page_alone(
            b"a/\x81.wav",
            "b/ü.wav".as_bytes()
        ));
        assert!(!differ_in_code_page_alone(
            b"a/b.wav",
            "a/bü.wav".as_bytes()
        ));
    }
}
