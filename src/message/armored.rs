//! Writing a message in the form that was chosen for it.

use std::io::{self, Write};

use sequoia_openpgp::armor::{Kind, Writer};

use super::seal::Armor;
use super::text::{Base64Writer, PemWriter};

/// The octets in a line of bare base64: 76 characters.
const BASE64_LINE: usize = 57;

/// Passes to `write` the sink of a message, which gives it its form: CMS messages
/// have a label for PEM. `failed` turns the sink's errors into those of `write`.
pub(super) fn write_as<T, E>(
    armor: Armor,
    pem_label: Option<&'static str>,
    mut sink: impl Write,
    failed: impl Fn(io::Error) -> E,
    write: impl FnOnce(&mut dyn Write) -> Result<T, E>,
) -> Result<T, E> {
    match (armor, pem_label) {
        (Armor::Binary, _) => write(&mut sink),
        (Armor::Ascii, None) => {
            let mut text = Writer::new(sink, Kind::Message).map_err(&failed)?;
            let written = write(&mut text)?;
            text.finalize().map_err(failed)?;
            Ok(written)
        }
        (Armor::Ascii, Some(label)) => {
            let mut text = PemWriter::new(sink, label).map_err(&failed)?;
            let written = write(&mut text)?;
            text.finish().map_err(failed)?;
            Ok(written)
        }
        (Armor::Base64, _) => {
            let mut text = Base64Writer::new(sink, BASE64_LINE);
            let written = write(&mut text)?;
            text.finish().map_err(failed)?;
            Ok(written)
        }
    }
}
