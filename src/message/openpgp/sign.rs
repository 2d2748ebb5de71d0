//! Signing the content of a message, inside of what is encrypted: one-pass
//! signatures, of which a packet announces each in front of the content
//! ([RFC 9580, section 5.4](https://www.rfc-editor.org/rfc/rfc9580#section-5.4)).

use std::io::Write;

use openpgp::crypto::hash::Context;
use openpgp::crypto::{KeyPair, mpi};
use openpgp::packet::Packet;
use openpgp::packet::one_pass_sig::{OnePassSig3, OnePassSig6};
use openpgp::packet::signature::SignatureBuilder;
use openpgp::serialize::SerializeInto;
use openpgp::types::{Curve, HashAlgorithm, PublicKeyAlgorithm, SignatureType};
use openssl::rand::rand_bytes;
use sequoia_openpgp as openpgp;

use crate::keys::{CertificateKind, Fingerprint, KeyHandle, Recipient, Recipients, SigningKey};
use crate::message::SealError;

/// The signatures over the content of one message, while it is written.
pub(super) struct Signing {
    list: Vec<One>,
}

/// One of them.
struct One {
    signer: String,
    pair: KeyPair,
    builder: SignatureBuilder,
    hash: Context,
}

impl Signing {
    /// Begins the signatures of these keys, made for these recipients.
    pub fn begin(keys: &[SigningKey], recipients: &Recipients) -> Result<Self, SealError> {
        let keys = keys.iter().filter_map(|key| Some((key, key.openpgp()?)));
        let list = keys.map(|(key, pair)| {
            One::begin(key.label(), pair, recipients).map_err(|error| failed(key.label(), &error))
        });
        Ok(Self {
            list: list.collect::<Result<_, _>>()?,
        })
    }

    /// Announces them.
    pub fn write_announcements(&self, sink: &mut impl Write) -> Result<(), SealError> {
        for (number, one) in self.list.iter().enumerate() {
            let is_last = number + 1 == self.list.len();
            let packet = one.announcement(is_last).and_then(|packet| packet.to_vec());
            let packet = packet.map_err(|error| failed(&one.signer, &error))?;
            sink.write_all(&packet).map_err(SealError::Write)?;
        }
        Ok(())
    }

    /// Takes the next piece of the content.
    pub fn update(&mut self, piece: &[u8]) {
        for one in &mut self.list {
            one.hash.update(piece);
        }
    }

    /// Writes them: the last one that was announced comes first.
    pub fn write_signatures(self, sink: &mut impl Write) -> Result<(), SealError> {
        for one in self.list.into_iter().rev() {
            let One {
                signer,
                mut pair,
                builder,
                hash,
            } = one;
            let signature = builder.sign_hash(&mut pair, hash);
            let packet = signature.and_then(|signature| Packet::from(signature).to_vec());
            let packet = packet.map_err(|error| failed(&signer, &error))?;
            sink.write_all(&packet).map_err(SealError::Write)?;
        }
        Ok(())
    }
}

impl One {
    fn begin(signer: &str, pair: KeyPair, recipients: &Recipients) -> openpgp::Result<Self> {
        let algorithm = hash_for(&pair);
        let version = pair.public().version();
        let intended: Vec<_> = recipients.iter().map(intended_as).collect();
        let intended: Vec<_> = intended.iter().map(Fingerprint::inner).collect();
        let mut builder = SignatureBuilder::new(SignatureType::Binary)
            .set_hash_algo(algorithm)
            .set_intended_recipients(intended)?;
        let mut hash = algorithm.context()?.for_signature(version);
        if version >= 6 {
            let mut salt = vec![0; algorithm.salt_size()?];
            rand_bytes(&mut salt)?;
            hash.update(&salt);
            builder = builder.set_prefix_salt(salt).0;
        }
        Ok(Self {
            signer: signer.to_owned(),
            pair,
            builder,
            hash,
        })
    }

    fn announcement(&self, is_last: bool) -> openpgp::Result<Packet> {
        let key = self.pair.public();
        let algorithm = self.hash.algo();
        Ok(match self.builder.prefix_salt() {
            None => {
                let mut packet = OnePassSig3::new(SignatureType::Binary);
                packet.set_issuer(key.keyid());
                packet.set_pk_algo(key.pk_algo());
                packet.set_hash_algo(algorithm);
                packet.set_last(is_last);
                packet.into()
            }
            Some(salt) => {
                let mut packet = OnePassSig6::new(SignatureType::Binary, key.fingerprint());
                packet.set_pk_algo(key.pk_algo());
                packet.set_hash_algo(algorithm);
                packet.set_salt(salt.to_vec());
                packet.set_last(is_last);
                packet.into()
            }
        })
    }
}

/// Returns the hash for a key: as strong as its curve (RFC 9580, section 5.2.3).
fn hash_for(pair: &KeyPair) -> HashAlgorithm {
    let key = pair.public();
    match (key.pk_algo(), key.mpis()) {
        (PublicKeyAlgorithm::Ed448, _) => HashAlgorithm::SHA512,
        (_, mpi::PublicKey::ECDSA { curve, .. }) => match curve {
            Curve::NistP384 | Curve::BrainpoolP384 => HashAlgorithm::SHA384,
            Curve::NistP521 | Curve::BrainpoolP512 => HashAlgorithm::SHA512,
            _ => HashAlgorithm::SHA256,
        },
        _ => HashAlgorithm::SHA256,
    }
}

/// Returns the fingerprint by which a signature names a recipient: that of the
/// OpenPGP certificate, or of the key if there is none (RFC 9580, section
/// 5.2.3.36).
fn intended_as(recipient: &Recipient) -> Fingerprint {
    let certificate = match recipient.kind() {
        CertificateKind::OpenPgp => recipient.certificate_fingerprint(),
        CertificateKind::X509 | CertificateKind::PublicKey => None,
    };
    match certificate.and_then(KeyHandle::parse) {
        Some(KeyHandle::Fingerprint(fingerprint)) => fingerprint,
        _ => recipient.fingerprint().clone(),
    }
}

fn failed(signer: &str, error: &openpgp::anyhow::Error) -> SealError {
    SealError::Signer {
        label: signer.to_owned(),
        reason: error.root_cause().to_string(),
    }
}
