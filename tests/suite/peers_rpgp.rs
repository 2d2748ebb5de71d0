//! The `pgp` crate, an independent implementation of RFC 9580, opens what
//! callseal seals, and vice versa.

use std::io::Cursor;

use pgp::composed::{
    ArmorOptions, Deserializable, EncryptionCaps, KeyType, Message, MessageBuilder,
    SecretKeyParamsBuilder, SignedSecretKey, SubkeyParamsBuilder,
};
use pgp::crypto::aead::{AeadAlgorithm, ChunkSize};
use pgp::crypto::ecc_curve::ECCCurve;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::packet::{
    LiteralData, PacketTrait, Padding, PublicKeyEncryptedSessionKey, SymEncryptedProtectedData,
};
use pgp::types::{CompressionAlgorithm, EncryptionKey, KeyVersion, PacketHeaderVersion, Password};
use rand::thread_rng;

use crate::support::{P256, Scene, content};

/// Makes a key with `pgp`: `a.key` and its certificate `a.crt`, both armored.
/// It declares support for version 2 messages.
fn make_key(
    scene: &Scene,
    version: KeyVersion,
    primary: KeyType,
    encryption: KeyType,
) -> SignedSecretKey {
    let subkey = SubkeyParamsBuilder::default()
        .version(version)
        .key_type(encryption)
        .can_encrypt(EncryptionCaps::All)
        .build()
        .unwrap();
    let key = SecretKeyParamsBuilder::default()
        .version(version)
        .key_type(primary)
        .can_certify(true)
        .feature_seipd_v2(true)
        .primary_user_id("peer".into())
        .subkeys(vec![subkey])
        .build()
        .unwrap()
        .generate(thread_rng())
        .unwrap();
    let armored = |text: Result<String, _>| -> String { text.unwrap() };
    scene.write(
        "a.key",
        armored(key.to_armored_string(ArmorOptions::default())),
    );
    let public = key.to_public_key();
    scene.write(
        "a.crt",
        armored(public.to_armored_string(ArmorOptions::default())),
    );
    key
}

/// Makes such a key of version 6.
pub fn version_6(scene: &Scene) -> SignedSecretKey {
    make_key(scene, KeyVersion::V6, KeyType::Ed25519, KeyType::X25519)
}

fn version_4(scene: &Scene) -> SignedSecretKey {
    make_key(
        scene,
        KeyVersion::V4,
        KeyType::Ed25519Legacy,
        KeyType::ECDH(ECCCurve::Curve25519Legacy),
    )
}

/// Makes a key by openssl, `a.key` with its certificate `a.crt`, exported by
/// `callseal export`.
fn from_x509(scene: &Scene, kind: &str) -> SignedSecretKey {
    scene.key_pair("a", kind);
    scene.ok("export --gpg a.key -o a.asc");
    SignedSecretKey::from_string(&scene.text("a.asc"))
        .unwrap()
        .0
}

/// Checks that `pgp` reads name and content of what callseal seals to `a.crt`.
#[track_caller]
fn pgp_opens(scene: &Scene, key: &SignedSecretKey, options: &str) {
    pgp_opens_sizes(scene, key, options, &[0, 1, 300 << 10, 3 << 20]);
}

#[track_caller]
fn pgp_opens_sizes(scene: &Scene, key: &SignedSecretKey, options: &str, sizes: &[usize]) {
    for &size in sizes {
        let call = content(size);
        scene.write("call.wav", &call);
        for compress in ["none", "deflate"] {
            scene.ok(&format!(
                "seal -f --compress {compress} {options} -r a.crt call.wav -o call.pgp"
            ));
            let sealed = Message::from_bytes(Cursor::new(scene.read("call.pgp"))).unwrap();
            let mut message = sealed.decrypt(&Password::empty(), key).unwrap();
            assert_eq!(message.is_compressed(), compress == "deflate", "{size}");
            if message.is_compressed() {
                message = message.decompress().unwrap();
            }
            let plain = message.as_data_vec().unwrap();
            assert!(plain == call, "{size} {compress} {options}");
            let literal = message.literal_data_header().unwrap();
            assert_eq!(&literal.file_name()[..], b"call.wav");
        }
    }
    let expected = if options.contains("rfc4880") {
        "rfc4880"
    } else {
        "rfc9580"
    };
    assert_eq!(scene.inspect("call.pgp")["format"], expected);
}

#[test]
fn pgp_opens_what_is_sealed_to_its_version_6_key() {
    let scene = Scene::new();
    let key = version_6(&scene);
    pgp_opens(&scene, &key, "");
    pgp_opens(&scene, &key, "--hidden-recipients");
}

#[test]
fn pgp_opens_a_key_that_was_handed_over_as_base64() {
    let scene = Scene::new();
    let key = from_x509(&scene, "rsa:4096");
    scene.tool("openssl rsa -in a.key -RSAPublicKey_out -out public.pem");
    scene.rsa_key("secret.pem", 4096);
    scene.ok("seal -r public.pem --armor=base64 secret.pem -o secret.b64");
    assert_eq!(scene.inspect("secret.b64")["format"], "rfc9580");
    let message = scene.tool("base64 -d secret.b64").output.stdout;
    let sealed = Message::from_bytes(Cursor::new(message)).unwrap();
    let message = sealed.decrypt(&Password::empty(), &key).unwrap();
    let mut message = match message.is_compressed() {
        true => message.decompress().unwrap(),
        false => message,
    };
    assert_eq!(message.as_data_vec().unwrap(), scene.read("secret.pem"));
}

#[test]
fn pgp_opens_what_is_sealed_to_its_keys_of_other_kinds() {
    for (version, primary, encryption) in [
        (KeyVersion::V4, KeyType::Ed25519, KeyType::X25519),
        (KeyVersion::V6, KeyType::Ed448, KeyType::X448),
        (
            KeyVersion::V6,
            KeyType::Ed25519,
            KeyType::ECDH(ECCCurve::P256),
        ),
    ] {
        let scene = Scene::new();
        let key = make_key(&scene, version, primary, encryption);
        scene.opens("-r a.crt", "-k a.key");
        pgp_opens_sizes(&scene, &key, "", &[1000]);
        if version == KeyVersion::V4 {
            scene.opens("--format rfc4880 -r a.crt", "-k a.key");
            pgp_opens_sizes(&scene, &key, "--format rfc4880", &[1000]);
        }
    }
}

#[test]
fn pgp_opens_what_is_sealed_to_its_version_4_key() {
    let scene = Scene::new();
    let key = version_4(&scene);
    pgp_opens(&scene, &key, "");
    pgp_opens(&scene, &key, "--format rfc4880");
}

#[test]
fn pgp_opens_what_is_sealed_to_x509_with_rsa() {
    let scene = Scene::new();
    let key = from_x509(&scene, "rsa:2048");
    pgp_opens(&scene, &key, "");
    pgp_opens(&scene, &key, "--format rfc4880");
}

#[test]
fn pgp_opens_what_is_sealed_to_x509_on_nist_curves() {
    for curve in ["P-256", "P-384", "P-521"] {
        let scene = Scene::new();
        let key = from_x509(&scene, &format!("ec -pkeyopt ec_paramgen_curve:{curve}"));
        scene.write("call.wav", "said");
        scene.ok("seal -r a.crt call.wav -o call.pgp");
        let sealed = Message::from_bytes(Cursor::new(scene.read("call.pgp"))).unwrap();
        let mut message = sealed.decrypt(&Password::empty(), &key).unwrap();
        assert_eq!(message.as_data_vec().unwrap(), b"said", "{curve}");
    }
}

#[test]
fn pgp_opens_an_armored_message() {
    let scene = Scene::new();
    let key = version_6(&scene);
    scene.write("call.wav", "said");
    scene.ok("seal --armor -r a.crt call.wav -o call.asc");
    let text = scene.text("call.asc");
    let (sealed, _) = Message::from_string(&text).unwrap();
    let mut message = sealed.decrypt(&Password::empty(), &key).unwrap();
    assert_eq!(message.as_data_vec().unwrap(), b"said");
}

/// Checks that callseal opens the message, alone and zipped.
#[track_caller]
fn callseal_opens(scene: &Scene, message: &[u8], call: &[u8], what: &str) {
    // The key itself, or for openssl's its export.
    for key in ["a.key", "a.asc"] {
        if !scene.path(key).exists() {
            continue;
        }
        scene.write("call.wav.pgp", message);
        let opened = scene.ok(&format!("open -k {key} call.wav.pgp -o -"));
        assert!(opened.output.stdout == call, "{what}, {key}");
        scene.tool("zip -q calls.zip call.wav.pgp");
        scene.ok(&format!("extract -f -k {key} calls.zip -C opened"));
        assert!(scene.read("opened/call.wav") == call, "{what}, {key}");
        std::fs::remove_file(scene.path("calls.zip")).unwrap();
    }
}

const COMPRESSIONS: [CompressionAlgorithm; 3] = [
    CompressionAlgorithm::Uncompressed,
    CompressionAlgorithm::ZIP,
    CompressionAlgorithm::ZLIB,
];

/// Messages of version 1 to a key, in many forms.
#[track_caller]
fn version_1_opens(scene: &Scene, key: &impl EncryptionKey) {
    let mut rng = thread_rng();
    for cipher in [SymmetricKeyAlgorithm::AES128, SymmetricKeyAlgorithm::AES256] {
        for compression in COMPRESSIONS {
            let call = content(300 << 10);
            let mut builder = MessageBuilder::from_bytes("call.wav", call.clone());
            builder.compression(compression);
            let mut builder = builder.seipd_v1(&mut rng, cipher);
            builder.encrypt_to_key(&mut rng, key).unwrap();
            let message = builder.to_vec(&mut rng).unwrap();
            callseal_opens(
                scene,
                &message,
                &call,
                &format!("{cipher:?} {compression:?}"),
            );
        }
    }
}

/// Messages of version 2 to a key, in many forms.
#[track_caller]
fn version_2_opens(scene: &Scene, key: &impl EncryptionKey) {
    let mut rng = thread_rng();
    let mut compressions = COMPRESSIONS.into_iter().cycle();
    let mut small = [0, 1, 64].into_iter().cycle();
    for mode in [AeadAlgorithm::Ocb, AeadAlgorithm::Gcm] {
        for chunk in [ChunkSize::C64B, ChunkSize::C4KiB, ChunkSize::C4MiB] {
            for size in [small.next().unwrap(), 20_000] {
                let call = content(size);
                let cipher = if size == 64 {
                    SymmetricKeyAlgorithm::AES128
                } else {
                    SymmetricKeyAlgorithm::AES256
                };
                let mut builder = MessageBuilder::from_bytes("call.wav", call.clone());
                builder.compression(compressions.next().unwrap());
                let mut builder = builder.seipd_v2(&mut rng, cipher, mode, chunk);
                if size == 1 {
                    builder.encrypt_to_key_anonymous(&mut rng, key).unwrap();
                } else {
                    builder.encrypt_to_key(&mut rng, key).unwrap();
                }
                let message = builder.to_vec(&mut rng).unwrap();
                callseal_opens(
                    scene,
                    &message,
                    &call,
                    &format!("{mode:?} {chunk:?} {size}"),
                );
            }
        }
    }
}

#[test]
fn messages_by_pgp_to_its_version_6_key_open() {
    let scene = Scene::new();
    let key = version_6(&scene).to_public_key();
    version_2_opens(&scene, &key.public_subkeys[0].key);
}

#[test]
fn messages_by_pgp_to_its_version_4_key_open() {
    let scene = Scene::new();
    let key = version_4(&scene).to_public_key();
    version_1_opens(&scene, &key.public_subkeys[0].key);
    version_2_opens(&scene, &key.public_subkeys[0].key);
}

#[test]
fn messages_by_pgp_to_x509_with_rsa_open() {
    let scene = Scene::new();
    let key = from_x509(&scene, "rsa:2048").to_public_key();
    version_1_opens(&scene, &key.primary_key);
    version_2_opens(&scene, &key.primary_key);
}

#[test]
fn messages_by_pgp_to_x509_on_p256_open() {
    let scene = Scene::new();
    let key = from_x509(&scene, P256).to_public_key();
    version_1_opens(&scene, &key.public_subkeys[0].key);
    version_2_opens(&scene, &key.public_subkeys[0].key);
}

#[test]
fn a_message_with_padding_opens() {
    let scene = Scene::new();
    let key = version_6(&scene).to_public_key();
    let mut rng = thread_rng();
    let padding = Padding::new(&mut rng, PacketHeaderVersion::New, 5000).unwrap();
    let literal = LiteralData::from_bytes("call.wav", content(1000).into()).unwrap();
    let mut plain = Vec::new();
    literal.to_writer_with_header(&mut plain).unwrap();
    padding.to_writer_with_header(&mut plain).unwrap();

    let cipher = SymmetricKeyAlgorithm::AES256;
    let session_key = cipher.new_session_key(&mut rng);
    let recipient = &key.public_subkeys[0].key;
    let pkesk =
        PublicKeyEncryptedSessionKey::from_session_key_v6(&mut rng, &session_key, recipient)
            .unwrap();
    let sealed = SymEncryptedProtectedData::encrypt_seipdv2(
        &mut rng,
        cipher,
        AeadAlgorithm::Ocb,
        ChunkSize::C4KiB,
        session_key.as_ref(),
        &plain,
    )
    .unwrap();
    let mut message = Vec::new();
    pkesk.to_writer_with_header(&mut message).unwrap();
    sealed.to_writer_with_header(&mut message).unwrap();
    padding.to_writer_with_header(&mut message).unwrap();
    callseal_opens(&scene, &message, &content(1000), "padded");
}
