//! Sealing session keys to recipients: RecipientInfos
//! ([RFC 5652, section 6.2](https://www.rfc-editor.org/rfc/rfc5652#section-6.2)).

use bcder::encode::{PrimitiveContent, Values};
use bcder::{BitString, OctetString, Tag, encode};
use openssl::bn::BigNumContext;
use openssl::cipher::Cipher;
use openssl::cipher_ctx::{CipherCtx, CipherCtxFlags};
use openssl::derive::Deriver;
use openssl::ec::{EcKey, PointConversionForm};
use openssl::encrypt::Encrypter;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Public};
use openssl::rsa::{Padding, Rsa};
use zeroize::Zeroizing;

use super::kdf;
use crate::der::{Encoded, der};
use crate::keys::IssuerAndSerial;
use crate::oids::{
    AES256_WRAP, EC_PUBLIC_KEY, MGF1, RSA_ENCRYPTION, RSAES_OAEP, SHA256, STD_DH_SHA256_KDF,
    STD_DH_SHA384_KDF, STD_DH_SHA512_KDF,
};

/// The size of the key that wraps another one, in bytes.
const WRAPPING_KEY: usize = 32;

/// How session keys are sealed to one recipient.
#[derive(Clone, Debug)]
pub(super) struct Wrapper {
    label: String,
    /// IssuerAndSerialNumber, as in its certificate.
    name: Vec<u8>,
    method: Method,
}

#[derive(Clone, Debug)]
pub(super) enum Method {
    /// Key transport with RSAES-PKCS1-v1_5
    /// ([RFC 3370, section 4.2.1](https://www.rfc-editor.org/rfc/rfc3370#section-4.2.1)).
    Pkcs1(Rsa<Public>),
    /// Key transport with RSAES-OAEP, with SHA-256 throughout
    /// ([RFC 3560](https://www.rfc-editor.org/rfc/rfc3560)).
    Oaep(PKey<Public>),
    /// Ephemeral-static ECDH
    /// ([RFC 5753, section 3.1](https://www.rfc-editor.org/rfc/rfc5753#section-3.1)).
    Ecdh(EcKey<Public>),
}

impl Wrapper {
    pub fn new(label: &str, certificate: &IssuerAndSerial, method: Method) -> Self {
        let serial = certificate.serial_octets();
        Self {
            label: label.into(),
            name: der(encode::sequence((
                Encoded(certificate.issuer_der()),
                serial.encode_as(Tag::INTEGER),
            ))),
            method,
        }
    }

    /// Returns the name of the key's owner.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Returns an upper estimate of the size of a RecipientInfo, in bytes: a
    /// key or point takes at most 2 KiB.
    pub fn at_most(&self) -> u64 {
        self.name.len() as u64 + 4096
    }

    /// Returns the RecipientInfo with a session key for it.
    pub fn recipient_info(&self, session_key: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        match &self.method {
            Method::Pkcs1(rsa) => {
                let mut encrypted = vec![0; rsa.size() as usize];
                let length = rsa.public_encrypt(session_key, &mut encrypted, Padding::PKCS1)?;
                encrypted.truncate(length);
                let algorithm = encode::sequence((RSA_ENCRYPTION.encode(), ().encode()));
                Ok(self.key_transport(algorithm, &encrypted))
            }
            Method::Oaep(key) => {
                let mut encrypter = Encrypter::new(key)?;
                encrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
                encrypter.set_rsa_oaep_md(MessageDigest::sha256())?;
                encrypter.set_rsa_mgf1_md(MessageDigest::sha256())?;
                let mut encrypted = vec![0; encrypter.encrypt_len(session_key)?];
                let length = encrypter.encrypt(session_key, &mut encrypted)?;
                encrypted.truncate(length);
                Ok(self.key_transport(oaep_sha256(), &encrypted))
            }
            Method::Ecdh(key) => self.key_agreement(key, session_key),
        }
    }

    /// Returns a KeyTransRecipientInfo (RFC 5652, section 6.2.1).
    fn key_transport(&self, algorithm: impl Values, encrypted: &[u8]) -> Vec<u8> {
        der(encode::sequence((
            0u8.encode(),
            Encoded(&self.name),
            algorithm,
            OctetString::encode_slice(encrypted),
        )))
    }

    /// Returns a `[1]` KeyAgreeRecipientInfo (RFC 5652, section 6.2.2), with a
    /// new key pair for each message.
    fn key_agreement(
        &self,
        key: &EcKey<Public>,
        session_key: &[u8],
    ) -> Result<Vec<u8>, ErrorStack> {
        let ephemeral = EcKey::generate(key.group())?;
        let point = ephemeral.public_key().to_bytes(
            key.group(),
            PointConversionForm::UNCOMPRESSED,
            &mut *BigNumContext::new()?,
        )?;
        let ephemeral = PKey::from_ec_key(ephemeral)?;
        let recipient = PKey::from_ec_key(key.clone())?;
        let mut deriver = Deriver::new(&ephemeral)?;
        deriver.set_peer(&recipient)?;
        let secret = Zeroizing::new(deriver.derive_to_vec()?);

        // RFC 5753, section 7.1.4: the parameters of AES wrap are absent.
        let wrap = der(encode::sequence(AES256_WRAP.encode()));
        let (scheme, digest) = match key.group().degree() {
            512.. => (STD_DH_SHA512_KDF, MessageDigest::sha512()),
            384.. => (STD_DH_SHA384_KDF, MessageDigest::sha384()),
            _ => (STD_DH_SHA256_KDF, MessageDigest::sha256()),
        };
        let info = kdf::shared_info(&wrap, None, WRAPPING_KEY);
        let wrapping_key = kdf::x963(digest, &secret, &info, WRAPPING_KEY)?;
        let wrapped = wrapped(&wrapping_key, session_key)?;
        Ok(der(encode::sequence_as(
            Tag::CTX_1,
            (
                3u8.encode(),
                encode::sequence_as(
                    Tag::CTX_0,
                    encode::sequence_as(
                        Tag::CTX_1,
                        (
                            encode::sequence(EC_PUBLIC_KEY.encode()),
                            BitString::encode_slice(point, 0),
                        ),
                    ),
                ),
                encode::sequence((scheme.encode(), Encoded(&wrap))),
                encode::sequence(encode::sequence((
                    Encoded(&self.name),
                    OctetString::encode_slice(wrapped),
                ))),
            ),
        )))
    }
}

/// Returns the AlgorithmIdentifier of RSAES-OAEP
/// ([RFC 4055, section 4.1](https://www.rfc-editor.org/rfc/rfc4055#section-4.1)).
fn oaep_sha256() -> impl Values {
    let sha256 = || encode::sequence((SHA256.encode(), ().encode()));
    encode::sequence((
        RSAES_OAEP.encode(),
        encode::sequence((
            encode::sequence_as(Tag::CTX_0, sha256()),
            encode::sequence_as(Tag::CTX_1, encode::sequence((MGF1.encode(), sha256()))),
        )),
    ))
}

/// Returns a key in AES key wrap
/// ([RFC 3394](https://www.rfc-editor.org/rfc/rfc3394)).
fn wrapped(wrapping_key: &[u8], key: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let mut context = CipherCtx::new()?;
    // Without this OpenSSL rejects a wrapping cipher as a mistake.
    context.set_flags(CipherCtxFlags::FLAG_WRAP_ALLOW);
    context.encrypt_init(Some(Cipher::aes_256_wrap()), Some(wrapping_key), None)?;
    let mut wrapped = Vec::new();
    context.cipher_update_vec(key, &mut wrapped)?;
    context.cipher_final_vec(&mut wrapped)?;
    Ok(wrapped)
}
