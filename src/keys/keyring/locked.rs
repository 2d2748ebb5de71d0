//! Locked keys, and unlocking them with a passphrase.

use std::sync::MutexGuard;

use openpgp::packet::Key;
use openpgp::packet::key::{SecretKeyMaterial as KeyMaterial, SecretParts, UnspecifiedRole};
use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use sequoia_openpgp as openpgp;

use super::UnlockFault;
use super::leading_zeros;
use super::secret::SecretKey;
use crate::keys::file_content::Bytes;
use crate::keys::jks::LockedJksKey;
use crate::keys::passphrase::Passphrase;
use crate::keys::ssh::OpenSshKey;
use crate::keys::{
    begin_derivation, file_content, forget_openssl_errors, load_legacy_provider,
    memory_of_derivation, openssl_reason, pkcs12,
};

/// A locked key, as its file holds it.
pub(super) enum Locked {
    Pem(Bytes),
    Pkcs8Der(Bytes),
    OpenPgp(Box<Key<SecretParts, UnspecifiedRole>>),
    OpenSsh(Box<OpenSshKey>),
    /// A key of a Java keystore.
    Jks(LockedJksKey),
    /// A key of a PKCS#12 keystore, as an EncryptedPrivateKeyInfo.
    Pkcs12(Bytes),
    /// A PKCS#12 keystore whose keys don't show: it's encrypted as a whole.
    Pkcs12Keystore(Bytes),
}

impl Locked {
    pub fn unlock(&self, passphrase: &Passphrase) -> Result<SecretKey, UnlockFault> {
        let phrase = passphrase.as_bytes();
        forget_openssl_errors();
        let key = match self {
            Self::Pem(text) => with_old_ciphers(&|| {
                PKey::private_key_from_pem_callback(text, |room| answer(phrase, room))
            })
            .map_err(|e| openssl_fault(&e, &|| file_content::lock_name(text)))?,
            Self::Pkcs8Der(bytes) | Self::Pkcs12(bytes) => with_old_ciphers(&|| {
                PKey::private_key_from_pkcs8_callback(bytes, |room| answer(phrase, room))
            })
            .map_err(|e| openssl_fault(&e, &|| file_content::scheme_name(bytes)))?,
            Self::Pkcs12Keystore(bytes) => {
                let opened = pkcs12::open(bytes, phrase).ok_or(UnlockFault::WrongPassphrase)?;
                let no_key = || UnlockFault::Unusable("there is no key in the keystore".into());
                opened.key.ok_or_else(no_key)?
            }
            Self::Jks(locked) => {
                let key = locked.unlock(phrase).ok_or(UnlockFault::WrongPassphrase)?;
                PKey::private_key_from_der(&key)
                    .map_err(|e| UnlockFault::Unusable(openssl_reason(&e)))?
            }
            Self::OpenSsh(key) => {
                let unlocked = key.unlock(phrase);
                let unlocked = unlocked.map_err(|e| UnlockFault::Unusable(format!("it {e}")))?;
                unlocked.ok_or(UnlockFault::WrongPassphrase)?
            }
            Self::OpenPgp(key) => {
                let unlocked = {
                    let _one_at_a_time = begin_derivation_for(key)?;
                    let unlocked = Key::clone(key).decrypt_secret(&phrase.into()).ok();
                    unlocked.or_else(|| leading_zeros::unlock(key, phrase))
                };
                let key = unlocked.ok_or(UnlockFault::WrongPassphrase)?;
                return SecretKey::from_openpgp(key).map_err(UnlockFault::Unusable);
            }
        };
        SecretKey::from_openssl(&key).map_err(UnlockFault::Unusable)
    }

    /// Returns the memory that a passphrase takes, in bytes, if it's known.
    pub fn memory(&self) -> Option<u64> {
        match self {
            Self::OpenPgp(key) => match key.secret() {
                KeyMaterial::Encrypted(locked) => memory_of_derivation(locked.s2k()),
                KeyMaterial::Unencrypted(_) => None,
            },
            _ => None,
        }
    }

    /// Returns whether it is worth trying an empty passphrase.
    pub fn may_have_empty_passphrase(&self) -> bool {
        matches!(self, Self::Pkcs12(_) | Self::Pkcs12Keystore(_))
    }
}

/// Reads a key, if need be with the algorithms of OpenSSL's legacy provider.
fn with_old_ciphers<T>(read: &dyn Fn() -> Result<T, ErrorStack>) -> Result<T, ErrorStack> {
    read().or_else(|error| {
        if !is_unsupported_cipher(&error) {
            return Err(error);
        }
        load_legacy_provider();
        read()
    })
}

/// Returns a guard to hold while a passphrase is tried on a key: whatever fails
/// then, the passphrase is wrong.
fn begin_derivation_for(
    key: &Key<SecretParts, UnspecifiedRole>,
) -> Result<Option<MutexGuard<'static, ()>>, UnlockFault> {
    let KeyMaterial::Encrypted(locked) = key.secret() else {
        return Ok(None);
    };
    let cipher = locked.algo();
    if !cipher.is_supported() {
        return Err(UnlockFault::Lock(cipher.to_string()));
    }
    if let Some(mode) = locked.aead_algo().filter(|mode| !mode.is_supported()) {
        return Err(UnlockFault::Lock(mode.to_string()));
    }
    begin_derivation(locked.s2k()).map_err(UnlockFault::Lock)
}

/// Hands a passphrase to OpenSSL, which has room for 1,024 bytes. (The calls
/// that take it as an argument would panic on a NUL byte in it.)
fn answer(passphrase: &[u8], room: &mut [u8]) -> Result<usize, ErrorStack> {
    match room.get_mut(..passphrase.len()) {
        Some(room) => {
            room.copy_from_slice(passphrase);
            Ok(passphrase.len())
        }
        None => Ok(0),
    }
}

/// OpenSSL's cipher library reports a cipher that it doesn't offer as
/// "unsupported". All other errors come from a wrong key, even if the decoder
/// calls the garbage that it got "unsupported".
fn openssl_fault(e: &ErrorStack, lock: &dyn Fn() -> Option<String>) -> UnlockFault {
    if !is_unsupported_cipher(e) {
        return UnlockFault::WrongPassphrase;
    }
    match lock() {
        Some(lock) => UnlockFault::Lock(lock),
        None => UnlockFault::Unusable(openssl_reason(e)),
    }
}

fn is_unsupported_cipher(e: &ErrorStack) -> bool {
    e.errors().iter().any(|error| {
        error.library() == Some("digital envelope routines")
            && error.reason() == Some("unsupported")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By `openssl ec -aes128`, with the passphrase "right".
    const LOCKED: &[u8] = b"\
-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,AA8E6EA51657018D77F282D702B67C1F

cYW5OImhheNW9hH9TzpuhRvoCd4ilPOiKmBoOfi40QSv9TwUXk/pTxzHmoCzqNnD
JvijUU4PIbPHyaF31Zo3vHde6IUMrEYLmxvLqJiIVcmjgsljGlByUNqqsYZkiTEd
hdGzlyvU+x5IQXnoKHCK5YDOQus/gCcbix6Ym7vl4uM=
-----END EC PRIVATE KEY-----
";

    /// With one wrong key in 256 the padding looks right and the content is
    /// garbage. For this key, these are always the same passphrases.
    #[test]
    fn a_wrong_passphrase_is_called_wrong_whatever_it_decrypts_to() {
        let locked = Locked::Pem(Bytes::new(LOCKED.to_vec()));
        for i in 0..4000 {
            let wrong = Passphrase::new(format!("wrong {i}").into_bytes());
            assert_eq!(
                locked.unlock(&wrong).err(),
                Some(UnlockFault::WrongPassphrase),
                "{i}"
            );
        }
        assert!(locked.unlock(&Passphrase::new(b"right".to_vec())).is_ok());
    }

    /// Otherwise it would not be asked for again.
    #[test]
    fn a_wrong_passphrase_is_called_wrong_whatever_failed_before() {
        let locked = Locked::Pem(Bytes::new(LOCKED.to_vec()));
        // The error of OpenSSL for a digest that it doesn't offer.
        let unsupported = openssl::md::Md::fetch(None, "none", None).err().unwrap();
        assert!(matches!(
            openssl_fault(&unsupported, &|| None),
            UnlockFault::Unusable(_)
        ));
        unsupported.put();
        assert_eq!(
            locked.unlock(&Passphrase::new(b"wrong".to_vec())).err(),
            Some(UnlockFault::WrongPassphrase)
        );
    }
}
