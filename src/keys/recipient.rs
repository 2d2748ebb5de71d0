//! One public encryption key that messages are sealed to.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use openpgp::cert::{Cert, CertParser, Preferences};
use openpgp::crypto::SessionKey;
use openpgp::crypto::mpi;
use openpgp::packet::{PKESK, pkesk::PKESK3, pkesk::PKESK6};
use openpgp::parse::Parse;
use openpgp::policy::StandardPolicy;
use openpgp::types::{RevocationStatus, SymmetricAlgorithm};
use openssl::bn::BigNum;
use openssl::pkey::{PKey, Public};
use openssl::rsa::{Padding, Rsa};
use openssl::x509::X509;
use sequoia_openpgp as openpgp;

use super::file::{self, Block, Form};
use super::mapping::{self, PublicKey};
use super::refusal::Refusal;
use super::{Fingerprint, openssl_reason, x509};

/// The kind of file a recipient came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateKind {
    /// An X.509 certificate.
    X509,
    /// A public key without a certificate around it: it never expires.
    PublicKey,
    /// An OpenPGP certificate.
    OpenPgp,
}

impl CertificateKind {
    /// The kind in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::X509 => "X.509 certificate",
            Self::PublicKey => "public key",
            Self::OpenPgp => "OpenPGP certificate",
        }
    }
}

/// The two kinds of integrity-protected message
/// ([RFC 9580, section 5.13](https://www.rfc-editor.org/rfc/rfc9580#section-5.13)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageVersion {
    /// SEIPDv1: CFB with a SHA-1 modification detection code, as GnuPG reads it.
    V1,
    /// SEIPDv2: authenticated chunk by chunk (AEAD).
    V2,
}

impl MessageVersion {
    /// The standard that introduced it.
    pub fn standard(self) -> &'static str {
        match self {
            Self::V1 => "rfc4880",
            Self::V2 => "rfc9580",
        }
    }
}

/// One public encryption key, with where it came from.
#[derive(Clone, Debug)]
pub struct Recipient {
    source: PathBuf,
    label: String,
    kind: CertificateKind,
    fingerprint: Fingerprint,
    expires: Option<SystemTime>,
    reads_v2: bool,
    key: PublicKey,
    rsa: Option<Rsa<Public>>,
}

impl Recipient {
    /// All recipients that a certificate or public key file stands for: one,
    /// or for an OpenPGP certificate one for each of its encryption keys that
    /// is valid at the time `at`, whether flagged for storage or for
    /// transport. (Its owner may have only one of them at hand.)
    ///
    /// # Errors
    ///
    /// A file that can't be used is refused, with the reason.
    pub fn load(path: &Path, at: SystemTime) -> Result<Vec<Self>, Refusal> {
        Self::parse(
            &file::read(path).map_err(Refusal::Unreadable)?,
            path,
            Some(at),
        )
    }

    /// As [`Recipient::load`], but without regard to validity periods: to
    /// recognise the recipients of what has been sealed already.
    ///
    /// # Errors
    ///
    /// A file that is no certificate or public key is refused.
    pub fn load_any_age(path: &Path) -> Result<Vec<Self>, Refusal> {
        Self::parse(&file::read(path).map_err(Refusal::Unreadable)?, path, None)
    }

    pub(crate) fn parse(
        bytes: &[u8],
        source: &Path,
        at: Option<SystemTime>,
    ) -> Result<Vec<Self>, Refusal> {
        match file::form(bytes) {
            Form::Pem => {
                if file::blocks(bytes).any(|block| block.is_private()) {
                    return Err(Refusal::PrivateKey);
                }
                // The first block is the recipient; what follows is its chain.
                let block = file::blocks(bytes).next().ok_or(Refusal::NotACertificate)?;
                from_block(block, source, at)
            }
            Form::Der => Ok(vec![from_der(bytes, source, at)?]),
            Form::OpenPgp => from_openpgp(bytes, source, at),
            Form::Unknown => Err(Refusal::NotACertificate),
        }
    }

    fn new(key: PublicKey, source: &Path, kind: CertificateKind, label: String) -> Self {
        let rsa = rsa_public(&key);
        Self {
            source: source.to_owned(),
            label,
            kind,
            fingerprint: key.fingerprint().into(),
            expires: None,
            // Keys from X.509 have no features of their own and count as
            // supporting version 2; version 6 keys imply it.
            reads_v2: kind != CertificateKind::OpenPgp || key.version() >= 6,
            key,
            rsa,
        }
    }

    /// The file it came from.
    pub fn source(&self) -> &Path {
        &self.source
    }

    /// Whose key it is: the certificate's common name or first user ID; for a
    /// bare public key the file name. Not sanitised for a terminal.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The kind of file it came from.
    pub fn kind(&self) -> CertificateKind {
        self.kind
    }

    /// The fingerprint by which messages name it.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// When its validity ends, where it does.
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    /// Algorithm and size, such as `RSA 2048` or `ECDH P-256`.
    pub fn algorithm(&self) -> String {
        algorithm_name(&self.key)
    }

    /// Whether its owner's software reads messages of that version.
    ///
    /// Version 4 keys read version 1 always, and version 2 where their
    /// certificate's features say so; keys from X.509 read both. Version 6
    /// keys read version 2 alone, as software that knows RFC 4880 only can't
    /// have them.
    pub fn reads(&self, version: MessageVersion) -> bool {
        match version {
            MessageVersion::V1 => self.key.version() < 6,
            MessageVersion::V2 => self.reads_v2,
        }
    }

    /// The session key, encrypted to this recipient
    /// ([RFC 9580, section 5.1](https://www.rfc-editor.org/rfc/rfc9580#section-5.1)):
    /// a version 3 PKESK for version 1 messages, else one of version 6.
    pub(crate) fn wrap(
        &self,
        session_key: &SessionKey,
        version: MessageVersion,
        hidden: bool,
    ) -> openpgp::Result<PKESK> {
        let named = (!hidden).then_some(&self.key);
        Ok(match (version, &self.rsa) {
            (MessageVersion::V1, Some(rsa)) => {
                let c = wrap_rsa(rsa, Some(SymmetricAlgorithm::AES256), session_key)?;
                PKESK3::new(named.map(|k| k.keyid()), self.key.pk_algo(), c)?.into()
            }
            (MessageVersion::V2, Some(rsa)) => {
                let c = wrap_rsa(rsa, None, session_key)?;
                PKESK6::new(named.map(|k| k.fingerprint()), self.key.pk_algo(), c)?.into()
            }
            (MessageVersion::V1, None) => {
                let mut pkesk =
                    PKESK3::for_recipient(SymmetricAlgorithm::AES256, session_key, &self.key)?;
                pkesk.set_recipient(named.map(|k| k.keyid()));
                pkesk.into()
            }
            (MessageVersion::V2, None) => {
                let mut pkesk = PKESK6::for_recipient(session_key, &self.key)?;
                pkesk.set_recipient(named.map(|k| k.fingerprint()));
                pkesk.into()
            }
        })
    }
}

/// RSA encryption of a session key through a key that OpenSSL holds ready:
/// half the time of importing the key anew for each message.
fn wrap_rsa(
    rsa: &Rsa<Public>,
    algorithm: Option<SymmetricAlgorithm>,
    session_key: &SessionKey,
) -> openpgp::Result<mpi::Ciphertext> {
    // RFC 9580, sections 5.1.3 and 5.1.1: the algorithm in front for a
    // version 3 PKESK, and a checksum modulo 65,536 behind.
    let checksum = session_key
        .iter()
        .fold(0u16, |sum, octet| sum.wrapping_add(u16::from(*octet)));
    let mut plain: Vec<u8> = Vec::with_capacity(1 + session_key.len() + 2);
    plain.extend(algorithm.map(u8::from));
    plain.extend_from_slice(session_key);
    plain.extend_from_slice(&checksum.to_be_bytes());
    let plain = SessionKey::from(plain);
    let mut c = vec![0; rsa.size() as usize];
    let length = rsa.public_encrypt(&plain, &mut c, Padding::PKCS1)?;
    c.truncate(length);
    Ok(mpi::Ciphertext::RSA { c: c.into() })
}

fn rsa_public(key: &PublicKey) -> Option<Rsa<Public>> {
    let mpi::PublicKey::RSA { e, n } = key.mpis() else {
        return None;
    };
    let n = BigNum::from_slice(n.value()).ok()?;
    let e = BigNum::from_slice(e.value()).ok()?;
    Rsa::from_public_components(n, e).ok()
}

/// Algorithm and size or curve of an OpenPGP key.
pub(crate) fn algorithm_name(key: &PublicKey) -> String {
    match key.mpis() {
        mpi::PublicKey::RSA { n, .. } => format!("RSA {}", n.bits()),
        mpi::PublicKey::ECDH { curve, .. } => format!("ECDH {curve}"),
        _ => key.pk_algo().to_string(),
    }
}

fn from_block(
    block: Block<'_>,
    source: &Path,
    at: Option<SystemTime>,
) -> Result<Vec<Recipient>, Refusal> {
    let malformed = |e: openssl::error::ErrorStack| Refusal::Malformed(openssl_reason(&e));
    let bare = |key: PKey<Public>| from_public_key(&key, source);
    let recipient = match block.label {
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
            from_x509(&X509::from_pem(block.text).map_err(malformed)?, source, at)?
        }
        "PUBLIC KEY" => bare(PKey::public_key_from_pem(block.text).map_err(malformed)?)?,
        "RSA PUBLIC KEY" => {
            let rsa = Rsa::public_key_from_pem_pkcs1(block.text).map_err(malformed)?;
            bare(PKey::from_rsa(rsa).map_err(malformed)?)?
        }
        "PGP PUBLIC KEY BLOCK" => return from_openpgp(block.text, source, at),
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => return Err(Refusal::SigningRequest),
        _ => return Err(Refusal::NotACertificate),
    };
    Ok(vec![recipient])
}

fn from_der(bytes: &[u8], source: &Path, at: Option<SystemTime>) -> Result<Recipient, Refusal> {
    if let Ok(certificate) = X509::from_der(bytes) {
        return from_x509(&certificate, source, at);
    }
    if let Ok(key) = PKey::public_key_from_der(bytes) {
        return from_public_key(&key, source);
    }
    if let Ok(key) = Rsa::public_key_from_der_pkcs1(bytes).and_then(PKey::from_rsa) {
        return from_public_key(&key, source);
    }
    Err(if super::identity::is_private_der(bytes) {
        Refusal::PrivateKey
    } else {
        Refusal::NotACertificate
    })
}

fn from_x509(
    certificate: &X509,
    source: &Path,
    at: Option<SystemTime>,
) -> Result<Recipient, Refusal> {
    let subject = x509::subject(certificate);
    let (not_before, not_after) = x509::validity(certificate)?;
    if let Some(at) = at {
        if at < not_before {
            return Err(Refusal::NotYetValid {
                subject,
                until: not_before,
            });
        }
        if at > not_after {
            return Err(Refusal::Expired {
                subject,
                since: not_after,
            });
        }
    }
    let public = certificate
        .public_key()
        .map_err(|e| Refusal::Malformed(openssl_reason(&e)))?;
    let key = mapping::public_key(&public)?;
    let mut recipient = Recipient::new(key, source, CertificateKind::X509, subject);
    recipient.expires = Some(not_after);
    Ok(recipient)
}

fn from_public_key(key: &PKey<Public>, source: &Path) -> Result<Recipient, Refusal> {
    let label = source
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let key = mapping::public_key(key)?;
    Ok(Recipient::new(
        key,
        source,
        CertificateKind::PublicKey,
        label,
    ))
}

fn from_openpgp(
    bytes: &[u8],
    source: &Path,
    at: Option<SystemTime>,
) -> Result<Vec<Recipient>, Refusal> {
    let malformed = |e: openpgp::anyhow::Error| Refusal::Malformed(e.to_string());
    let certs = CertParser::from_bytes(bytes)
        .and_then(Iterator::collect::<openpgp::Result<Vec<Cert>>>)
        .map_err(malformed)?;
    let [cert] = certs.as_slice() else {
        return Err(if certs.is_empty() {
            Refusal::NotACertificate
        } else {
            Refusal::SeveralCertificates(certs.len())
        });
    };
    if cert.is_tsk() {
        return Err(Refusal::PrivateKey);
    }
    match at {
        Some(at) => openpgp_valid_at(cert, source, at),
        None => Ok(cert
            .keys()
            .filter(|key| key.key().pk_algo().for_encryption())
            .map(|key| {
                let key = key.key().clone().role_into_unspecified();
                Recipient::new(key, source, CertificateKind::OpenPgp, openpgp_label(cert))
            })
            .collect()),
    }
}

fn openpgp_valid_at(cert: &Cert, source: &Path, at: SystemTime) -> Result<Vec<Recipient>, Refusal> {
    let policy = StandardPolicy::new();
    let subject = openpgp_label(cert);
    let valid = cert.with_policy(&policy, at).map_err(|e| Refusal::Policy {
        subject: subject.clone(),
        reason: innermost(&e),
    })?;
    if matches!(valid.revocation_status(), RevocationStatus::Revoked(_)) {
        return Err(Refusal::Revoked { subject });
    }
    let primary = valid.primary_key();
    if let Some(since) = primary.key_expiration_time().filter(|end| *end <= at) {
        return Err(Refusal::Expired { subject, since });
    }
    if let Err(e) = valid.alive() {
        return Err(Refusal::Policy {
            subject,
            reason: innermost(&e),
        });
    }
    let features = valid.features();
    let mut recipients = Vec::new();
    let mut latest_expiry = None;
    for key in valid
        .keys()
        .revoked(false)
        .for_storage_encryption()
        .for_transport_encryption()
    {
        if key.alive().is_err() {
            latest_expiry = latest_expiry.max(key.key_expiration_time());
            continue;
        }
        // A key that is valid but can't be used is refused rather than left
        // out: its owner may hold no other.
        let public = key.key().clone().role_into_unspecified();
        if !public.pk_algo().is_supported() || !public.pk_algo().for_encryption() {
            return Err(Refusal::Algorithm(public.pk_algo().to_string()));
        }
        mapping::check_strength(&public)?;
        let mut recipient =
            Recipient::new(public, source, CertificateKind::OpenPgp, subject.clone());
        recipient.reads_v2 |= features.as_ref().is_some_and(|f| f.supports_seipdv2());
        recipient.expires = match (key.key_expiration_time(), primary.key_expiration_time()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        recipients.push(recipient);
    }
    match (recipients.is_empty(), latest_expiry) {
        (false, _) => Ok(recipients),
        (true, Some(since)) => Err(Refusal::Expired { subject, since }),
        (true, None) => Err(Refusal::NoEncryptionKey { subject }),
    }
}

fn openpgp_label(cert: &Cert) -> String {
    cert.userids().next().map_or_else(
        || cert.fingerprint().to_hex(),
        |uid| String::from_utf8_lossy(uid.userid().value()).into_owned(),
    )
}

/// The innermost cause of sequoia's error chain: the outer ones repeat it.
fn innermost(e: &openpgp::anyhow::Error) -> String {
    e.root_cause().to_string()
}
