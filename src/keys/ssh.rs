//! SSH keys: OpenSSH's private keys, and public keys in OpenSSH's form and in
//! that of RFC 4716, which PuTTYgen saves.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private, Public};
use openssl::rsa::Rsa;
use ssh_key::public::{EcdsaPublicKey, KeyData};
use ssh_key::{Cipher, Kdf, Mpint};

use crate::keys::file_content::Bytes;
use crate::keys::mapping::{UnusableKey, rsa_from_primes};
use crate::keys::{file_content, openssl_reason};

/// The label of OpenSSH's private keys.
pub(crate) const PRIVATE_LABEL: &str = "OPENSSH PRIVATE KEY";

/// The first line of a public key as RFC 4716 has it, section 3.2.
const SSH2_BEGIN: &str = "---- BEGIN SSH2 PUBLIC KEY ----";
const SSH2_END: &str = "---- END SSH2 PUBLIC KEY ----";

/// The most rounds of bcrypt that are made: some seconds. ssh-keygen makes 16 or
/// 24 unless it is told otherwise.
const MAX_ROUNDS: u32 = 1000;

/// The octets before the fields of a private key.
const MAGIC: &[u8] = b"openssh-key-v1\0";

/// The length of the tag of an authenticated cipher.
const TAG: usize = 16;

/// A private key as OpenSSH writes it: its source has the form in
/// `PROTOCOL.key`. Its public half shows, locked or not.
pub(super) struct OpenSshKey {
    cipher: Cipher,
    kdf: Kdf,
    public: KeyData,
    sealed: Bytes,
    tag: Option<[u8; TAG]>,
}

impl OpenSshKey {
    /// Reads a PEM block.
    pub fn read(text: &[u8]) -> Result<Self, &'static str> {
        let octets = file_content::base64(text).ok_or("its PEM block can't be read")?;
        Self::from_octets(&octets).ok_or("its fields can't be read")
    }

    /// Returns whether its passphrase can be tried in reasonable time.
    pub fn is_affordable(&self) -> bool {
        !matches!(self.kdf, Kdf::Bcrypt { rounds, .. } if rounds > MAX_ROUNDS)
    }

    fn from_octets(octets: &[u8]) -> Option<Self> {
        let mut rest = octets.strip_prefix(MAGIC)?;
        let rest = &mut rest;
        let cipher = Cipher::new(std::str::from_utf8(string(rest)?).ok()?).ok()?;
        let (kdf, mut options) = (string(rest)?, string(rest)?);
        let kdf = match kdf {
            b"none" => Kdf::None,
            b"bcrypt" => Kdf::Bcrypt {
                salt: string(&mut options)?.to_vec(),
                rounds: u32(&mut options).filter(|rounds| *rounds > 0)?,
            },
            _ => return None,
        };
        let 1 = u32(rest)? else {
            return None;
        };
        let public = ssh_key::PublicKey::from_bytes(string(rest)?).ok()?;
        let sealed = Bytes::new(string(rest)?.to_vec());
        Some(Self {
            cipher,
            kdf,
            public: public.key_data().clone(),
            sealed,
            tag: rest.first_chunk().copied(),
        })
    }

    /// Returns whether a passphrase locks it.
    pub fn is_locked(&self) -> bool {
        self.cipher != Cipher::None
    }

    /// Returns its public half.
    pub fn public(&self) -> Result<PKey<Public>, UnusableKey> {
        openssl_public(&self.public)
    }

    /// Returns it unlocked; `None` if the passphrase is wrong.
    pub fn unlock(&self, passphrase: &[u8]) -> Result<Option<PKey<Private>>, UnusableKey> {
        let mut opened = self.sealed.clone();
        let unlocked = self.kdf.derive_key_and_iv(self.cipher, passphrase);
        let unlocked = unlocked.and_then(|(key, iv)| {
            let decrypted = self.cipher.decrypt(&key, &iv, &mut opened, self.tag);
            decrypted.map_err(ssh_key::Error::from)
        });
        match unlocked {
            Ok(()) => private_key(&opened),
            Err(_) => Ok(None),
        }
    }

    /// Returns the key, which isn't locked.
    pub fn open(&self) -> Result<PKey<Private>, UnusableKey> {
        let damaged = || UnusableKey::Malformed("it is damaged".into());
        private_key(&self.sealed)?.ok_or_else(damaged)
    }
}

/// Reads an unlocked key; `None` if its two equal numbers differ, as with a
/// wrong passphrase.
fn private_key(mut octets: &[u8]) -> Result<Option<PKey<Private>>, UnusableKey> {
    let octets = &mut octets;
    let (one, other) = (u32(octets), u32(octets));
    if one.is_none() || one != other {
        return Ok(None);
    }
    let damaged = || UnusableKey::Malformed("it is damaged".into());
    let kind = string(octets).ok_or_else(damaged)?;
    let key = match kind {
        b"ssh-rsa" => rsa_private(octets),
        kind if kind.starts_with(b"ecdsa-sha2-nistp") => ecdsa_private(octets),
        kind => return Err(UnusableKey::Algorithm(name(&String::from_utf8_lossy(kind)))),
    };
    key.ok_or_else(damaged)?.map(Some).map_err(malformed)
}

fn rsa_private(octets: &mut &[u8]) -> Option<Result<PKey<Private>, ErrorStack>> {
    let (n, e, d) = (string(octets)?, string(octets)?, string(octets)?);
    // The inverse of q.
    string(octets)?;
    let (p, q) = (string(octets)?, string(octets)?);
    let key = || {
        let (n, e) = (BigNum::from_slice(n)?, BigNum::from_slice(e)?);
        rsa_from_primes(n, e, secret(d)?, secret(p)?, secret(q)?)
    };
    match key() {
        // With a number that was altered it would yield something else than was
        // sealed to it.
        Ok(key) => key
            .check_key()
            .is_ok_and(|is_right| is_right)
            .then(|| PKey::from_rsa(key)),
        Err(error) => Some(Err(error)),
    }
}

fn ecdsa_private(octets: &mut &[u8]) -> Option<Result<PKey<Private>, ErrorStack>> {
    let curve = match string(octets)? {
        b"nistp256" => Nid::X9_62_PRIME256V1,
        b"nistp384" => Nid::SECP384R1,
        b"nistp521" => Nid::SECP521R1,
        _ => return None,
    };
    let (point, scalar) = (string(octets)?, string(octets)?);
    let key = || {
        let public = ec_public(curve, point)?;
        let scalar = secret(scalar)?;
        let key = EcKey::from_private_components(public.group(), &scalar, public.public_key())?;
        key.check_key()?;
        PKey::from_ec_key(key)
    };
    Some(key())
}

fn secret(number: &[u8]) -> Result<BigNum, ErrorStack> {
    let mut secret = BigNum::new_secure()?;
    secret.copy_from_slice(number)?;
    Ok(secret)
}

fn u32(rest: &mut &[u8]) -> Option<u32> {
    let (number, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(u32::from_be_bytes(*number))
}

/// Reads octets with their length before them, which numbers have as well.
fn string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(u32(rest)?).ok()?;
    let (octets, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(octets)
}

/// Returns whether the text is an SSH public key.
pub(super) fn is_public_key(text: &[u8]) -> bool {
    let kinds = ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-", SSH2_BEGIN];
    kinds.iter().any(|kind| text.starts_with(kind.as_bytes()))
}

/// Returns the number of public keys in a text.
pub(super) fn count_public_keys(text: &[u8]) -> usize {
    let text = String::from_utf8_lossy(text);
    match text.starts_with(SSH2_BEGIN) {
        true => text.matches(SSH2_BEGIN).count(),
        false => {
            let lines = text.lines().map(str::trim);
            let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
            lines.count()
        }
    }
}

/// Reads a public key, of one line or as RFC 4716 has it.
pub(super) fn public_key(text: &[u8]) -> Result<PKey<Public>, UnusableKey> {
    let malformed = |e: String| UnusableKey::Malformed(e);
    let text = std::str::from_utf8(text).map_err(|e| malformed(e.to_string()))?;
    let key = match text.strip_prefix(SSH2_BEGIN) {
        None => ssh_key::PublicKey::from_openssh(text.trim()),
        Some(body) => {
            let body = body.split(SSH2_END).next().unwrap_or_default();
            return public_key_from_base64(&without_headers(body));
        }
    };
    let key = key.map_err(|e| malformed(e.to_string()))?;
    openssl_public(key.key_data())
}

/// Reads a public key without the text around it.
pub(super) fn public_key_from_base64(text: &str) -> Result<PKey<Public>, UnusableKey> {
    let malformed = |e: String| UnusableKey::Malformed(e);
    let octets = BASE64_STANDARD.decode(text);
    let octets = octets.map_err(|e| malformed(e.to_string()))?;
    let key = ssh_key::PublicKey::from_bytes(&octets);
    openssl_public(key.map_err(|e| malformed(e.to_string()))?.key_data())
}

/// Returns the base64 of a body, after its headers (RFC 4716, section 3.3),
/// which go on in the next line after a backslash.
fn without_headers(body: &str) -> String {
    let mut is_header = false;
    let mut base64 = String::new();
    for line in body.lines() {
        let goes_on = std::mem::take(&mut is_header);
        if goes_on || line.contains(':') {
            is_header = line.trim_end().ends_with('\\');
        } else {
            base64.push_str(line.trim());
        }
    }
    base64
}

fn openssl_public(key: &KeyData) -> Result<PKey<Public>, UnusableKey> {
    match key {
        KeyData::Rsa(key) => number(&key.n)
            .and_then(|n| Rsa::from_public_components(n, number(&key.e)?))
            .and_then(PKey::from_rsa)
            .map_err(malformed),
        KeyData::Ecdsa(key) => {
            let (curve, point) = match key {
                EcdsaPublicKey::NistP256(point) => (Nid::X9_62_PRIME256V1, point.as_bytes()),
                EcdsaPublicKey::NistP384(point) => (Nid::SECP384R1, point.as_bytes()),
                EcdsaPublicKey::NistP521(point) => (Nid::SECP521R1, point.as_bytes()),
            };
            let key = ec_public(curve, point);
            key.and_then(PKey::from_ec_key).map_err(malformed)
        }
        key => Err(UnusableKey::Algorithm(name(key.algorithm().as_str()))),
    }
}

fn ec_public(curve: Nid, point: &[u8]) -> Result<EcKey<Public>, ErrorStack> {
    let group = EcGroup::from_curve_name(curve)?;
    let mut context = BigNumContext::new()?;
    let point = EcPoint::from_bytes(&group, point, &mut context)?;
    EcKey::from_public_key(&group, &point)
}

fn number(number: &Mpint) -> Result<BigNum, ErrorStack> {
    BigNum::from_slice(number.as_positive_bytes().unwrap_or_default())
}

fn malformed(e: ErrorStack) -> UnusableKey {
    UnusableKey::Malformed(openssl_reason(&e))
}

/// Returns the name of an algorithm that isn't supported.
fn name(algorithm: &str) -> String {
    match algorithm {
        "ssh-ed25519" => "Ed25519".into(),
        "ssh-dss" => "DSA".into(),
        other => other.into(),
    }
}
