//! Pieces of texts, and their lines.

use std::io::Write;

use super::*;

fn search(pattern: &str, wanted: Wanted) -> LineSearch {
    LineSearch::new(pattern, SearchedText::default(), wanted).unwrap()
}

const LINES: Wanted = Wanted::Lines { context: 0 };

/// Searches a text that comes in pieces of this size.
fn found_in(text: &[u8], piece: usize, search: &LineSearch) -> Found {
    let mut finder = Finder::new(search);
    for piece in text.chunks(piece) {
        finder.write_all(piece).unwrap();
    }
    finder.finish()
}

/// Returns the lines that were found, as grep shows them.
fn shown(found: &Found) -> Vec<String> {
    let line = |line: FoundLine<'_>| {
        let mark = if line.is_match { ':' } else { '-' };
        format!(
            "{}{mark}{}",
            line.number,
            String::from_utf8_lossy(line.text)
        )
    };
    found.lines().map(line).collect()
}

fn utf16(text: &str, octets: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
    units.flat_map(octets).collect()
}

#[test]
fn lines_are_the_same_whatever_pieces_they_come_in() {
    let text = "one\ntwo\r\n\nthree two\r\n\r\nmore\rtwo\nlast two";
    for piece in [1, 2, 3, 7, 1000] {
        let found = found_in(text.as_bytes(), piece, &search("two$", LINES));
        let lines = ["2:two", "4:three two", "6:more\rtwo", "7:last two"];
        assert_eq!(shown(&found), lines, "{piece}");
        let empty = found_in(text.as_bytes(), piece, &search("^$", LINES));
        assert_eq!(shown(&empty), ["3:", "5:"], "{piece}");
    }
}

#[test]
fn an_empty_text_has_no_lines_and_an_end_of_line_begins_none() {
    for (text, lines) in [("", 0), ("\n", 1), ("a", 1), ("a\n", 1), ("a\n\n", 2)] {
        let found = found_in(text.as_bytes(), 1, &search("", Wanted::Count));
        assert_eq!(found.matches(), lines, "{text:?}");
    }
}

#[test]
fn utf_16_is_searched_as_what_it_says() {
    let text = format!("größe\r\n𝄞 clef\n{}𝄞x\nend", "a".repeat(5000));
    let plain = found_in(text.as_bytes(), 1000, &search("𝄞|ß|end", LINES));
    assert_eq!(plain.matches(), 4);
    for octets in [u16::to_le_bytes, u16::to_be_bytes] {
        for piece in [1, 2, 3, 5, 8191, 100_000] {
            let found = found_in(&utf16(&text, octets), piece, &search("𝄞|ß|end", LINES));
            assert_eq!(shown(&found), shown(&plain), "{piece}");
            assert!(!found.is_binary());
        }
    }
}

#[test]
fn broken_utf_16_has_replacement_characters() {
    for (end, line) in [
        (&[0x61, 0x00, 0x00][..], "1:a\u{FFFD}"),
        (&[0x61, 0x00, 0x00, 0xD8], "1:a\u{FFFD}"),
        (&[0x00, 0xDC, 0x61, 0x00], "1:\u{FFFD}a"),
    ] {
        for piece in [1, 100] {
            let text = [&[0xFF, 0xFE], end].concat();
            let found = found_in(&text, piece, &search("a", LINES));
            assert_eq!(shown(&found), [line]);
        }
    }
}

#[test]
fn a_byte_order_mark_belongs_to_no_line() {
    for piece in [1, 2, 100] {
        let found = found_in(
            "\u{FEFF}call\ncall".as_bytes(),
            piece,
            &search("^call", LINES),
        );
        assert_eq!(shown(&found), ["1:call", "2:call"]);
    }
    for short in [&b"\xEF\xBB"[..], b"\xFF", b"\xEF"] {
        let found = found_in(short, 1, &search("", Wanted::Count));
        assert_eq!(found.matches(), 1, "{short:?}");
    }
}

#[test]
fn no_lines_of_a_binary_text_are_kept() {
    let text = b"RIFF call\nmore call\n\0call\0\0call\n";
    for piece in [1, 12, 100] {
        let found = found_in(text, piece, &search("call", LINES));
        assert!(found.is_binary(), "{piece}");
        assert_eq!(found.lines().count(), 0);
        assert!(found.matches() > 0);
        let counted = found_in(text, piece, &search("call", Wanted::Count));
        assert_eq!(counted.matches(), 4, "{piece}");
    }
}

#[test]
fn sound_is_binary_though_it_has_no_zero() {
    let sound = b"RIFF call\n\x01\x02\xd5\xd5\x55call\n\xfe\xc3\x80";
    for piece in [1, 2, 15, 100] {
        let found = found_in(sound, piece, &search("call", LINES));
        assert!(found.is_binary(), "{piece}");
        assert_eq!(found.lines().count(), 0);
    }
}

#[test]
fn a_text_may_have_control_characters_or_another_encoding() {
    for text in [
        &b"\x1b[31mcall\x1b[0m \t\x0c\x08"[..],
        b"8=FIX.4.2\x0135=call\x0110=128\x01",
        b"\x02call\x03\x1a",
        b"Gr\xfc\xdfe call",
        "\u{1}Grüße 𝄞 call".as_bytes(),
        b"\x01 call",
    ] {
        for piece in [1, 3, 100] {
            let found = found_in(text, piece, &search("call", LINES));
            assert!(!found.is_binary(), "{text:?}");
            assert_eq!(found.lines().count(), 1);
        }
    }
}

#[test]
fn context_is_shown_once() {
    let text: String = (1..=20).map(|n| format!("line {n}\n")).collect();
    let search = search(" (3|5|12|20)$", Wanted::Lines { context: 2 });
    let found = found_in(text.as_bytes(), 7, &search);
    let numbers: Vec<u64> = found.lines().map(|line| line.number).collect();
    assert_eq!(
        numbers,
        [1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 18, 19, 20]
    );
    let matches: Vec<u64> = found
        .lines()
        .filter(|line| line.is_match)
        .map(|line| line.number)
        .collect();
    assert_eq!(matches, [3, 5, 12, 20]);
    assert_eq!(found.matches(), 4);
}

#[test]
fn a_pattern_of_several_lines_means_each_of_them() {
    let text = b"a+b\nc|d\ne\n";
    let fixed = SearchedText {
        is_fixed: true,
        ..SearchedText::default()
    };
    let search = LineSearch::new("A+B\nc|d", fixed, LINES).unwrap();
    assert_eq!(shown(&found_in(text, 3, &search)), ["2:c|d"]);
    let any_case = SearchedText {
        ignores_case: true,
        ..fixed
    };
    let search = LineSearch::new("A+B\nc|d", any_case, LINES).unwrap();
    assert_eq!(shown(&found_in(text, 3, &search)), ["1:a+b", "2:c|d"]);
    assert_eq!(
        shown(&found_in(text, 3, &self::search("e\n^c", LINES))),
        ["2:c|d", "3:e"]
    );
    // An alternative ends where its line does.
    assert!(LineSearch::new("(a\nb)", SearchedText::default(), LINES).is_err());
}

#[test]
fn a_bad_pattern_says_why_in_one_line() {
    for (pattern, why) in [
        ("a(b", "unclosed group"),
        ("[[:x", "unclosed"),
        ("a{999}{999}{999}", "MiB"),
    ] {
        let error = LineSearch::new(pattern, SearchedText::default(), LINES).unwrap_err();
        let error = error.to_string();
        assert!(error.contains(why) && !error.contains('\n'), "{error}");
    }
}

#[test]
fn of_a_long_line_only_the_beginning_is_searched_and_that_is_said() {
    let mut text = b"short\n".to_vec();
    text.extend(vec![b'x'; LONGEST_LINE]);
    text.extend(b"\nnext\n");
    let whole = found_in(&text, 100_000, &search("x$|next", LINES));
    assert_eq!((whole.matches(), whole.long_line()), (2, None));
    text.splice(6..6, *b"yz");
    for piece in [100_000, usize::MAX] {
        let found = found_in(&text, piece, &search("^yz|next|xz", LINES));
        assert_eq!((found.matches(), found.long_line()), (2, Some(2)));
        let first = found.lines().next().unwrap();
        assert_eq!(first.text.len(), LONGEST_LINE);
        let numbers: Vec<u64> = found.lines().map(|line| line.number).collect();
        assert_eq!(numbers, [2, 3]);
    }
}

#[test]
fn what_is_kept_of_many_lines_is_bounded_and_has_no_gaps() {
    let line = format!("{}\n", "call ".repeat(200));
    let lines = 3 * MOST_FOUND / line.len();
    let found = found_in(
        line.repeat(lines).as_bytes(),
        250_000,
        &search("call", LINES),
    );
    assert_eq!(found.matches(), lines as u64);
    assert!(found.size() <= MOST_FOUND);
    let numbers: Vec<u64> = found.lines().map(|line| line.number).collect();
    assert!(numbers.iter().copied().eq(1..=numbers.len() as u64));
    assert_eq!(numbers.len() as u64 + found.unkept(), lines as u64);
    // Lines without a text take memory, too.
    let found = found_in(&vec![b'\n'; 4 << 20], 250_000, &search("", LINES));
    assert!(found.size() <= MOST_FOUND && found.unkept() > 0);
}

#[test]
fn what_is_held_as_context_is_bounded() {
    let line = format!("{}\n", "x".repeat(1000));
    let lines = 3 * MOST_FOUND / line.len();
    let text = line.repeat(lines) + "call\nafter\n";
    let search = search("call", Wanted::Lines { context: 1_000_000 });
    let found = found_in(text.as_bytes(), 250_000, &search);
    assert_eq!(found.matches(), 1);
    assert!(found.size() <= MOST_FOUND);
    assert!(found.unkept() > 0);
}
