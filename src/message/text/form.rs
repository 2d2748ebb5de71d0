//! The form in which a file holds a message.

use std::io::{self, BufRead, BufReader, Read};

use super::block::Block;
use super::{HEAD, WINDOW, begins_content_info, begins_message, is_base64, read_on, without_mark};
use crate::message::seal::Armor;

/// The limit of a line of armor in bytes. Those of RFC 9580 and RFC 7468 have 76
/// and 64 characters.
const MAX_LINE: u64 = 4096;

/// The form in which a file holds a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    /// How a message is written in that form: binary if it's a part of a mail.
    pub armor: Armor,
    /// Whether nothing else is in the file: no text around the message, no armor
    /// headers.
    pub is_whole: bool,
}

/// Finds the form in which a file holds a message that can be opened.
pub(crate) fn form_of(source: impl Read) -> io::Result<Form> {
    let mut source = BufReader::new(source);
    let start = read_on(Vec::new(), HEAD, &mut source)?;
    let form = |armor, is_whole| Form { armor, is_whole };
    // Nothing but padding can follow in these two forms.
    if begins_message(&start) || begins_content_info(&start) {
        return Ok(form(Armor::Binary, true));
    }
    let start = read_on(start, WINDOW, &mut source)?;
    let text = without_mark(&start).trim_ascii_start();
    if is_base64(text) {
        return Ok(form(Armor::Base64, true));
    }
    let block = match text.starts_with(b"-----BEGIN ") {
        true => Block::find(text).filter(|block| block.is_first()),
        false => None,
    };
    let Some(block) = block else {
        return Ok(form(Armor::Binary, false));
    };
    let (_, content) = text.split_at(block.content());
    let mut content = content.chain(source);
    Ok(form(Armor::Ascii, is_bare(&block, &mut content)?))
}

/// Returns whether a block has no headers, and nothing follows it.
fn is_bare(block: &Block, content: &mut impl BufRead) -> io::Result<bool> {
    let mut line = Vec::new();
    let mut next = |content: &mut dyn BufRead| {
        line.clear();
        content.take(MAX_LINE).read_until(b'\n', &mut line)?;
        Ok::<_, io::Error>(line.trim_ascii().to_vec())
    };
    // The rest of its first line, and where it may have headers, the one after it.
    let is_blank = next(content)?.is_empty();
    if !is_blank || block.may_have_checksum() && !next(content)?.is_empty() {
        return Ok(false);
    }
    loop {
        let line = next(content)?;
        if line == block.end() {
            break;
        }
        if line.is_empty() && content.fill_buf()?.is_empty() {
            return Ok(false);
        }
    }
    loop {
        let rest = content.fill_buf()?;
        let length = rest.len();
        if length == 0 {
            return Ok(true);
        }
        if !rest.trim_ascii().is_empty() {
            return Ok(false);
        }
        content.consume(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARMOR: &str = "-----BEGIN PGP MESSAGE-----\n\nwcBM\n=abcd\n-----END PGP MESSAGE-----\n";
    const PEM: &str = "-----BEGIN CMS-----\r\nMIIB\r\n-----END CMS-----\r\n";

    #[track_caller]
    fn is(text: &str, armor: Armor, is_whole: bool) {
        let form = form_of(text.as_bytes()).unwrap();
        assert_eq!(form, Form { armor, is_whole }, "{text}");
    }

    #[test]
    fn a_block_alone_is_whole() {
        for block in [ARMOR, PEM] {
            is(block, Armor::Ascii, true);
            is(&format!("\u{feff}\n  \n{block}\n \r\n"), Armor::Ascii, true);
        }
    }

    #[test]
    fn what_surrounds_a_block_would_be_lost() {
        for block in [ARMOR, PEM] {
            is(&format!("{block}note\n"), Armor::Ascii, false);
            is(&format!("{block}{block}"), Armor::Ascii, false);
            let certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
            is(&format!("{certificate}{block}"), Armor::Binary, false);
            is(&format!("Hello,\n\n{block}"), Armor::Binary, false);
            let (cut, _) = block.split_at(block.len() - 10);
            is(cut, Armor::Ascii, false);
        }
        let header = ARMOR.replacen("\n\n", "\nComment: ticket 4711\n\n", 1);
        is(&header, Armor::Ascii, false);
    }

    #[test]
    fn bare_base64_stays_bare() {
        is("MIIBAAYJKoZIhvcNAQcDoIIB", Armor::Base64, true);
    }
}
