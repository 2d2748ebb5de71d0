//! Two parties with RSA-2048 keys, and files in memory.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use callseal::keys::{Keyring, Party, Recipients, Requirements};
use callseal::message::Format;
use callseal::message::{Limits, OpenMessage, Opener, SealOptions, SealPlan, SealedFile};
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;

/// A call file of the usual size, in bytes.
pub const CALL: usize = 16 << 10;
/// A recording, in bytes.
pub const RECORDING: usize = 8 << 20;

pub const FORMATS: [(&str, Format); 2] =
    [("rfc4880", Format::Rfc4880), ("rfc9580", Format::Rfc9580)];

pub struct Parties {
    pub recipients: Recipients,
    /// The customer's key.
    pub keyring: Keyring,
    pub key: Rsa<Private>,
    _files: tempfile::TempDir,
}

impl Parties {
    pub fn new() -> Self {
        let files = tempfile::tempdir().unwrap();
        let keys = ["customer", "vendor"].map(|_| Rsa::generate(2048).unwrap());
        let mut certificates: Vec<PathBuf> = Vec::new();
        for (number, key) in keys.iter().enumerate() {
            let path = files.path().join(format!("{number}.pub"));
            std::fs::write(&path, key.public_key_to_pem().unwrap()).unwrap();
            certificates.push(path);
        }
        let [key, _] = keys;
        let path = files.path().join("customer.key");
        let pem = PKey::from_rsa(key.clone())
            .unwrap()
            .private_key_to_pem_pkcs8()
            .unwrap();
        std::fs::write(&path, pem).unwrap();
        let parties: Vec<Party> = certificates.iter().map(Party::with_certificate).collect();
        let requirements = Requirements::listed(SystemTime::now());
        Self {
            recipients: Recipients::load(&parties, &requirements).unwrap(),
            keyring: Keyring::load(&[path]).unwrap(),
            key,
            _files: files,
        }
    }

    pub fn plan(&self, format: impl Into<Option<Format>>) -> SealPlan {
        SealPlan::new(
            self.recipients.clone(),
            SealOptions {
                format: format.into(),
                ..SealOptions::default()
            },
        )
        .unwrap()
    }

    pub fn seal(&self, format: impl Into<Option<Format>>, content: &[u8]) -> Vec<u8> {
        let mut message = Vec::with_capacity(content.len() + 4096);
        self.plan(format)
            .sealer()
            .seal(&mut &*content, &call(content), &mut message)
            .unwrap();
        message
    }

    pub fn open(&self, message: &[u8], sink: &mut Vec<u8>) {
        sink.clear();
        let limits = Limits::default();
        let opener = Opener::new(&self.keyring).with_limits(&limits);
        OpenMessage::begin(message, &opener)
            .unwrap()
            .copy_to(sink)
            .unwrap();
    }
}

/// Returns the name of a call and its length.
pub fn call(content: &[u8]) -> SealedFile<'static> {
    SealedFile {
        name: "call",
        modified: UNIX_EPOCH,
        length: Some(content.len() as u64),
    }
}

/// Returns bytes that don't compress.
pub fn noise(length: usize) -> Vec<u8> {
    let mut noise = vec![0; length];
    openssl::rand::rand_bytes(&mut noise).unwrap();
    noise
}
