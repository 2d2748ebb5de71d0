//! Legacy, and **not authenticated**: fields in AES-CBC under a shared key, as
//! a widespread Python sample seals them. For existing data, and for peers that
//! can't do better.
//!
//! The string that replaces a value is the base64 of a random initialisation
//! vector of 16 bytes and the ciphertext after it: AES in CBC mode, with PKCS#7
//! padding. A string is sealed as its UTF-8 text, any other value as its JSON
//! text. The layout doesn't show which of them it was, so an opened value is
//! always a string.
//!
//! Anyone who can change such a document can change its values, in part even at
//! will, unnoticed: a wrong key or a changed value is detected only by chance.
//! Anyone who can have many documents opened, and learns which of them fail,
//! can read values without the key.

use std::fmt;
use std::path::Path;

use openssl::rand::rand_bytes;
use openssl::symm::{Cipher, decrypt, encrypt};
use thiserror::Error;
use zeroize::Zeroizing;

use super::document::{self, Edit, ValueKind, span};
use super::envelope::{from_base64, to_base64};
use super::error::DocumentError;
use super::select::{Finder, Missing, Selection};
use super::walk::Place;
use super::{Convert, Document};
use crate::files::cause;
use crate::keys::read_key_file;
use crate::message::SealError;

/// The length of an initialisation vector in bytes.
const IV: usize = 16;

/// The written form of an AES key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyForm {
    /// As it is: 16, 24 or 32 bytes.
    Raw,
    /// As 32, 48 or 64 hexadecimal digits.
    Hex,
    /// As 16, 24 or 32 ASCII characters, which are used as bytes whatever they
    /// look like. (The sample uses 32 hexadecimal digits so.)
    Text,
}

/// An AES key, wiped from memory when dropped and never shown.
#[derive(Clone)]
pub struct AesCbcKey {
    bytes: Zeroizing<Vec<u8>>,
    exposed: bool,
}

/// Why something is not an AES key. The text contains nothing of it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AesCbcKeyError {
    /// Its file can't be read.
    #[error("{}", cause(.0))]
    Unreadable(std::io::Error),
    /// Its length is wrong.
    #[error("it does not have 16, 24 or 32 bytes")]
    RawLength,
    /// It has other characters, or another number of them.
    #[error("it does not have 32, 48 or 64 hexadecimal digits")]
    Hex,
    /// It has other characters, or another number of them.
    #[error("it does not have 16, 24 or 32 ASCII characters")]
    Text,
}

impl AesCbcKey {
    /// Takes a key in that form. A final line end is dropped from a key in
    /// digits or characters.
    ///
    /// # Errors
    ///
    /// It is not a key of that form.
    pub fn new(key: &[u8], form: KeyForm) -> Result<Self, AesCbcKeyError> {
        let line = key.strip_suffix(b"\n").unwrap_or(key);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (bytes, fault) = match form {
            KeyForm::Raw => (Some(key.to_vec()), AesCbcKeyError::RawLength),
            KeyForm::Hex => (from_hex(line), AesCbcKeyError::Hex),
            KeyForm::Text => (line.is_ascii().then(|| line.to_vec()), AesCbcKeyError::Text),
        };
        let bytes = Zeroizing::new(bytes.unwrap_or_default());
        match bytes.len() {
            16 | 24 | 32 => Ok(Self {
                bytes,
                exposed: false,
            }),
            _ => Err(fault),
        }
    }

    /// Reads a file that holds only a key in that form.
    ///
    /// # Errors
    ///
    /// The file can't be read, or doesn't hold a key of that form.
    pub fn load(path: &Path, form: KeyForm) -> Result<Self, AesCbcKeyError> {
        let (bytes, exposed) = read_key_file(path).map_err(AesCbcKeyError::Unreadable)?;
        Ok(Self {
            exposed,
            ..Self::new(&bytes, form)?
        })
    }

    /// Returns whether it came from a file that every user of the machine can
    /// read or change.
    pub fn is_exposed(&self) -> bool {
        self.exposed
    }

    /// Seals texts as a whole, each to one string of base64, outside of JSON.
    pub fn text_sealer(&self) -> impl Convert {
        TextSealer(self)
    }

    /// Opens such strings, each on a line. **The result is not authenticated.**
    pub fn text_opener(&self) -> impl Convert {
        TextOpener(self)
    }

    fn cipher(&self) -> Cipher {
        match self.bytes.len() {
            16 => Cipher::aes_128_cbc(),
            24 => Cipher::aes_192_cbc(),
            _ => Cipher::aes_256_cbc(),
        }
    }

    /// Returns the text, sealed.
    fn seal(&self, text: &str) -> Result<String, DocumentError> {
        let mut iv = [0; IV];
        let encrypted = rand_bytes(&mut iv)
            .and_then(|()| encrypt(self.cipher(), &self.bytes, Some(&iv), text.as_bytes()));
        let encrypted = encrypted.map_err(|e| SealError::Write(e.into()))?;
        Ok(to_base64(&[&iv[..], &encrypted].concat()))
    }

    /// Returns the text that was sealed.
    fn open(&self, sealed: &str) -> Result<Zeroizing<String>, NotOpened> {
        let sealed = from_base64(sealed)
            .filter(|sealed| sealed.len() >= 2 * IV && sealed.len() % IV == 0)
            .ok_or(NotOpened::NotSealed)?;
        let (iv, encrypted) = sealed.split_at(IV);
        let content = decrypt(self.cipher(), &self.bytes, Some(iv), encrypted);
        // The error doesn't show either which of the two was wrong.
        let content = content
            .map(Zeroizing::new)
            .map_err(|_| NotOpened::WrongKey)?;
        let text = std::str::from_utf8(&content).map_err(|_| NotOpened::WrongKey)?;
        Ok(Zeroizing::new(text.to_owned()))
    }
}

/// Why a string doesn't open.
enum NotOpened {
    /// It isn't in this layout.
    NotSealed,
    WrongKey,
}

impl fmt::Debug for AesCbcKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AesCbcKey(…)")
    }
}

fn from_hex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    // The capacity is reserved in advance: growing would leave copies that
    // nobody wipes.
    let mut bytes = Vec::with_capacity(digits.len() / 2);
    for pair in digits.chunks(2) {
        let &[high, low] = pair else { return None };
        bytes.push(u8::try_from(digit(high)? * 16 + digit(low)?).ok()?);
    }
    Some(bytes)
}

/// Seals fields in the legacy layout. One serves any number of threads.
#[derive(Clone, Debug)]
pub struct AesCbcSealer<'a> {
    key: &'a AesCbcKey,
    finder: Finder<'a>,
}

impl<'a> AesCbcSealer<'a> {
    /// Seals the selected fields. `missing` says what happens to documents
    /// that lack one.
    pub fn new(key: &'a AesCbcKey, selection: &'a Selection, missing: Missing) -> Self {
        Self {
            key,
            finder: Finder::new(selection, missing),
        }
    }

    /// Seals the selected fields of one document. It can't be detected whether
    /// one is already sealed.
    ///
    /// # Errors
    ///
    /// It's not a JSON object, lacks a field, has one twice or too many of
    /// them, or is too large or nested too deep.
    pub fn seal(&self, text: &str) -> Result<Document, DocumentError> {
        replaced(text, &self.finder, &|place| {
            let value = place.value.get();
            let content = match value.starts_with('"') {
                true => document::unquoted(value).ok_or_else(|| DocumentError::NotText {
                    path: place.path.clone(),
                })?,
                false => value.into(),
            };
            let content = Zeroizing::new(content.into_owned());
            let sealed = self.key.seal(&content)?;
            Ok(Zeroizing::new(format!("\"{sealed}\"")))
        })
    }
}

impl Convert for AesCbcSealer<'_> {
    fn convert(&self, text: &str) -> Result<Document, DocumentError> {
        self.seal(text)
    }

    fn unmatched(&self) -> Vec<String> {
        self.finder.unmatched()
    }
}

/// Opens fields in the legacy layout. One serves any number of threads.
#[derive(Clone, Debug)]
pub struct AesCbcOpener<'a> {
    key: &'a AesCbcKey,
    finder: Finder<'a>,
}

impl<'a> AesCbcOpener<'a> {
    /// Opens the selected fields: the document doesn't show which are sealed.
    /// `missing` says what happens to documents that lack one.
    pub fn new(key: &'a AesCbcKey, selection: &'a Selection, missing: Missing) -> Self {
        Self {
            key,
            finder: Finder::new(selection, missing),
        }
    }

    /// Opens the selected fields of one document, each to a JSON string. **The
    /// result is not authenticated.**
    ///
    /// # Errors
    ///
    /// A field holds nothing in this layout, or the key doesn't fit it, as far
    /// as that can be detected; or the document could not be sealed either.
    pub fn open(&self, text: &str) -> Result<Document, DocumentError> {
        replaced(text, &self.finder, &|place| {
            let path = || place.path.clone();
            let sealed = document::unquoted(place.value.get());
            let text = sealed.map_or(Err(NotOpened::NotSealed), |text| self.key.open(&text));
            let text = text.map_err(|fault| match fault {
                NotOpened::NotSealed => DocumentError::NotSealed { path: path() },
                NotOpened::WrongKey => DocumentError::WrongKey { path: path() },
            })?;
            let text = serde_json::to_string(&*text);
            text.map(Zeroizing::new)
                .map_err(|_| DocumentError::Internal("a text is not JSON"))
        })
    }
}

impl Convert for AesCbcOpener<'_> {
    fn convert(&self, text: &str) -> Result<Document, DocumentError> {
        self.open(text)
    }

    fn unmatched(&self) -> Vec<String> {
        self.finder.unmatched()
    }
}

struct TextSealer<'a>(&'a AesCbcKey);

impl Convert for TextSealer<'_> {
    fn convert(&self, text: &str) -> Result<Document, DocumentError> {
        let (text, end) = without_line_end(text);
        Ok(Document {
            text: Zeroizing::new(self.0.seal(text)? + end),
            fields: 1,
        })
    }
}

struct TextOpener<'a>(&'a AesCbcKey);

impl Convert for TextOpener<'_> {
    fn convert(&self, text: &str) -> Result<Document, DocumentError> {
        let (sealed, end) = without_line_end(text);
        let text = self.0.open(sealed.trim()).map_err(|fault| match fault {
            NotOpened::NotSealed => DocumentError::BareNotSealed,
            NotOpened::WrongKey => DocumentError::BareWrongKey,
        })?;
        let mut opened = Zeroizing::new(String::with_capacity(text.len() + end.len()));
        opened.push_str(&text);
        opened.push_str(end);
        Ok(Document {
            text: opened,
            fields: 1,
        })
    }

    fn takes_lines(&self) -> bool {
        true
    }
}

/// Returns a line without its end, and the end.
fn without_line_end(line: &str) -> (&str, &str) {
    let text = line.strip_suffix('\n').unwrap_or(line);
    let text = text.strip_suffix('\r').unwrap_or(text);
    line.split_at(text.len())
}

/// Returns the document with each selected value replaced.
fn replaced(
    text: &str,
    finder: &Finder<'_>,
    replacement: &dyn Fn(&Place<'_>) -> Result<Zeroizing<String>, DocumentError>,
) -> Result<Document, DocumentError> {
    let root = document::parse(text)?;
    if document::kind(root) != ValueKind::Object {
        return Err(DocumentError::NotAnObject);
    }
    let places = finder.find(root)?;
    let edits = places.iter().map(|place| {
        Ok(Edit {
            at: span(text, place.value.get())?,
            with: replacement(place)?,
        })
    });
    let edits: Vec<Edit> = edits.collect::<Result<_, DocumentError>>()?;
    Ok(Document {
        text: document::edited(text, &edits)?,
        fields: places.len(),
    })
}
