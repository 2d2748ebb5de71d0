//! With trusted CAs, keys and signatures must be strong all the way up.

use callseal::keys::{ChainFault, Refusal, UnusableKey};
use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use openssl::pkey::PKey;
use openssl::rsa::Rsa;

use crate::support::{Scene, Trust};

const RSA: &str = "rsa:2048";

fn trust(scene: &Scene) -> Trust<'_> {
    scene.trust(&["root.crt", "issuing.crt"])
}

/// Checks that the leaf is refused for the weak signature on one certificate of
/// the chain.
#[track_caller]
fn is_weakly_signed(trust: &Trust<'_>, leaf: &str, signed: &str, algorithm: &str) {
    let file = format!("{leaf}.crt");
    let signature = format!("“{signed}” is signed with {algorithm}");
    trust.refuses(&file, &[&format!("“{leaf}”"), &signature]);
    let weak = ChainFault::WeakSignature {
        certificate: signed.into(),
        algorithm: algorithm.into(),
    };
    assert_eq!(trust.fault(&file), weak);
}

/// Makes a certificate for a public key that can't sign a request itself.
fn issue_for(scene: &Scene, n: &BigNumRef, e: &BigNumRef, name: &str) {
    let key = Rsa::from_public_components(n.to_owned().unwrap(), e.to_owned().unwrap());
    let key = PKey::from_rsa(key.unwrap()).unwrap();
    scene.write(format!("{name}.pub"), key.public_key_to_pem().unwrap());
    scene.tool(&format!(
        "openssl x509 -req -in ec.csr -force_pubkey {name}.pub -CA root.crt -CAkey root.key \
         -CAcreateserial -days 30 -out {name}.crt"
    ));
}

#[test]
fn a_leaf_signed_with_md5_or_sha_1_is_refused() {
    let scene = Scene::new();
    scene.ca("root").with_key(RSA).make();
    scene.ca("issuing").issued_by("root").make();
    scene.leaf("md5", "root").signed_with("md5").make();
    scene.leaf("sha1", "root").signed_with("sha1").make();
    scene.leaf("ec-sha1", "issuing").signed_with("sha1").make();
    let trust = trust(&scene);
    is_weakly_signed(&trust, "md5", "md5", "md5WithRSAEncryption");
    is_weakly_signed(&trust, "sha1", "sha1", "sha1WithRSAEncryption");
    is_weakly_signed(&trust, "ec-sha1", "ec-sha1", "ecdsa-with-SHA1");
    for digest in ["sha256", "sha384", "sha512"] {
        scene.leaf(digest, "issuing").signed_with(digest).make();
        trust.accepts(&format!("{digest}.crt"), &format!("{digest}.key"));
    }
}

#[test]
fn an_intermediate_signed_with_md5_or_sha_1_is_refused() {
    for (digest, algorithm) in [
        ("md5", "md5WithRSAEncryption"),
        ("sha1", "sha1WithRSAEncryption"),
    ] {
        let scene = Scene::new();
        scene.ca("root").with_key(RSA).make();
        scene
            .ca("issuing")
            .issued_by("root")
            .signed_with(digest)
            .make();
        scene.leaf("customer", "issuing").make();
        is_weakly_signed(&trust(&scene), "customer", "issuing", algorithm);
    }
}

#[test]
fn the_self_signature_of_a_root_may_be_weak() {
    let scene = Scene::new();
    scene.ca("root").with_key(RSA).signed_with("sha1").make();
    scene.ca("issuing").issued_by("root").make();
    scene.leaf("customer", "issuing").make();
    trust(&scene).accepts("customer.crt", "customer.key");
}

#[test]
fn a_self_signed_recipient_in_the_bundle_still_needs_a_strong_signature() {
    let scene = Scene::new();
    for (name, digest, algorithm) in [
        ("a", "md5", "md5WithRSAEncryption"),
        ("b", "sha1", "sha1WithRSAEncryption"),
    ] {
        scene
            .self_signed(name)
            .with_key(RSA)
            .signed_with(digest)
            .make();
        let bundle = format!("{name}.crt");
        is_weakly_signed(&scene.trust(&[&bundle]), name, name, algorithm);
    }
    scene.self_signed("c").signed_with("sha1").make();
    is_weakly_signed(&scene.trust(&["c.crt"]), "c", "c", "ecdsa-with-SHA1");
}

#[test]
fn a_ca_with_a_small_key_is_refused() {
    for (weak, kind) in [
        ("issuing", "rsa:1024"),
        ("root", "rsa:1024"),
        ("issuing", "ec -pkeyopt ec_paramgen_curve:P-192"),
    ] {
        let scene = Scene::new();
        let kind_of = |ca| if ca == weak { kind } else { RSA };
        scene.ca("root").with_key(kind_of("root")).make();
        let issuing = scene.ca("issuing").issued_by("root");
        issuing.with_key(kind_of("issuing")).make();
        scene.leaf("customer", "issuing").make();
        let trust = trust(&scene);
        let words = format!("“{weak}” is too weak");
        trust.refuses("customer.crt", &["“customer”", "issuer", &words]);
        let fault = ChainFault::WeakCaKey { ca: weak.into() };
        assert_eq!(trust.fault("customer.crt"), fault, "{kind}");
    }
}

#[test]
fn an_rsa_key_of_a_recipient_has_at_least_2048_bits_or_the_config_s_minimum() {
    let scene = Scene::new();
    scene.ca("root").make();
    for bits in ["1024", "2040", "2048", "3072"] {
        let kind = format!("rsa:{bits}");
        scene.leaf(bits, "root").with_key(&kind).make();
    }
    let trust = || scene.trust(&["root.crt"]);
    for bits in ["1024", "2040"] {
        let file = format!("{bits}.crt");
        let words = [&format!("of {bits} bits"), "at least 2048"];
        trust().refuses(&file, &words);
        let Refusal::Key { fault, .. } = trust().refusal(&file) else {
            panic!("{bits}");
        };
        let size = UnusableKey::RsaSize {
            bits: bits.parse().unwrap(),
            least: 2048,
        };
        assert_eq!(fault, size);
    }
    trust().accepts("2048.crt", "2048.key");
    let larger = trust().with_line("min-rsa-bits = 3072");
    let refused = larger.refuses("2048.crt", &["“2048”", "of 2048 bits", "at least 3072"]);
    // The remedy is not 2,048 bits then.
    assert!(
        refused.stderr().contains("an RSA key of that size"),
        "{refused}"
    );
    larger.accepts("3072.crt", "3072.key");
    // The same for listed recipients.
    scene.write("call.wav", "said");
    let config = scene.text("callseal.toml");
    let listed = config.replace("trust = \"ca\"\nca-file = [\"root.crt\"]", "");
    scene.write("callseal.toml", listed.replace("3072.crt", "2048.crt"));
    scene
        .line("seal --config callseal.toml call.wav")
        .exits(3)
        .complains_with_hint(&["2048.crt", "at least 3072"]);
}

#[test]
fn an_invalid_rsa_key_is_refused() {
    let scene = Scene::new();
    scene.ca("root").make();
    scene.leaf("ec", "root").make();
    let good = Rsa::generate(2048).unwrap();
    let usual = BigNum::from_u32(65537).unwrap();
    let bit = |at| {
        let mut number = BigNum::from_u32(1).unwrap();
        number.set_bit(at).unwrap();
        number
    };
    let (even, one, two) = (
        &(good.n() - &*BigNum::from_u32(1).unwrap()),
        BigNum::from_u32(1).unwrap(),
        BigNum::from_u32(2).unwrap(),
    );
    let trust = scene.trust(&["root.crt"]);
    let check = |name: &str, n: &BigNumRef, e: &BigNumRef, words: &[&str], due: UnusableKey| {
        issue_for(&scene, n, e, name);
        let file = format!("{name}.crt");
        trust.refuses(&file, words);
        match trust.refusal(&file) {
            Refusal::Key { fault, .. } => assert_eq!(fault, due, "{name}"),
            other => panic!("{name}: {other}"),
        }
    };
    let n = good.n();
    let (exponent, modulus) = (["public exponent"], ["modulus"]);
    check("one", n, &one, &exponent, UnusableKey::RsaExponent);
    check("two", n, &two, &exponent, UnusableKey::RsaExponent);
    check("large", n, &bit(79), &exponent, UnusableKey::RsaExponent);
    check("even", even, &usual, &modulus, UnusableKey::RsaModulus);
    let too_large = UnusableKey::RsaSize {
        bits: 16392,
        least: 2048,
    };
    let words = ["of 16392 bits", "at most 16384"];
    check("huge", &bit(16391), &usual, &words, too_large);
    // The largest exponent that is allowed.
    let mut context = BigNumContext::new().unwrap();
    let mut large = BigNum::new().unwrap();
    large
        .exp(&two, &BigNum::from_u32(63).unwrap(), &mut context)
        .unwrap();
    issue_for(&scene, n, &(&large + &one), "largest");
    assert!(
        trust
            .verdict("largest.crt", std::time::SystemTime::now())
            .is_ok()
    );
}

#[test]
fn key_usage_must_allow_the_key_s_use() {
    let scene = Scene::new();
    scene.ca("root").make();
    let trust = scene.trust(&["root.crt"]);
    let refused = [
        ("rsa-sign", RSA, "digitalSignature", "keyEncipherment"),
        ("rsa-agree", RSA, "keyAgreement", "keyEncipherment"),
        (
            "rsa-data",
            RSA,
            "critical,dataEncipherment",
            "keyEncipherment",
        ),
        (
            "ec-sign",
            crate::support::P256,
            "critical,digitalSignature,nonRepudiation",
            "keyAgreement",
        ),
        (
            "ec-encipher",
            crate::support::P256,
            "keyEncipherment",
            "keyAgreement",
        ),
        (
            "ca",
            crate::support::P256,
            "critical,keyCertSign,cRLSign",
            "keyAgreement",
        ),
    ];
    for (name, kind, usage, lacking) in refused {
        let says = format!("keyUsage={usage}");
        scene.leaf(name, "root").with_key(kind).saying(&says).make();
        let file = format!("{name}.crt");
        let subject = format!("“{name}”");
        trust.refuses(&file, &[&subject, "keyUsage", lacking]);
        match trust.refusal(&file) {
            Refusal::KeyUsage { needed, .. } => assert_eq!(needed, lacking),
            other => panic!("{name}: {other}"),
        }
    }
    for (name, kind, usage) in [
        ("rsa", RSA, "critical,keyEncipherment"),
        ("ec", crate::support::P256, "keyAgreement"),
        ("both", RSA, "keyEncipherment,keyAgreement,digitalSignature"),
    ] {
        let says = format!("keyUsage={usage}");
        scene.leaf(name, "root").with_key(kind).saying(&says).make();
        trust.accepts(&format!("{name}.crt"), &format!("{name}.key"));
    }
}

#[test]
fn a_key_that_can_not_be_decoded_is_reported_as_such() {
    let scene = Scene::new();
    scene.ca("root").make();
    scene.ca("forger").called("root").make();
    scene.leaf("forged", "forger").saying("").make();
    scene.leaf("broken", "root").make();
    scene.tool("openssl x509 -in broken.crt -outform DER -out broken.der");
    let mut der = scene.read("broken.der");
    // The object identifier of prime256v1 changed to that of an unknown curve.
    let curve = b"\x2a\x86\x48\xce\x3d\x03\x01\x07";
    let at = der.windows(8).position(|bytes| bytes == curve).unwrap();
    der[at + 7] = 0x7f;
    scene.write("broken.der", der);
    let trust = scene.trust(&["root.crt"]);
    let alone = trust.refuses("broken.der", &["“broken” has a key that can't be decoded"]);
    // OpenSSL's error about another key isn't the cause.
    let _ = trust.refusal("forged.crt");
    let after = format!("{}", trust.refusal("broken.der"));
    assert!(alone.stderr().contains(&after), "{after}\n{alone}");
}
