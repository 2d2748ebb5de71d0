//! Traces of messages in files that aren't messages.

use super::second::{
    BLOCKS, CMS_TYPES, base64_in, in_base64_lines, in_quoted_printable, octets_in, without_margin,
    without_nuls,
};
use crate::keys::is_utf16;

/// The last lines of blocks.
const ENDS: [&[u8]; 5] = [
    b"-----END PGP MESSAGE",
    b"-----END CMS-",
    b"-----END PKCS7-",
    b"-----END PGP ARMORED FILE",
    b"-----END ENCRYPTED MESSAGE",
];

/// The octets of a CMS message within which its kind stands.
const CMS_HEAD: usize = 32;

/// Returns whether a text surely holds a message, or what is left of one. In a
/// mail, its parts are looked into.
pub(super) fn has_traces(text: &[u8], is_mail: bool) -> bool {
    let has_line = |text: &[u8]| {
        text.split(|octet| *octet == b'\n').any(|line| {
            let line = without_margin(line);
            let starts = |start: &[u8]| line.starts_with(start);
            BLOCKS.iter().any(|(begin, _)| starts(begin)) || ENDS.iter().any(|end| starts(end))
        })
    };
    let has_kind = || {
        let head = text.get(..CMS_HEAD).unwrap_or(text);
        let mut kinds = CMS_TYPES.iter();
        kinds.any(|kind| head.windows(kind.len()).any(|found| found == *kind))
    };
    let in_parts = || in_quoted_printable(text).or_else(|| in_base64_lines(text));
    has_line(text)
        || has_kind()
        || is_utf16(text) && without_nuls(text).is_some_and(|text| has_line(&text))
        || octets_in(text).or_else(|| base64_in(text)).is_some()
        || is_mail && in_parts().is_some()
}
