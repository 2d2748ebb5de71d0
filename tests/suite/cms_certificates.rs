//! CMS messages name their recipients by X.509 certificate, as openssl looks
//! for them.

use crate::support::{CALL, Scene, der_value};

#[test]
fn recipients_are_found_by_their_certificates() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    scene.rsa_pair("b");
    scene.rsa_pair("stranger");
    scene.write("call.wav", CALL);
    scene.ok("seal --format cms -r a.crt -r b.crt call.wav");
    for name in ["a", "b"] {
        scene.smime_as("call.wav.p7m", name).yields(CALL);
        scene.cms_as("call.wav.p7m", name).yields(CALL);
        assert!(names(&scene, "call.wav.p7m", &format!("{name}.crt")));
    }
    scene.smime_as("call.wav.p7m", "stranger").fails();
    assert!(!names(&scene, "call.wav.p7m", "stranger.crt"));
}

/// Returns whether a message names a certificate.
fn names(scene: &Scene, message: &str, certificate: &str) -> bool {
    let certificate = openssl::x509::X509::from_pem(&scene.read(certificate));
    let named = issuer_and_serial(&certificate.unwrap().to_der().unwrap());
    let message = scene.read(message);
    message.windows(named.len()).any(|part| part == named)
}

#[test]
fn issuer_and_serial_number_match_the_certificate() {
    let scene = Scene::new();
    scene.write("call.wav", CALL);
    for (name, subject, serial) in [
        ("plain", "/CN=plain", "7"),
        ("negative", "/CN=negative", "-129"),
        (
            "large",
            "/CN=large",
            "0xFFEEDDCCBBAA99887766554433221100FFEEDD",
        ),
        ("utf8", "/C=DE/O=Köln Süd GmbH/CN=日本", "128"),
        ("multi", "/DC=org+O=a+CN=b/OU=c+CN=d", "255"),
    ] {
        let line = format!(
            "req -x509 -days 365 -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.crt \
             -utf8 -set_serial {serial} -subj"
        );
        let line = line.split_whitespace().chain([subject]);
        scene.program("openssl", line).exits(0);
        for format in ["cms", "cms-gcm"] {
            scene.ok(&format!("seal -f --format {format} -r {name}.crt call.wav"));
            let found = names(&scene, "call.wav.p7m", &format!("{name}.crt"));
            assert!(found, "{name}, {format}");
            scene.cms_as("call.wav.p7m", name).yields(CALL);
        }
    }
}

/// Returns the octets of issuer and serial number in a certificate (RFC 5280,
/// section 4.1), as a message has them.
fn issuer_and_serial(certificate: &[u8]) -> Vec<u8> {
    let (_, certificate, _) = der_value(certificate);
    let (_, tbs, _) = der_value(certificate);
    let (_, _, rest) = der_value(tbs);
    let (serial, _, rest) = der_value(rest);
    let (_, _, rest) = der_value(rest);
    let (issuer, _, _) = der_value(rest);
    [issuer, serial].concat()
}

#[test]
fn a_recipient_with_a_chain_is_the_first_certificate_of_its_file() {
    let scene = Scene::new();
    scene.make_cas();
    scene.leaf("leaf", "issuing").with_key("rsa:2048").make();
    scene.concatenate(&["leaf.crt", "issuing.crt", "regional.crt"], "chain.crt");
    scene.write("call.wav", CALL);
    scene.ok("seal --format cms -r chain.crt call.wav");
    scene.smime_as("call.wav.p7m", "leaf").yields(CALL);
    let text = scene.cms_structure("call.wav.p7m");
    assert_eq!(text.matches("d.issuerAndSerialNumber").count(), 1, "{text}");
    assert!(text.contains("issuer: CN=issuing"), "{text}");
}

#[test]
fn a_message_names_the_renewed_certificate_and_not_the_old_one() {
    let scene = Scene::new();
    scene.rsa_pair("old");
    scene.tool("openssl req -x509 -days 700 -key old.key -subj /CN=old -out new.crt");
    scene.write("call.wav", CALL);
    scene.ok("seal --format cms -r new.crt call.wav");
    let with = |certificate: &str| {
        let run = scene.smime("call.wav.p7m", "old");
        run.args(["-recip", certificate]).outcome()
    };
    with("new.crt").yields(CALL);
    with("old.crt").fails();
    assert!(names(&scene, "call.wav.p7m", "new.crt"));
    assert!(!names(&scene, "call.wav.p7m", "old.crt"));
    // The key alone opens it, whichever its certificate.
    scene.smime("call.wav.p7m", "old").outcome().yields(CALL);
    // Both at once are the same key, and the first one names it.
    let both = scene.ok("seal -f --format cms -r old.crt -r new.crt call.wav");
    both.says("new.crt: the same key as old.crt, counted once");
    with("old.crt").yields(CALL);
}

#[test]
fn all_certificates_over_one_key_find_the_message() {
    let scene = Scene::new();
    scene.key_pair("reader", "rsa:2048");
    scene.tool("openssl req -x509 -key reader.key -subj /CN=reader -days 9 -out renewed.crt");
    scene.write("call.wav", CALL);
    scene
        .ok("seal --format cms -r reader.crt -r renewed.crt call.wav")
        .says("counted once");
    for certificate in ["reader.crt", "renewed.crt"] {
        let decrypt =
            "openssl smime -decrypt -inform DER -in call.wav.p7m -inkey reader.key -recip";
        scene
            .tool_line(&format!("{decrypt} {certificate}"))
            .outcome()
            .yields(CALL);
    }
}
