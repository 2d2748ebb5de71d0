//! CMS signatures that say what their signer didn't.

use super::forge::*;
use super::*;
use crate::der::{INTEGER, OCTET_STRING, OID, SEQUENCE, SET, element, set_of};

fn with_a_signer() -> (Desk, Forge) {
    let desk = Desk::new();
    desk.self_signed("signer", P256, &[SIGNS]);
    let forge = Forge::new(&desk, "signer");
    (desk, forge)
}

/// Checks the verdict on a signature of the signer, whichever way it's named.
#[track_caller]
fn is(desk: &Desk, signature: &[u8], expected: &[Standing]) {
    assert_eq!(judged(&desk.signers(&["signer.crt"]), signature), expected);
    assert_eq!(judged(&desk.pinned("signer.crt"), signature), expected);
}

#[track_caller]
fn is_malformed(desk: &Desk, signature: &[u8], what: &'static str) {
    is(desk, signature, &fails(SignatureFault::Malformed(what)));
}

#[test]
fn a_forge_can_make_signatures_that_hold() {
    let (desk, forge) = with_a_signer();
    let attributes = set_of(vec![content_type(), digest_of(CONTENT)]);
    is(&desk, &forge.signs(&attributes), &HOLDS);
}

/// BER needs no lengths.
#[test]
fn the_length_of_what_is_not_signed_may_be_indefinite() {
    let (desk, forge) = with_a_signer();
    let attributes = set_of(vec![content_type(), digest_of(CONTENT)]);
    let signature = forge.signs(&attributes);
    let (_, content) = signature.split_at(4);
    let indefinite = [&[SEQUENCE, 0x80][..], content, &[0, 0]].concat();
    assert_eq!(signature[1], 0x82);
    is(&desk, &indefinite, &HOLDS);
    is(&desk, &indefinite[..indefinite.len() - 2], &[]);
}

#[test]
fn a_hash_of_another_content_does_not_hold() {
    let (desk, forge) = with_a_signer();
    let attributes = set_of(vec![content_type(), digest_of(b"other")]);
    is(&desk, &forge.signs(&attributes), &altered());
    let short = attribute(MESSAGE_DIGEST, &[&element(OCTET_STRING, &[b""])]);
    let attributes = set_of(vec![content_type(), short]);
    is(&desk, &forge.signs(&attributes), &altered());
}

#[test]
fn attributes_that_are_missing_do_not_hold() {
    let (desk, forge) = with_a_signer();
    let (no_type, no_hash) = (
        "it doesn't sign the type of the content",
        "it doesn't sign the hash of the content",
    );
    is_malformed(
        &desk,
        &forge.signs(&set_of(vec![digest_of(CONTENT)])),
        no_type,
    );
    is_malformed(&desk, &forge.signs(&set_of(vec![content_type()])), no_hash);
    is_malformed(&desk, &forge.signs(&set_of(vec![])), no_type);
}

/// What is signed is the content itself, which may be made to look like the
/// attributes of another signature, and the other way round.
#[test]
fn a_signature_without_attributes_does_not_hold() {
    let (desk, forge) = with_a_signer();
    let signature = signed_data(&[forge.info(CONTENT, &[])], &[&forge.certificate]);
    is_malformed(&desk, &signature, "it has no signed attributes");
    let signature = desk.openssl_signs("-noattr -signer signer.crt -inkey signer.key");
    is_malformed(&desk, &signature, "it has no signed attributes");

    let attributes = set_of(vec![content_type(), digest_of(CONTENT)]);
    let forged = signed_data(&[forge.info(&attributes, &[])], &[&forge.certificate]);
    let verdicts = desk
        .signers(&["signer.crt"])
        .verify_cms(&forged, &mut &*attributes);
    assert!(!verdicts.unwrap()[0].holds());
}

#[test]
fn attributes_that_are_doubled_do_not_hold() {
    let (desk, forge) = with_a_signer();
    let twice = "a signed attribute is there twice";
    for doubled in [content_type(), digest_of(CONTENT), digest_of(b"other")] {
        let attributes = set_of(vec![content_type(), digest_of(CONTENT), doubled]);
        is_malformed(&desk, &forge.signs(&attributes), twice);
    }
    let hash = |content| element(OCTET_STRING, &[&openssl::sha::sha256(content)]);
    let both = attribute(MESSAGE_DIGEST, &[&hash(CONTENT), &hash(b"other")]);
    let attributes = set_of(vec![content_type(), both]);
    let several = "a signed attribute hasn't exactly one value";
    is_malformed(&desk, &forge.signs(&attributes), several);
    let none = attribute(MESSAGE_DIGEST, &[]);
    let attributes = set_of(vec![content_type(), none]);
    is_malformed(&desk, &forge.signs(&attributes), several);
}

#[test]
fn attributes_of_another_type_do_not_hold() {
    let (desk, forge) = with_a_signer();
    let digest = openssl::sha::sha256(CONTENT);
    let integer = attribute(MESSAGE_DIGEST, &[&element(INTEGER, &[&digest])]);
    let attributes = set_of(vec![content_type(), integer]);
    let no_hash = "it doesn't sign the hash of the content";
    is_malformed(&desk, &forge.signs(&attributes), no_hash);
    let other = attribute(CONTENT_TYPE, &[&element(OID, &[SIGNED_DATA])]);
    let attributes = set_of(vec![other, digest_of(CONTENT)]);
    is_malformed(
        &desk,
        &forge.signs(&attributes),
        "it is for another type of content",
    );
    let time = attribute(SIGNING_TIME, &[&element(OCTET_STRING, &[b"260314092653Z"])]);
    let attributes = set_of(vec![content_type(), digest_of(CONTENT), time]);
    is_malformed(
        &desk,
        &forge.signs(&attributes),
        "its signing time can't be read",
    );
}

#[test]
fn attributes_that_are_not_in_der_do_not_hold() {
    let (desk, forge) = with_a_signer();
    let not_der = "its signed attributes are not in DER";
    let sorted = set_of(vec![content_type(), digest_of(CONTENT)]);
    let mut reversed = [digest_of(CONTENT), content_type()];
    if element(SET, &[&reversed.concat()]) == sorted {
        reversed.reverse();
    }
    is_malformed(
        &desk,
        &forge.signs(&element(SET, &[&reversed.concat()])),
        not_der,
    );
    // An indefinite length, and one that takes more octets than it needs.
    let content = &sorted[2..];
    let indefinite = [&[SET, 0x80][..], content, &[0, 0]].concat();
    is_malformed(&desk, &forge.signs(&indefinite), not_der);
    let long = [&[SET, 0x82, 0, content.len() as u8][..], content].concat();
    is_malformed(&desk, &forge.signs(&long), not_der);
    let segments = attribute(
        MESSAGE_DIGEST,
        &[&element(
            0x24,
            &[&element(OCTET_STRING, &[&openssl::sha::sha256(CONTENT)])],
        )],
    );
    let attributes = set_of(vec![content_type(), segments]);
    let no_hash = "it doesn't sign the hash of the content";
    is_malformed(&desk, &forge.signs(&attributes), no_hash);
}

#[test]
fn a_content_inside_of_the_signature_is_not_looked_at() {
    let (desk, _) = with_a_signer();
    let enveloping = desk.openssl_signs("-nodetach -signer signer.crt -inkey signer.key");
    is_malformed(&desk, &enveloping, "it holds a content of its own");
    // It writes indefinite lengths, and the content is always in it.
    let streamed = desk.openssl_signs("-stream -signer signer.crt -inkey signer.key");
    is_malformed(&desk, &streamed, "it holds a content of its own");
    desk.write("content", b"other");
    let enveloping = desk.openssl_signs("-nodetach -signer signer.crt -inkey signer.key");
    is_malformed(&desk, &enveloping, "it holds a content of its own");
}

#[test]
fn a_broken_hash_does_not_hold() {
    let (desk, _) = with_a_signer();
    for (hash, name) in [("sha1", "SHA-1"), ("md5", "MD5")] {
        desk.self_signed("signer", RSA, &[SIGNS]);
        let signature =
            desk.openssl_signs(&format!("-md {hash} -signer signer.crt -inkey signer.key"));
        is(
            &desk,
            &signature,
            &fails(SignatureFault::WeakHash(name.into())),
        );
    }
}

/// The name and the number of a certificate can be had by anybody.
#[test]
fn another_certificate_of_the_same_name_and_number_changes_nothing() {
    let desk = Desk::new();
    for (name, kind) in [("signer", P256), ("forger", P256)] {
        desk.bash(&format!(
            "openssl req -x509 -newkey {kind} -nodes -keyout {name}.key -out {name}.crt \
             -subj /CN=ivr -set_serial 7 -days 365 -addext {SIGNS}"
        ));
    }
    let (signer, forger) = (Forge::new(&desk, "signer"), Forge::new(&desk, "forger"));
    let attributes = set_of(vec![content_type(), digest_of(CONTENT)]);
    let named = desk.signers(&["signer.crt"]);
    let pinned = desk.pinned("signer.crt");
    let forged = forger.signs(&attributes);
    assert_eq!(judged(&named, &forged), altered());
    assert_eq!(judged(&pinned, &forged), UNKNOWN);
    let forged = forger.signs_with(&attributes, &signer.certificate);
    assert_eq!(judged(&named, &forged), altered());
    assert_eq!(judged(&pinned, &forged), altered());
    // If both are named, each counts.
    for names in [["signer.crt", "forger.crt"], ["forger.crt", "signer.crt"]] {
        let both = desk.signers(&names);
        assert_eq!(judged(&both, &signer.signs(&attributes)), HOLDS);
        assert_eq!(judged(&both, &forger.signs(&attributes)), HOLDS);
    }
    // Both are there, in either order: the right one counts.
    for certificates in [
        [&forger.certificate, &signer.certificate],
        [&signer.certificate, &forger.certificate],
    ] {
        let info = signer.info(&attributes, &attributes);
        let signature = signed_data(&[info], &certificates);
        assert_eq!(judged(&named, &signature), HOLDS);
        assert_eq!(judged(&pinned, &signature), HOLDS);
        let info = forger.info(&attributes, &attributes);
        let forged = signed_data(&[info], &certificates);
        assert_eq!(judged(&named, &forged), altered());
        assert_eq!(judged(&pinned, &forged), altered());
    }
}

#[test]
fn a_stranger_s_signature_beside_the_right_one_is_noted_and_no_more() {
    let (desk, signer) = with_a_signer();
    desk.self_signed("stranger", P256, &[SIGNS]);
    let stranger = Forge::new(&desk, "stranger");
    let attributes = set_of(vec![content_type(), digest_of(CONTENT)]);
    let info = |forge: &Forge| forge.info(&attributes, &attributes);
    let certificates = [&signer.certificate, &stranger.certificate];
    let both = signed_data(&[info(&stranger), info(&signer)], &certificates);
    is(&desk, &both, &[Standing::Unknown, Standing::Holds]);
    // It needn't even be one.
    let other = set_of(vec![]);
    let both = signed_data(&[stranger.info(b"", &other), info(&signer)], &certificates);
    is(&desk, &both, &[Standing::Unknown, Standing::Holds]);
}

#[test]
fn a_signature_holds_only_while_its_certificate_is_valid() {
    let desk = Desk::new();
    desk.self_signed("signer", P256, &[SIGNS]);
    let signature = cms(&[desk.key("signer.key")]);
    let now = SystemTime::now();
    let later = judged(
        &desk.signers_at(&["signer.crt"], now + 366 * DAY),
        &signature,
    );
    assert!(
        matches!(later[..], [Standing::Fails(SignatureFault::Expired { .. })]),
        "{later:?}"
    );
    let claims_the_future = desk.signers_at(&["signer.crt"], now - 2 * DAY);
    let before = judged(&claims_the_future, &signature);
    assert!(
        matches!(
            before[..],
            [Standing::Fails(SignatureFault::InTheFuture(_))]
        ),
        "{before:?}"
    );
    let at = now - 2 * DAY;
    let old = sign_detached(&[desk.key("signer.key")], &mut &*CONTENT, at).unwrap();
    let before = judged(&claims_the_future, &old.cms.unwrap());
    assert!(
        matches!(
            before[..],
            [Standing::Fails(SignatureFault::NotYetValid { .. })]
        ),
        "{before:?}"
    );
}

#[test]
fn a_certificate_for_other_things_signs_nothing() {
    let desk = Desk::new();
    let attributes = set_of(vec![content_type(), digest_of(CONTENT)]);
    for (extension, lacks) in [
        (
            "keyUsage=keyAgreement",
            "its keyUsage lacks digitalSignature",
        ),
        (
            "extendedKeyUsage=serverAuth",
            "its extendedKeyUsage lacks emailProtection",
        ),
        (
            "extendedKeyUsage=1.2.3.4",
            "its extendedKeyUsage lacks emailProtection",
        ),
    ] {
        desk.self_signed("signer", P256, &[extension]);
        let signature = Forge::new(&desk, "signer").signs(&attributes);
        is(&desk, &signature, &fails(SignatureFault::Usage(lacks)));
    }
    for extension in [
        "keyUsage=nonRepudiation",
        "extendedKeyUsage=anyExtendedKeyUsage,serverAuth",
    ] {
        desk.self_signed("signer", P256, &[extension]);
        is(
            &desk,
            &Forge::new(&desk, "signer").signs(&attributes),
            &HOLDS,
        );
    }
}

#[test]
fn a_small_key_and_unusual_algorithms_sign_nothing() {
    let desk = Desk::new();
    desk.self_signed("signer", "rsa:1024", &[SIGNS]);
    let signature = desk.openssl_signs("-signer signer.crt -inkey signer.key");
    let standings = judged(&desk.signers(&["signer.crt"]), &signature);
    assert!(
        matches!(standings[..], [Standing::Fails(SignatureFault::Key(_))]),
        "{standings:?}"
    );
    desk.self_signed("signer", RSA, &[SIGNS]);
    for options in [
        "-md sha3-256",
        "-md sha224",
        "-keyopt rsa_padding_mode:pss -keyopt rsa_mgf1_md:sha1",
    ] {
        let signature =
            desk.openssl_signs(&format!("-signer signer.crt -inkey signer.key {options}"));
        let standings = judged(&desk.signers(&["signer.crt"]), &signature);
        assert!(
            matches!(
                standings[..],
                [Standing::Fails(SignatureFault::Algorithm(_))]
            ),
            "{options}: {standings:?}"
        );
    }
}

#[test]
fn nothing_that_is_cut_off_or_changed_holds_or_panics() {
    let desk = Desk::new();
    desk.self_signed("signer", P256, &[SIGNS]);
    let whole = cms(&[desk.key("signer.key")]);
    let signers = desk.signers(&["signer.crt"]);
    for length in 0..whole.len() {
        assert_eq!(judged(&signers, &whole[..length]), [], "{length}");
        claims_of_cms(&whole[..length]);
    }
    assert_eq!(judged(&signers, &[&whole[..], b"\0"].concat()), []);
    for at in 0..whole.len() {
        for mask in [1, 0x80, 0xFF] {
            let mut changed = whole.clone();
            changed[at] ^= mask;
            // Versions and certificates aren't signed.
            judged(&signers, &changed);
            claims_of_cms(&changed);
        }
    }
    for nested in [
        vec![0x30; 4096],
        [0x30, 0x80].repeat(4096),
        [0xA0, 0x80].repeat(1 << 18),
    ] {
        assert_eq!(judged(&signers, &nested), []);
    }
}

#[test]
fn more_than_anybody_signs_is_refused() {
    let (desk, forge) = with_a_signer();
    let attributes = set_of(vec![content_type(), digest_of(CONTENT)]);
    let info = forge.info(&attributes, &attributes);
    let many = |count| signed_data(&vec![info.clone(); count], &[&forge.certificate]);
    is(&desk, &many(64), &vec![Standing::Holds; 64]);
    is(&desk, &many(65), &[]);
    let certificates = vec![&forge.certificate; 4096];
    is(&desk, &signed_data(&[info], &certificates), &[]);
}

#[test]
fn a_content_that_can_t_be_read_is_an_error() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("broken"))
        }
    }
    let (desk, _) = with_a_signer();
    let key = desk.key("signer.key");
    let signature = cms(std::slice::from_ref(&key));
    let signers = desk.signers(&["signer.crt"]);
    assert!(signers.verify_cms(&signature, &mut Broken).is_err());
    let fault = sign_detached(&[key], &mut Broken, SystemTime::now()).unwrap_err();
    assert_eq!(
        fault.to_string(),
        "what is to be signed can't be read: broken"
    );
}
