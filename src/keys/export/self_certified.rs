//! The OpenPGP form of a PEM key: what stock OpenPGP software imports.

use std::time::{SystemTime, UNIX_EPOCH};

use openpgp::Cert;
use openpgp::Packet;
use openpgp::crypto::{Password, mpi};
use openpgp::packet::key::{Key4, PrimaryRole, SecretParts, SubordinateRole};
use openpgp::packet::signature::SignatureBuilder;
use openpgp::packet::{Key, UserID};
use openpgp::types::{
    Features, HashAlgorithm, KeyFlags, PublicKeyAlgorithm, SignatureType, SymmetricAlgorithm,
};
use sequoia_openpgp as openpgp;

use crate::keys::keyring::SecretKey;

/// The hash of the self-certification. GnuPG requires one at least as long as
/// the key's curve, and only this one suits all of them (RFC 9580, section
/// 5.2.3.2).
const HASH: HashAlgorithm = HashAlgorithm::SHA512;

/// Returns a certificate with the secret key in it, self-certified.
///
/// An RSA key is the primary key itself, which may encrypt as well. An ECDH key
/// can't certify, so it becomes the subkey of an ECDSA primary key over the
/// same scalar. If the certificate expires, both keys do.
pub(super) fn certificate(
    name: &str,
    secret: &SecretKey,
    passphrase: Option<&Password>,
    expires: Option<SystemTime>,
) -> openpgp::Result<Cert> {
    let material = secret.material()?;
    // From the keys' creation (RFC 9580, section 5.2.3.13).
    let lasts = expires.and_then(|expires| expires.duration_since(UNIX_EPOCH).ok());
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
        UNIX_EPOCH,
        primary_algorithm,
        primary_mpis,
        primary_secret.into(),
    )?
    .into();
    let mut signer = primary.clone().into_keypair()?;
    let mut packets = vec![match passphrase {
        Some(passphrase) => primary.clone().encrypt_secret(passphrase)?.into(),
        None => Packet::from(primary.clone()),
    }];
    let bare = Cert::try_from(vec![Packet::from(primary)])?;
    let user_id = UserID::from(name);
    let builder = SignatureBuilder::new(SignatureType::PositiveCertification)
        .set_hash_algo(HASH)
        .set_key_flags(primary_flags)?
        .set_key_validity_period(lasts)?
        .set_features(Features::empty().set_seipdv1().set_seipdv2())?
        .set_preferred_symmetric_algorithms(vec![
            SymmetricAlgorithm::AES256,
            SymmetricAlgorithm::AES128,
        ])?
        // Else GnuPG signs messages to its owner with SHA-1, as RFC 4880 has it
        // for those who say nothing.
        .set_preferred_hash_algorithms(vec![
            HashAlgorithm::SHA256,
            HashAlgorithm::SHA384,
            HashAlgorithm::SHA512,
        ])?;
    let binding = user_id.bind(&mut signer, &bare, builder)?;
    packets.extend([Packet::from(user_id), binding.into()]);
    if let Some(subkey) = subkey {
        let builder = SignatureBuilder::new(SignatureType::SubkeyBinding)
            .set_hash_algo(HASH)
            .set_key_flags(encryption)?
            .set_key_validity_period(lasts)?;
        let binding = subkey.bind(&mut signer, &bare, builder)?;
        packets.push(match passphrase {
            Some(passphrase) => subkey.encrypt_secret(passphrase)?.into(),
            None => subkey.into(),
        });
        packets.push(binding.into());
    }
    Cert::try_from(packets)
}
