//! Sealing to every kind of X.509 certificate and bare public key, and opening
//! with its key.

use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use openssl::ec::PointConversionForm;
use openssl::pkey::PKey;

use crate::support::{P256, Scene};

#[test]
fn the_certificates_of_the_article_work() {
    let scene = Scene::new();
    scene.tool(
        "openssl req -x509 -nodes -days 365 -newkey rsa:2048 \
         -keyout customer.key -out customer.crt -subj /CN=customer",
    );
    scene.write("passphrase", "open sesame\n");
    scene.tool(
        "openssl req -x509 -days 365 -newkey rsa:2048 -passout file:passphrase \
         -keyout vendor.key -out vendor.crt -subj /CN=vendor",
    );
    let text = scene
        .tool("openssl x509 -in customer.crt -noout -text")
        .stdout();
    assert!(text.contains("CA:TRUE"), "{text}");
    assert!(!text.contains("Key Usage"), "{text}");

    let both = "-r customer.crt -r vendor.crt";
    scene.opens(both, "-k customer.key");
    scene.opens(both, "-k vendor.key --passphrase-file passphrase");
}

/// Checks a certificate and a bare public key of this kind in all their forms.
#[track_caller]
fn every_form_opens(kind: &str) {
    let scene = Scene::new();
    scene.key_pair("a", kind);
    scene.tool("openssl x509 -in a.crt -outform DER -out certificate.der");
    scene.tool("openssl pkey -in a.key -pubout -out public.pem");
    scene.tool("openssl pkey -in a.key -pubout -outform DER -out public.der");
    let mut forms = vec!["a.crt", "certificate.der", "public.pem", "public.der"];
    if kind.starts_with("rsa") {
        scene.tool("openssl rsa -in a.key -RSAPublicKey_out -out pkcs1.pem");
        scene.tool("openssl rsa -in a.key -RSAPublicKey_out -outform DER -out pkcs1.der");
        assert!(scene.text("pkcs1.pem").contains("BEGIN RSA PUBLIC KEY"));
        forms.extend(["pkcs1.pem", "pkcs1.der"]);
    }
    let fingerprint = scene.fingerprint("a.crt");
    for form in forms {
        scene.opens(&format!("-r {form}"), "-k a.key");
        assert_eq!(scene.fingerprint(form), fingerprint, "{form}");
    }
}

#[test]
fn every_form_of_rsa_2048_opens() {
    every_form_opens("rsa:2048");
}

#[test]
fn every_form_of_rsa_3072_opens() {
    every_form_opens("rsa:3072");
}

#[test]
fn every_form_of_rsa_4096_opens() {
    every_form_opens("rsa:4096");
}

#[test]
fn every_form_of_p256_opens() {
    every_form_opens(P256);
}

#[test]
fn every_form_of_p384_opens() {
    every_form_opens("ec -pkeyopt ec_paramgen_curve:P-384");
}

#[test]
fn every_form_of_p521_opens() {
    every_form_opens("ec -pkeyopt ec_paramgen_curve:P-521");
}

#[test]
fn every_form_of_brainpool_opens() {
    for curve in ["brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"] {
        every_form_opens(&format!("ec -pkeyopt ec_paramgen_curve:{curve}"));
    }
}

#[test]
fn a_certificate_with_a_compressed_point_opens() {
    let scene = Scene::new();
    scene.tool("openssl ecparam -name prime256v1 -genkey -conv_form compressed -noout -out a.key");
    scene.tool("openssl req -x509 -key a.key -subj /CN=a -out a.crt");
    scene.opens("-r a.crt", "-k a.key");
}

#[test]
fn text_around_the_certificate_is_ignored() {
    let scene = Scene::new();
    scene.key_pair("a", P256);
    scene.tool("openssl x509 -in a.crt -text -out text.crt");
    assert!(scene.text("text.crt").starts_with("Certificate:"));
    scene.write("header", "Bag Attributes\n    friendlyName: a\n");
    scene.write("footer", "that was all\n");
    scene.concatenate(&["header", "a.crt", "footer"], "bag.crt");
    scene.opens("-r text.crt", "-k a.key");
    scene.opens("-r bag.crt", "-k a.key");
}

#[test]
fn a_certificate_with_trust_settings_opens() {
    let scene = Scene::new();
    scene.key_pair("a", P256);
    scene.tool("openssl x509 -in a.crt -trustout -addtrust serverAuth -out trusted.crt");
    assert!(
        scene
            .text("trusted.crt")
            .contains("BEGIN TRUSTED CERTIFICATE")
    );
    scene.opens("-r trusted.crt", "-k a.key");
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_accepted() {
    let scene = Scene::new();
    scene.key_pair("a", P256);
    let crlf = scene.text("a.crt").replace('\n', "\r\n");
    scene.write("crlf.crt", &crlf);
    scene.write("bom.crt", format!("\u{feff}{crlf}"));
    scene.write("unended.crt", scene.text("a.crt").trim_end());
    scene.write("key.crlf", scene.text("a.key").replace('\n', "\r\n"));
    for form in ["crlf.crt", "bom.crt", "unended.crt"] {
        scene.opens(&format!("-r {form}"), "-k a.key");
    }
    scene.opens("-r crlf.crt", "-k key.crlf");
}

#[test]
fn the_first_certificate_of_a_chain_is_the_recipient() {
    let scene = Scene::new();
    scene.ca("issuer").make();
    scene.leaf("leaf", "issuer").make();
    scene.concatenate(&["leaf.crt", "issuer.crt"], "chain.crt");
    scene.opens("-r chain.crt", "-k leaf.key");
    scene.seal("-r chain.crt");
    scene
        .line("open -k issuer.key call.pgp -o -")
        .exits(4)
        .complains_with_hint(&["call.pgp", "it isn't sealed to"]);
}

#[test]
fn the_ending_of_the_file_name_does_not_matter() {
    let scene = Scene::new();
    scene.key_pair("a", P256);
    scene.tool("openssl x509 -in a.crt -outform DER -out certificate.pem");
    scene.write("certificate.asc", scene.read("a.crt"));
    scene.write("certificate", scene.read("a.crt"));
    for name in ["certificate.pem", "certificate.asc", "certificate"] {
        scene.opens(&format!("-r {name}"), "-k a.key");
    }
}

#[test]
fn a_key_that_is_listed_twice_counts_once_and_a_notice_says_so() {
    let scene = Scene::new();
    scene.key_pair("a", P256);
    scene.tool("openssl pkey -in a.key -pubout -out public.pem");
    scene.write("call.wav", "said");
    let sealed = scene.ok("seal --json -r a.crt -r public.pem call.wav");
    assert_eq!(sealed.json()["recipients"].as_array().unwrap().len(), 1);
    assert!(
        sealed.stderr().contains("public.pem") && sealed.stderr().contains("a.crt"),
        "{sealed}"
    );
}

#[test]
fn a_certificate_renewed_over_the_same_key_changes_nothing() {
    let scene = Scene::new();
    scene.key_pair("old", "rsa:2048");
    scene.tool("openssl req -x509 -key old.key -days 30 -subj /CN=renewed -out new.crt");
    assert_eq!(scene.fingerprint("old.crt"), scene.fingerprint("new.crt"));
    scene.tool("openssl rsa -in old.key -out new.key");
    scene.opens("-r old.crt", "-k new.key");
}

/// Computes the fingerprint of a version 4 key of 1970 with this algorithm and
/// key material by RFC 9580, section 5.5.4.2, without a library.
fn fingerprint_of_1970(algorithm: u8, material: &[u8]) -> String {
    let body = [&[4, 0, 0, 0, 0, algorithm], material].concat();
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    let digest = openssl::sha::sha1(&[&[0x99], &length[..], &body].concat());
    digest.iter().map(|octet| format!("{octet:02X}")).collect()
}

/// Encodes a number as OpenPGP does (RFC 9580, section 3.2).
fn mpi(number: &BigNumRef) -> Vec<u8> {
    let bits = u16::try_from(number.num_bits()).unwrap().to_be_bytes();
    [&bits[..], &number.to_vec()].concat()
}

#[test]
fn the_fingerprint_depends_only_on_the_key_material() {
    let scene = Scene::new();
    scene.key_pair("a", "rsa:2048");
    let key = PKey::private_key_from_pem(&scene.read("a.key")).unwrap();
    let rsa = key.rsa().unwrap();
    let material = [mpi(rsa.n()), mpi(rsa.e())].concat();
    assert_eq!(
        scene.fingerprint("a.crt"),
        fingerprint_of_1970(1, &material)
    );
}

#[test]
fn the_fingerprint_on_a_curve_includes_the_default_parameters() {
    let scene = Scene::new();
    // The curve's identifier, and the hash and cipher of the key derivation
    // (RFC 9580, sections 9.2 and 11.5.1).
    let p256: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
    for (curve, identifier, hash, cipher) in [
        ("P-256", p256, 8, 7),
        ("P-384", &[0x2B, 0x81, 0x04, 0x00, 0x22], 9, 8),
        ("P-521", &[0x2B, 0x81, 0x04, 0x00, 0x23], 10, 9),
        ("brainpoolP256r1", &[0x2B, 0x24, 3, 3, 2, 8, 1, 1, 7], 8, 7),
        ("brainpoolP384r1", &[0x2B, 0x24, 3, 3, 2, 8, 1, 1, 11], 9, 8),
        (
            "brainpoolP512r1",
            &[0x2B, 0x24, 3, 3, 2, 8, 1, 1, 13],
            10,
            9,
        ),
    ] {
        scene.key_pair("a", &format!("ec -pkeyopt ec_paramgen_curve:{curve}"));
        let key = PKey::private_key_from_pem(&scene.read("a.key")).unwrap();
        let ec = key.ec_key().unwrap();
        let mut context = BigNumContext::new().unwrap();
        let form = PointConversionForm::UNCOMPRESSED;
        let point = ec.public_key().to_bytes(ec.group(), form, &mut context);
        let point = BigNum::from_slice(&point.unwrap()).unwrap();
        let length = u8::try_from(identifier.len()).unwrap();
        let material = [&[length], identifier, &mpi(&point), &[3, 1, hash, cipher]].concat();
        assert_eq!(
            scene.fingerprint("a.crt"),
            fingerprint_of_1970(18, &material),
            "{curve}"
        );
    }
}

#[test]
fn so_many_hidden_recipients_that_some_could_not_open_it_are_refused() {
    let scene = Scene::new();
    scene.write("call.txt", "a call");
    scene.key_pair("a", P256);
    let names: Vec<String> = (0..64).map(|n| format!("{n}")).collect();
    for name in &names {
        scene.key_pair(name, P256);
    }
    let given: Vec<String> = names.iter().map(|name| format!("-r {name}.crt")).collect();
    let seal = format!(
        "seal -f -q --hidden-recipients call.txt {}",
        given.join(" ")
    );
    scene
        .line(&format!("{seal} -r a.crt"))
        .exits(2)
        .complains_with_hint(&["can hide 64 recipients at most"]);
    assert!(!scene.exists("call.txt.pgp"));
    scene.ok(&seal);
    for name in ["0", "63"] {
        scene.ok(&format!("open -f call.txt.pgp -k {name}.key -o opened"));
    }
}
