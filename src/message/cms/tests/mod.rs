//! Messages of other implementations open, and nothing else does.

mod agreement;
mod altered;
mod encode;
mod forms;
mod hostile;
mod peers;
mod share;
mod transport;

use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::SubjectKeyIdentifier;
use openssl::x509::{X509, X509Builder, X509NameBuilder};
use tempfile::TempDir;

use super::front::CmsFront;
use super::recipient_info::ContentKey;
use crate::keys::{IssuerAndSerial, SecretKey};
use crate::message::{MessageFault, OpenError};
use crate::packages;

/// A peer with a certificate.
struct Peer {
    directory: TempDir,
    pkey: PKey<Private>,
    key: SecretKey,
    certificate: X509,
}

impl Peer {
    fn new(pkey: PKey<Private>) -> Self {
        let certificate = certificate(&pkey);
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, content: Vec<u8>| {
            std::fs::write(directory.path().join(name), content).unwrap();
        };
        file("crt", certificate.to_pem().unwrap());
        file("key", pkey.private_key_to_pem_pkcs8().unwrap());
        Self {
            key: SecretKey::from_openssl(&pkey).unwrap(),
            directory,
            pkey,
            certificate,
        }
    }

    /// Returns the peer with the RSA key of the vectors: making one is slow.
    fn rsa() -> Self {
        let key = include_bytes!("../../../../testdata/vectors/0.1.0/rsa.key");
        Self::new(PKey::private_key_from_pem(key).unwrap())
    }

    /// Returns a peer with an RSA key of its own.
    fn another_rsa() -> Self {
        Self::new(PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap())
    }

    fn ec(curve: Nid) -> Self {
        let group = EcGroup::from_curve_name(curve).unwrap();
        Self::new(PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap())
    }

    fn path(&self, name: &str) -> String {
        let path: PathBuf = self.directory.path().join(name);
        path.to_str().unwrap().to_owned()
    }

    fn issuer_and_serial(&self) -> IssuerAndSerial {
        IssuerAndSerial::of(&self.certificate).unwrap()
    }
}

fn certificate(key: &PKey<Private>) -> X509 {
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    let serial = BigNum::from_hex_str("8123456789ABCDEF").unwrap();
    let serial = Asn1Integer::from_bn(&serial).unwrap();
    builder.set_serial_number(&serial).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("O", "Käufer & Söhne").unwrap();
    name.append_entry_by_text("CN", "Calls").unwrap();
    let name = name.build();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder
        .set_not_before(&Asn1Time::from_unix(0).unwrap())
        .unwrap();
    builder
        .set_not_after(&Asn1Time::days_from_now(9).unwrap())
        .unwrap();
    builder.set_pubkey(key).unwrap();
    let id = {
        let context = builder.x509v3_context(None, None);
        SubjectKeyIdentifier::new().build(&context).unwrap()
    };
    builder.append_extension2(&id).unwrap();
    builder.sign(key, MessageDigest::sha256()).unwrap();
    builder.build()
}

/// Runs the peer's program with a file as its input.
#[track_caller]
fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let (from, to) = (directory.path().join("in"), directory.path().join("out"));
    std::fs::write(&from, input).unwrap();
    let mut command = Command::new("openssl");
    command
        .args(&arguments[..2])
        .arg("-in")
        .arg(&from)
        .arg("-out")
        .arg(&to)
        .args(&arguments[2..]);
    succeeds(&mut command);
    std::fs::read(to).unwrap()
}

/// Runs the peer's program, which must succeed, and returns its standard
/// output.
#[track_caller]
fn succeeds(command: &mut Command) -> Vec<u8> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|e| panic!("{}", packages::does_not_start(command, &e)));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    output.stdout
}

/// Returns a message that `openssl cms` seals. Recipients come last in
/// `arguments`.
#[track_caller]
fn sealed(arguments: &[&str], plain: &[u8]) -> Vec<u8> {
    let start = ["cms", "-encrypt", "-binary", "-outform", "DER"];
    openssl(&[&start, arguments].concat(), plain)
}

/// Returns the key that is sealed to a recipient, if it is one.
fn content_key(message: &[u8], key: &SecretKey) -> Option<ContentKey> {
    let front = CmsFront::read(message).unwrap();
    let cipher = front.cipher();
    front.recipients.iter().find_map(|r| r.open(key, cipher))
}

fn open(message: &[u8], key: &SecretKey) -> Result<Option<Vec<u8>>, OpenError> {
    let front = CmsFront::read(message)?;
    let cipher = front.cipher();
    let found = front.recipients.iter().find_map(|r| r.open(key, cipher));
    let Some(found) = found else {
        return Ok(None);
    };
    let mut plain = Vec::new();
    front.decrypt(&found)?.read_to_end(&mut plain)?;
    Ok(Some(plain))
}

#[track_caller]
fn fault(message: &[u8], key: &SecretKey) -> MessageFault {
    match open(message, key) {
        Err(OpenError::Fault(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i / 3 * 31 + i % 7) as u8).collect()
}

fn is_malformed(fault: &MessageFault) -> bool {
    matches!(fault, MessageFault::Malformed(_))
}

/// Returns whether the first recipient's key opens the message, and what it
/// would need if none does.
fn opens(message: &[u8], key: &SecretKey) -> (bool, Option<String>) {
    let front = CmsFront::read(message).unwrap();
    assert_eq!(front.recipients.len(), 1);
    let recipient = &front.recipients[0];
    let needed = recipient.unsupported().map(str::to_owned);
    (recipient.open(key, front.cipher()).is_some(), needed)
}
