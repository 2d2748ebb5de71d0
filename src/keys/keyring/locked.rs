//! Locked keys, and unlocking them with a passphrase.

use openpgp::packet::Key;
use openpgp::packet::key::{SecretParts, UnspecifiedRole};
use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use sequoia_openpgp as openpgp;

use super::UnlockFault;
use super::secret::SecretKey;
use crate::keys::file_content::Bytes;
use crate::keys::passphrase::Passphrase;
use crate::keys::{forget_openssl_errors, openssl_reason};

/// A locked key, as its file holds it.
pub(super) enum Locked {
    Pem(Bytes),
    Pkcs8Der(Bytes),
    OpenPgp(Box<Key<SecretParts, UnspecifiedRole>>),
}

impl Locked {
    pub fn unlock(&self, passphrase: &Passphrase) -> Result<SecretKey, UnlockFault> {
        let phrase = passphrase.as_bytes();
        forget_openssl_errors();
        match self {
            Self::Pem(text) => {
                let key = PKey::private_key_from_pem_callback(text, |room| answer(phrase, room));
                SecretKey::from_openssl(&key.map_err(|e| openssl_fault(&e))?)
                    .map_err(UnlockFault::Unusable)
            }
            Self::Pkcs8Der(bytes) => {
                let key = PKey::private_key_from_pkcs8_callback(bytes, |room| answer(phrase, room));
                SecretKey::from_openssl(&key.map_err(|e| openssl_fault(&e))?)
                    .map_err(UnlockFault::Unusable)
            }
            Self::OpenPgp(key) => {
                let key = Key::clone(key)
                    .decrypt_secret(&phrase.into())
                    .map_err(|_| UnlockFault::WrongPassphrase)?;
                SecretKey::from_openpgp(key).map_err(UnlockFault::Unusable)
            }
        }
    }
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
fn openssl_fault(e: &ErrorStack) -> UnlockFault {
    let is_unsupported_cipher = |error: &openssl::error::Error| {
        error.library() == Some("digital envelope routines")
            && error.reason() == Some("unsupported")
    };
    if e.errors().iter().any(is_unsupported_cipher) {
        UnlockFault::Unusable(openssl_reason(e))
    } else {
        UnlockFault::WrongPassphrase
    }
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
            openssl_fault(&unsupported),
            UnlockFault::Unusable(_)
        ));
        unsupported.put();
        assert_eq!(
            locked.unlock(&Passphrase::new(b"wrong".to_vec())).err(),
            Some(UnlockFault::WrongPassphrase)
        );
    }
}
