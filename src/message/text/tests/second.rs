//! Second messages next to a text.

use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};

use super::*;

#[test]
fn a_second_message_is_refused_wherever_it_stands() {
    let (first, second) = (openpgp(100), openpgp(300));
    let seconds = [armor(&second), pem(CMS), pem(&second)];
    let part = armor(&second).replace("MESSAGE", "MESSAGE, PART 2/2");
    for one in [armor(&first), pem(&first), pem(CMS)] {
        for other in seconds.iter().chain([&part, &base64(&second)]) {
            let quoted = format!("> {}", other.replace('\n', "\n> "));
            let far = "Many words - and dashes\n".repeat(4000);
            let mut texts = vec![
                format!("{one}{other}"),
                format!("{one}\r\n \t\r\n{other}"),
                format!("{one}{other}").replace('\n', "\r\n"),
                // No line end between them.
                format!("{}{other}", one.trim_end()),
            ];
            if other.starts_with('-') {
                texts.extend([
                    format!("{one}Regards\n\n{other}"),
                    format!("{one}Regards{other}"),
                    format!("{one}{quoted}"),
                    format!("{one}{far}{other}"),
                    format!("{one}{}{other}", "-".repeat(65_530)),
                    format!("{one}{}{other}", " ".repeat(200_000)),
                ]);
            }
            for text in texts {
                for outcome in [read(text.as_bytes()), read(ByteByByte(text.as_bytes()))] {
                    let fault = outcome.unwrap_err();
                    let is_second = matches!(fault, MessageFault::SecondMessage(_));
                    assert!(is_second, "{fault}: {text:.1000}");
                }
            }
        }
        for other in [&second[..], b"\xD2\x40\x01", b"\x85\x01\x0c\x03abc", CMS] {
            let both = [one.as_bytes(), b"\n", other].concat();
            let fault = read(&*both).unwrap_err();
            assert!(matches!(fault, MessageFault::SecondMessage(_)), "{fault}");
        }
    }
}

#[test]
fn a_second_message_as_base64_is_distinguished_from_damage() {
    let texts = [base64(&openpgp(100)), base64(&openpgp(101)), base64(CMS)];
    for one in &texts {
        for other in &texts {
            let both = format!("{one}{other}");
            for outcome in [read(both.as_bytes()), read(ByteByByte(both.as_bytes()))] {
                match one.contains('=') {
                    true => {
                        let fault = outcome.unwrap_err();
                        assert!(matches!(fault, MessageFault::SecondMessage(_)), "{fault}");
                    }
                    // The octets of both, as their readers see them.
                    false => drop(outcome.unwrap()),
                }
            }
        }
    }
}

#[test]
fn other_text_after_a_message_is_not_a_message() {
    let one = armor(&openpgp(100));
    for other in [
        "-----BEGIN PGP SIGNATURE-----\n\nwsBc\n-----END PGP SIGNATURE-----\n",
        "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nxsBN\n-----END PGP PUBLIC KEY BLOCK-----\n",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        "-- \nhi there, hQEM - a word that begins as base64 does\n",
        "Ümläute, \u{280}\u{403}, 0\u{6}\n",
        "hQEMAz\n",
        "\0\0\0",
        "\u{1a}",
    ] {
        let both = format!("{one}{other}");
        assert_eq!(read(both.as_bytes()).unwrap(), openpgp(100), "{other}");
        assert_eq!(read(ByteByByte(both.as_bytes())).unwrap(), openpgp(100));
    }
}

#[test]
fn a_message_at_the_beginning_of_a_line_is_found_however_far_away() {
    let (one, other) = (armor(&openpgp(100)), base64(&openpgp(300)));
    let lines = "Many words\n".repeat(12_000);
    for length in (65_300..65_700).step_by(7) {
        let long = "*".repeat(length);
        for between in [
            lines.get(..length).unwrap(),
            &long,
            &format!("{long}\n{long}"),
        ] {
            let text = format!("{one}{between}\n> {other}");
            let fault = read(text.as_bytes()).unwrap_err();
            assert!(matches!(fault, MessageFault::SecondMessage(_)), "{fault}");
        }
    }
}

/// A message that begins with a session key sealed by RSA with 2048 bits, as no
/// chance yields.
fn sealed_by_rsa() -> Vec<u8> {
    let number = [&[0x08, 0x00, 0x80][..], &[0xA5; 255]].concat();
    [
        b"\x85\x01\x0C\x03\x01\x02\x03\x04\x05\x06\x07\x08\x01",
        &*number,
        b"\xD2\x03\x01\x02\x03",
    ]
    .concat()
}

#[test]
fn a_second_message_is_found_behind_any_other_text_on_any_line() {
    let (one, sealed) = (armor(&openpgp(100)), sealed_by_rsa());
    let other = base64(&sealed);
    let token = format!("{}\n", "x".repeat(64));
    let random = "MIID".repeat(16);
    for between in [
        format!("{}\n", "=".repeat(60)),
        "p8gNtcvBLcNkF5ZzJ1sYQ0lTzR3nqC2m6o4yVtKXw1E=\n".into(),
        token,
        format!("{random}\n"),
        "<m>".into(),
        "{\"m\":\"".into(),
        "data:application/octet-stream;base64,".into(),
        "* ".into(),
        "# ".into(),
        "Regards\r".into(),
        "Regards\u{B}".into(),
        "\u{A0}".into(),
        "(".repeat(50_000),
    ] {
        for text in [
            format!("{one}{between}{other}"),
            format!("{between}{other}\n{one}"),
            format!("{one}{between}{}", other.replace('\n', "\n# ")),
        ] {
            let fault = read(text.as_bytes()).unwrap_err();
            let is_second = matches!(fault, MessageFault::SecondMessage(_));
            assert!(is_second, "{fault}: {between:.80}");
        }
    }
    let text = format!("{one}{}{other}", "(".repeat(70_000));
    assert!(read(text.as_bytes()).is_err());
    for message in [&sealed[..], CMS] {
        let both = [one.as_bytes(), b"Regards, Bob", message].concat();
        let fault = read(&*both).unwrap_err();
        assert!(matches!(fault, MessageFault::SecondMessage(_)), "{fault}");
    }
}

#[test]
fn the_octets_of_a_message_come_before_the_text_behind_it_is_read() {
    struct Unread;
    impl Read for Unread {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            panic!("it is read");
        }
    }
    let message = openpgp(100);
    let text = format!("{}{}", armor(&message), "Some words\n".repeat(9000));
    let mut octets = binary(BufReader::new(text.as_bytes().chain(Unread))).unwrap();
    let mut first = vec![0; message.len()];
    octets.read_exact(&mut first).unwrap();
    assert_eq!(first, message);
}

#[test]
fn text_before_a_block_may_begin_with_any_letter() {
    let message = openpgp(100);
    let block = armor(&message);
    for before in ["Über die Gespräche:\n\n", "“Hello”\n", "\u{FEFF}Ärger\n"] {
        let text = format!("{before}{block}");
        assert_eq!(read(text.as_bytes()).unwrap(), message, "{before}");
    }
    let latin = [b"\xC4rger\n", block.as_bytes()].concat();
    assert_eq!(read(&*latin).unwrap(), message);
}

#[test]
fn a_message_inside_one_that_is_not_encrypted_stays_inside() {
    let block = armor(&openpgp(100));
    let content = format!("\n{block}");
    let literal = [b"\xCB\xFF\0\0\x01\x80b\0\0\0\0\0", content.as_bytes()].concat();
    assert_eq!(read(&*literal).unwrap(), literal);
}

#[test]
fn words_that_look_like_a_marker_packet_are_not_one() {
    let message = openpgp(100);
    for behind in ["\u{280}PGP\n".as_bytes(), b"\xCA PGP\n"] {
        let text = [armor(&message).as_bytes(), behind].concat();
        assert_eq!(read(&*text).unwrap(), message);
    }
}

#[test]
fn random_octets_and_random_base64_behind_a_message_are_not_one() {
    let message = openpgp(100);
    let mut random = vec![0; 1 << 20];
    StdRng::seed_from_u64(7).fill_bytes(&mut random);
    let attachment = base64(&random);
    let digests = random.chunks_exact(32).take(9000).map(base64);
    for base64 in [attachment, digests.collect()] {
        let text = format!("{}note\n{base64}", armor(&message));
        assert_eq!(read(text.as_bytes()).unwrap(), message);
    }
    // At the beginning of a line, less of a message is enough.
    random.retain(|octet| *octet != b'\n');
    let text = [armor(&message).as_bytes(), b"*", &random].concat();
    assert_eq!(read(&*text).unwrap(), message);
}

#[test]
fn a_line_of_other_base64_that_looks_like_a_message_is_not_one() {
    let message = armor(&openpgp(100));
    let line = "hQEMAwEC".repeat(8);
    assert!(is_base64(line.as_bytes()));
    let first = "MIID".repeat(16);
    let certificate = |lines: usize| {
        let lines = format!("{line}\n").repeat(lines);
        format!("-----BEGIN CERTIFICATE-----\n{first}\n{lines}-----END CERTIFICATE-----\n")
    };
    for lines in [1, 2, 18] {
        let certificate = certificate(lines);
        for text in [
            format!("{message}{certificate}"),
            format!("{certificate}{message}"),
        ] {
            assert_eq!(read(text.as_bytes()).unwrap(), openpgp(100));
        }
    }
    // In pieces.
    let text = format!("{message}{}", certificate(4000));
    assert_eq!(read(text.as_bytes()).unwrap(), openpgp(100));
}
