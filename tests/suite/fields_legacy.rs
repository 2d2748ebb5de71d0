//! The legacy layout of fields, checked with a Python program made from its
//! description.

use callseal::fields::legacy::{AesCbcKey, AesCbcOpener, AesCbcSealer, KeyForm};
use callseal::fields::{Missing, Selection};
use serde_json::Value;

use crate::support::{Run, Scene};

/// A program that seals or opens `caller.number` and `text` of each line with
/// PyCryptodome: `MODE FORM KEYFILE`, from standard input to standard output.
const PEER: &str = "
import base64, json, os, sys
try:
    from Cryptodome.Cipher import AES
    from Cryptodome.Util.Padding import pad, unpad
except ImportError:
    from Crypto.Cipher import AES
    from Crypto.Util.Padding import pad, unpad

mode, form, file = sys.argv[1:]
key = open(file, 'rb').read()
if form == 'hex':
    key = bytes.fromhex(key.decode())
elif form == 'text':
    key = key.strip()

def seal(value):
    text = value if isinstance(value, str) else json.dumps(value)
    iv = os.urandom(16)
    cipher = AES.new(key, AES.MODE_CBC, iv)
    return base64.b64encode(iv + cipher.encrypt(pad(text.encode('utf-8'), 16))).decode()

def open_(value):
    sealed = base64.b64decode(value, validate=True)
    cipher = AES.new(key, AES.MODE_CBC, sealed[:16])
    return unpad(cipher.decrypt(sealed[16:]), 16).decode('utf-8')

convert = seal if mode.startswith('seal') else open_
for line in sys.stdin:
    if mode.endswith('-text'):
        print(convert(line.rstrip('\\n')))
        continue
    call = json.loads(line)
    call['caller']['number'] = convert(call['caller']['number'])
    call['text'] = convert(call['text'])
    print(json.dumps(call))
";

const CALLS: &str = "\
{\"id\": 1, \"caller\": {\"number\": \"+43 1\"}, \"text\": \"Zo\\u00eb \\\"x\\\" \\ud83d\\ude00\"}\n\
{\"id\": 2, \"caller\": {\"number\": \"\"}, \"text\": \"sixteen bytes xx\"}\n\
{\"id\": 3, \"caller\": {\"number\": 43}, \"text\": {\"a\": [1, null]}}\n";

/// The same document opened: every value is a string.
const OPENED: &str = "\
{\"id\": 1, \"caller\": {\"number\": \"+43 1\"}, \"text\": \"Zo\\u00eb \\\"x\\\" \\ud83d\\ude00\"}\n\
{\"id\": 2, \"caller\": {\"number\": \"\"}, \"text\": \"sixteen bytes xx\"}\n\
{\"id\": 3, \"caller\": {\"number\": \"43\"}, \"text\": \"{\\\"a\\\": [1, null]}\"}\n";

const FIELDS: &str = "--legacy-aes-cbc --fields caller.number,text";

fn values(lines: &str) -> Vec<Value> {
    let lines = lines.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}

/// Returns a run of the program. The first Python on the path may not be the
/// one with the system's packages.
fn peer(scene: &Scene, mode: &str, form: &str) -> Run {
    const IMPORT: &str = "try: import Cryptodome\nexcept ImportError: import Crypto.Cipher";
    let has_it = |python: &&str| {
        let run = scene.program(python, ["-c", IMPORT]);
        run.outcome().status() == Some(0)
    };
    let python = ["python3", "/usr/bin/python3"].into_iter().find(has_it);
    let python = python.expect(
        "PyCryptodome is not installed. It is in Debian's package python3-pycryptodome: \
         `make test` installs what the tests need",
    );
    scene.program(python, ["-c", PEER, mode, form, "aes.key"])
}

/// Returns keys of every size in every form, as in their files.
fn keys() -> Vec<(&'static str, Vec<u8>)> {
    let mut keys = Vec::new();
    for size in [16, 24, 32] {
        let bytes: Vec<u8> = (0..size as u8).map(|n| n.wrapping_mul(37) ^ 0x0A).collect();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        keys.push(("raw", bytes));
        keys.push(("text", hex.as_bytes()[..size].to_vec()));
        keys.push(("text", format!("{}\r\n", &hex[..size]).into()));
        keys.push(("hex", format!("{}\n", hex.to_lowercase()).into()));
        keys.push(("hex", hex.into()));
    }
    keys
}

#[test]
fn python_opens_what_is_sealed() {
    for (form, key) in keys() {
        let scene = Scene::new();
        scene.write_private("aes.key", &key);
        let sealed = scene
            .line(&format!(
                "fields seal {FIELDS} --key-file aes.key --key-form {form}"
            ))
            .stdin(CALLS)
            .exits(0)
            .says("sealed 6 fields in 3 documents with AES-CBC, not authenticated\n");
        let sealed = sealed.stdout();
        assert!(!sealed.contains("_callseal") && !sealed.contains("\"+43\""));
        let opened = peer(&scene, "open", form).stdin(sealed).exits(0).stdout();
        assert_eq!(values(&opened), values(OPENED), "{form} {}", key.len());
    }
}

#[test]
fn what_python_seals_opens() {
    for (form, key) in keys() {
        let scene = Scene::new();
        scene.write_private("aes.key", &key);
        let sealed = peer(&scene, "seal", form).stdin(CALLS).exits(0).stdout();
        let opened = scene
            .line(&format!(
                "fields open {FIELDS} --key-file aes.key --key-form {form}"
            ))
            .stdin(sealed)
            .exits(0)
            .says("opened 6 fields in 3 documents, not authenticated\n");
        assert_eq!(
            values(&opened.stdout()),
            values(OPENED),
            "{form} {}",
            key.len()
        );
    }
}

#[test]
fn whole_texts_are_sealed_and_opened_outside_of_json() {
    const BARE: &str = "--legacy-aes-cbc --bare --key-file aes.key --key-form hex";
    let scene = Scene::new();
    scene.write_private("aes.key", "00112233445566778899aabbccddeeff");
    let seal = || scene.line(&format!("fields seal {BARE}"));
    let open = || scene.line(&format!("fields open {BARE}"));
    let sealed = seal()
        .stdin(CALLS)
        .exits(0)
        .says("sealed 3 strings with AES-CBC, not authenticated\n")
        .stdout();
    assert_eq!(sealed.lines().count(), 3);
    let opened = peer(&scene, "open-text", "hex").stdin(&sealed).exits(0);
    assert_eq!(opened.stdout(), CALLS);
    let sealed = peer(&scene, "seal-text", "hex").stdin(CALLS).exits(0);
    let opened = open()
        .stdin(sealed.stdout().replace('\n', "\r\n"))
        .exits(0)
        .says("opened 3 strings, not authenticated\n");
    assert_eq!(opened.stdout().replace('\r', ""), CALLS);
    // A document over several lines is one text, and so is any other text.
    for text in ["{\n  \"id\": 1\n}", "two\nlines", "", "no line end"] {
        let sealed = seal().stdin(text).exits(0).stdout();
        assert_eq!(open().stdin(sealed).exits(0).stdout(), text);
    }
    open()
        .stdin("{\"id\": 1}\n")
        .exits(5)
        .complains_with_hint(&["line 1: it is not a sealed string"]);
    scene
        .line(&format!("fields open {BARE} --fields id"))
        .exits(2)
        .complains(&["--bare", "--fields"]);
}

#[test]
fn the_key_may_come_from_the_environment() {
    let scene = Scene::new();
    for (form, key) in [
        ("hex", "00112233445566778899aabbccddeeff"),
        ("text", "00112233445566778899aabbccddeeff"),
        ("raw", "sixteen bytes xx"),
    ] {
        let with = |line: &str| {
            scene
                .line(&format!(
                    "fields {line} {FIELDS} --key-env CALL_KEY --key-form {form}"
                ))
                .env("CALL_KEY", key)
        };
        let sealed = with("seal").stdin(CALLS).exits(0).stdout();
        let opened = with("open").stdin(sealed).exits(0).stdout();
        assert_eq!(values(&opened), values(OPENED));
    }
}

#[test]
fn a_wrong_key_opens_nothing() {
    let scene = Scene::new();
    scene.write_private("aes.key", "00112233445566778899aabbccddeeff");
    scene.write_private("other.key", "ffeeddccbbaa99887766554433221100");
    let text = "a longer text, of which not all of the padding can be right by chance";
    let call = format!("{{\"text\":\"{text}\"}}\n");
    let run = |line: &str, key: &str| {
        scene.line(&format!(
            "fields {line} --legacy-aes-cbc --fields text --key-file {key} --key-form hex"
        ))
    };
    let sealed = run("seal", "aes.key").stdin(&call).exits(0).stdout();
    let outcome = run("open", "other.key")
        .stdin(&sealed)
        .exits(5)
        .complains(&[
            "standard input: line 1: text: it doesn't open with this key, or was altered",
        ]);
    assert!(outcome.output.stdout.is_empty());
    // Other values don't open either, and the rest is not harmed.
    for (bad, why) in [
        (
            "{\"text\":\"a\"}\n",
            "text: it does not hold a sealed value",
        ),
        (
            "{\"text\":\"AAAA\"}\n",
            "text: it does not hold a sealed value",
        ),
        ("{\"text\":7}\n", "text: it does not hold a sealed value"),
        ("{}\n", "text: it is missing"),
        ("[]\n", "it is not a JSON object"),
        (
            "{\"text\":\"AAAAAAAAAAAAAAAAAAAAAA==\"}\n",
            "text: it does not hold a sealed value",
        ),
    ] {
        let opened = run("open", "aes.key")
            .stdin(format!("{sealed}{bad}{sealed}"))
            .exits(6)
            .complains(&[&format!("line 2: {why}")]);
        assert_eq!(opened.stdout(), call.repeat(2));
    }
}

#[test]
fn a_key_of_another_form_is_refused_and_not_shown() {
    let scene = Scene::new();
    let secret = "SECRET0123456789SECRET0123456789";
    for (form, key) in [
        ("hex", secret.to_owned()),
        ("hex", "0011223344SECRET".repeat(3)),
        ("hex", "0123456789ABCDEF0123456789ABCDEFF".to_owned()),
        ("hex", "+1".repeat(16)),
        ("raw", format!("{secret}\n")),
        ("text", format!("{secret}\n\n")),
        ("text", "SECRETé345678901".to_owned()),
        ("text", "SECRET".to_owned()),
        ("text", String::new()),
    ] {
        scene.write_private("aes.key", &key);
        for source in ["--key-file aes.key", "--key-env CALL_KEY"] {
            let outcome = scene
                .line(&format!(
                    "fields seal {FIELDS} {source} --key-form {form} -v"
                ))
                .env("CALL_KEY", &key)
                .stdin(CALLS)
                .exits(2)
                .complains_with_hint(&["the key in it can't be used: it does not have"])
                .says("hint: check the key and --key-form\n");
            assert!(!outcome.stderr().contains("SECRET"), "{outcome}");
            assert!(!outcome.stderr().contains("0123"), "{outcome}");
        }
    }
}

#[test]
fn a_key_on_the_command_line_is_refused_and_not_shown() {
    let scene = Scene::with_parties();
    scene.write_private("aes.key", "0123456789abcdef0123456789abcdef");
    for line in [
        "fields seal --legacy-aes-cbc --fields id -k SECRET",
        "fields seal --legacy-aes-cbc --fields id -kSECRET --key-form hex",
        "fields seal --legacy-aes-cbc --fields id --key=SECRET",
        "fields seal --fields id -r vendor.crt --key SECRET",
        "fields open --legacy-aes-cbc --fields id -k SECRET",
        "fields open --legacy-aes-cbc --fields id --key SECRET --key-form text",
        "fields open --legacy-aes-cbc=SECRET --fields id",
        "fields open --legacy-aes-cbc SECRET --aes-key SECRET",
        "fields open --legacy-aes-cbc --aes-key=SECRET",
        "fields open --legacy-aes-cbc --fields id --key-form SECRET",
        "fields open --legacy-aes-cbc --fields id --key-form hex --key-env SECRET",
        "fields open --legacy-aes-cbc --fields id --key-form hex --key-file SECRET",
        "fields seal --legacy-aes-cbc SECRET --fields id --key-form hex --key-file aes.key",
        "fields open --legacy-aes-cbc SECRET --fields id --key-form hex --key-file aes.key",
    ] {
        for json in ["", " --json -o out"] {
            let outcome = scene.line(&format!("{line}{json}")).stdin("{}").exits(2);
            let text = outcome.stderr() + &outcome.stdout();
            assert!(
                text.contains("error") && !text.contains("SECRET"),
                "{outcome}"
            );
        }
    }
    scene
        .line("fields seal --legacy-aes-cbc --fields id -k SECRET")
        .exits(2)
        .complains_with_hint(&["-k can't be used with --legacy-aes-cbc, which uses a shared key"])
        .says("hint: use --key-file or --key-env\n");
}

#[test]
fn a_key_in_the_config_is_refused_and_not_shown() {
    let scene = Scene::new();
    scene.write_private("aes.key", "sixteen bytes xx");
    for config in [
        "key = \"SECRET\"",
        "aes-key = \"SECRET\"",
        "legacy_aes_key = \"SECRET\"",
        "legacy-key = \"\"\"\nSECRET\"\"\"",
        "[fields]\nlegacy-aes-key = \"SECRET\"",
        "fields = { a = 1, key = \"SECRET\" }",
        "[profiles.acme]\nrecipients = [\"a.crt\"]\nkey = \"SECRET\"",
        "keys = \"SECRET\"",
        "key = SECRET",
        "key = \"SECRET",
        "keys = [\"SECRET\", 7]\nformat = 3",
    ] {
        scene.write("callseal.toml", format!("{config}\n"));
        let outcome = scene
            .line(&format!(
                "fields seal {FIELDS} --key-file aes.key --key-form raw --config callseal.toml"
            ))
            .exits(2)
            .complains(&["callseal.toml:"]);
        assert!(!outcome.stderr().contains("SECRET"), "{outcome}");
    }
    for (config, name) in [
        ("[fields]\nkey = \"SECRET\"", "key"),
        ("legacy-aes-cbc = \"SECRET\"", "legacy-aes-cbc"),
        ("aeskey = \"SECRET\"", "aeskey"),
        ("key-hex = \"SECRET\"", "key-hex"),
        ("Secret = \"SECRET\"", "Secret"),
        ("key_password = \"SECRET\"", "key_password"),
        ("[fields.a.b]\nkey = \"SECRET\"", "key"),
        (
            "[profiles.acme]\nfields = [{a = 1, key = \"SECRET\"}]",
            "key",
        ),
    ] {
        scene.write("callseal.toml", config);
        let why = format!("{name:?} looks like a secret, which doesn't belong in the config");
        scene
            .line("config check --config callseal.toml")
            .exits(2)
            .complains_with_hint(&[&why]);
    }
    // Neither of these is a key.
    for (config, hint) in [
        (
            "LOGGING_ENCRYPTION_KEY = 'a.crt'",
            "list the certificates under recipients",
        ),
        ("key-file = 'aes.key'", "use one of"),
    ] {
        scene.write("callseal.toml", config);
        scene
            .line("config check --config callseal.toml")
            .exits(2)
            .complains_with_hint(&["unknown"])
            .says(hint);
    }
}

#[test]
fn options_that_conflict_with_it_are_refused() {
    let scene = Scene::with_parties();
    scene.write_private("aes.key", "sixteen bytes xx");
    let key = "--key-file aes.key --key-form raw";
    for line in [
        format!("fields seal --legacy-aes-cbc {key}"),
        format!("fields open --legacy-aes-cbc {key}"),
        "fields seal --legacy-aes-cbc --fields id --key-form raw".to_owned(),
        "fields seal --legacy-aes-cbc --fields id --key-file aes.key".to_owned(),
        format!("fields seal --fields id -r vendor.crt {key}"),
        format!("fields open -k vendor.key {key}"),
        format!("fields seal {FIELDS} {key} -r vendor.crt"),
        format!("fields seal {FIELDS} {key} --attribute x"),
        format!("fields open {FIELDS} {key} --attribute x"),
        format!("fields open {FIELDS} {key} --passphrase-file aes.key"),
        format!("fields open {FIELDS} {key} --key-env HOME"),
    ] {
        let outcome = scene.line(&line).stdin(CALLS).exits(2);
        assert!(outcome.output.stdout.is_empty());
    }
}

#[test]
fn a_missing_key_is_asked_for_with_its_form() {
    for line in ["", " --key-form raw"] {
        Scene::new()
            .line(&format!("fields seal {FIELDS}{line}"))
            .stdin(CALLS)
            .exits(2)
            .complains_with_hint(&[
                "--legacy-aes-cbc needs a key (--key-file or --key-env) and its form",
            ]);
    }
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_causes_a_warning() {
    let scene = Scene::new();
    let path = scene.write("aes.key", "sixteen bytes xx");
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let line = format!("fields seal {FIELDS} --key-file aes.key --key-form raw");
    let warned = scene.line(&line).stdin(CALLS).exits(0);
    let warned = warned.says("warning: aes.key: other users can read or change this key");
    let stderr = warned.stderr();
    scene.bash(stderr.split('`').nth(1).unwrap()).exits(0);
    let outcome = scene.line(&line).stdin(CALLS).exits(0);
    assert!(!outcome.stderr().contains("warning"), "{outcome}");
}

#[test]
fn a_sealed_string_must_be_text() {
    let key = AesCbcKey::new(b"sixteen bytes xx", KeyForm::Text).unwrap();
    assert_eq!(format!("{key:?}"), "AesCbcKey(…)");
    let selection = Selection::paths("a").unwrap();
    let sealer = AesCbcSealer::new(&key, &selection, Missing::Error);
    let error = sealer.seal(r#"{"a":"\ud800"}"#).unwrap_err();
    assert_eq!(error.to_string(), "a: it is not Unicode text");
    let opener = AesCbcOpener::new(&key, &selection, Missing::Error);
    let sealed = sealer
        .seal(r#"{"a":"\ud83d\ude00\n", "b":"\ud800"}"#)
        .unwrap();
    let opened = opener.open(sealed.text()).unwrap();
    assert_eq!(opened.text(), "{\"a\":\"😀\\n\", \"b\":\"\\ud800\"}");
}
