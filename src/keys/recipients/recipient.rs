//! One public encryption key that messages are sealed to.

use std::iter;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use openpgp::crypto::SessionKey;
use openpgp::crypto::mpi;
use openpgp::packet::{PKESK, pkesk::PKESK3, pkesk::PKESK6};
use openpgp::types::{Features, PublicKeyAlgorithm, SymmetricAlgorithm};
use openssl::bn::BigNum;
use openssl::ec::EcKey;
use openssl::error::ErrorStack;
use openssl::pkey::Public;
use openssl::rsa::{Padding, Rsa};
use openssl::x509::X509Ref;
use sequoia_openpgp as openpgp;

use crate::keys::mapping::{self, PublicKey};
use crate::keys::trust::Chain;
use crate::keys::{Fingerprint, IssuerAndSerial, KeyHandle, SubjectKeyId};

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
    /// Returns the kind in words.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageVersion {
    /// SEIPDv1: CFB with a SHA-1 modification detection code, as GnuPG reads it.
    V1,
    /// SEIPDv2: authenticated chunk by chunk (AEAD).
    V2,
}

impl MessageVersion {
    /// Returns the standard that introduced it.
    pub fn standard(self) -> &'static str {
        match self {
            Self::V1 => "rfc4880",
            Self::V2 => "rfc9580",
        }
    }
}

/// One public encryption key, and where it came from.
#[derive(Clone, Debug)]
pub struct Recipient {
    source: PathBuf,
    label: String,
    kind: CertificateKind,
    fingerprint: Fingerprint,
    certificate_fingerprint: Option<String>,
    /// The names of its X.509 certificates, of which a renewed one may be
    /// listed too.
    issuers_and_serials: Vec<IssuerAndSerial>,
    subject_key_ids: Vec<SubjectKeyId>,
    expires: Option<SystemTime>,
    chain: Option<Chain>,
    reads_v2: bool,
    key: PublicKey,
    rsa: Option<Rsa<Public>>,
}

impl Recipient {
    pub(super) fn new(key: PublicKey, source: &Path, kind: CertificateKind, label: String) -> Self {
        let rsa = rsa_public(&key);
        Self {
            source: source.to_owned(),
            label,
            kind,
            fingerprint: Fingerprint::of(key.fingerprint()),
            certificate_fingerprint: None,
            issuers_and_serials: Vec::new(),
            subject_key_ids: mapping::subject_key_id(&key).into_iter().collect(),
            expires: None,
            chain: None,
            // Keys from X.509 have no features and count as supporting version
            // 2; version 6 keys imply it.
            reads_v2: kind != CertificateKind::OpenPgp || key.version() >= 6,
            key,
            rsa,
        }
    }

    /// Makes a recipient from the public half of a private key.
    pub(in crate::keys) fn of_key(public: &PublicKey, source: &Path) -> Self {
        let label = source.display().to_string();
        Self::new(public.clone(), source, CertificateKind::PublicKey, label)
    }

    pub(super) fn expiring(self, expires: Option<SystemTime>) -> Self {
        Self { expires, ..self }
    }

    pub(super) fn chaining(self, chain: Option<Chain>) -> Self {
        Self { chain, ..self }
    }

    pub(super) fn of_certificate(self, fingerprint: String) -> Self {
        Self {
            certificate_fingerprint: Some(fingerprint),
            ..self
        }
    }

    /// Adds the names that CMS messages may have for it.
    pub(super) fn of_x509(mut self, certificate: &X509Ref) -> Result<Self, ErrorStack> {
        self.issuers_and_serials
            .push(IssuerAndSerial::of(certificate)?);
        let id = certificate.subject_key_id();
        self.subject_key_ids
            .extend(id.map(|id| SubjectKeyId::new(id.as_slice())));
        Ok(self)
    }

    /// Adds what an OpenPGP certificate says about its owner's software (RFC
    /// 9580, section 5.2.3.32).
    pub(super) fn with_features(self, features: Option<&Features>) -> Self {
        let reads_v2 = self.reads_v2 || features.is_some_and(Features::supports_seipdv2);
        Self { reads_v2, ..self }
    }

    /// Returns the file it came from.
    pub fn source(&self) -> &Path {
        &self.source
    }

    /// Returns the owner's name: the certificate's common name or first user
    /// ID; for a bare public key the file name. Not sanitised for a terminal.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Returns the kind of file it came from.
    pub fn kind(&self) -> CertificateKind {
        self.kind
    }

    /// Returns the fingerprint by which messages name it.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// Returns the issuers and serial numbers of its X.509 certificates:
    /// several if certificates over one key are listed.
    pub fn issuers_and_serials(&self) -> &[IssuerAndSerial] {
        &self.issuers_and_serials
    }

    /// Adds the names of another certificate over the same key.
    pub(super) fn merge(&mut self, other: Self) {
        for name in other.issuers_and_serials {
            if !self.issuers_and_serials.contains(&name) {
                self.issuers_and_serials.push(name);
            }
        }
        self.subject_key_ids.extend(other.subject_key_ids);
    }

    /// Returns everything that a message may name it by.
    #[doc(hidden)]
    pub fn handles(&self) -> Vec<KeyHandle> {
        let certificates = self.issuers_and_serials.iter().cloned();
        let identifiers = self.subject_key_ids.iter().cloned();
        iter::once(KeyHandle::Fingerprint(self.fingerprint.clone()))
            .chain(certificates.map(KeyHandle::IssuerAndSerial))
            .chain(identifiers.map(KeyHandle::SubjectKeyId))
            .collect()
    }

    /// Returns whether a message's handle names it.
    pub fn is_named_by(&self, handle: &KeyHandle) -> bool {
        match handle {
            KeyHandle::IssuerAndSerial(certificate) => self
                .issuers_and_serials
                .iter()
                .any(|own| own.names(certificate)),
            KeyHandle::SubjectKeyId(id) => self.subject_key_ids.contains(id),
            _ => handle.names(&self.fingerprint),
        }
    }

    /// Returns the fingerprint of its certificate, in upper-case hexadecimal
    /// digits: of an X.509 certificate the SHA-256, of an OpenPGP certificate
    /// that of the primary key.
    pub fn certificate_fingerprint(&self) -> Option<&str> {
        self.certificate_fingerprint.as_deref()
    }

    /// Returns the end of its validity, if it has one.
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    /// Returns the CAs that vouch for it, if it was verified.
    pub fn chain(&self) -> Option<&Chain> {
        self.chain.as_ref()
    }

    /// Returns the time from which it can't be used: the end of its validity,
    /// or of that of a CA in its chain. (CRLs are renewed all the time, and
    /// don't count.)
    pub fn usable_until(&self) -> Option<SystemTime> {
        let issuers = self.chain.iter().flat_map(|chain| &chain.issuers);
        issuers
            .filter_map(|ca| ca.expires)
            .chain(self.expires)
            .min()
    }

    /// Returns algorithm and size, such as `RSA 2048` or `ECDH P-256`.
    pub fn algorithm(&self) -> String {
        mapping::algorithm_name(&self.key)
    }

    /// Returns the OpenSSL key, if it's RSA.
    pub(crate) fn rsa(&self) -> Option<&Rsa<Public>> {
        self.rsa.as_ref()
    }

    /// Returns the OpenSSL key, if it's on a NIST or brainpool curve.
    pub(crate) fn ec(&self) -> Result<Option<EcKey<Public>>, ErrorStack> {
        mapping::ec_from_mpis(&self.key)
    }

    /// Returns the algorithm of the PKESKs for it.
    pub(crate) fn pk_algo(&self) -> PublicKeyAlgorithm {
        self.key.pk_algo()
    }

    /// Returns whether its owner's software reads messages of that version.
    ///
    /// Version 4 keys read version 1 always, and version 2 if their
    /// certificate's features say so; keys from X.509 read both. Version 6
    /// keys read version 2 alone: software that knows only RFC 4880 can't
    /// have them.
    pub(crate) fn reads(&self, version: MessageVersion) -> bool {
        match version {
            MessageVersion::V1 => self.key.version() < 6,
            MessageVersion::V2 => self.reads_v2,
        }
    }

    /// Returns the session key for that cipher, encrypted to this recipient
    /// ([RFC 9580, section 5.1](https://www.rfc-editor.org/rfc/rfc9580#section-5.1)):
    /// a version 3 PKESK for version 1 messages, else one of version 6.
    pub(crate) fn wrap(
        &self,
        cipher: SymmetricAlgorithm,
        session_key: &SessionKey,
        version: MessageVersion,
        hidden: bool,
    ) -> openpgp::Result<PKESK> {
        let named = (!hidden).then_some(&self.key);
        Ok(match (version, &self.rsa) {
            (MessageVersion::V1, Some(rsa)) => {
                let c = wrap_rsa(rsa, Some(cipher), session_key)?;
                PKESK3::new(named.map(|k| k.keyid()), self.key.pk_algo(), c)?.into()
            }
            (MessageVersion::V2, Some(rsa)) => {
                let c = wrap_rsa(rsa, None, session_key)?;
                PKESK6::new(named.map(|k| k.fingerprint()), self.key.pk_algo(), c)?.into()
            }
            (MessageVersion::V1, None) => {
                let mut pkesk = PKESK3::for_recipient(cipher, session_key, &self.key)?;
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

/// Encrypts a session key with RSA through a key that OpenSSL keeps ready: half
/// the time of importing the key anew for each message.
fn wrap_rsa(
    rsa: &Rsa<Public>,
    algorithm: Option<SymmetricAlgorithm>,
    session_key: &SessionKey,
) -> openpgp::Result<mpi::Ciphertext> {
    // RFC 9580, sections 5.1.3 and 5.1.1: the algorithm comes first for a
    // version 3 PKESK, and a checksum modulo 65,536 last.
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
