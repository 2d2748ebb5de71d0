//! Sealed fields in other software: the `pgp` crate opens a document's keys
//! with one of its values, and Python reads the rest.

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callseal::fields::ATTRIBUTE;
use pgp::composed::{Deserializable, Message, SignedSecretKey};
use pgp::crypto::aead::{AeadAlgorithm, ChunkSize};
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::packet::{
    LiteralData, PacketTrait, Padding, PublicKeyEncryptedSessionKey, SymEncryptedProtectedData,
};
use pgp::types::{PacketHeaderVersion, Password};
use rand::thread_rng;
use serde_json::Value;

use crate::support::{P256, Scene};

const CALL: &str =
    r#"{"caller":{"number":"+43 \u00e9"},"cards":[{"pan":1.50},{"pan":{"a":[ 1 ]}}]}"#;

/// Seals a document to `a.crt` and returns for each value its path, its
/// plaintext and the complete message that it forms with the document's keys.
fn messages(scene: &Scene) -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let sealed = scene
        .line("fields seal --fields caller.number,cards[*].pan -r a.crt -r b.crt")
        .stdin(CALL)
        .exits(0)
        .stdout();
    let sealed: Value = serde_json::from_str(&sealed).unwrap();
    let bytes = |value: &Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
    let keys = bytes(&sealed[ATTRIBUTE]["keys"]);
    [
        ("caller.number", "/caller/number", r#""+43 \u00e9""#),
        ("cards[0].pan", "/cards/0/pan", "1.50"),
        ("cards[1].pan", "/cards/1/pan", r#"{"a":[ 1 ]}"#),
    ]
    .map(|(path, pointer, value)| {
        let part = bytes(sealed.pointer(pointer).unwrap());
        (path, value, [&keys[..], &part].concat())
    })
    .into()
}

#[test]
fn pgp_opens_the_keys_with_any_one_of_the_values() {
    for kind in ["rsa:2048", P256] {
        let scene = Scene::new();
        scene.key_pair("a", kind);
        scene.key_pair("b", P256);
        scene.ok("export --gpg a.key -o a.asc");
        let (key, _) = SignedSecretKey::from_string(&scene.text("a.asc")).unwrap();
        for (path, value, message) in messages(&scene) {
            let sealed = Message::from_bytes(Cursor::new(message)).unwrap();
            let mut opened = sealed.decrypt(&Password::empty(), &key).unwrap();
            assert!(!opened.is_compressed());
            assert_eq!(opened.as_data_vec().unwrap(), value.as_bytes());
            let literal = opened.literal_data_header().unwrap();
            assert_eq!(&literal.file_name()[..], path.as_bytes());
        }
    }
}

#[test]
fn a_field_sealed_by_pgp_opens_if_it_is_the_only_content() {
    let scene = Scene::new();
    scene.key_pair("a", P256);
    scene.ok("export --gpg a.key -o a.asc");
    let (key, _) = SignedSecretKey::from_string(&scene.text("a.asc")).unwrap();
    let key = key.to_public_key();
    let recipient = &key.public_subkeys[0].key;
    let mut rng = thread_rng();
    let cipher = SymmetricKeyAlgorithm::AES256;
    let session_key = cipher.new_session_key(&mut rng);
    let pkesk =
        PublicKeyEncryptedSessionKey::from_session_key_v6(&mut rng, &session_key, recipient)
            .unwrap();
    let mut keys = Vec::new();
    pkesk.to_writer_with_header(&mut keys).unwrap();

    let mut document = |with_padding| {
        let mut value = |path: &'static str, content: &'static [u8]| {
            let mut plain = Vec::new();
            let literal = LiteralData::from_bytes(path, content.into()).unwrap();
            literal.to_writer_with_header(&mut plain).unwrap();
            if with_padding {
                let padding = Padding::new(&mut rng, PacketHeaderVersion::New, 50).unwrap();
                padding.to_writer_with_header(&mut plain).unwrap();
            }
            let sealed = SymEncryptedProtectedData::encrypt_seipdv2(
                &mut rng,
                cipher,
                AeadAlgorithm::Ocb,
                ChunkSize::C4KiB,
                session_key.as_ref(),
                &plain,
            )
            .unwrap();
            let mut part = Vec::new();
            sealed.to_writer_with_header(&mut part).unwrap();
            STANDARD.encode(part)
        };
        format!(
            r#"{{"a":{{"b":"{}"}},"c":"{}","_callseal":{{"version":1,"keys":"{}","sealed":["a.b","c"]}}}}"#,
            value("a.b", b"[1.0]"),
            value("c", b"null"),
            STANDARD.encode(&keys)
        )
    };
    let open = || scene.line("fields open -k a.key");
    let opened = open().stdin(document(false)).exits(0).stdout();
    assert_eq!(opened, r#"{"a":{"b":[1.0]},"c":null}"#);
    open()
        .stdin(document(true))
        .exits(5)
        .complains(&["a.b: it is malformed: data after the literal packet"]);
}

#[test]
fn callseal_opens_sealed_fields_as_messages_too() {
    let scene = Scene::new();
    scene.key_pair("a", P256);
    scene.key_pair("b", P256);
    for (_, value, message) in messages(&scene) {
        scene.write("value.pgp", message);
        scene.ok("open value.pgp -k b.key -o -").prints(value);
        assert_eq!(scene.inspect("value.pgp")["format"], "rfc9580");
    }
}

#[test]
fn python_reads_everything_that_is_not_sealed() {
    const COMPARE: &str = "
import json, sys
from decimal import Decimal

def read(name):
    lines = open(name, encoding='utf-8', newline='').read().split('\\n')
    load = lambda line: json.loads(line, parse_float=Decimal, object_pairs_hook=list)
    return [load(line) for line in lines if line.strip()]

def compare(call, sealed, path=''):
    if path in ('.caller.number', '.cards.pan'):
        assert isinstance(sealed, str) and sealed != call, path
        return 1
    assert type(call) == type(sealed), path
    if not isinstance(call, list):
        assert call == sealed, path
        return 0
    if path == '':
        assert sealed.pop()[0] == '_callseal'
    assert len(call) == len(sealed), path
    count = 0
    for a, b in zip(call, sealed):
        if isinstance(a, tuple):
            assert a[0] == b[0], path
            count += compare(a[1], b[1], path + '.' + a[0])
        else:
            count += compare(a, b, path)
    return count

calls, sealed = read(sys.argv[1]), read(sys.argv[2])
assert len(calls) == len(sealed) > 0
print(sum(compare(*pair) for pair in zip(calls, sealed)))
";
    let scene = Scene::with_parties();
    let calls: String = (0..200)
        .map(|n| {
            format!(
                "{{ \"id\":{n}.{n:03}0, \"caller\" : {{\"number\":\"+{n}\",\"née\":\"\\u00{:02x}\"}},\
                 \"cards\":[{{\"pan\":{n}}},{{\"pan\":null,\"till\":[1E+{n},true]}}]}}\n",
                32 + n % 64
            )
        })
        .collect();
    scene.write("calls.ndjson", &calls);
    scene.ok(
        "fields seal --fields caller.number,cards[*].pan -r vendor.crt calls.ndjson -o sealed.ndjson",
    );
    let count = scene.python(COMPARE, &["calls.ndjson", "sealed.ndjson"]);
    assert_eq!(count.stdout().trim(), "600");
    scene.ok("fields open -k vendor.key sealed.ndjson -o opened.ndjson");
    assert_eq!(scene.text("opened.ndjson"), calls);
}
