//! The kinds of files that are mistaken for certificates, keys and messages.

use std::path::Path;

use crate::files::BYTE_ORDER_MARK;
use crate::keys::file_content::{self, Form};
use crate::keys::file_details::{self, revocation};
use crate::keys::{pkcs7, ssh};

/// What a file is, if it isn't what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// There is nothing in it.
    Empty,
    /// Text in UTF-16, as Windows PowerShell writes it.
    Utf16,
    /// An X.509 certificate, or a public key.
    Certificate,
    /// An OpenPGP certificate.
    OpenPgpCertificate,
    /// A certificate signing request (PKCS#10).
    SigningRequest,
    /// A list of revoked certificates.
    Crl,
    /// A signature that revokes an OpenPGP certificate.
    Revocation,
    /// The same as GnuPG keeps it next to each key: disabled by a colon.
    DisabledRevocation,
    /// Certificates in PKCS#7 (`.p7b`).
    CertificateBundle,
    /// An SSH public key.
    SshPublicKey,
    /// A private key in PEM, DER or OpenPGP's form, or OpenSSH's.
    PrivateKey,
    /// PuTTY's own kind of private key (`.ppk`).
    PuttyKey,
    /// A PKCS#12 keystore (`.p12`, `.pfx`).
    Pkcs12,
    /// A Java keystore.
    JavaKeystore,
    /// A Java keystore of the type JCEKS.
    Jceks,
    /// Signed data of CMS.
    SignedCms,
    /// An OpenPGP signature, or a text with one.
    OpenPgpSignature,
    /// A ZIP archive.
    ZipArchive,
    /// An archive or a compressed file of another kind.
    OtherArchive,
}

impl FileKind {
    /// Recognises a regular file. Pipes can't be read again.
    #[doc(hidden)]
    pub fn of_file(path: &Path) -> Option<Self> {
        let is_file = path.is_file();
        let bytes = is_file.then(|| file_content::read_start(path).ok())??;
        Self::of(&bytes)
    }

    /// Recognises a file by its beginning.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        let starts = |with: &[u8]| text.starts_with(with);
        match bytes {
            [] => return Some(Self::Empty),
            _ if is_utf16(bytes) => return Some(Self::Utf16),
            [0xFE, 0xED, 0xFE, 0xED, ..] => return Some(Self::JavaKeystore),
            [0xCE, 0xCE, 0xCE, 0xCE, ..] => return Some(Self::Jceks),
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => return Some(Self::ZipArchive),
            [0x1F, 0x8B, ..] | [b'B', b'Z', b'h', ..] => return Some(Self::OtherArchive),
            [b'7', b'z', 0xBC, 0xAF, ..] | [0xFD, b'7', b'z', b'X', b'Z', ..] => {
                return Some(Self::OtherArchive);
            }
            [b'R', b'a', b'r', b'!', ..] => return Some(Self::OtherArchive),
            _ if bytes.get(257..262) == Some(b"ustar") => return Some(Self::OtherArchive),
            _ if starts(b"PuTTY-User-Key-File-") => return Some(Self::PuttyKey),
            _ if ssh::is_public_key(text) => return Some(Self::SshPublicKey),
            _ => {}
        }
        match file_content::form(bytes) {
            Form::Pem => {
                let block = file_content::blocks(bytes).next()?;
                match block.label {
                    "PKCS7" | "CMS" => Self::of_signed(block.text),
                    "PGP PUBLIC KEY BLOCK" if revocation(block.text).is_some() => {
                        Some(Self::Revocation)
                    }
                    label => Self::of_label(label),
                }
            }
            Form::Der => Self::of_der(bytes),
            Form::OpenPgp => match bytes.first()? {
                // RFC 9580, section 4.2: the tags of both formats.
                0x88..=0x8B | 0xC2 if revocation(bytes).is_some() => Some(Self::Revocation),
                0x88..=0x8B | 0xC2 | 0x90..=0x93 | 0xC4 => Some(Self::OpenPgpSignature),
                0x94..=0x97 | 0xC5 => Some(Self::PrivateKey),
                0x98..=0x9B | 0xC6 => Some(Self::OpenPgpCertificate),
                _ => None,
            },
            Form::Unknown if file_details::disabled_revocation(bytes).is_some() => {
                Some(Self::DisabledRevocation)
            }
            Form::Unknown => file_content::find_line(bytes, b"-----BEGIN PGP SIGNED MESSAGE-----")
                .map(|_| Self::OpenPgpSignature),
        }
    }

    fn of_label(label: &str) -> Option<Self> {
        Some(match label {
            label if file_content::is_private(label) => Self::PrivateKey,
            label if file_content::is_x509(label) => Self::Certificate,
            "PUBLIC KEY" | "RSA PUBLIC KEY" => Self::Certificate,
            "PGP PUBLIC KEY BLOCK" => Self::OpenPgpCertificate,
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Self::SigningRequest,
            "X509 CRL" => Self::Crl,
            "PGP SIGNATURE" | "PGP SIGNED MESSAGE" => Self::OpenPgpSignature,
            _ => return None,
        })
    }

    fn of_der(bytes: &[u8]) -> Option<Self> {
        if file_content::is_pkcs12(bytes) {
            return Some(Self::Pkcs12);
        }
        if let Some(kind) = Self::of_signed(bytes) {
            return Some(kind);
        }
        if openssl::x509::X509Req::from_der(bytes).is_ok() {
            return Some(Self::SigningRequest);
        }
        openssl::x509::X509Crl::from_der(bytes)
            .is_ok()
            .then_some(Self::Crl)
    }

    fn of_signed(bytes: &[u8]) -> Option<Self> {
        let bundle = pkcs7::Bundle::read(bytes)?;
        Some(match bundle.is_signed || bundle.certificates.is_empty() {
            true => Self::SignedCms,
            false => Self::CertificateBundle,
        })
    }

    /// Returns its name, with an article.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "an empty file",
            Self::Utf16 => "a text in UTF-16",
            Self::Certificate => "a certificate or public key",
            Self::OpenPgpCertificate => "an OpenPGP certificate",
            Self::SigningRequest => "a certificate signing request",
            Self::Crl => "a list of revoked certificates",
            Self::Revocation => "a revocation certificate",
            Self::DisabledRevocation => "a revocation certificate, disabled by a colon",
            Self::CertificateBundle => "a PKCS#7 bundle of certificates",
            Self::SshPublicKey => "an SSH public key",
            Self::PrivateKey => "a private key",
            Self::PuttyKey => "a PuTTY private key",
            Self::Pkcs12 => "a PKCS#12 keystore",
            Self::JavaKeystore => "a Java keystore",
            Self::Jceks => "a Java keystore of the type JCEKS",
            Self::SignedCms => "signed CMS data",
            Self::OpenPgpSignature => "an OpenPGP signature",
            Self::ZipArchive => "a ZIP archive",
            Self::OtherArchive => "an archive of another kind than ZIP",
        }
    }
}

/// Returns whether this begins as ASCII text in UTF-16: with a byte order mark,
/// or with a zero in every pair of octets.
pub(crate) fn is_utf16(bytes: &[u8]) -> bool {
    let (start, _) = bytes.split_at(bytes.len().min(64));
    let (pairs, _) = start.as_chunks::<2>();
    let has_mark = matches!(pairs.first(), Some([0xFF, 0xFE] | [0xFE, 0xFF]));
    let pairs = pairs.get(usize::from(has_mark)..).unwrap_or_default();
    let is_text = |octet: u8| octet.is_ascii_graphic() || octet.is_ascii_whitespace();
    let is_low = pairs
        .iter()
        .all(|[text, zero]| *zero == 0 && is_text(*text));
    let is_high = pairs
        .iter()
        .all(|[zero, text]| *zero == 0 && is_text(*text));
    (is_low || is_high) && (has_mark || pairs.len() >= 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_utf_16_is_recognised_with_and_without_a_mark() {
        let text = "-----BEGIN CERTIFICATE-----\r\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for text in [
            little.clone(),
            big.clone(),
            [b"\xFF\xFE", &little[..]].concat(),
            [b"\xFE\xFF", &big[..]].concat(),
            [b"\xFF\xFE", &b"p\0"[..]].concat(),
        ] {
            assert_eq!(FileKind::of(&text), Some(FileKind::Utf16), "{text:?}");
        }
        for text in [&b"p\0"[..], b"\0\0\0\0\0\0\0\0\0\0", text.as_bytes()] {
            assert_ne!(FileKind::of(text), Some(FileKind::Utf16), "{text:?}");
        }
    }
}
