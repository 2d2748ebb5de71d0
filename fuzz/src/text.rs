//! A message as text, in some layout and then changed.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::edits::edited;
use super::opening::{assert_same_again, assert_sealed, envelope, open};
use super::sealed::{MESSAGES, Message};

/// Checks an input. The first octets choose the message, the length of a line
/// and the rest of the layout; changes follow.
pub fn check(input: &[u8]) {
    let [choice, line, form, edits @ ..] = input else {
        return;
    };
    let original = &MESSAGES[usize::from(*choice) % MESSAGES.len()];
    let whole = laid_out(original, usize::from(*line) + 4, *form);
    let others = MESSAGES.map(|message| laid_out(&message, 64, *form));
    let sources: Vec<&[u8]> = others.iter().map(String::as_bytes).collect();
    let text = edited(whole.as_bytes(), edits, &sources);

    let opened = open(|| &*text);
    if text == whole.as_bytes() {
        let plain = opened
            .as_ref()
            .unwrap_or_else(|failed| panic!("{failed:?}: {whole}"));
        assert_eq!(plain.content, original.content.as_bytes());
    }
    assert_sealed(&opened);
    if opened.is_ok() {
        envelope(&*text).unwrap();
    }
    assert_same_again(&text, &opened);
}

/// Returns a message as text. Each bit of `form` stands for one feature of
/// texts.
fn laid_out(message: &Message, line: usize, form: u8) -> String {
    let has = |bit: u8| form >> bit & 1 == 1;
    let is_cms = message.bytes[0] == 0x30;
    let end = if has(0) { "\r\n" } else { "\n" };
    let base64 = BASE64_STANDARD.encode(message.bytes);
    let mut body = String::new();
    for piece in base64.as_bytes().chunks(line) {
        body.push_str(std::str::from_utf8(piece).unwrap());
        body.push_str(end);
    }
    let mut text = String::new();
    if has(1) {
        text.push('\u{feff}');
    }
    if has(2) {
        // Bare base64.
        text.push_str(if has(3) { end } else { "" });
        text.push_str(&body);
        text.push_str(if has(4) { end } else { "" });
        return text;
    }
    let label = match (is_cms, has(3)) {
        (true, false) => "CMS",
        (true, true) => "PKCS7",
        (false, _) => "PGP MESSAGE",
    };
    if has(4) {
        text.push_str(&format!("Dear colleague,{end}here it is.{end}{end}"));
    }
    text.push_str(&format!("-----BEGIN {label}-----{end}"));
    if !is_cms {
        text.push_str(&if has(5) {
            format!("Comment: a call{end}")
        } else {
            String::new()
        });
        text.push_str(&if has(6) {
            format!("Version: 1{end}")
        } else {
            String::new()
        });
        text.push_str(end);
    }
    text.push_str(&body);
    text.push_str(&format!("-----END {label}-----{end}"));
    if has(7) {
        text.push_str(&format!("{end}Good bye{end}"));
    }
    text
}
