//! PKCS#12 keystores ([RFC 7292](https://www.rfc-editor.org/rfc/rfc7292)).
//!
//! The private keys are found by walking through the keystore: OpenSSL's reader
//! returns the first one alone.

use bcder::decode::{Constructed, DecodeError, SliceSource, Source};
use bcder::{Mode, OctetString, Oid, Tag};
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;

use super::file_content::Bytes;
use super::kdf_cost::is_affordable;
use super::openssl_errors::forget_openssl_errors;
use crate::keys::load_legacy_provider;

/// The identifiers of contents and bags (RFC 7292, section 4; RFC 5652).
const DATA: &str = "1.2.840.113549.1.7.1";
const ENCRYPTED_DATA: &str = "1.2.840.113549.1.7.6";
const KEY_BAG: &str = "1.2.840.113549.1.12.10.1.1";
const SHROUDED_KEY_BAG: &str = "1.2.840.113549.1.12.10.1.2";
const SAFE_CONTENTS_BAG: &str = "1.2.840.113549.1.12.10.1.6";

/// How deep bags may be in bags.
const MAX_DEPTH: usize = 4;

/// The most keys of one keystore.
const MAX_KEYS: usize = 256;

/// A private key in a keystore, each as DER.
pub(super) enum KeyBag {
    /// A PrivateKeyInfo.
    Open(Bytes),
    /// An EncryptedPrivateKeyInfo.
    Shrouded(Bytes),
}

/// The content of a keystore, as far as it shows without its passphrase.
pub(super) struct Keystore {
    pub keys: Vec<KeyBag>,
    /// Whether a part of it is encrypted as a whole: certificates, as a rule,
    /// and sometimes keys.
    pub has_encrypted_parts: bool,
    /// Whether a passphrase goes through a number of rounds that can be waited
    /// for.
    pub is_affordable: bool,
}

type Decoded<T, S> = Result<T, DecodeError<<S as Source>::Error>>;

impl Keystore {
    /// Reads a keystore; `None` if it isn't one.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        // It may be nested too deep even to be skipped.
        if !is_affordable(bytes) {
            return Some(Self {
                keys: Vec::new(),
                has_encrypted_parts: false,
                is_affordable: false,
            });
        }
        let safe = decode(bytes, |cons| {
            cons.take_sequence(|cons| {
                cons.take_u8()?;
                let safe = content(cons)?;
                // The MAC, which OpenSSL checks.
                cons.skip_all()?;
                Ok(safe)
            })
        })?;
        let Part::Data(safe) = safe else {
            return None;
        };
        let mut keystore = Self {
            keys: Vec::new(),
            has_encrypted_parts: false,
            is_affordable: is_affordable(&safe),
        };
        if !keystore.is_affordable {
            return Some(keystore);
        }
        let parts = decode(&safe, |cons| {
            cons.take_sequence(|cons| {
                let mut parts = Vec::new();
                while let Some(part) = opt_content(cons)? {
                    parts.push(part);
                }
                Ok(parts)
            })
        })?;
        for part in parts {
            match part {
                Part::Data(bags) => {
                    keystore.is_affordable &= is_affordable(&bags);
                    if !keystore.is_affordable {
                        return Some(keystore);
                    }
                    decode(&bags, |cons| take_bags(cons, &mut keystore.keys, MAX_DEPTH))?;
                }
                Part::Encrypted => keystore.has_encrypted_parts = true,
                Part::Other => {}
            }
        }
        Some(keystore)
    }
}

/// One part of a keystore.
enum Part {
    Data(Vec<u8>),
    Encrypted,
    Other,
}

fn decode<'a, T>(
    bytes: &'a [u8],
    read: impl FnOnce(&mut Constructed<SliceSource<'a>>) -> Decoded<T, SliceSource<'a>>,
) -> Option<T> {
    Mode::Ber.decode(SliceSource::new(bytes), read).ok()
}

/// Reads a ContentInfo.
fn content<S: Source>(cons: &mut Constructed<S>) -> Decoded<Part, S> {
    opt_content(cons)?.ok_or_else(|| cons.content_err("a part is missing"))
}

fn opt_content<S: Source>(cons: &mut Constructed<S>) -> Decoded<Option<Part>, S> {
    cons.take_opt_sequence(|cons| {
        let kind = Oid::take_from(cons)?.to_string();
        if kind != DATA {
            cons.skip_all()?;
            return Ok(match kind == ENCRYPTED_DATA {
                true => Part::Encrypted,
                false => Part::Other,
            });
        }
        cons.take_constructed_if(Tag::CTX_0, |cons| {
            Ok(Part::Data(
                OctetString::take_from(cons)?.to_bytes().to_vec(),
            ))
        })
    })
}

/// Reads SafeContents, and collects the keys in it.
fn take_bags<S: Source>(
    cons: &mut Constructed<S>,
    keys: &mut Vec<KeyBag>,
    depth: usize,
) -> Decoded<(), S> {
    cons.take_sequence(|cons| {
        while cons
            .take_opt_sequence(|cons| {
                let kind = Oid::take_from(cons)?.to_string();
                cons.take_constructed_if(Tag::CTX_0, |cons| match kind.as_str() {
                    KEY_BAG | SHROUDED_KEY_BAG => {
                        if keys.len() >= MAX_KEYS {
                            return Err(cons.content_err("too many keys"));
                        }
                        let bag = cons.capture_one()?;
                        let bag = Bytes::new(bag.as_slice().to_vec());
                        keys.push(match kind == KEY_BAG {
                            true => KeyBag::Open(bag),
                            false => KeyBag::Shrouded(bag),
                        });
                        Ok(())
                    }
                    SAFE_CONTENTS_BAG if depth > 0 => take_bags(cons, keys, depth - 1),
                    _ => cons.skip_all(),
                })?;
                // Attributes, names for instance.
                cons.skip_all()
            })?
            .is_some()
        {}
        Ok(())
    })
}

/// What OpenSSL finds in a keystore.
pub(super) struct Opened {
    /// The first key.
    pub key: Option<PKey<Private>>,
    pub certificates: Vec<X509>,
}

/// Opens a keystore; `None` if the passphrase is wrong, or what is in it isn't
/// supported.
pub(super) fn open(bytes: &[u8], passphrase: &[u8]) -> Option<Opened> {
    // OpenSSL's bindings take text, and panic on NUL.
    let passphrase = std::str::from_utf8(passphrase).ok()?;
    if passphrase.contains('\0') {
        return None;
    }
    let keystore = Pkcs12::from_der(bytes).ok()?;
    let parsed = keystore.parse2(passphrase).or_else(|_| {
        // Certificates by Windows and Java are often encrypted with RC2.
        load_legacy_provider();
        keystore.parse2(passphrase)
    });
    forget_openssl_errors();
    let parsed = parsed.ok()?;
    let mut certificates: Vec<X509> = parsed.cert.into_iter().collect();
    certificates.extend(parsed.ca.into_iter().flatten());
    Some(Opened {
        key: parsed.pkey,
        certificates,
    })
}
