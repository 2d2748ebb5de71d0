//! Session keys that are sealed with a passphrase: SKESK packets of versions 4
//! and 6 ([RFC 9580, section 5.3](https://www.rfc-editor.org/rfc/rfc9580#section-5.3)),
//! and of version 5
//! ([LibrePGP, section 5.3](https://datatracker.ietf.org/doc/html/draft-koch-librepgp-00#section-5.3)).

use std::io;

use openssl::cipher_ctx::CipherCtx;
use sequoia_openpgp::crypto::{Password, S2K, SessionKey};
use sequoia_openpgp::packet::Tag;
use sequoia_openpgp::types::{AEADAlgorithm, HashAlgorithm, SymmetricAlgorithm};

use super::cipher::{CfbCipher, aead};
use super::packet::{read_array, read_u8};
use super::schedule::{TAG, hkdf};
use crate::keys::{Passphrase, begin_derivation, memory_of_derivation};
use crate::message::fault::{MessageFault, OpenError};

/// One packet. A packet of an unknown kind is there, but opens nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Skesk {
    version: u8,
    content: Option<Content>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Content {
    cipher: SymmetricAlgorithm,
    s2k: S2K,
    sealed: Sealed,
}

/// The session key, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Sealed {
    /// The derived key is the session key.
    Itself,
    /// Version 4: the message's cipher, then the session key.
    Cfb(Vec<u8>),
    /// Versions 5 and 6: with a tag at the end.
    Aead {
        mode: AEADAlgorithm,
        nonce: Vec<u8>,
        sealed: Vec<u8>,
    },
}

impl Skesk {
    /// Reads a packet from its body.
    pub fn read(body: &[u8]) -> Self {
        let version = body.first().copied().unwrap_or_default();
        Self {
            version,
            content: content(body).ok(),
        }
    }

    pub fn version(&self) -> u8 {
        self.version
    }

    /// Returns the memory that a passphrase takes, in bytes, if it's known.
    pub fn memory(&self) -> Option<u64> {
        memory_of_derivation(&self.content.as_ref()?.s2k)
    }

    /// Returns the session key that a passphrase yields, with the message's
    /// cipher where the packet has it. `None` if the passphrase certainly isn't
    /// the right one. In version 4 any passphrase yields something.
    ///
    /// # Errors
    ///
    /// Deriving or decrypting the key isn't supported.
    pub fn session_key(
        &self,
        passphrase: &Passphrase,
    ) -> Result<Option<(Option<SymmetricAlgorithm>, SessionKey)>, OpenError> {
        let Some(content) = &self.content else {
            let what = format!("a passphrase in a packet of version {}", self.version);
            return Err(MessageFault::Unsupported(what).into());
        };
        let size = content.cipher.key_size();
        let size = size.map_err(|_| unsupported(content.cipher))?;
        let derived = {
            let _one_at_a_time =
                begin_derivation(&content.s2k).map_err(MessageFault::Unsupported)?;
            let password = Password::from(passphrase.as_bytes());
            let derived = content.s2k.derive_key(&password, size);
            derived.map_err(|e| match content.s2k {
                // Its parameters are known to be right.
                S2K::Argon2 { .. } => OpenError::Read(io::ErrorKind::OutOfMemory.into()),
                _ => MessageFault::Unsupported(format!("a passphrase ({e})")).into(),
            })?
        };
        Ok(match &content.sealed {
            Sealed::Itself => Some((Some(content.cipher), derived)),
            Sealed::Cfb(sealed) => {
                let opened = CfbCipher::of(content.cipher)?.decryption(&derived);
                let Ok(opened) = opened.and_then(|context| decrypt(context, sealed)) else {
                    return Ok(None);
                };
                // A wrong passphrase yields any cipher, also those that aren't supported.
                opened.split_first().and_then(|(cipher, key)| {
                    let cipher = SymmetricAlgorithm::from(*cipher);
                    CfbCipher::of(cipher).ok()?;
                    Some((Some(cipher), key.into()))
                })
            }
            Sealed::Aead {
                mode,
                nonce,
                sealed,
            } => {
                let (cipher, version) = (content.cipher.into(), self.version);
                let associated = [0xC0 | u8::from(Tag::SKESK), version, cipher, (*mode).into()];
                let mut key = derived;
                if version == 6 {
                    let mut derived = SessionKey::from(vec![0; size]);
                    hkdf(&key, None, &associated, &mut derived).map_err(|_| altered())?;
                    key = derived;
                }
                let cipher = aead(content.cipher, *mode)?;
                let mut context = CipherCtx::new().map_err(|_| altered())?;
                let begun = context
                    .decrypt_init(Some(cipher), None, None)
                    .and_then(|()| context.set_iv_length(nonce.len()))
                    .and_then(|()| context.decrypt_init(None, Some(&key), Some(nonce)));
                let opened = begun
                    .map_err(io::Error::from)
                    .and_then(|()| decrypt_authenticated(context, &associated, sealed));
                opened.ok().map(|key| (None, key))
            }
        })
    }
}

fn unsupported(cipher: SymmetricAlgorithm) -> MessageFault {
    MessageFault::Unsupported(format!("the cipher {cipher}"))
}

fn altered() -> MessageFault {
    MessageFault::Altered
}

fn decrypt(mut context: CipherCtx, sealed: &[u8]) -> io::Result<SessionKey> {
    // OpenSSL wants a block of slack.
    let mut opened = vec![0; sealed.len() + 16];
    let length = context.cipher_update(sealed, Some(&mut opened))?;
    opened.truncate(length);
    Ok(opened.into())
}

fn decrypt_authenticated(
    mut context: CipherCtx,
    associated: &[u8],
    sealed: &[u8],
) -> io::Result<SessionKey> {
    let short = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let (sealed, tag) = sealed.split_last_chunk::<TAG>().ok_or_else(short)?;
    context.set_tag(tag)?;
    context.cipher_update(associated, None)?;
    let mut opened = vec![0; sealed.len() + 16];
    let mut length = context.cipher_update(sealed, Some(&mut opened))?;
    length += context.cipher_final(opened.get_mut(length..).ok_or_else(short)?)?;
    opened.truncate(length);
    Ok(opened.into())
}

/// Reads what the version says; `None` where it's cut off.
fn content(mut body: &[u8]) -> io::Result<Content> {
    let unknown = || io::Error::from(io::ErrorKind::InvalidData);
    let body = &mut body;
    let version = read_u8(body)?;
    if version == 6 {
        // The length of the fields up to the nonce: each has its own.
        read_u8(body)?;
    }
    let cipher = SymmetricAlgorithm::from(read_u8(body)?);
    if version == 4 {
        let s2k = s2k(body)?;
        let sealed = match body.is_empty() {
            true => Sealed::Itself,
            false => Sealed::Cfb(body.to_vec()),
        };
        return Ok(Content {
            cipher,
            s2k,
            sealed,
        });
    }
    let mode = AEADAlgorithm::from(read_u8(body)?);
    match version {
        5 => {}
        6 => {
            read_u8(body)?;
        }
        _ => return Err(unknown()),
    }
    let s2k = s2k(body)?;
    let nonce_size = mode.nonce_size().map_err(|_| unknown())?;
    let (nonce, sealed) = body.split_at_checked(nonce_size).ok_or_else(unknown)?;
    Ok(Content {
        cipher,
        s2k,
        sealed: Sealed::Aead {
            mode,
            nonce: nonce.to_vec(),
            sealed: sealed.to_vec(),
        },
    })
}

/// Reads an S2K specifier (RFC 9580, section 3.7.1).
fn s2k(body: &mut &[u8]) -> io::Result<S2K> {
    #[allow(deprecated)] // Old programs use what nobody should.
    Ok(match read_u8(body)? {
        0 => S2K::Simple {
            hash: HashAlgorithm::from(read_u8(body)?),
        },
        1 => S2K::Salted {
            hash: HashAlgorithm::from(read_u8(body)?),
            salt: read_array(body)?,
        },
        3 => S2K::Iterated {
            hash: HashAlgorithm::from(read_u8(body)?),
            salt: read_array(body)?,
            hash_bytes: {
                let count = u32::from(read_u8(body)?);
                (16 + (count & 15)) << ((count >> 4) + 6)
            },
        },
        4 => S2K::Argon2 {
            salt: read_array(body)?,
            t: read_u8(body)?,
            p: read_u8(body)?,
            m: read_u8(body)?,
        },
        tag => S2K::Unknown {
            tag,
            parameters: None,
        },
    })
}
