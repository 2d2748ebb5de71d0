//! An unlocked secret key, which opens session keys.

use openpgp::crypto::mpi::{Ciphertext, SecretKeyMaterial};
use openpgp::crypto::{Decryptor, KeyPair, SessionKey};
use openpgp::packet::Key;
use openpgp::packet::key::{SecretKeyMaterial as KeyMaterial, SecretParts, UnspecifiedRole};
use openssl::ec::{EcKey, EcKeyRef};
use openssl::error::ErrorStack;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::{Padding, Rsa, RsaRef};
use sequoia_openpgp as openpgp;

use crate::keys::mapping::{self, PublicKey};
use crate::keys::openssl_reason;

/// The shortest plaintext of a PKESK that can hold a session key: AES-128's 16
/// bytes. Shorter ones are refused here: sequoia indexes the plaintext without
/// checking its length, and anybody can make a PKESK around an empty one.
const MIN_SESSION_KEY: usize = 16;

/// An unlocked secret key.
pub(crate) struct SecretKey {
    public: PublicKey,
    operation: Operation,
}

enum Operation {
    /// RSA through OpenSSL, which keeps the CRT values and its blinding: about
    /// seven times faster than sequoia.
    Rsa(Rsa<Private>),
    /// The same key twice: for PKESKs sequoia's, for CMS OpenSSL's.
    Ec(EcKey<Private>, Box<KeyPair>),
    Other(Box<KeyPair>),
}

impl SecretKey {
    /// Creates the key from a PEM or DER key.
    pub fn from_openssl(key: &PKey<Private>) -> Result<Self, String> {
        let public = mapping::public_key(key).map_err(|fault| format!("it {fault}"))?;
        let operation = match key.id() {
            Id::RSA => Operation::Rsa(key.rsa().map_err(|e| openssl_reason(&e))?),
            _ => {
                let ec = key.ec_key().map_err(|e| openssl_reason(&e))?;
                let pair = mapping::ecdh_secret(&ec, &public).and_then(Key::into_keypair);
                Operation::Ec(ec, Box::new(pair.map_err(|e| e.to_string())?))
            }
        };
        Ok(Self { public, operation })
    }

    /// Creates the key from an OpenPGP key that is not locked.
    pub fn from_openpgp(key: Key<SecretParts, UnspecifiedRole>) -> Result<Self, String> {
        let public = key.clone().take_secret().0;
        let KeyMaterial::Unencrypted(material) = key.secret() else {
            return Err("the key is locked".into());
        };
        let openssl = material.map(|mpis: &SecretKeyMaterial| {
            let rsa = mapping::rsa_from_mpis(&public, mpis)?;
            Ok((rsa, mapping::ec_secret_from_mpis(&public, mpis)?))
        });
        let openssl = openssl.map_err(|e: openpgp::anyhow::Error| e.to_string())?;
        let pair = || key.into_keypair().map_err(|e| e.to_string()).map(Box::new);
        let operation = match openssl {
            (Some(rsa), _) => Operation::Rsa(rsa),
            (None, Some(ec)) => Operation::Ec(ec, pair()?),
            (None, None) => Operation::Other(pair()?),
        };
        Ok(Self { public, operation })
    }

    /// Returns the public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Returns OpenSSL's key, if it's RSA.
    pub fn rsa(&self) -> Option<&RsaRef<Private>> {
        match &self.operation {
            Operation::Rsa(rsa) => Some(rsa),
            _ => None,
        }
    }

    /// Returns OpenSSL's key, if it's on a NIST curve.
    pub fn ec(&self) -> Option<&EcKeyRef<Private>> {
        match &self.operation {
            Operation::Ec(ec, _) => Some(ec),
            _ => None,
        }
    }

    /// Returns OpenSSL's key, if it's RSA or on a NIST curve.
    pub fn openssl(&self) -> Result<Option<PKey<Private>>, ErrorStack> {
        match &self.operation {
            Operation::Rsa(rsa) => PKey::from_rsa(rsa.clone()).map(Some),
            Operation::Ec(ec, _) => PKey::from_ec_key(ec.clone()).map(Some),
            Operation::Other(_) => Ok(None),
        }
    }

    /// Returns the key pair that signs as OpenPGP does.
    pub fn key_pair(&self) -> openpgp::Result<KeyPair> {
        match &self.operation {
            Operation::Rsa(rsa) => {
                let secret = mapping::rsa_to_mpis(rsa)?;
                KeyPair::new(self.public.clone(), secret.into())
            }
            Operation::Ec(_, pair) | Operation::Other(pair) => Ok((**pair).clone()),
        }
    }

    /// Returns the secret numbers themselves, for export.
    pub fn material(&self) -> openpgp::Result<SecretKeyMaterial> {
        match &self.operation {
            Operation::Rsa(rsa) => mapping::rsa_to_mpis(rsa),
            Operation::Ec(_, pair) | Operation::Other(pair) => {
                Ok(pair.secret().map(SecretKeyMaterial::clone))
            }
        }
    }

    /// Returns a decryptor for PKESKs.
    pub fn decryptor(&self) -> impl Decryptor + '_ {
        SessionKeyOpener(self)
    }
}

struct SessionKeyOpener<'a>(&'a SecretKey);

impl Decryptor for SessionKeyOpener<'_> {
    fn public(&self) -> &PublicKey {
        &self.0.public
    }

    fn decrypt(
        &mut self,
        ciphertext: &Ciphertext,
        plaintext_len: Option<usize>,
    ) -> openpgp::Result<SessionKey> {
        let plain = match (&self.0.operation, ciphertext) {
            (Operation::Rsa(rsa), Ciphertext::RSA { c }) => {
                let size = rsa.size() as usize;
                let mut plain = SessionKey::from(vec![0; size]);
                let length =
                    rsa.private_decrypt(&c.value_padded(size)?, &mut plain, Padding::PKCS1)?;
                let no_length = || openpgp::Error::InvalidOperation("longer than its key".into());
                plain.get(..length).ok_or_else(no_length)?.into()
            }
            (Operation::Rsa(_), _) => {
                return Err(openpgp::Error::InvalidOperation("not for an RSA key".into()).into());
            }
            (Operation::Ec(_, pair) | Operation::Other(pair), _) => {
                pair.clone().decrypt(ciphertext, plaintext_len)?
            }
        };
        if plain.len() < MIN_SESSION_KEY {
            return Err(openpgp::Error::MalformedPacket("session key too short".into()).into());
        }
        Ok(plain)
    }
}
