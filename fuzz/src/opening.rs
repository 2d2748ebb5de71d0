//! Opening with every keyring.

use std::io::Read;

use callseal::keys::Keyring;
use callseal::message::{Envelope, Limits, OpenError, OpenMessage, Opened, Opener};

use super::pieces::Pieces;
use super::sealed::{EMPTY, KEYRINGS, LONG, SHORT};

/// The limit on expansion of a message.
const EXPANSION: u64 = 1 << 20;

/// The output of a message.
#[derive(Debug, PartialEq, Eq)]
pub struct Plain {
    pub name: Vec<u8>,
    pub opened: Opened,
    pub content: Vec<u8>,
}

/// The reason why a message doesn't open, and its output until then.
#[derive(Debug, PartialEq, Eq)]
pub struct Failed {
    pub said: String,
    pub content: Vec<u8>,
}

impl From<OpenError> for Failed {
    fn from(error: OpenError) -> Self {
        Self {
            said: error.to_string(),
            content: Vec::new(),
        }
    }
}

/// Opens a message with the first key that fits. Otherwise returns the failure
/// of the first key that gets anywhere.
pub fn open<R: Read + Send + Sync>(source: impl Fn() -> R) -> Result<Plain, Failed> {
    let mut outcome = open_with(&KEYRINGS[0], source());
    for keyring in KEYRINGS.iter().skip(1) {
        match &outcome {
            Err(failed) if failed.content.is_empty() => {}
            _ => break,
        }
        outcome = open_with(keyring, source());
    }
    outcome
}

/// Opens a message again, at once and in pieces, to the same. The error of a
/// message with several faults depends on which shows first.
pub fn assert_same_again(message: &[u8], outcome: &Result<Plain, Failed>) {
    assert_eq!(open(|| message), *outcome);
    let in_pieces = open(|| Pieces::new(message, 7));
    match (&in_pieces, outcome) {
        (Err(failed), Err(before)) => assert_eq!(failed.content, before.content),
        _ => assert_eq!(in_pieces, *outcome),
    }
}

/// Opens a message with one key.
fn open_with(keyring: &Keyring, source: impl Read + Send + Sync) -> Result<Plain, Failed> {
    let limits = Limits::new(EXPANSION, EXPANSION);
    let opener = Opener::new(keyring).with_limits(&limits);
    let message = OpenMessage::begin(source, &opener)?;
    let name = message.name().to_owned();
    let format = message.format();
    let mut content = Vec::new();
    match message.stream_to(&mut content, std::env::temp_dir()) {
        Ok(opened) => {
            assert_eq!(opened.format, format);
            assert_eq!(opened.length, content.len() as u64);
            Ok(Plain {
                name,
                opened,
                content,
            })
        }
        Err(error) => Err(Failed {
            content,
            ..error.into()
        }),
    }
}

/// Returns the public part of a message.
pub fn envelope(source: impl Read + Send + Sync) -> Result<Envelope, String> {
    Envelope::read(source).map_err(|error| error.to_string())
}

/// Checks that authentic output is one of the files in `sealed/`, or its start
/// if the rest fails.
pub fn assert_sealed(outcome: &Result<Plain, Failed>) {
    let files = [SHORT, LONG, EMPTY];
    let is_sealed = match outcome {
        Ok(plain) => {
            let literal = plain.name.as_slice();
            !plain.opened.format.is_authenticated()
                || files.iter().any(|(name, content)| {
                    (literal.is_empty() || literal == name.as_bytes())
                        && plain.content == content.as_bytes()
                })
        }
        Err(failed) => {
            let mut starts = files.iter().map(|(_, content)| content.as_bytes());
            starts.any(|content| content.starts_with(&failed.content))
        }
    };
    assert!(is_sealed, "what came out was never sealed: {outcome:?}");
}
