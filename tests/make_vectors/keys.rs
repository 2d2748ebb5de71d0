//! Keys in every form, and certificates: good ones and refused ones.

use openssl::asn1::Asn1Time;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::x509::{X509Builder, X509NameBuilder};
use sequoia_openpgp as openpgp;

use openpgp::serialize::SerializeInto;

use crate::maker::Maker;
use crate::{DAYS, PASSPHRASE};

pub fn keys(maker: &Maker) {
    for (name, kind) in [
        ("rsa", "rsa:2048"),
        ("p256", "ec -pkeyopt ec_paramgen_curve:P-256"),
        ("p384", "ec -pkeyopt ec_paramgen_curve:P-384"),
        ("p521", "ec -pkeyopt ec_paramgen_curve:P-521"),
        ("stranger", "rsa:2048"),
    ] {
        maker.openssl(&format!(
            "req -x509 -nodes -days {DAYS} -newkey {kind} -keyout {name}.key -out {name}.crt -subj /O=Test/CN={name}"
        ));
    }
    // Nobody has the key of `other.crt`.
    std::fs::rename(
        maker.directory.join("stranger.crt"),
        maker.directory.join("other.crt"),
    )
    .unwrap();
    std::fs::remove_file(maker.directory.join("stranger.key")).unwrap();

    // One key in every form.
    maker.openssl("rsa -in rsa.key -traditional -out rsa-traditional.key");
    maker.openssl("pkey -in rsa.key -outform DER -out rsa.der");
    maker.openssl("ec -in p256.key -out p256-traditional.key");
    let passphrase = format!("pass:{PASSPHRASE}");
    let lock = |line: &str| {
        let mut arguments: Vec<&str> = line.split(' ').collect();
        arguments.extend(["-passout", &passphrase]);
        maker.run("openssl", &arguments);
    };
    lock("pkcs8 -topk8 -in rsa.key -out rsa-locked.key");
    lock("pkcs8 -topk8 -in rsa.key -outform DER -out rsa-locked.der");
    lock("rsa -in rsa.key -aes256 -traditional -out rsa-locked-traditional.key");
    lock("pkcs8 -topk8 -in p384.key -out p384-locked.key");

    for (name, primary, sub, passphrase) in [
        ("gpg-rsa", "rsa2048", "rsa2048", ""),
        ("gpg-cv25519", "ed25519", "cv25519", PASSPHRASE),
    ] {
        let lock = ["--passphrase", passphrase];
        maker.gpg(
            &[
                &lock[..],
                &["--quick-generate-key", name, primary, "cert,sign", "0"],
            ]
            .concat(),
        );
        let listed = maker.gpg(&["--with-colons", "--list-keys", name]);
        let listed = String::from_utf8(listed).unwrap();
        let fingerprint = listed
            .lines()
            .find(|line| line.starts_with("fpr:"))
            .unwrap();
        let fingerprint = fingerprint.split(':').nth(9).unwrap();
        maker.gpg(
            &[
                &lock[..],
                &["--quick-add-key", fingerprint, sub, "encr", "0"],
            ]
            .concat(),
        );
        maker.write(
            &format!("{name}.pub"),
            maker.gpg(&["--armor", "--export", name]),
        );
        let secret = [&lock[..], &["--armor", "--export-secret-keys", name]].concat();
        maker.write(&format!("{name}.key"), maker.gpg(&secret));
    }

    let (cert, _) = openpgp::cert::CertBuilder::general_purpose(Some("version 6"))
        .set_profile(openpgp::Profile::RFC9580)
        .unwrap()
        .set_cipher_suite(openpgp::cert::CipherSuite::Cv25519)
        .set_validity_period(None)
        .generate()
        .unwrap();
    maker.write("v6.pub", cert.armored().to_vec().unwrap());
    maker.write("v6.key", cert.as_tsk().armored().to_vec().unwrap());
}

pub fn certificates(maker: &mut Maker) {
    maker.openssl("x509 -in rsa.crt -outform DER -out rsa-der.crt");
    maker.openssl("rsa -in rsa.key -pubout -out rsa-public.pem");
    maker.openssl("rsa -in rsa.key -RSAPublicKey_out -out rsa-public-traditional.pem");
    let windows = String::from_utf8(maker.read("p256.crt")).unwrap();
    maker.write(
        "p256-chain.crt",
        format!("subject=O = Test\n{windows}\nthe same again\n{windows}").replace('\n', "\r\n"),
    );
    for (file, shows) in [
        (
            "rsa.crt",
            "an X.509 certificate by openssl req, CA:TRUE and without keyUsage",
        ),
        ("rsa-der.crt", "the same in DER"),
        (
            "rsa-public.pem",
            "its public key alone: the same fingerprint",
        ),
        (
            "rsa-public-traditional.pem",
            "its public key as BEGIN RSA PUBLIC KEY",
        ),
        ("p256.crt", "an X.509 certificate on P-256"),
        (
            "p256-chain.crt",
            "the same twice, with text around it and CRLF line ends",
        ),
        ("p384.crt", "an X.509 certificate on P-384"),
        ("p521.crt", "an X.509 certificate on P-521"),
        ("other.crt", "a certificate whose key nobody has"),
        ("gpg-rsa.pub", "a version 4 OpenPGP certificate with RSA"),
        (
            "gpg-cv25519.pub",
            "a version 4 OpenPGP certificate with Curve25519",
        ),
        ("v6.pub", "a version 6 OpenPGP certificate with X25519"),
    ] {
        maker.certificate(file, shows, 0);
    }

    let rsa = PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap();
    maker.write("weak.pem", rsa.public_key_to_pem().unwrap());
    maker.openssl("genpkey -algorithm ED25519 -out ed25519.tmp");
    maker.openssl("pkey -in ed25519.tmp -pubout -out ed25519.pem");
    std::fs::remove_file(maker.directory.join("ed25519.tmp")).unwrap();
    maker.write("expired.crt", expired());
    maker.openssl("req -new -key rsa.key -subj /CN=rsa -out request.pem");
    for (file, shows) in [
        ("weak.pem", "an RSA key of 1024 bits"),
        ("ed25519.pem", "a key that can only sign"),
        ("expired.crt", "a certificate that expired in 2001"),
        ("request.pem", "a signing request instead of a certificate"),
        ("rsa.key", "a private key instead of a certificate"),
        ("rsa.der", "a private key in DER instead of a certificate"),
    ] {
        maker.certificate(file, shows, 3);
    }
}

fn expired() -> Vec<u8> {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "expired").unwrap();
    let name = name.build();
    let mut builder = X509Builder::new().unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder
        .set_not_before(&Asn1Time::from_unix(946_684_800).unwrap())
        .unwrap();
    builder
        .set_not_after(&Asn1Time::from_unix(1_000_000_000).unwrap())
        .unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    builder.build().to_pem().unwrap()
}
