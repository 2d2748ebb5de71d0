//! The right identity of a keyring is found, and no other is unlocked.

use std::io;
use std::path::PathBuf;
use std::sync::Mutex;

use callseal::keys::{Keyring, LockedKey, Passphrase, Passphrases};
use callseal::message::{Limits, OpenError, OpenMessage, Opener};

use crate::support::{CALL, P256, Scene};

/// A source that knows one passphrase and records for which keys it was asked.
struct Listener {
    answer: &'static str,
    asked: Mutex<Vec<String>>,
}

impl Listener {
    fn new(answer: &'static str) -> Self {
        Self {
            answer,
            asked: Mutex::new(Vec::new()),
        }
    }

    /// Returns the names of the key files, one for each request.
    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Passphrases for Listener {
    fn ask(&self, key: LockedKey<'_>, attempt: usize) -> io::Result<Option<Passphrase>> {
        let name = key.source.file_name().unwrap().to_str().unwrap();
        self.asked.lock().unwrap().push(name.to_owned());
        let answer = Passphrase::new(self.answer.as_bytes().to_vec());
        Ok((attempt == 1).then_some(answer))
    }
}

fn keyring(scene: &Scene, names: &[&str]) -> Keyring {
    let paths: Vec<PathBuf> = names.iter().map(|name| scene.path(name)).collect();
    Keyring::load(&paths).unwrap()
}

fn open(scene: &Scene, keyring: &Keyring, asked: &Listener) -> Result<Vec<u8>, OpenError> {
    let message = scene.read("call.pgp");
    let limits = Limits::default();
    let opener = Opener::new(keyring)
        .with_passphrases(asked)
        .with_limits(&limits);
    let opened = OpenMessage::begin(&*message, &opener)?;
    let mut plain = Vec::new();
    opened.copy_to(&mut plain)?;
    Ok(plain)
}

/// Makes a certificate `certs/NAME.crt`, and its key, locked, in
/// `keys/NAME.key`.
fn locked_pair(scene: &Scene, name: &str, kind: &str, passphrase: &str) {
    for directory in ["certs", "keys"] {
        std::fs::create_dir_all(scene.path(directory)).unwrap();
    }
    scene.tool(&format!(
        "openssl req -x509 -days 30 -newkey {kind} -passout pass:{passphrase} \
         -keyout keys/{name}.key -out certs/{name}.crt -subj /CN={name}"
    ));
}

/// Puts the certificate next to its key as well.
fn certificate_beside(scene: &Scene, name: &str) {
    let certificate = scene.read(format!("certs/{name}.crt"));
    scene.write(format!("keys/{name}.crt"), certificate);
}

#[test]
fn the_right_key_of_a_directory_opens() {
    let scene = Scene::new();
    locked_pair(&scene, "else", P256, "other");
    certificate_beside(&scene, "else");
    for (name, kind) in [("a", P256), ("b", "rsa:2048"), ("c", P256)] {
        scene.key_pair(name, kind);
        scene.write(
            format!("keys/of/{name}/private.pem"),
            scene.read(format!("{name}.key")),
        );
    }
    scene.gpg("--quick-gen-key curve future-default default never");
    scene.gpg("--export --output curve.crt curve");
    scene.gpg("--export-secret-keys --output keys/secring.gpg curve");
    scene.write("keys/README", "Keys of the past years.\n");
    scene.write("keys/.hidden", [0xFF; 100]);
    scene.write("keys/empty", "");
    scene.write("keys/large", vec![b'-'; (1 << 20) + 1]);
    scene.write("passphrase", "other\n");
    for name in ["a", "b", "c", "curve", "certs/else"] {
        scene.opens(
            &format!("-r {name}.crt"),
            "-k keys --passphrase-file passphrase",
        );
    }
    // Locked keys of somebody else don't matter.
    for name in ["a", "b", "c", "curve"] {
        scene.opens(&format!("-r {name}.crt"), "-k keys");
    }
}

#[test]
fn only_the_key_that_fits_is_unlocked() {
    let scene = Scene::new();
    for (name, passphrase) in [("a", "first"), ("b", "second"), ("c", "third")] {
        locked_pair(&scene, name, P256, passphrase);
        certificate_beside(&scene, name);
    }
    scene.gpg_with_passphrase("fourth", "--quick-gen-key d future-default default never");
    scene.gpg_with_passphrase("fourth", "--export-secret-keys --output keys/d.key d");
    scene.seal("-r certs/b.crt");
    let asked = Listener::new("second");
    let keyring = keyring(&scene, &["keys"]);
    assert_eq!(open(&scene, &keyring, &asked).unwrap(), CALL);
    assert_eq!(asked.asked(), ["b.key"]);
}

#[test]
fn a_key_is_unlocked_once_for_many_messages() {
    let scene = Scene::new();
    locked_pair(&scene, "a", P256, "secret");
    scene.seal("-r certs/a.crt");
    let asked = Listener::new("secret");
    let keyring = keyring(&scene, &["keys"]);
    for _ in 0..3 {
        assert_eq!(open(&scene, &keyring, &asked).unwrap(), CALL);
    }
    assert_eq!(asked.asked(), ["a.key"]);
}

#[test]
fn a_wrong_passphrase_is_not_asked_for_again_with_the_next_message() {
    let scene = Scene::new();
    locked_pair(&scene, "a", P256, "secret");
    scene.seal("-r certs/a.crt");
    let asked = Listener::new("guess");
    let keyring = keyring(&scene, &["keys"]);
    for _ in 0..3 {
        let error = open(&scene, &keyring, &asked).unwrap_err();
        assert!(matches!(error, OpenError::NoIdentity(_)), "{error}");
    }
    // The first attempt, and the offer of another.
    assert_eq!(asked.asked(), ["a.key", "a.key"]);
}

#[test]
fn an_unlocked_key_is_used_before_a_locked_one() {
    let scene = Scene::new();
    locked_pair(&scene, "a", P256, "secret");
    certificate_beside(&scene, "a");
    scene.key_pair("b", "rsa:2048");
    scene.write("keys/b.key", scene.read("b.key"));
    scene.seal("-r certs/a.crt -r b.crt");
    let asked = Listener::new("secret");
    let keyring = keyring(&scene, &["keys"]);
    assert_eq!(open(&scene, &keyring, &asked).unwrap(), CALL);
    assert!(asked.asked().is_empty(), "{:?}", asked.asked());
}

#[test]
fn a_message_for_others_unlocks_nothing() {
    let scene = Scene::new();
    locked_pair(&scene, "a", P256, "secret");
    certificate_beside(&scene, "a");
    scene.key_pair("other", P256);
    scene.seal("-r other.crt");
    let asked = Listener::new("secret");
    let error = open(&scene, &keyring(&scene, &["keys"]), &asked).unwrap_err();
    assert!(matches!(error, OpenError::NoIdentity(_)), "{error}");
    assert!(asked.asked().is_empty(), "{:?}", asked.asked());
}

#[test]
fn a_locked_key_is_identified_by_the_certificate_next_to_it() {
    let scene = Scene::new();
    locked_pair(&scene, "a", "rsa:2048", "secret");
    assert!(scene.inspect("keys/a.key")["keys"][0]["fingerprint"].is_null());
    for ending in ["crt", "pem", "cer", "der", "pub", "asc"] {
        let name = format!("keys/a.{ending}");
        scene.write(&name, scene.read("certs/a.crt"));
        let key = scene.inspect("keys/a.key");
        assert_eq!(
            key["keys"][0]["fingerprint"],
            scene.fingerprint("certs/a.crt"),
            "{name}"
        );
        assert_eq!(key["keys"][0]["label"], "a", "{name}");
        std::fs::remove_file(scene.path(&name)).unwrap();
    }
}

#[test]
fn other_files_do_not_hide_the_certificate_next_to_a_locked_key() {
    let scene = Scene::new();
    locked_pair(&scene, "a", P256, "secret");
    certificate_beside(&scene, "a");
    scene.tool("openssl ecparam -name prime256v1 -out parameters");
    scene.concatenate(&["parameters", "keys/a.key"], "keys/a.key");
    let directory = scene.path("keys/a.pem");
    std::fs::create_dir(&directory).unwrap();
    #[cfg(unix)]
    scene.tool("mkfifo keys/a.cer keys/a.der");
    let key = scene.inspect("keys/a.key");
    assert_eq!(
        key["keys"][0]["fingerprint"],
        scene.fingerprint("certs/a.crt")
    );
    std::fs::remove_file(scene.path("keys/a.crt")).unwrap();
    assert!(scene.inspect("keys/a.key")["keys"][0]["fingerprint"].is_null());
}

#[test]
fn an_openpgp_certificate_is_not_treated_as_that_of_a_locked_pem_key() {
    let scene = Scene::new();
    locked_pair(&scene, "a", P256, "secret");
    scene.gpg("--quick-gen-key a rsa2048 default never");
    scene.gpg("--export --armor --output keys/a.asc a");
    assert!(scene.inspect("keys/a.key")["keys"][0]["fingerprint"].is_null());
    // So the key is still tried, for what was sealed to its own certificate.
    scene.seal("-r certs/a.crt");
    let asked = Listener::new("secret");
    let keyring = keyring(&scene, &["keys"]);
    assert_eq!(open(&scene, &keyring, &asked).unwrap(), CALL);
    assert_eq!(asked.asked(), ["a.key"]);
    // An X.509 certificate counts, anywhere in the file.
    scene.write("keys/a.pub", scene.read("certs/a.crt"));
    let key = scene.inspect("keys/a.key");
    assert_eq!(
        key["keys"][0]["fingerprint"],
        scene.fingerprint("certs/a.crt")
    );
}

#[test]
fn hidden_recipients_open_with_every_kind_of_key() {
    let scene = Scene::new();
    scene.key_pair("rsa", "rsa:2048");
    scene.key_pair("ec", "ec -pkeyopt ec_paramgen_curve:P-384");
    scene.gpg("--quick-gen-key curve future-default default never");
    scene.gpg("--export --output curve.crt curve");
    scene.gpg("--export-secret-keys --output curve.key curve");
    scene.key_pair("stranger", "rsa:2048");
    scene.key_pair("other", P256);

    for format in ["rfc4880", "rfc9580"] {
        let mut recipients = "-r rsa.crt -r ec.crt".to_owned();
        let mut keys = vec!["rsa.key", "ec.key"];
        if format == "rfc4880" {
            recipients.push_str(" -r curve.crt");
            keys.push("curve.key");
        }
        let hidden = format!("--hidden-recipients --format {format} {recipients}");
        for key in &keys {
            scene.opens(&hidden, &format!("-k {key}"));
            scene.opens(&hidden, &format!("-k stranger.key -k other.key -k {key}"));
        }
        scene.seal(&hidden);
        let message = scene.inspect("call.pgp");
        for recipient in message["recipients"].as_array().unwrap() {
            assert_eq!(recipient["hidden"], true, "{message}");
        }
        scene
            .line("open -k stranger.key -k other.key call.pgp -o -")
            .exits(4)
            .complains(&["hidden recipient"]);
    }
}

#[test]
fn a_private_key_that_was_cut_off_is_named() {
    let scene = Scene::with_a_call();
    scene.ok("pack -o calls.zip -r vendor.crt calls");
    let whole = scene.text("customer.key");
    let incomplete = "the PEM block is incomplete: its END line is missing";
    for text in [&whole[..100], &format!("{whole}{}", &whole[..100])] {
        scene.write_private("keys/cut.key", text);
        scene
            .line("extract calls.zip -k keys/cut.key -C out")
            .exits(4)
            .says(incomplete);
        scene.tool("cp vendor.key keys/vendor.key");
        scene
            .ok("extract calls.zip -k keys -C out")
            .says("warning: left out keys/cut.key: ")
            .says(incomplete);
        scene.tool("rm -r out keys/vendor.key");
    }
}

#[test]
fn a_certificate_next_to_the_wrong_locked_key_is_named() {
    let scene = Scene::with_parties();
    locked_pair(&scene, "a", P256, "secret");
    scene.write("passphrase", "secret\n");
    scene.tool("cp customer.crt keys/a.crt");
    scene.write("a.txt", "a call");
    scene.ok("seal -r customer.crt a.txt -o a.pgp");
    scene
        .line("open a.pgp -k keys/a.key --passphrase-file passphrase -o -")
        .exits(4)
        .complains_with_hint(&["keys/a.key: the certificate next to this key is for another key"]);
}

#[test]
fn hidden_recipients_open_with_a_locked_key() {
    let scene = Scene::new();
    locked_pair(&scene, "a", "rsa:2048", "secret");
    certificate_beside(&scene, "a");
    locked_pair(&scene, "b", P256, "secret");
    scene.write("passphrase", "secret\n");
    for name in ["a", "b"] {
        scene.opens(
            &format!("--hidden-recipients -r certs/{name}.crt"),
            "-k keys --passphrase-file passphrase",
        );
    }
}
