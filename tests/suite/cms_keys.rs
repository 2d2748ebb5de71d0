//! CMS messages open with the keys whose certificates they name.

use crate::archive_support::{Member, zip};
use crate::support::{ENVELOPED, P256, Scene};

fn genesys() -> Scene {
    let scene = Scene::new();
    scene.key_pair("gir", "rsa:2048");
    scene.key_pair("auditor", "rsa:2048");
    scene.genesys_archive("gir.crt auditor.crt");
    scene
}

fn serial(scene: &Scene, certificate: &str) -> String {
    let shown = scene.tool(&format!("openssl x509 -noout -serial -in {certificate}"));
    shown.stdout().trim().replace("serial=", "")
}

#[test]
fn a_certificate_next_to_the_key_is_found() {
    let scene = genesys();
    let opens = |key: &str| {
        scene
            .ok(&format!("cat GIR.zip GIR/1001.wav -k {key}"))
            .prints("RIFF said first");
    };
    // In the key's own file.
    scene.concatenate(&["gir.key", "gir.crt"], "alone/both.pem");
    opens("alone/both.pem");
    // Under another name in the same directory.
    scene.write_private("other/private.key", scene.read("gir.key"));
    scene.write("other/genesys-2019.CER", scene.read("gir.crt"));
    opens("other/private.key");
    // Elsewhere in a directory of keys.
    scene.write_private("ring/keys/private.key", scene.read("gir.key"));
    scene.write("ring/certificates/old.crt", scene.read("gir.crt"));
    opens("ring");
    // As DER.
    scene.write_private("der/private.key", scene.read("gir.key"));
    scene.tool("openssl x509 -in gir.crt -outform DER -out der/gir.der");
    opens("der/private.key");
}

#[test]
fn an_expired_certificate_still_identifies_its_key() {
    let scene = Scene::new();
    scene.key_pair("gir", "rsa:2048");
    scene.tool("openssl req -x509 -key gir.key -subj /CN=gir -days 1 -out old.crt");
    scene.dated_certificate("gir.crt", "gir", -800, 365);
    scene.write("in.txt", "x");
    scene.cms_encrypt("in.txt", "in.txt.p7m", &format!("{ENVELOPED} gir.crt"));
    scene.tool("rm old.crt");
    scene.ok("open in.txt.p7m -k gir.key -o -").prints("x");
}

#[test]
fn a_locked_key_is_unlocked_for_its_certificate() {
    let scene = genesys();
    scene.write("locked/gir.crt", scene.read("gir.crt"));
    scene.tool("openssl pkcs8 -topk8 -in gir.key -passout pass:secret -out locked/private.key");
    scene.write("passphrase", "secret\n");
    scene
        .ok("cat GIR.zip GIR/1001.wav -k locked/private.key --passphrase-file passphrase")
        .prints("RIFF said first");
    scene
        .line("cat GIR.zip GIR/1001.wav -k locked/private.key")
        .exits(4)
        .complains_with_hint(&["locked/private.key", "locked"]);
}

#[test]
fn a_key_alone_opens_a_message_that_names_its_key_identifier() {
    let scene = genesys();
    scene.cms_encrypt(
        "said/1001.wav",
        "call.p7m",
        &format!("{ENVELOPED} -keyid gir.crt"),
    );
    scene.write_private("alone/gir.key", scene.read("gir.key"));
    scene
        .ok("open call.p7m -k alone/gir.key -o -")
        .prints("RIFF said first");
    scene
        .ok("inspect call.p7m -k alone/gir.key")
        .prints("subject key identifier ")
        .prints("your key: alone/gir.key");
    let inspected = scene.inspect("call.p7m");
    assert!(inspected["recipients"][0]["subject_key_id"].is_string());
}

#[test]
fn several_workers_find_a_key_by_its_identifier_in_every_member() {
    let scene = genesys();
    scene.cms_encrypt(
        "said/1001.wav",
        "call.p7m",
        &format!("{ENVELOPED} -keyid gir.crt"),
    );
    scene.write_private("alone/gir.key", scene.read("gir.key"));
    let call = scene.read("call.p7m");
    let names: Vec<String> = (0..1500).map(|n| format!("calls/{n}.wav.p7m")).collect();
    let members = names.iter().map(|name| Member::new(name, &call));
    scene.write("many.zip", zip(members).bytes());
    scene
        .ok("extract many.zip -j 32 -k alone/gir.key -C opened")
        .says("extracted 1500 files");
}

#[test]
fn a_key_without_its_certificate_is_not_tried() {
    let scene = genesys();
    scene.write_private("alone/gir.key", scene.read("gir.key"));
    scene
        .line("extract GIR.zip -k alone/gir.key -C opened")
        .exits(4)
        .complains(&[
            "GIR/1001.wav",
            "alone/gir.key",
            "without its certificate",
            "of gir",
        ])
        .says("certificate")
        .says("--try-all-keys");
    assert_eq!(scene.tree("opened"), [""; 0]);
}

#[test]
fn on_demand_a_key_without_its_certificate_is_tried_with_a_warning() {
    let scene = genesys();
    scene.write_private("alone/gir.key", scene.read("gir.key"));
    scene
        .ok("extract --try-all-keys GIR.zip -k alone/gir.key -C opened")
        .says("alone/gir.key: opened 2 messages that do not name its certificate");
    assert_eq!(scene.text("opened/GIR/1001.wav"), "RIFF said first");
    let told = scene
        .ok("extract --json -f --try-all-keys GIR.zip -k alone/gir.key -C opened")
        .json();
    assert_eq!(told["tried"][0]["name"], "GIR/1001.wav");
    assert_eq!(told["tried"][0]["key"], "alone/gir.key");
    // A certificate that is named causes no warning.
    let named = scene.ok("extract --json -f --try-all-keys GIR.zip -k gir.key -C opened");
    assert_eq!(named.json()["tried"], serde_json::json!([]));
}

#[test]
fn a_wrong_key_opens_nothing_even_if_all_keys_are_tried() {
    let scene = genesys();
    scene.key_pair("stranger", "rsa:2048");
    scene
        .line("extract --try-all-keys GIR.zip -k stranger.key -C opened")
        .exits(4)
        .complains_with_hint(&["GIR/1001.wav"]);
    assert_eq!(scene.tree("opened"), [""; 0]);
}

#[test]
fn a_certificate_with_the_same_names_over_another_key_opens_nothing() {
    let scene = genesys();
    // Another key under the issuer and the serial number of the right one.
    let serial = serial(&scene, "gir.crt");
    scene.rsa_key("false/gir.key", 2048);
    scene.tool(&format!(
        "openssl req -x509 -key false/gir.key -subj /CN=gir -set_serial 0x{serial} -days 9 -out false/gir.crt"
    ));
    scene
        .line("extract GIR.zip -k false/gir.key -C opened")
        .exits(5)
        .complains(&["GIR/1001.wav", "altered or damaged"]);
    assert_eq!(scene.tree("opened"), [""; 0]);
}

#[test]
fn the_keys_of_the_keyring_are_counted_for_an_archive() {
    let scene = genesys();
    scene.key_pair("stranger", P256);
    scene
        .ok("keys -k gir.key -k stranger.key --archive GIR.zip")
        .prints("your keys open 2 of 2 members");
    scene
        .line("keys -k stranger.key --archive GIR.zip")
        .exits(4)
        .complains(&["of gir"]);
}

#[test]
fn a_wrong_key_that_is_tried_two_thousand_times_opens_nothing() {
    let scene = Scene::new();
    scene.key_pair("gir", "rsa:2048");
    scene.rsa_key("wrong.key", 2048);
    for number in 0..2000 {
        scene.write(format!("calls/{number}"), "said");
    }
    scene.ok("pack -o calls.zip --format cms -r gir.crt calls");
    scene.tool("rm gir.crt");
    let told = scene
        .line("extract --json --try-all-keys calls.zip -k wrong.key -C opened")
        .exits(4)
        .json();
    assert_eq!(told["extracted"], 0);
    // One for each, and one for all of them.
    assert_eq!(told["failures"].as_array().unwrap().len(), 2001);
    assert_eq!(scene.tree("opened"), [""; 0]);
    // The right key opens them all, without its certificate.
    let told = scene.ok("extract --json --try-all-keys calls.zip -k gir.key -C opened");
    assert_eq!(told.json()["extracted"], 2000);
}

#[test]
fn a_locked_key_is_tried_for_each_recipient_that_may_match() {
    let scene = genesys();
    scene.cms_encrypt(
        "said/1001.wav",
        "call.p7m",
        &format!("{ENVELOPED} -keyid auditor.crt gir.crt"),
    );
    scene.write("passphrase", "secret\n");
    scene.write("locked/README", "");
    scene.tool("openssl pkcs8 -topk8 -in gir.key -passout pass:secret -out locked/private.key");
    scene
        .ok("open call.p7m -k locked/private.key --passphrase-file passphrase -o -")
        .prints("RIFF said first");
}

#[test]
fn a_key_too_small_to_seal_to_still_opens_old_recordings() {
    let scene = Scene::new();
    scene.key_pair("old", "rsa:1024");
    scene.write("in.txt", "x");
    scene.cms_encrypt("in.txt", "in.txt.p7m", "-des3 -outform DER old.crt");
    scene.ok("open in.txt.p7m -k old.key -o -").prints("x");
    scene
        .line("seal -r old.crt in.txt")
        .exits(3)
        .complains(&["old.crt", "1024", "2048"]);
}

#[test]
fn an_ec_key_in_openpgp_form_opens_messages_to_its_certificate() {
    let scene = Scene::new();
    scene.key_pair("ec", P256);
    scene.write("in.txt", "x");
    scene.cms_encrypt("in.txt", "in.txt.p7m", &format!("{ENVELOPED} ec.crt"));
    scene.write("form/ec.crt", scene.read("ec.crt"));
    scene.ok("export --gpg ec.key -o form/ec.pgp");
    scene.ok("open in.txt.p7m -k form/ec.pgp -o -").prints("x");
}

#[test]
fn no_more_passphrases_are_asked_for_than_needed() {
    let scene = genesys();
    scene.cms_encrypt(
        "said/1001.wav",
        "call.p7m",
        &format!("{ENVELOPED} -keyid gir.crt"),
    );
    scene.write("ring/README", "");
    for (name, key) in [("1", "gir"), ("2", "auditor")] {
        scene.tool(&format!(
            "openssl pkcs8 -topk8 -in {key}.key -passout pass:secret -out ring/{name}.pem"
        ));
    }
    // Only the first passphrase is asked for.
    scene
        .on_a_terminal("open call.p7m -k ring -o opened", "prompt\nsend secret\\r")
        .exits(0);
    assert_eq!(scene.text("opened"), "RIFF said first");
}

#[test]
fn a_certificate_can_be_given_together_with_the_key() {
    let scene = genesys();
    scene.write_private("alone/gir.key", scene.read("gir.key"));
    scene
        .ok("cat GIR.zip GIR/1001.wav -k alone/gir.key -k gir.crt")
        .prints("RIFF said first");
    scene
        .line("cat GIR.zip GIR/1001.wav -k gir.crt")
        .exits(4)
        .complains_with_hint(&["gir.crt", "not a private key"]);
}

#[test]
fn the_hint_to_try_all_keys_is_not_given_after_trying_them() {
    let scene = genesys();
    scene.rsa_key("wrong.key", 2048);
    let failed = scene
        .line("open --try-all-keys GIR/1001.wav.p7m -k wrong.key -o -")
        .exits(4)
        .complains(&["your key doesn't open it"]);
    assert!(!failed.stderr().contains("--try-all-keys"), "{failed}");
}
