//! PEM keys for stock OpenPGP software: the way out without callseal.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use openpgp::Cert;
use openpgp::Packet;
use openpgp::crypto::mpi;
use openpgp::packet::key::{Key4, PrimaryRole, SecretParts, SubordinateRole};
use openpgp::packet::signature::SignatureBuilder;
use openpgp::packet::{Key, UserID};
use openpgp::serialize::SerializeInto;
use openpgp::types::{
    Features, HashAlgorithm, KeyFlags, PublicKeyAlgorithm, SignatureType, SymmetricAlgorithm,
};
use sequoia_openpgp as openpgp;
use thiserror::Error;
use zeroize::Zeroizing;

use super::identity::{Identity, KeyFault, UnlockFault};
use super::passphrase::{LockedKey, Passphrase, Passphrases};
use super::secret::SecretKey;

/// What the exported key certifies itself with. GnuPG wants a hash that is no
/// shorter than the key's curve, and so only this one does for all of them
/// (RFC 9580, section 5.2.3.2).
const HASH: HashAlgorithm = HashAlgorithm::SHA512;

/// Why a key can't be exported.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The file yields no key.
    #[error("{}: {fault}", .path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: KeyFault,
    },
    /// The key stays locked.
    #[error("{}: {fault}", .path.display())]
    Locked {
        /// The file.
        path: PathBuf,
        /// Why it stays locked.
        fault: UnlockFault,
    },
}

/// Makes an armored OpenPGP secret key of a PEM or DER private key, for
/// GnuPG and others to import. It has the fingerprint by which callseal's
/// messages name the key, and the passphrase of the file it came from (none
/// where that had none).
///
/// # Errors
///
/// The file holds no usable private key, or its passphrase is not to be had.
pub fn export_secret_key(
    path: &Path,
    passphrases: &dyn Passphrases,
) -> Result<Zeroizing<Vec<u8>>, ExportError> {
    let key_error = |fault| ExportError::Key {
        path: path.to_owned(),
        fault,
    };
    let unusable = |e: openpgp::anyhow::Error| key_error(KeyFault::Unusable(e.to_string()));
    let identities = Identity::load(path).map_err(key_error)?;
    let identity = match identities.as_slice() {
        [identity] if !identity.is_openpgp() => identity,
        _ => {
            let reason = "it is an OpenPGP key already, or several keys";
            return Err(key_error(KeyFault::Unusable(reason.into())));
        }
    };
    let heard = Overheard {
        passphrases,
        last: Mutex::new(None),
    };
    let secret = identity
        .unlock(&heard)
        .map_err(|fault| ExportError::Locked {
            path: path.to_owned(),
            fault,
        })?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = identity.label().unwrap_or(&stem);
    let passphrase = heard
        .last
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    certificate(name, &secret, passphrase.as_ref())
        .and_then(|cert| cert.as_tsk().armored().to_vec())
        .map(Zeroizing::new)
        .map_err(unusable)
}

/// Remembers the passphrase that was given, so that the exported key can be
/// locked with it again.
struct Overheard<'a> {
    passphrases: &'a dyn Passphrases,
    last: Mutex<Option<Passphrase>>,
}

impl Passphrases for Overheard<'_> {
    fn ask(&self, key: LockedKey<'_>, attempt: usize) -> io::Result<Option<Passphrase>> {
        let answer = self.passphrases.ask(key, attempt)?;
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(&answer);
        Ok(answer)
    }
}

/// A certificate with the secret key in it, self-certified.
///
/// An RSA key is the primary key itself, which may encrypt as well. An ECDH
/// key can't certify, so it becomes the subkey of an ECDSA primary key over
/// the same scalar.
fn certificate(
    name: &str,
    secret: &SecretKey,
    passphrase: Option<&Passphrase>,
) -> openpgp::Result<Cert> {
    let material = secret.material()?;
    let encryption = KeyFlags::empty()
        .set_transport_encryption()
        .set_storage_encryption();
    let (primary_mpis, primary_algorithm, primary_flags, subkey) = match secret.public().mpis() {
        mpi::PublicKey::ECDH { curve, q, .. } => {
            let mpis = mpi::PublicKey::ECDSA {
                curve: curve.clone(),
                q: q.clone(),
            };
            let subkey: Key<SecretParts, SubordinateRole> = secret
                .public()
                .clone()
                .role_into_subordinate()
                .add_secret(material.clone().into())
                .0;
            let flags = KeyFlags::empty().set_certification();
            (mpis, PublicKeyAlgorithm::ECDSA, flags, Some(subkey))
        }
        mpis => (
            mpis.clone(),
            PublicKeyAlgorithm::RSAEncryptSign,
            encryption.clone().set_certification(),
            None,
        ),
    };
    let primary_secret = match material {
        mpi::SecretKeyMaterial::ECDH { scalar } => mpi::SecretKeyMaterial::ECDSA { scalar },
        other => other,
    };
    let primary: Key<SecretParts, PrimaryRole> = Key4::with_secret(
        std::time::UNIX_EPOCH,
        primary_algorithm,
        primary_mpis,
        primary_secret.into(),
    )?
    .into();
    let mut signer = primary.clone().into_keypair()?;
    let mut packets = vec![match passphrase {
        Some(passphrase) => primary
            .clone()
            .encrypt_secret(&passphrase.as_bytes().into())?
            .into(),
        None => Packet::from(primary.clone()),
    }];
    let bare = Cert::try_from(vec![Packet::from(primary)])?;
    let user_id = UserID::from(name);
    let builder = SignatureBuilder::new(SignatureType::PositiveCertification)
        .set_hash_algo(HASH)
        .set_key_flags(primary_flags)?
        .set_features(Features::empty().set_seipdv1().set_seipdv2())?
        .set_preferred_symmetric_algorithms(vec![
            SymmetricAlgorithm::AES256,
            SymmetricAlgorithm::AES128,
        ])?;
    let binding = user_id.bind(&mut signer, &bare, builder)?;
    packets.extend([Packet::from(user_id), binding.into()]);
    if let Some(subkey) = subkey {
        let builder = SignatureBuilder::new(SignatureType::SubkeyBinding)
            .set_hash_algo(HASH)
            .set_key_flags(encryption)?;
        let binding = subkey.bind(&mut signer, &bare, builder)?;
        packets.push(match passphrase {
            Some(passphrase) => subkey.encrypt_secret(&passphrase.as_bytes().into())?.into(),
            None => subkey.into(),
        });
        packets.push(binding.into());
    }
    Cert::try_from(packets)
}
