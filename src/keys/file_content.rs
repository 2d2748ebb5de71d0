//! The content of certificate and key files, recognised by the content alone.

use std::fs::Metadata;
use std::io::{self, Read};
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use openssl::pkey::PKey;
use zeroize::Zeroizing;

use crate::files::input;
use crate::keys::forget_openssl_errors;

/// The size limit of certificate and key files: 1 MiB.
pub(crate) const MAX_KEY_FILE: u64 = 1 << 20;

/// The start of a block's first line.
const BEGIN: &[u8] = b"-----BEGIN ";

/// The content of a certificate or key file, wiped from memory when dropped.
pub(crate) type Bytes = Zeroizing<Vec<u8>>;

/// Reads a certificate or key file of at most [`MAX_KEY_FILE`] bytes.
pub(crate) fn read(path: &Path) -> io::Result<Bytes> {
    read_up_to(path, MAX_KEY_FILE)
}

/// Reads a file of at most `limit` bytes, some MiB.
pub(crate) fn read_up_to(path: &Path, limit: u64) -> io::Result<Bytes> {
    read_with_metadata(path, limit).map(|(bytes, _)| bytes)
}

/// Reads the beginning of a file, of at most [`MAX_KEY_FILE`] bytes.
pub(crate) fn read_start(path: &Path) -> io::Result<Bytes> {
    let mut start = Zeroizing::new(Vec::new());
    input::open(path)?
        .take(MAX_KEY_FILE)
        .read_to_end(&mut start)?;
    Ok(start)
}

/// Reads a private key's file of at most [`MAX_KEY_FILE`] bytes. Also returns
/// whether it is exposed: whether every user of the machine can read or change
/// it.
pub(crate) fn read_key(path: &Path) -> io::Result<(Bytes, bool)> {
    let (bytes, metadata) = read_with_metadata(path, MAX_KEY_FILE)?;
    Ok((bytes, is_exposed(&metadata)))
}

fn read_with_metadata(path: &Path, limit: u64) -> io::Result<(Bytes, Metadata)> {
    // Errors of an earlier file must not be reported for this one.
    forget_openssl_errors();
    // The capacity is reserved in advance: growing would leave copies of a
    // private key in freed memory.
    let file = input::open(path)?;
    let metadata = file.metadata()?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(
        usize::try_from(metadata.len().min(limit) + 1).unwrap_or(0),
    ));
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!(
                "larger than {} MiB, which keys and certificates aren't",
                limit >> 20
            ),
        ));
    }
    Ok((bytes, metadata))
}

/// Pipes and other special files are not on a disk for others to read.
#[cfg(unix)]
fn is_exposed(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.is_file() && metadata.permissions().mode() & 0o006 != 0
}

/// Other systems have no modes.
#[cfg(not(unix))]
fn is_exposed(_: &Metadata) -> bool {
    false
}

/// The form of a file's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// At least one `-----BEGIN …-----` line (RFC 7468; RFC 9580, section 6).
    Pem,
    /// Starts as an ASN.1 SEQUENCE.
    Der,
    /// Starts as a binary OpenPGP packet.
    OpenPgp,
    /// None of these.
    Unknown,
}

/// Recognises the form of a file's content.
pub(crate) fn form(bytes: &[u8]) -> Form {
    if blocks(bytes).next().is_some() {
        return Form::Pem;
    }
    match bytes.first() {
        Some(0x30) => Form::Der,
        // RFC 9580, section 4.2: bit 7 of a packet's first octet is always set.
        Some(octet) if octet & 0x80 != 0 => Form::OpenPgp,
        _ => Form::Unknown,
    }
}

/// One `-----BEGIN X-----` … `-----END X-----` block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block<'a> {
    /// The text between `BEGIN` and the dashes.
    pub label: &'a str,
    /// The block, its first and last line included.
    pub text: &'a [u8],
}

impl Block<'_> {
    /// Returns whether this block holds private key material, locked or not.
    pub fn is_private(&self) -> bool {
        is_private(self.label)
    }

    /// Returns whether this block holds an X.509 certificate.
    pub fn is_x509(&self) -> bool {
        is_x509(self.label)
    }

    /// Returns whether this block holds OpenPGP certificates.
    pub fn is_openpgp(&self) -> bool {
        self.label == "PGP PUBLIC KEY BLOCK"
    }

    /// Returns whether this block holds a certificate or public key of any
    /// kind.
    pub fn is_public(&self) -> bool {
        self.is_x509() || self.is_openpgp() || self.label.ends_with("PUBLIC KEY")
    }

    /// Returns whether a passphrase locks this block: PKCS#8 says so in its
    /// label, the older form in its `Proc-Type` header (RFC 1421, section
    /// 4.6.1.1).
    pub fn is_locked(&self) -> bool {
        self.label == "ENCRYPTED PRIVATE KEY"
            || self
                .text
                .windows(b"Proc-Type: 4,ENCRYPTED".len())
                .any(|window| window == b"Proc-Type: 4,ENCRYPTED")
    }
}

/// Returns whether blocks with this label hold private key material.
pub(crate) fn is_private(label: &str) -> bool {
    label.ends_with("PRIVATE KEY") || label == "PGP PRIVATE KEY BLOCK"
}

/// Returns whether blocks with this label hold an X.509 certificate.
pub(crate) fn is_x509(label: &str) -> bool {
    matches!(
        label,
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE"
    )
}

/// Returns whether more blocks of a kind begin than [`blocks`] finds: one of
/// them, or one before them, has no end. That is how a copy that was cut off
/// looks.
pub(crate) fn is_cut_off(bytes: &[u8], kind: &dyn Fn(&str) -> bool) -> bool {
    let mut begun = 0;
    let mut rest = bytes;
    while let Some(from) = find_line(rest, BEGIN).and_then(|start| rest.get(start..)) {
        let Some(after) = from.get(BEGIN.len()..) else {
            break;
        };
        begun += usize::from(label(after).is_some_and(kind));
        rest = after;
    }
    begun > blocks(bytes).filter(|block| kind(block.label)).count()
}

/// Returns the PEM and armor blocks of a file in order. The text around them is
/// ignored.
pub(crate) fn blocks(bytes: &[u8]) -> impl Iterator<Item = Block<'_>> + Clone {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        loop {
            let start = find_line(rest, BEGIN)?;
            let from_begin = rest.get(start..)?;
            let label = label(from_begin.get(BEGIN.len()..)?);
            let Some(label) = label else {
                rest = from_begin.get(1..)?;
                continue;
            };
            let end_line = [b"-----END ", label.as_bytes(), b"-----"].concat();
            let end = find_line(from_begin, &end_line)?.checked_add(end_line.len())?;
            let text = from_begin.get(..end)?;
            rest = from_begin.get(end..)?;
            return Some(Block { label, text });
        }
    })
}

/// Returns the offset of the first line that starts with `marker`, after any
/// white space.
pub(crate) fn find_line(bytes: &[u8], marker: &[u8]) -> Option<usize> {
    let mut offset = 0;
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        let indent = line
            .iter()
            .take_while(|b| matches!(b, b' ' | b'\t' | 0xEF | 0xBB | 0xBF))
            .count();
        if line.get(indent..).is_some_and(|l| l.starts_with(marker)) {
            return Some(offset + indent);
        }
        offset += line.len();
    }
    None
}

/// Returns the label at the start of `bytes`, up to the dashes that end its
/// line.
fn label(bytes: &[u8]) -> Option<&str> {
    let line = bytes.split(|&b| b == b'\n' || b == b'\r').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let (label, rest) = line.split_once("-----")?;
    (rest.trim().is_empty() && !label.is_empty()).then_some(label)
}

/// Returns whether a DER file is a private key, locked or not.
pub(crate) fn is_private_der(bytes: &[u8]) -> bool {
    is_locked_pkcs8(bytes) || PKey::private_key_from_der(bytes).is_ok()
}

/// Returns whether a DER file is a PKCS#12 keystore (RFC 7292, section 4): a
/// SEQUENCE that starts with the version 3, and a SEQUENCE.
pub(crate) fn is_pkcs12(bytes: &[u8]) -> bool {
    inside(bytes, 0x30).is_some_and(|content| content.starts_with(&[2, 1, 3, 0x30]))
}

/// Returns the content after a tag and its 1 to 5 length octets.
fn inside(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let (first, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    let more = match length {
        0x00..=0x80 => 0,
        0x81..=0x84 => usize::from(length & 0x7f),
        _ => return None,
    };
    (*first == tag).then_some(rest.get(more..)?)
}

/// Returns the name of the scheme that locks a PEM block.
pub(crate) fn lock_name(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    // RFC 1421, section 4.6.1.3.
    if let Some((_, after)) = text.split_once("DEK-Info:") {
        return Some(after.split([',', '\n']).next()?.trim().to_owned());
    }
    scheme_name(&base64(text.as_bytes())?)
}

/// Returns the octets of a PEM block without headers, whatever the length of its
/// lines.
pub(crate) fn base64(text: &[u8]) -> Option<Bytes> {
    let text = std::str::from_utf8(text).ok()?;
    let lines = text.lines().filter(|line| !line.contains("-----"));
    let mut base64 = Zeroizing::new(String::with_capacity(text.len()));
    base64.extend(lines.map(str::trim));
    BASE64_STANDARD.decode(&*base64).ok().map(Zeroizing::new)
}

/// Returns the name of the scheme that locks an EncryptedPrivateKeyInfo.
pub(crate) fn scheme_name(bytes: &[u8]) -> Option<String> {
    let scheme = inside(inside(bytes, 0x30)?, 0x30)?;
    let length = usize::from(*scheme.get(1)?);
    let oid = bcder::Oid(scheme.strip_prefix(&[6])?.get(1..=length)?).to_string();
    let object = openssl::asn1::Asn1Object::from_str(&oid).ok()?;
    object.nid().long_name().ok().map(str::to_owned)
}

/// Returns whether a DER file is an EncryptedPrivateKeyInfo (RFC 5958, section
/// 3): a SEQUENCE that starts with the SEQUENCE of a password-based scheme's
/// identifier, from PKCS#5 or PKCS#12.
pub(crate) fn is_locked_pkcs8(bytes: &[u8]) -> bool {
    const PKCS5: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05";
    const PKCS12_PBE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01";
    inside(bytes, 0x30)
        .and_then(|outer| inside(outer, 0x30))
        .and_then(|scheme| inside(scheme, 0x06))
        .is_some_and(|oid| oid.starts_with(PKCS5) || oid.starts_with(PKCS12_PBE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_amid_text_with_crlf_line_ends() {
        let file = b"subject=CN = a\r\n-----BEGIN CERTIFICATE-----\r\nAAAA\r\n-----END CERTIFICATE-----\r\nBag\n-----BEGIN PUBLIC KEY-----\nBB\n-----END PUBLIC KEY-----";
        let labels: Vec<_> = blocks(file).map(|b| b.label).collect();
        assert_eq!(labels, ["CERTIFICATE", "PUBLIC KEY"]);
        assert_eq!(form(file), Form::Pem);
    }

    #[test]
    fn a_block_without_an_end_is_not_found() {
        assert_eq!(blocks(b"-----BEGIN CERTIFICATE-----\nAAAA\n").count(), 0);
    }

    #[test]
    fn a_file_is_cut_off_where_a_block_has_no_end() {
        let whole = b"-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n".to_vec();
        let cut = b"-----BEGIN CERTIFICATE-----\nA\n-----END CERT\n".to_vec();
        let note = b"-----BEGIN OF THE LIST-----\n".to_vec();
        let is_cut_off = |parts: &[&Vec<u8>]| {
            let file: Vec<u8> = parts.iter().copied().flatten().copied().collect();
            super::is_cut_off(&file, &is_x509)
        };
        assert!(!is_cut_off(&[&whole, &whole]));
        assert!(!is_cut_off(&[&whole, &note]));
        assert!(is_cut_off(&[&cut]));
        assert!(is_cut_off(&[&whole, &cut]));
        // It swallows the next one, and the note all that follow.
        assert!(is_cut_off(&[&cut, &whole]));
        assert!(is_cut_off(&[&note, &whole]));
    }

    #[test]
    fn a_locked_block_is_recognised_by_label_or_header() {
        let locked = |text: &'static [u8]| blocks(text).next().is_some_and(|b| b.is_locked());
        assert!(locked(
            b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nA\n-----END ENCRYPTED PRIVATE KEY-----\n"
        ));
        assert!(locked(
            b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nA\n-----END RSA PRIVATE KEY-----\n"
        ));
        assert!(!locked(
            b"-----BEGIN PRIVATE KEY-----\nA\n-----END PRIVATE KEY-----\n"
        ));
    }

    #[test]
    fn binary_forms_are_recognised_by_their_first_octet() {
        assert_eq!(form(b"\x30\x82"), Form::Der);
        assert_eq!(form(b"\xc6\x33"), Form::OpenPgp);
        assert_eq!(form(b"hello"), Form::Unknown);
        assert_eq!(form(b""), Form::Unknown);
    }
}
