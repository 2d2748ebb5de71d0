//! Second messages next to a text.

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
