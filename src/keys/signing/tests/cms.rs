//! CMS signatures, with openssl as the peer.

use super::*;

/// openssl accepts a signature by a certificate in the way that is documented.
#[track_caller]
fn openssl_verifies(desk: &Desk, signature: &[u8], arguments: &str) -> bool {
    desk.write("ours.p7s", signature);
    let verified = desk.run(&format!(
        "openssl cms -verify -binary -inform DER -in ours.p7s -content content \
         -no-CApath -no-CAstore {arguments} -out verified"
    ));
    verified.status.success() && desk.read("verified") == CONTENT
}

#[test]
fn openssl_verifies_what_every_kind_of_key_signs() {
    let desk = Desk::new();
    for kind in [
        RSA,
        P256,
        P384,
        "ec -pkeyopt ec_paramgen_curve:brainpoolP256r1",
    ] {
        desk.self_signed("signer", kind, &[SIGNS]);
        desk.self_signed("other", P256, &[SIGNS]);
        let signature = cms(&[desk.key("signer.key")]);
        assert!(
            openssl_verifies(&desk, &signature, "-CAfile signer.crt"),
            "{kind}"
        );
        assert!(
            !openssl_verifies(&desk, &signature, "-CAfile other.crt"),
            "{kind}"
        );
        assert_eq!(
            judged(&desk.signers(&["signer.crt"]), &signature),
            HOLDS,
            "{kind}"
        );
        assert_eq!(
            judged(&desk.pinned("signer.crt"), &signature),
            HOLDS,
            "{kind}"
        );
        assert_eq!(
            judged(&desk.signers(&["other.crt"]), &signature),
            UNKNOWN,
            "{kind}"
        );
    }
}

#[test]
fn openssl_verifies_each_of_several_signers() {
    let desk = Desk::new();
    desk.self_signed("a", RSA, &[SIGNS]);
    desk.self_signed("b", P256, &[SIGNS]);
    let signature = cms(&[desk.key("a.key"), desk.key("b.key")]);
    desk.bash("cat a.crt b.crt > both.crt");
    assert!(openssl_verifies(&desk, &signature, "-CAfile both.crt"));
    let standings = judged(&desk.signers(&["b.crt"]), &signature);
    assert_eq!(
        standings.iter().filter(|s| **s == Standing::Holds).count(),
        1
    );
    assert_eq!(
        standings
            .iter()
            .filter(|s| **s == Standing::Unknown)
            .count(),
        1
    );
}

#[test]
fn openssl_finds_the_chain_of_a_signer_in_the_signature() {
    let desk = Desk::new();
    desk.chain();
    desk.bash("cat root.crt leaf.crt issuing.crt leaf.key > chained.pem");
    let signature = cms(&[desk.key("chained.pem")]);
    assert!(openssl_verifies(&desk, &signature, "-CAfile root.crt"));
    assert!(openssl_verifies(
        &desk,
        &signature,
        "-partial_chain -CAfile leaf.crt"
    ));
    // The root isn't in it: who trusts it has it.
    desk.write("ours.p7s", &signature);
    let shown = desk.bash("openssl pkcs7 -inform DER -in ours.p7s -print_certs -noout");
    assert_eq!(shown.matches("subject=").count(), 2, "{shown}");
}

#[test]
fn what_is_written_is_der_with_the_attributes_that_are_needed() {
    let desk = Desk::new();
    desk.self_signed("signer", RSA, &[SIGNS]);
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000);
    let key = SigningKey::load(&desk.path("signer.key"), &NoPassphrases, SystemTime::now());
    let signature = sign_detached(&[key.unwrap()], &mut &*CONTENT, at).unwrap();
    desk.write("ours.p7s", &signature.cms.unwrap());
    // It writes DER.
    desk.bash("openssl cms -cmsout -inform DER -outform DER -in ours.p7s -out again.p7s; cmp ours.p7s again.p7s");
    let shown = desk.bash("openssl cms -cmsout -print -noout -inform DER -in ours.p7s");
    for text in [
        "eContent: <ABSENT>",
        "UTCTIME:Sep 21 14:13:20 2026 GMT",
        "pkcs7-data",
        "sha256",
        "rsaEncryption",
    ] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    assert_eq!(shown.matches("version: 1").count(), 2, "{shown}");
}

#[test]
fn what_openssl_signs_holds_in_all_its_forms() {
    let desk = Desk::new();
    desk.self_signed("rsa", RSA, &[SIGNS, "subjectKeyIdentifier=hash"]);
    desk.self_signed("p256", P256, &[SIGNS]);
    desk.self_signed("p384", P384, &[SIGNS]);
    desk.self_signed("p521", "ec -pkeyopt ec_paramgen_curve:P-521", &[SIGNS]);
    for (signer, options) in [
        ("rsa", ""),
        ("rsa", "-nosmimecap"),
        ("rsa", "-keyid"),
        ("rsa", "-md sha384"),
        ("rsa", "-md sha512"),
        ("rsa", "-cades"),
        ("rsa", "-keyopt rsa_padding_mode:pss"),
        (
            "rsa",
            "-md sha384 -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:20",
        ),
        (
            "rsa",
            "-md sha512 -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:max",
        ),
        ("p256", ""),
        ("p256", "-md sha512"),
        ("p384", "-md sha384 -keyid"),
        ("p521", "-md sha512"),
        ("p521", "-md sha256"),
    ] {
        let file = format!("{signer}.crt");
        // Options of a key follow it.
        let signature =
            desk.openssl_signs(&format!("-signer {file} -inkey {signer}.key {options}"));
        let case = format!("{signer} {options}");
        assert_eq!(judged(&desk.signers(&[&file]), &signature), HOLDS, "{case}");
        assert_eq!(judged(&desk.pinned(&file), &signature), HOLDS, "{case}");
        let other = if signer == "p256" {
            "p384.crt"
        } else {
            "p256.crt"
        };
        assert_eq!(
            judged(&desk.signers(&[other]), &signature),
            UNKNOWN,
            "{case}"
        );
        let verdicts = desk
            .signers(&[&file])
            .verify_cms(&signature, &mut &b"other"[..]);
        assert_eq!(
            verdicts.unwrap()[0].standing,
            Standing::Fails(SignatureFault::Altered)
        );
    }
}

/// Such a signature names its certificate, which the file has.
#[test]
fn a_signature_without_certificates_holds_for_a_named_file() {
    let desk = Desk::new();
    desk.self_signed("a", P256, &[SIGNS]);
    let signature = desk.openssl_signs("-signer a.crt -inkey a.key -nocerts");
    assert_eq!(judged(&desk.signers(&["a.crt"]), &signature), HOLDS);
    assert_eq!(judged(&desk.pinned("a.crt"), &signature), UNKNOWN);
}

#[test]
fn each_of_openssl_s_signers_is_judged_for_itself() {
    let desk = Desk::new();
    desk.self_signed("a", RSA, &[SIGNS]);
    desk.self_signed("b", P256, &[SIGNS]);
    let signature = desk.openssl_signs("-signer a.crt -inkey a.key -signer b.crt -inkey b.key");
    let both = desk.signers(&["a.crt", "b.crt"]);
    assert_eq!(
        judged(&both, &signature),
        [Standing::Holds, Standing::Holds]
    );
    let verdicts = desk
        .signers(&["b.crt"])
        .verify_cms(&signature, &mut &*CONTENT)
        .unwrap();
    let known = verdicts.iter().find(|verdict| verdict.holds()).unwrap();
    let unknown = verdicts.iter().find(|verdict| !verdict.holds()).unwrap();
    assert_eq!((&*known.signer, &*unknown.signer), ("b", "a"));
    assert_eq!(unknown.standing, Standing::Unknown);
    assert!(known.claimed.unwrap() <= SystemTime::now());
    assert_eq!(
        known.fingerprint.as_deref(),
        Some(desk.key("b.key").fingerprint())
    );
}

#[test]
fn what_signatures_claim_is_known_without_signers() {
    let desk = Desk::new();
    desk.self_signed("a", P256, &[SIGNS]);
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000);
    let signature = sign_detached(&[desk.key("a.key")], &mut &*CONTENT, at).unwrap();
    let claim = crate::keys::signing::claims::Claim {
        signer: "a".into(),
        time: Some(at),
    };
    assert_eq!(claims_of_cms(&signature.cms.unwrap()), [claim]);
    let without = desk.openssl_signs("-signer a.crt -inkey a.key -nocerts");
    let claims = claims_of_cms(&without);
    assert!(claims[0].signer.starts_with("serial "), "{claims:?}");
    assert_eq!(claims_of_cms(b"0\x80"), []);
}
