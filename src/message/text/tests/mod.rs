//! Every form of text yields the message's octets, and nothing else does.

mod second;

use std::io::{BufReader, Write};

use proptest::prelude::*;

use super::*;
use sequoia_openpgp::armor::Kind;

/// Returns the start of a message: a PKESK of version 3, then anything.
fn openpgp(length: usize) -> Vec<u8> {
    let content = (0..length).map(|i| (i / 3 * 31 + i % 7) as u8);
    b"\xC1\x03\x03".iter().copied().chain(content).collect()
}

/// The start of a CMS message of indefinite length.
const CMS: &[u8] = b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03rest";

fn base64(octets: &[u8]) -> String {
    let mut text = Vec::new();
    let mut writer = Base64Writer::new(&mut text, 57);
    writer.write_all(octets).unwrap();
    writer.finish().unwrap();
    String::from_utf8(text).unwrap()
}

fn read(source: impl Read + Send + Sync) -> Result<Vec<u8>, MessageFault> {
    let read = |source| -> Result<Vec<u8>, OpenError> {
        let mut octets = Vec::new();
        binary(BufReader::with_capacity(4096, source))?.read_to_end(&mut octets)?;
        Ok(octets)
    };
    read(source).map_err(|error| match error {
        OpenError::Fault(fault) => fault,
        other => panic!("{other:?}"),
    })
}

/// Gives one byte at a time, as a slow pipe does.
struct ByteByByte<'a>(&'a [u8]);

impl Read for ByteByByte<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let one = buffer.len().min(1);
        self.0.read(&mut buffer[..one])
    }
}

#[test]
fn binary_messages_pass_as_they_are() {
    for octets in [&openpgp(200_000)[..], CMS, b"\x30\x82\x01\x00\x06\x09"] {
        assert_eq!(read(octets).unwrap(), octets);
        assert_eq!(read(ByteByByte(octets)).unwrap(), octets);
    }
}

#[test]
fn base64_is_read_however_it_is_laid_out() {
    for octets in [&openpgp(200_000)[..], &openpgp(1), &openpgp(2), CMS] {
        let text = base64(octets);
        let one_line = text.replace('\n', "");
        let characters = one_line.chars().map(|c| format!("{c}\n"));
        let layouts = [
            text.replace('\n', "\r\n"),
            format!("\r\n \t\n{text}\n \n"),
            format!("  {}", text.replace('\n', "  \n\n  ")),
            characters.collect(),
            text,
            one_line,
        ];
        for layout in layouts {
            assert!(read(layout.as_bytes()).unwrap() == octets, "{layout:.100}");
            let slow = ByteByByte(layout.as_bytes());
            assert!(read(slow).unwrap() == octets, "{layout:.100}");
        }
    }
}

#[test]
fn base64_is_written_in_lines_of_76_characters() {
    for length in [54, 55, 56, 200_000] {
        let octets = openpgp(length);
        let text = base64(&octets);
        assert!(text.ends_with('\n'));
        let lines: Vec<_> = text.lines().collect();
        let (last, whole) = lines.split_last().unwrap();
        assert!(whole.iter().all(|line| line.len() == 76), "{length}");
        assert!((1..=76).contains(&last.len()), "{length}");
        assert_eq!(read(text.as_bytes()).unwrap(), octets);
    }
    assert_eq!(base64(b""), "");
}

#[test]
fn a_pem_block_is_found_after_other_text() {
    for label in ["CMS", "PKCS7"] {
        let text = base64(CMS);
        let block = format!("-----BEGIN {label}-----\n{text}-----END {label}-----\n");
        let certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        for text in [
            block.clone(),
            block.replace('\n', "\r\n"),
            format!("{block}What follows - is - no message: ÄÖÜ\n{certificate}"),
            format!("0123, and more text\n\n{certificate}{block}"),
            format!("{}\n{block}", "a".repeat(60_000)),
            block.trim_end().to_owned(),
        ] {
            assert_eq!(read(text.as_bytes()).unwrap(), CMS, "{text}");
            assert_eq!(read(ByteByByte(text.as_bytes())).unwrap(), CMS, "{text}");
        }
    }
}

#[test]
fn a_pem_block_without_its_own_end_is_truncated() {
    let text = base64(CMS);
    for end in ["", "-----END CMS----", "-----END PKCS7-----\n", "-"] {
        let text = format!("-----BEGIN CMS-----\n{}{end}", text.trim_end());
        assert_eq!(read(text.as_bytes()), Err(MessageFault::Truncated), "{end}");
    }
    let beyond = format!("{}\n-----BEGIN CMS-----\n{text}", "a".repeat(WINDOW));
    assert_eq!(read(beyond.as_bytes()), Err(MessageFault::NotAMessage));
    let heading = format!("-----BEGIN CMS-----\nName: value\n\n{text}-----END CMS-----");
    assert_eq!(read(heading.as_bytes()), Err(MessageFault::Altered));
}

/// As sequoia writes it.
fn armor(octets: &[u8]) -> String {
    let writer = sequoia_openpgp::armor::Writer::new(Vec::new(), Kind::Message);
    let mut writer = writer.unwrap();
    writer.write_all(octets).unwrap();
    String::from_utf8(writer.finalize().unwrap()).unwrap()
}

fn pem(octets: &[u8]) -> String {
    format!("-----BEGIN CMS-----\n{}-----END CMS-----\n", base64(octets))
}

#[test]
fn armor_is_read_however_it_is_laid_out() {
    for octets in [&openpgp(20_000)[..], &openpgp(0), &openpgp(1), &openpgp(2)] {
        let text = armor(octets);
        let (body, checksum) = text.trim_end().rsplit_once("\n=").unwrap();
        let (_, end) = checksum.split_once('\n').unwrap();
        let headers = "-----\nVersion: 1\nComment:\nHash: ÄÖÜ: x\n";
        for layout in [
            text.clone(),
            text.replace('\n', "\r\n"),
            text.trim_end().to_owned(),
            // The checksum is left out, cut, or another one.
            format!("{body}\n{end}"),
            format!("{body}\n=AB\n{end}"),
            format!("{body}\n=AAAA\n{end}"),
            format!("{body}=AAAA{end}"),
            // Headers, without the blank line after them.
            text.replacen("-----\n", headers, 1),
            text.replacen("-----\n\n", headers, 1),
            text.replacen("-----\n\n", "-----\n", 1),
            text.replacen("-----\n\n", "-----  \n \t\r\n\n\n", 1),
            text.replace('\n', " "),
            // Quoted and indented.
            format!("> {}", text.replace('\n', "\n> ")),
            format!(">> {}", text.replace('\n', "\n>>")),
            format!(" \t{}", text.replace('\n', "\n    ")),
            // Among other text.
            format!("From: us\n\nHello - see -----BEGIN PGP MESSAGE----- below\n{text}"),
            format!("{text}-- \nRegards, - and no more\n"),
        ] {
            assert!(read(layout.as_bytes()).unwrap() == octets, "{layout:.200}");
            let slow = ByteByByte(layout.as_bytes());
            assert!(read(slow).unwrap() == octets, "{layout:.200}");
        }
    }
}

#[test]
fn armor_that_was_cut_off_or_altered_is_refused() {
    let octets = openpgp(100_000);
    let text = armor(&octets);
    let whole = text.trim_end();
    for left in [
        40,
        60_000,
        whole.len() - 34,
        whole.len() - 28,
        whole.len() - 1,
    ] {
        let outcome = read(&whole.as_bytes()[..left]);
        assert_eq!(outcome, Err(MessageFault::Truncated), "{left}");
    }
    for at in [100, 70_000, text.len() - 50] {
        for foreign in [b'!', b'_', b'=', b'>', b':', 0, 0xFF] {
            let mut text = text.clone().into_bytes();
            text[at] = foreign;
            assert_eq!(read(&*text), Err(MessageFault::Altered), "{at} {foreign}");
        }
    }
    let (body, end) = text.rsplit_once("\n-").unwrap();
    for behind in ["A", "AAAA", "=", "\nwQMDAAAAAAAA"] {
        let text = format!("{body}{behind}\n-{end}");
        assert_eq!(
            read(text.as_bytes()),
            Err(MessageFault::Altered),
            "{behind}"
        );
    }
    let dashes = text.replace("-----END", "----END");
    assert_eq!(read(dashes.as_bytes()), Err(MessageFault::Truncated));
}

#[test]
fn the_headers_of_armor_have_a_limit() {
    let octets = openpgp(100);
    let text = armor(&octets);
    let with = |headers: String| read(text.replacen("-----\n\n", &headers, 1).as_bytes());
    let some = format!("-----\n{}\n\n", "Comment: x\n".repeat(5000));
    assert_eq!(with(some).unwrap(), octets);
    // A line of base64 may be longer than all headers.
    let long = openpgp(100_000);
    for begin in [
        "-----BEGIN PGP MESSAGE-----\n\n",
        "-----BEGIN PGP MESSAGE-----\nHash: x\n\n",
        "-----BEGIN PGP MESSAGE-----",
    ] {
        let body = base64(&long).replace('\n', "");
        let text = format!("{begin}{body}\n-----END PGP MESSAGE-----\n");
        assert!(read(text.as_bytes()).unwrap() == long, "{begin}");
    }
    for many in [
        format!("-----\n{}\n", "Comment: x\n".repeat(6000)),
        format!("-----\nComment: {}\n\n", "x".repeat(66_000)),
        format!("-----\n{}\n", "Comment: xxxx\n".repeat(6000)),
        format!("-----{}\n\n", " ".repeat(66_000)),
        format!("-----\n\n{}", " ".repeat(66_000)),
        format!("-----\n{}", "\n".repeat(66_000)),
        format!("-----\n{}", "\r\n".repeat(33_000)),
    ] {
        let fault = with(many).unwrap_err().to_string();
        assert!(fault.contains("64 KiB of headers"), "{fault}");
    }
}

#[test]
fn base64_that_ends_early_is_truncated() {
    let octets = openpgp(100_000);
    let text = base64(&octets);
    let whole = text.trim_end();
    for cut in [1, 2, 3, 5, 50_001, whole.len() - 17] {
        let cut = &whole[..whole.len() - cut];
        let characters = cut.replace('\n', "").len();
        let outcome = read(cut.as_bytes());
        if characters.is_multiple_of(4) {
            // It is the message inside that ends early.
            assert!(outcome.unwrap().len() < octets.len());
        } else {
            assert_eq!(outcome, Err(MessageFault::Truncated), "{characters}");
        }
    }
}

#[test]
fn base64_with_anything_else_in_it_is_altered() {
    let octets = openpgp(100_000);
    let text = base64(&octets);
    assert!(text.trim_end().ends_with('='));
    for behind in [
        "AAAA",
        "A",
        "=",
        "\n\nhello",
        "!",
        "\0",
        "-----END CMS-----",
    ] {
        let text = format!("{text}{behind}");
        let (at_once, slowly) = (text.as_bytes(), ByteByByte(text.as_bytes()));
        assert_eq!(read(at_once), Err(MessageFault::Altered), "{behind}");
        assert_eq!(read(slowly), Err(MessageFault::Altered), "{behind}");
    }
    for at in [100, 70_000, text.len() - 6] {
        for foreign in [b'!', b'-', b'_', b'=', 0, 0xFF] {
            let mut text = text.clone().into_bytes();
            text[at] = foreign;
            assert_eq!(read(&*text), Err(MessageFault::Altered), "{at} {foreign}");
        }
    }
    // Bits that the padding leaves over are zero, or the text was altered.
    let text = base64(&openpgp(97));
    assert!(text.ends_with("5Q==\n"), "{text}");
    let text = text.replace("5Q==", "5R==");
    assert_eq!(read(text.as_bytes()), Err(MessageFault::Altered));
}

#[test]
fn an_error_is_final() {
    for (text, octets) in [("wQMDAA==!", 4), ("wQMDAAA", 3), ("wQMDAAAA!!!!", 6)] {
        let text = format!("{}{text}", " ".repeat(WINDOW));
        let mut decoded = Decoded::new(BufReader::with_capacity(4, text.as_bytes()), None);
        let mut found = Vec::new();
        assert!(decoded.read_to_end(&mut found).is_err());
        assert!(found.len() <= octets, "{text}");
        assert!(decoded.fill_buf().is_err());
    }
}

#[test]
fn plain_text_is_not_a_message() {
    for text in [
        "",
        "\n",
        "plain text",
        "hello world, this is some plain text",
        "helloworldthisissomeplaintextwithoutblanks",
        "hQEMA", // as much of a PKESK as can't be distinguished from a word
        "0123456789",
        "MIIB",
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA", // a public key
        "-----BEGIN CMS-----",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        "-----BEGIN PGP MESSAGE----",
        "a CMS block within a line: -----BEGIN CMS-----\nwQMDAA==\n-----END CMS-----\n",
    ] {
        let fault = read(text.as_bytes()).unwrap_err();
        let expected = match text {
            "-----BEGIN CMS-----" => MessageFault::Truncated,
            _ => MessageFault::NotAMessage,
        };
        assert_eq!(fault, expected, "{text:?}");
    }
    // The base64 of a literal packet and of an empty message.
    assert_eq!(
        read(&b"ywhiAAAAAABoaQ=="[..]),
        Err(MessageFault::NotAMessage)
    );
    let empty = b"-----BEGIN CMS-----\n-----END CMS-----\n";
    assert_eq!(read(&empty[..]), Err(MessageFault::NotAMessage));
}

#[test]
fn the_base64_of_every_beginning_is_recognised() {
    for octets in [
        &b"\x85\x01\x0c\x03abcdefgh"[..],
        b"\x84\x5e\x03abcdefgh",
        b"\xc1\xc0\x4c\x03abcdefgh",
        b"\xc1\xff\0\0\x01\0\x06abcdefgh",
        b"\xc3\x2e\x04abcdefgh",
        b"\xd2\xea\x02abcdefgh",
        b"\xd2\x40\x01abcdefgh",
        b"\xca\x03PGP\xc1\x03\x03",
        b"\x30\x80\x06\x09abcd",
        b"\x30\x83\x01\0\0\x06\x09abcd",
        b"\x30\x88\0\0\0\0\0\x01\0\0\x06\x09abcd",
        b"\x30\x20\x06\x09abcd",
    ] {
        assert_eq!(read(base64(octets).as_bytes()).unwrap(), octets);
    }
}

proptest! {
    #[test]
    fn no_input_makes_it_panic(input: Vec<u8>) {
        let _ = read(&*input);
        let _ = read(&*[b"wQMD", &*input].concat());
        let _ = read(&*[b"-----BEGIN CMS-----\nMIAGCSqG", &*input].concat());
    }

    #[test]
    fn no_text_makes_it_panic(input in "[ \n\rA-Za-z0-9+/=-]{0,200}") {
        let _ = read(input.as_bytes());
        let _ = read(format!("wQMD{input}").as_bytes());
        let _ = read(format!("-----BEGIN PKCS7-----{input}-----END PKCS7-----").as_bytes());
        let _ = read(format!("-----BEGIN PGP MESSAGE-----\n\n{input}").as_bytes());
        for encoding in ["base64", "quoted-printable"] {
            let header = format!("Content-Transfer-Encoding: {encoding}\n");
            let part = format!("{header}\nwQMD{input}\n");
            let _ = read(part.as_bytes());
            let header = "Content-Type: multipart/mixed; boundary=-\n";
            let _ = read(format!("{header}\n---\n{part}---\n{input}").as_bytes());
        }
    }

    #[test]
    fn any_message_comes_back(
        content: Vec<u8>,
        parts in prop::collection::vec(1..2000usize, 1..9),
        length in 0..150_000usize,
    ) {
        let octets = [openpgp(length), content].concat();
        let mut text = Vec::new();
        let mut writer = Base64Writer::new(&mut text, 57);
        let mut rest = &*octets;
        for part in parts.iter().cycle() {
            let (now, later) = rest.split_at(rest.len().min(*part));
            writer.write_all(now).unwrap();
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        writer.finish().unwrap();
        prop_assert!(read(&*text).unwrap() == octets);
    }
}
