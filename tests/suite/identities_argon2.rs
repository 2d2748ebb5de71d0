//! OpenPGP keys that are locked in the newer ways: with AEAD modes, and with
//! Argon2.

use std::path::Path;

use openpgp::Packet;
use openpgp::cert::CertBuilder;
use openpgp::cert::amalgamation::key::PrimaryKey;
use openpgp::crypto::S2K;
use openpgp::packet::Key;
use openpgp::packet::key::{KeyRole, PublicParts, SecretKeyMaterial, SecretParts};
use openpgp::parse::Parse;
use openpgp::serialize::SerializeInto;
use openpgp::types::{AEADAlgorithm, HashAlgorithm, SymmetricAlgorithm};
use openpgp::{Cert, Profile};
use sequoia_openpgp as openpgp;

use crate::support::Scene;

fn argon2(t: u8, m: u8) -> S2K {
    let salt = [7; 16];
    S2K::Argon2 { salt, t, p: 4, m }
}

fn iterated() -> S2K {
    S2K::Iterated {
        hash: HashAlgorithm::SHA256,
        salt: [7; 8],
        hash_bytes: 1 << 16,
    }
}

/// How a key is locked, with the passphrase "right".
struct Lock<'a> {
    s2k: &'a S2K,
    aead: Option<AEADAlgorithm>,
}

impl Lock<'_> {
    fn lock<R: KeyRole>(
        &self,
        key: Key<PublicParts, R>,
        secret: SecretKeyMaterial,
    ) -> Key<SecretParts, R> {
        let (s2k, aes) = (self.s2k.clone(), SymmetricAlgorithm::AES256);
        let locked = secret.encrypt_with(&key, s2k, aes, self.aead, &"right".into());
        key.add_secret(locked.unwrap()).0
    }
}

/// Writes a new key that is locked like this, `a.key`, and its certificate,
/// `a.asc`. The passphrase is "right".
fn write_key(scene: &Scene, profile: Profile, s2k: &S2K, aead: Option<AEADAlgorithm>) {
    let (cert, _) = CertBuilder::general_purpose(Some("a"))
        .set_profile(profile)
        .unwrap()
        .generate()
        .unwrap();
    let lock = Lock { s2k, aead };
    let locked: Vec<Packet> = cert
        .keys()
        .secret()
        .map(|key| {
            let (public, secret) = key.key().clone().take_secret();
            // The lock covers the kind of packet.
            match key.primary() {
                true => lock.lock(public.role_into_primary(), secret).into(),
                false => lock.lock(public.role_into_subordinate(), secret).into(),
            }
        })
        .collect();
    let (locked, _): (Cert, bool) = cert.clone().insert_packets(locked).unwrap();
    scene.write_private("a.key", locked.as_tsk().armored().to_vec().unwrap());
    scene.write("a.asc", cert.armored().to_vec().unwrap());
}

/// Makes a call, and files with passphrases.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.write("call.txt", "a call\n");
    scene.write_private("right", "right");
    scene.write_private("wrong", "wrong");
    scene
}

#[test]
fn a_key_that_is_locked_with_aead_or_argon2_opens() {
    let modes = [None, Some(AEADAlgorithm::OCB), Some(AEADAlgorithm::GCM)];
    for profile in [Profile::RFC4880, Profile::RFC9580] {
        for mode in modes {
            for s2k in [iterated(), argon2(1, 10)] {
                if mode.is_none() && s2k == argon2(1, 10) {
                    // RFC 9580, section 3.7.2.1: Argon2 needs an AEAD mode.
                    continue;
                }
                let scene = scene();
                write_key(&scene, profile, &s2k, mode);
                scene.ok("seal -q -r a.asc call.txt -o call.pgp");
                let what = format!("{profile:?} {mode:?} {s2k:?}");
                let opened = scene
                    .line("open call.pgp -k a.key --passphrase-file right -o -")
                    .outcome();
                assert_eq!(opened.stdout(), "a call\n", "{what}\n{opened}");
                scene
                    .line("open call.pgp -k a.key --passphrase-file wrong -o -")
                    .exits(4)
                    .complains_with_hint(&["a.key: the passphrase is wrong"]);
            }
        }
    }
}

#[test]
fn argon2_may_ask_for_much_memory_but_not_for_more() {
    let scene = scene();
    let ocb = Some(AEADAlgorithm::OCB);
    write_key(&scene, Profile::RFC9580, &argon2(3, 16), ocb);
    scene.ok("seal -q -r a.asc call.txt -o call.pgp");
    let opened = scene.ok("open call.pgp -k a.key --passphrase-file right -o -");
    assert_eq!(opened.stderr(), "");
    write_key(&scene, Profile::RFC9580, &argon2(1, 18), ocb);
    scene.ok("seal -q -f -r a.asc call.txt -o call.pgp");
    scene
        .ok("open call.pgp -k a.key --passphrase-file right -o -")
        .says("note: the passphrase takes 256 MiB of memory (Argon2)\n");
    // Locking takes as much memory as unlocking, so only the numbers change.
    write_key(&scene, Profile::RFC9580, &argon2(1, 7), ocb);
    scene.ok("seal -q -f -r a.asc call.txt -o call.pgp");
    let armored = scene.tool_from("gpg --dearmor", "a.key").output.stdout;
    for (t, m) in [(1, 22), (255, 21), (1, 60), (1, 255)] {
        let specifier = [&[4][..], &[7; 16], &[1, 4, 7]].concat();
        let mut key = armored.clone();
        for at in 0..key.len() - specifier.len() {
            if key[at..].starts_with(&specifier) {
                key[at + 17] = t;
                key[at + 19] = m;
            }
        }
        assert_ne!(key, armored);
        scene.write_private("a.key", key);
        scene
            .line("open call.pgp -k a.key --passphrase-file right -o -")
            .exits(4)
            .complains(&["a.key", "Argon2 with more than 2 GiB"]);
    }
}

fn vector(name: &str) -> Vec<u8> {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/rfc9580");
    std::fs::read(vectors.join(name)).unwrap()
}

#[test]
fn the_locked_key_of_rfc_9580_opens() {
    let scene = scene();
    let key = vector("a.5-locked.key");
    scene.write_private("a.key", &key);
    scene.write_private("staple", "correct horse battery staple");
    let certificate = Cert::from_bytes(&key).unwrap().strip_secret_key_material();
    scene.write("a.asc", certificate.armored().to_vec().unwrap());
    scene.ok("seal -q -r a.asc call.txt -o call.pgp");
    let opened = scene.ok("open call.pgp -k a.key --passphrase-file staple -o -");
    assert_eq!(opened.stdout(), "a call\n");
}

#[test]
fn the_messages_for_a_passphrase_of_rfc_9580_open() {
    let scene = scene();
    scene.write_private("password", "password");
    for name in ["a.10-ocb.pgp", "a.11-gcm.pgp"] {
        scene.write(name, vector(name));
        let opened = scene.ok(&format!("open {name} --passphrase-file password -o -"));
        assert_eq!(opened.stdout(), "Hello, world!", "{name}");
    }
}
