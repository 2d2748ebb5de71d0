//! New OpenPGP keys.

use std::time::{Duration, SystemTime};

use openpgp::Packet;
use openpgp::Profile;
use openpgp::armor::{Kind, Writer};
use openpgp::cert::{CertBuilder, CipherSuite};
use openpgp::packet::Signature;
use openpgp::serialize::{Serialize, SerializeInto};
use openpgp::types::{Features, KeyFlags};
use sequoia_openpgp as openpgp;
use zeroize::Zeroizing;

use super::{GenerateError, KeyPurpose, UserId};
use crate::keys::passphrase::NewPassphrase;

/// A new OpenPGP key: version 4, on Curve25519, with a primary key that
/// certifies and signs, and for recipients a subkey that encrypts. GnuPG reads
/// it.
pub struct OpenPgpKey {
    /// The secret key, armored.
    pub secret: Zeroizing<Vec<u8>>,
    /// The certificate, armored: for those who seal.
    pub certificate: Vec<u8>,
    /// The revocation of the certificate, which takes effect once published,
    /// armored.
    pub revocation: Vec<u8>,
}

impl OpenPgpKey {
    /// Makes a key that is valid for that many days from `at` on.
    ///
    /// # Errors
    ///
    /// OpenSSL fails, for example without random numbers.
    pub fn generate(
        user_id: &UserId,
        at: SystemTime,
        days: u32,
        purpose: KeyPurpose,
        passphrase: Option<&NewPassphrase>,
    ) -> Result<Self, GenerateError> {
        let made = || {
            let encryption = KeyFlags::empty()
                .set_storage_encryption()
                .set_transport_encryption();
            let builder = CertBuilder::new()
                .set_profile(Profile::RFC4880)?
                .set_cipher_suite(CipherSuite::Cv25519)
                // Not version 2, which callseal reads and GnuPG doesn't: an
                // OpenPGP key is meant to be used elsewhere, too.
                .set_features(Features::empty().set_seipdv1())?
                .set_creation_time(at)
                .set_validity_period(Duration::from_secs(24 * 60 * 60) * days)
                .set_primary_key_flags(KeyFlags::empty().set_certification().set_signing())
                .add_userid(user_id.as_str())
                .set_password(passphrase.map(|passphrase| passphrase.as_bytes().into()));
            let builder = match purpose {
                KeyPurpose::Open => builder.add_subkey(encryption, None, None),
                KeyPurpose::Sign => builder,
            };
            let (key, revocation) = builder.generate()?;
            Ok::<_, openpgp::anyhow::Error>(Self {
                secret: Zeroizing::new(key.as_tsk().armored().to_vec()?),
                certificate: key.armored().to_vec()?,
                revocation: armored(revocation)?,
            })
        };
        made().map_err(|e| GenerateError(e.to_string()))
    }
}

/// Returns a revocation certificate in the form that GnuPG imports.
fn armored(revocation: Signature) -> openpgp::Result<Vec<u8>> {
    let comment = [("Comment", "This is a revocation certificate")];
    let mut writer = Writer::with_headers(Vec::new(), Kind::PublicKey, comment)?;
    Packet::from(revocation).serialize(&mut writer)?;
    Ok(writer.finalize()?)
}
