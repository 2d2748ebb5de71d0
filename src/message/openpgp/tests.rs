//! Sealed content opens again, and nothing else does.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;

use crate::keys::{self, Keyring, MessageVersion, NoIdentity, Recipients, Requirements};
use crate::message::open::LiteralHeader;
use crate::message::{Compression, Format};
use crate::message::{
    Envelope, Limits, MessageFault, OpenError, OpenMessage, Opener, SealOptions, SealPlan,
    SealedFile,
};

struct Party {
    recipients: Recipients,
    keyring: Keyring,
    _files: tempfile::TempDir,
}

fn party(keys: &[PKey<Private>]) -> Party {
    let files = tempfile::tempdir().unwrap();
    let mut public = Vec::new();
    let mut private: Vec<PathBuf> = Vec::new();
    for (i, key) in keys.iter().enumerate() {
        let (p, k) = (
            files.path().join(format!("{i}.pub")),
            files.path().join(format!("{i}.key")),
        );
        std::fs::write(&p, key.public_key_to_pem().unwrap()).unwrap();
        std::fs::write(&k, key.private_key_to_pem_pkcs8().unwrap()).unwrap();
        public.push(keys::Party::with_certificate(p));
        private.push(k);
    }
    let requirements = Requirements::listed(SystemTime::now());
    Party {
        recipients: Recipients::load(&public, &requirements).unwrap(),
        keyring: Keyring::load(&private).unwrap(),
        _files: files,
    }
}

/// Returns the RSA key of the vectors: making one is slow.
fn rsa() -> PKey<Private> {
    let key = include_bytes!("../../../testdata/vectors/0.1.0/rsa.key");
    PKey::private_key_from_pem(key).unwrap()
}

fn ec(curve: Nid) -> PKey<Private> {
    let group = EcGroup::from_curve_name(curve).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn seal(
    party: &Party,
    format: Format,
    compression: Compression,
    hidden: bool,
    data: &[u8],
) -> Vec<u8> {
    let plan = SealPlan::new(
        party.recipients.clone(),
        SealOptions {
            format: Some(format),
            compression,
            hidden_recipients: hidden,
        },
    )
    .unwrap();
    let mut message = Vec::new();
    let at = UNIX_EPOCH + Duration::from_secs(1_773_480_413);
    let file = SealedFile {
        name: "calls/a.wav",
        modified: at,
        length: None,
    };
    let length = plan
        .sealer()
        .seal(&mut &*data, &file, &mut message)
        .unwrap();
    assert_eq!(length, data.len() as u64);
    assert!(message.len() as u64 <= plan.at_most(length));
    message
}

fn open(party: &Party, message: &[u8]) -> Result<(LiteralHeader, Vec<u8>), OpenError> {
    let limits = Limits::default();
    let opener = Opener::new(&party.keyring).with_limits(&limits);
    let opened = OpenMessage::begin(message, &opener)?;
    let literal = LiteralHeader {
        name: opened.name().to_owned(),
        modified: opened.modified(),
        length: None,
    };
    let mut plain = Vec::new();
    opened.copy_to(&mut plain)?;
    Ok((literal, plain))
}

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i / 3 * 31 + i % 7) as u8).collect()
}

const FORMATS: [Format; 2] = [Format::Rfc4880, Format::Rfc9580];

#[test]
fn files_of_all_sizes_open_in_both_versions() {
    let party = party(&[rsa()]);
    for format in FORMATS {
        for size in [0, 1, 191, 16_384, (1 << 18) - 19, 1 << 18, (1 << 20) + 1] {
            for compression in [Compression::None, Compression::Deflate] {
                let data = content(size);
                let message = seal(&party, format, compression, false, &data);
                let (literal, plain) = open(&party, &message).unwrap();
                assert!(plain == data, "{format:?} {size} {compression:?}");
                assert_eq!(literal.name, b"calls/a.wav");
                assert_eq!(
                    literal.modified,
                    Some(UNIX_EPOCH + Duration::from_secs(1_773_480_413))
                );
            }
        }
    }
}

#[test]
fn every_kind_of_key_opens_on_its_own() {
    let keys = [
        rsa(),
        ec(Nid::X9_62_PRIME256V1),
        ec(Nid::SECP384R1),
        ec(Nid::SECP521R1),
    ];
    let all = party(&keys);
    for format in FORMATS {
        for hidden in [false, true] {
            let message = seal(&all, format, Compression::Auto, hidden, b"hello");
            for key in &keys {
                let one = party(std::slice::from_ref(key));
                assert_eq!(open(&one, &message).unwrap().1, b"hello");
            }
        }
    }
}

#[test]
fn the_key_of_another_party_opens_nothing() {
    let another = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let (sealed, stranger) = (party(&[rsa()]), party(&[another]));
    for format in FORMATS {
        for hidden in [false, true] {
            let message = seal(&sealed, format, Compression::Auto, hidden, b"hello");
            assert!(matches!(
                open(&stranger, &message),
                Err(OpenError::NoIdentity(_))
            ));
        }
    }
}

#[test]
fn the_envelope_shows_recipients_and_version() {
    let party = party(&[rsa(), ec(Nid::X9_62_PRIME256V1)]);
    for (format, version) in FORMATS
        .into_iter()
        .zip([MessageVersion::V1, MessageVersion::V2])
    {
        let message = seal(&party, format, Compression::Auto, false, b"hello");
        let envelope = Envelope::read(&*message).unwrap();
        assert_eq!(envelope.format, version.into());
        for (handle, recipient) in envelope.recipients.iter().zip(party.recipients.iter()) {
            assert!(handle.names(recipient.fingerprint()));
        }
        assert_eq!(envelope.recipients.len(), 2);
    }
}

#[test]
fn a_flipped_bit_anywhere_never_yields_other_content() {
    let party = party(&[ec(Nid::X9_62_PRIME256V1)]);
    for format in FORMATS {
        let message = seal(&party, format, Compression::None, false, b"hello, world");
        for at in 0..message.len() * 8 {
            let mut altered = message.clone();
            altered[at / 8] ^= 1 << (at % 8);
            if let Ok((_, plain)) = open(&party, &altered) {
                assert_eq!(plain, b"hello, world", "{format:?}, bit {at}");
            }
        }
    }
}

#[test]
fn a_truncated_message_never_opens() {
    let party = party(&[ec(Nid::X9_62_PRIME256V1)]);
    for format in FORMATS {
        let message = seal(&party, format, Compression::Deflate, false, &content(2000));
        for length in 0..message.len() {
            assert!(open(&party, &message[..length]).is_err(), "{length}");
        }
    }
}

#[test]
fn an_empty_session_key_is_refused() {
    use sequoia_openpgp::packet::{PKESK, pkesk::PKESK3};
    use sequoia_openpgp::serialize::SerializeInto;
    use sequoia_openpgp::{Packet, crypto::mpi, types::PublicKeyAlgorithm};

    let key = rsa();
    let party = party(std::slice::from_ref(&key));
    let message = seal(&party, Format::Rfc4880, Compression::None, false, b"hello");
    let own = Envelope::read(&*message).unwrap();
    for plain in [&b""[..], b"\x09", b"\x09\x00\x00"] {
        let mut c = vec![0; 256];
        key.rsa()
            .unwrap()
            .public_encrypt(plain, &mut c, openssl::rsa::Padding::PKCS1)
            .unwrap();
        let id = own.recipients[0].to_string().parse().unwrap();
        let pkesk: PKESK = PKESK3::new(
            Some(id),
            PublicKeyAlgorithm::RSAEncryptSign,
            mpi::Ciphertext::RSA { c: c.into() },
        )
        .unwrap()
        .into();
        let mut hostile = Packet::from(pkesk).to_vec().unwrap();
        hostile.extend_from_slice(&message);
        // The first PKESK is skipped, and the true one still opens it.
        assert_eq!(open(&party, &hostile).unwrap().1, b"hello");
    }
}

#[test]
fn a_message_that_decompresses_beyond_the_limit_is_refused() {
    let party = party(&[ec(Nid::X9_62_PRIME256V1)]);
    let message = seal(
        &party,
        Format::Rfc9580,
        Compression::Deflate,
        false,
        &vec![0; 1 << 20],
    );

    let limits = Limits::new(1 << 19, 1 << 30);
    let opener = Opener::new(&party.keyring).with_limits(&limits);
    let opened = OpenMessage::begin(&*message, &opener).unwrap();
    assert!(matches!(
        opened.copy_to(&mut std::io::sink()),
        Err(OpenError::Fault(MessageFault::TooLarge { limit: 0x80000 }))
    ));
}

#[test]
fn other_data_than_encrypted_messages_is_distinguished() {
    let party = party(&[ec(Nid::X9_62_PRIME256V1)]);
    let fault = |bytes: &[u8]| match open(&party, bytes) {
        Err(OpenError::Fault(fault)) => fault,
        other => panic!("{other:?}"),
    };
    // A literal packet without protection.
    assert_eq!(fault(b"\xcb\x08b\0\0\0\0\0hi"), MessageFault::NotEncrypted);
    assert_eq!(fault(b"plain text"), MessageFault::NotAMessage);
    assert_eq!(fault(b""), MessageFault::NotAMessage);
    // A symmetrically encrypted data packet without integrity protection.
    assert_eq!(
        fault(b"\xc9\x14aaaaaaaaaaaaaaaaaaaa"),
        MessageFault::NoIntegrityProtection
    );
}

#[test]
fn a_flood_of_recipients_is_refused() {
    let party = party(&[ec(Nid::X9_62_PRIME256V1)]);
    let message = seal(&party, Format::Rfc9580, Compression::None, false, b"hello");
    // The first packet is the PKESK: its header, then its length octet.
    let pkesk = &message[..2 + usize::from(message[1])];
    let flood = [pkesk.repeat(2000), message.clone()].concat();
    assert!(matches!(
        Envelope::read(&*flood),
        Err(OpenError::Fault(MessageFault::Malformed(_)))
    ));
    let many = [pkesk.repeat(1999), message.clone()].concat();
    assert_eq!(Envelope::read(&*many).unwrap().recipients.len(), 2000);
}

/// Different PKESKs that name nobody and hold no session key.
fn futile(number: usize) -> Vec<u8> {
    use sequoia_openpgp::packet::{PKESK, pkesk::PKESK3};
    use sequoia_openpgp::serialize::SerializeInto;
    use sequoia_openpgp::{Packet, crypto::mpi, types::PublicKeyAlgorithm};
    let pkesks = (1..=number).map(|i| {
        let mut c = vec![7; 255];
        c[0] = i as u8;
        let c = mpi::Ciphertext::RSA { c: c.into() };
        let pkesk = PKESK3::new(None, PublicKeyAlgorithm::RSAEncryptSign, c);
        Packet::from(PKESK::from(pkesk.unwrap())).to_vec().unwrap()
    });
    pkesks.flatten().collect()
}

#[test]
fn equal_pkesks_are_tried_once_and_a_message_costs_no_more_than_64_trials() {
    let party = party(&[rsa()]);
    let message = seal(&party, Format::Rfc4880, Compression::None, true, b"hello");
    let behind = |front: Vec<u8>| open(&party, &[front, message.clone()].concat());
    let too_many = NoIdentity::TooManyTrials { most: 64 }.to_string();
    assert_eq!(behind(futile(64)).unwrap_err().to_string(), too_many);
    assert_eq!(behind(futile(1).repeat(1500)).unwrap().1, b"hello");
    assert_eq!(behind(futile(63)).unwrap().1, b"hello");
}

#[test]
fn a_job_without_trials_left_still_opens_messages_that_name_a_key() {
    let party = party(&[rsa()]);
    let hidden = seal(&party, Format::Rfc4880, Compression::None, true, b"hello");
    let named = seal(&party, Format::Rfc4880, Compression::None, false, b"hello");
    let limits = Limits::default();
    let begin = |message: &[u8], limits: &Limits| {
        let opener = Opener::new(&party.keyring).with_limits(limits);
        OpenMessage::begin(message, &opener).map(drop)
    };
    let hostile = [futile(64), hidden.clone()].concat();
    for _ in 0..64 {
        assert!(matches!(
            begin(&hostile, &limits),
            Err(OpenError::NoIdentity(NoIdentity::TooManyTrials { .. }))
        ));
    }
    // Spent trials still count when the limits on expansion are reset.
    for limits in [&limits, &limits.unspent()] {
        assert!(matches!(
            begin(&hostile, limits),
            Err(OpenError::NoIdentity(NoIdentity::TrialsUsedUp))
        ));
    }
    begin(&named, &limits).unwrap();
    begin(&hidden, &limits).unwrap();
    // Another job has its own.
    let few = [futile(63), hidden].concat();
    begin(&few, &Limits::default()).unwrap();
}

#[test]
fn hidden_recipients_open_with_the_last_of_40_keys_in_archives_of_any_size() {
    let keys: Vec<_> = (0..41).map(|_| ec(Nid::X9_62_PRIME256V1)).collect();
    let (stranger, own) = keys.split_first().unwrap();
    let keyring = party(own);
    for (number, key) in [(500, own.last().unwrap()), (500, &own[20])] {
        let both = party(&[stranger.clone(), key.clone()]);
        let message = seal(&both, Format::Rfc9580, Compression::None, true, b"hello");
        let limits = Limits::default();
        for _ in 0..number {
            let opener = Opener::new(&keyring.keyring).with_limits(&limits);
            OpenMessage::begin(&*message, &opener).map(drop).unwrap();
        }
    }
}

#[test]
fn a_source_that_claims_more_than_it_gave_is_an_error_not_an_empty_file() {
    struct Boastful(bool);
    impl std::io::Read for Boastful {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            match std::mem::replace(&mut self.0, true) {
                false => Ok(buffer.len() + 1),
                true => Ok(0),
            }
        }
    }
    let party = party(&[ec(Nid::X9_62_PRIME256V1)]);
    for format in FORMATS {
        let recipients = party.recipients.clone();
        let plan = SealPlan::new(
            recipients,
            SealOptions {
                format: Some(format),
                ..SealOptions::default()
            },
        )
        .unwrap();
        let file = SealedFile {
            name: "call",
            modified: UNIX_EPOCH,
            length: None,
        };
        let mut message = Vec::new();
        let outcome = plan
            .sealer()
            .seal(&mut Boastful(false), &file, &mut message);
        let error = outcome.unwrap_err().to_string();
        assert!(error.starts_with("internal error"), "{error}");
    }
}
