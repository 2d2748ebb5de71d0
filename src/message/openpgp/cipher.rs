//! The ciphers of messages, as OpenSSL has them
//! ([RFC 9580, section 9.3](https://www.rfc-editor.org/rfc/rfc9580#section-9.3)).

use std::io;

use openssl::cipher::{Cipher, CipherRef};
use openssl::cipher_ctx::CipherCtx;
use sequoia_openpgp::types::{AEADAlgorithm, SymmetricAlgorithm};

use crate::keys::{forget_openssl_errors, load_legacy_provider};
use crate::message::fault::MessageFault;

/// Returns the cipher in an authenticated mode.
pub(super) fn aead(
    cipher: SymmetricAlgorithm,
    mode: AEADAlgorithm,
) -> Result<&'static CipherRef, MessageFault> {
    use AEADAlgorithm::{GCM, OCB};
    use SymmetricAlgorithm::{AES128, AES192, AES256};
    Ok(match (cipher, mode) {
        (AES128, OCB) => Cipher::aes_128_ocb(),
        (AES192, OCB) => Cipher::aes_192_ocb(),
        (AES256, OCB) => Cipher::aes_256_ocb(),
        (AES128, GCM) => Cipher::aes_128_gcm(),
        (AES192, GCM) => Cipher::aes_192_gcm(),
        (AES256, GCM) => Cipher::aes_256_gcm(),
        (cipher, mode) => {
            return Err(MessageFault::Unsupported(format!("{cipher} with {mode}")));
        }
    })
}

/// A cipher in CFB mode, for reading.
pub(super) enum CfbCipher {
    Aes(&'static CipherRef),
    /// One of the last century.
    Old(Cipher),
}

impl CfbCipher {
    /// Finds the cipher. The old ones are there if this OpenSSL has them: some
    /// in its legacy provider only, which is loaded for them.
    pub fn of(algorithm: SymmetricAlgorithm) -> Result<Self, MessageFault> {
        #[expect(deprecated, reason = "old messages still have to open")]
        let (name, is_legacy) = match algorithm {
            SymmetricAlgorithm::AES128 => return Ok(Self::Aes(Cipher::aes_128_cfb128())),
            SymmetricAlgorithm::AES192 => return Ok(Self::Aes(Cipher::aes_192_cfb128())),
            SymmetricAlgorithm::AES256 => return Ok(Self::Aes(Cipher::aes_256_cfb128())),
            SymmetricAlgorithm::TripleDES => ("DES-EDE3-CFB", false),
            SymmetricAlgorithm::Camellia128 => ("CAMELLIA-128-CFB", false),
            SymmetricAlgorithm::Camellia192 => ("CAMELLIA-192-CFB", false),
            SymmetricAlgorithm::Camellia256 => ("CAMELLIA-256-CFB", false),
            SymmetricAlgorithm::CAST5 => ("CAST5-CFB", true),
            SymmetricAlgorithm::Blowfish => ("BF-CFB", true),
            SymmetricAlgorithm::IDEA => ("IDEA-CFB", true),
            other => return Err(MessageFault::Unsupported(format!("the cipher {other}"))),
        };
        if is_legacy {
            load_legacy_provider();
        }
        Cipher::fetch(None, name, None).map(Self::Old).map_err(|_| {
            forget_openssl_errors();
            MessageFault::Unsupported(format!("the cipher {algorithm}"))
        })
    }

    fn cipher(&self) -> &CipherRef {
        match self {
            Self::Aes(cipher) => cipher,
            Self::Old(cipher) => cipher,
        }
    }

    /// Returns the length of its IV and of its block, in bytes: OpenSSL calls
    /// the block size of CFB 1.
    pub fn block_size(&self) -> usize {
        self.cipher().iv_length()
    }

    /// Begins a decryption with an IV of zeros.
    pub fn decryption(&self, key: &[u8]) -> io::Result<CipherCtx> {
        let mut context = CipherCtx::new()?;
        let iv = vec![0; self.block_size()];
        context.decrypt_init(Some(self.cipher()), Some(key), Some(&iv))?;
        Ok(context)
    }
}

/// Returns whether a cipher is another one than AES. Nobody should seal with it
/// any more.
pub(super) fn is_old(cipher: SymmetricAlgorithm) -> bool {
    use SymmetricAlgorithm::{AES128, AES192, AES256};
    !matches!(cipher, AES128 | AES192 | AES256)
}
