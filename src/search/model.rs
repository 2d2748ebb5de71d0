//! Texts in pieces, against the same search in a text that is there as a whole.

use std::io::Write;

use proptest::prelude::*;

use super::binary::BinaryCheck;
use super::*;

/// Decodes a text. As the WHATWG's decoders do, what is missing at the end of one in UTF-16 is
/// one replacement character.
fn decoded(text: &[u8]) -> Vec<u8> {
    let (unit, text): (fn([u8; 2]) -> u16, _) = match text {
        [0xFF, 0xFE, text @ ..] => (u16::from_le_bytes, text),
        [0xFE, 0xFF, text @ ..] => (u16::from_be_bytes, text),
        [0xEF, 0xBB, 0xBF, text @ ..] => return text.to_vec(),
        _ => return text.to_vec(),
    };
    let (pairs, rest) = text.as_chunks();
    let mut units: Vec<u16> = pairs.iter().copied().map(unit).collect();
    let is_half = units
        .pop_if(|unit| (0xD800..0xDC00).contains(unit))
        .is_some();
    if is_half || !rest.is_empty() {
        units.push(0xFFFD);
    }
    String::from_utf16_lossy(&units).into_bytes()
}

/// Returns the lines of a text, and whether it is none.
fn lines(text: &[u8]) -> (Vec<Vec<u8>>, bool) {
    let is_binary = BinaryCheck::default().add(text);
    let is_end = |octet: &u8| *octet == b'\n' || (is_binary && *octet == 0);
    let mut lines: Vec<&[u8]> = text.split(is_end).collect();
    // What follows the last end is a line if there is anything.
    lines.pop_if(|line| line.is_empty());
    let without_return = |line: &[u8]| line.strip_suffix(b"\r").unwrap_or(line).to_vec();
    (lines.into_iter().map(without_return).collect(), is_binary)
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let part = proptest::sample::select(vec![
        &b"a"[..],
        b"ab",
        b"b",
        b"\n",
        b"\n",
        b"\r\n",
        b"\r",
        b"\0",
        b"\x01",
        b"\x1b",
        b"\xE4",
        "ß".as_bytes(),
        "𝄞".as_bytes(),
        b"\x00\xD8",
        b"\xEF\xBB\xBF",
    ]);
    let mark = proptest::sample::select(vec![
        &b""[..],
        b"",
        b"\xFF\xFE",
        b"\xFE\xFF",
        b"\xEF\xBB\xBF",
    ]);
    let parts = proptest::collection::vec(part, 0..40);
    (mark, parts).prop_map(|(mark, parts)| [&[mark], parts.as_slice()].concat().concat())
}

fn found(text: &[u8], pieces: &[usize], wanted: Wanted) -> Found {
    let search = LineSearch::new("a|^$|ß", SearchedText::default(), wanted).unwrap();
    let mut finder = Finder::new(&search);
    let mut rest = text;
    for &piece in pieces {
        let (first, others) = rest.split_at(piece.min(rest.len()));
        finder.write_all(first).unwrap();
        rest = others;
    }
    finder.write_all(rest).unwrap();
    finder.finish()
}

proptest! {
    #[test]
    fn what_is_found_depends_on_the_text_alone(
        text in text(),
        pieces in proptest::collection::vec(1_usize..9, 0..60),
        context in 0_usize..4,
    ) {
        let (lines, is_binary) = lines(&decoded(&text));
        let is_match = |line: &Vec<u8>| {
            line.is_empty() || line.contains(&b'a') || line.windows(2).any(|two| two == "ß".as_bytes())
        };
        let matching: Vec<usize> = (0..lines.len()).filter(|&at| is_match(&lines[at])).collect();

        let counted = found(&text, &pieces, Wanted::Count);
        prop_assert_eq!(counted.matches(), matching.len() as u64);
        let any = found(&text, &pieces, Wanted::Any);
        prop_assert_eq!(any.matches() > 0, !matching.is_empty());

        let found = found(&text, &pieces, Wanted::Lines { context });
        prop_assert_eq!(found.is_binary(), is_binary);
        prop_assert_eq!(found.matches() > 0, !matching.is_empty());
        let is_near = |at: &usize| matching.iter().any(|&other| other.abs_diff(*at) <= context);
        let near = (0..lines.len()).filter(|at| !is_binary && is_near(at));
        let expected: Vec<_> = near
            .map(|at| (at as u64 + 1, matching.contains(&at), lines[at].as_slice()))
            .collect();
        let shown: Vec<_> = found
            .lines()
            .map(|line| (line.number, line.is_match, line.text))
            .collect();
        prop_assert_eq!(shown, expected);
    }
}
