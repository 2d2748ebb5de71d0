//! OpenPGP signatures that say what their signer didn't.

use openpgp::cert::{CertBuilder, CipherSuite};
use openpgp::crypto::KeyPair;
use openpgp::packet::signature::SignatureBuilder;
use openpgp::packet::signature::subpacket::{
    NotationDataFlags, Subpacket, SubpacketTag, SubpacketValue,
};
use openpgp::policy::StandardPolicy;
use openpgp::serialize::SerializeInto;
use openpgp::types::{HashAlgorithm, KeyFlags, SignatureType};
use openpgp::{Cert, Packet, Profile};
use sequoia_openpgp as openpgp;

use super::openpgp::cert;
use super::*;

/// A signer with a key that the test can use.
fn with_a_signer(profile: Profile) -> (Desk, Cert) {
    let desk = Desk::new();
    let cert = cert(profile, CipherSuite::Cv25519);
    desk.store("ann", &cert);
    (desk, cert)
}

/// Returns the key of a certificate that signs.
fn pair(cert: &Cert) -> KeyPair {
    let policy = StandardPolicy::new();
    let key = cert.keys().with_policy(&policy, None).for_signing().next();
    let key = key.unwrap().key().clone().parts_into_secret().unwrap();
    key.into_keypair().unwrap()
}

fn binary() -> SignatureBuilder {
    SignatureBuilder::new(SignatureType::Binary).set_hash_algo(HashAlgorithm::SHA512)
}

fn signed_by(pair: &mut KeyPair, builder: SignatureBuilder) -> Vec<u8> {
    let signature = builder.sign_message(pair, CONTENT).unwrap();
    Packet::from(signature).to_vec().unwrap()
}

/// Returns the only standing.
#[track_caller]
fn of(desk: &Desk, signature: &[u8]) -> Standing {
    let standings = judged_openpgp(&desk.signers(&["ann.asc"]), signature);
    assert_eq!(standings.len(), 1);
    standings[0].clone()
}

#[test]
fn only_signatures_of_data_hold() {
    for profile in [Profile::RFC4880, Profile::RFC9580] {
        let (desk, cert) = with_a_signer(profile);
        let mut pair = pair(&cert);
        assert_eq!(of(&desk, &signed_by(&mut pair, binary())), Standing::Holds);
        let text = SignatureBuilder::new(SignatureType::Text);
        let text = signed_by(&mut pair, text.set_hash_algo(HashAlgorithm::SHA512));
        assert_eq!(
            of(&desk, &text),
            Standing::Fails(SignatureFault::Kind("a signature of a text"))
        );
        let other = SignatureBuilder::new(SignatureType::Standalone);
        let other = other.sign_standalone(&mut pair).unwrap();
        let other = Packet::from(other).to_vec().unwrap();
        assert_eq!(
            of(&desk, &other),
            Standing::Fails(SignatureFault::Kind("not a signature of data"))
        );
    }
}

#[test]
fn a_text_signature_of_gnupg_does_not_hold() {
    let desk = Desk::new();
    desk.bash(
        "mkdir -m 700 gnupg; gpg --batch -q --passphrase '' --quick-gen-key ann ed25519 sign never
         gpg --export ann > ann.asc; gpg --batch -q --textmode -o sig --detach-sign content
         gpg --batch -q --digest-algo SHA1 -o weak --detach-sign content",
    );
    assert_eq!(
        of(&desk, &desk.read("sig")),
        Standing::Fails(SignatureFault::Kind("a signature of a text"))
    );
    assert_eq!(
        of(&desk, &desk.read("weak")),
        Standing::Fails(SignatureFault::WeakHash("SHA-1".into()))
    );
}

/// Who signed is claimed in the unhashed part, too.
#[test]
fn a_stranger_who_claims_to_be_the_signer_fails() {
    for profile in [Profile::RFC4880, Profile::RFC9580] {
        let (desk, ann) = with_a_signer(profile);
        let stranger = cert(profile, CipherSuite::Cv25519);
        let mut stranger = pair(&stranger);
        assert_eq!(
            of(&desk, &signed_by(&mut stranger, binary())),
            Standing::Unknown
        );
        let claimed = pair(&ann).public().fingerprint();
        let claims = binary().set_issuer_fingerprint(claimed).unwrap();
        let forged = signed_by(&mut stranger, claims);
        assert_eq!(of(&desk, &forged), Standing::Fails(SignatureFault::Altered));
        // The right one beside it holds.
        let both = [forged, signed_by(&mut pair(&ann), binary())].concat();
        let standings = judged_openpgp(&desk.signers(&["ann.asc"]), &both);
        assert_eq!(
            standings,
            [Standing::Fails(SignatureFault::Altered), Standing::Holds]
        );
    }
}

#[test]
fn what_is_critical_and_unknown_does_not_hold() {
    for profile in [Profile::RFC4880, Profile::RFC9580] {
        let (desk, cert) = with_a_signer(profile);
        let mut pair = pair(&cert);
        let subpacket = |critical| {
            let body = SubpacketValue::Unknown {
                tag: SubpacketTag::Private(101),
                body: vec![1],
            };
            Subpacket::new(body, critical).unwrap()
        };
        let notation = |critical| {
            let flags = NotationDataFlags::empty().set_human_readable();
            binary()
                .set_notation("only@test.example", "Mondays", flags, critical)
                .unwrap()
        };
        let with = |critical| {
            binary().modify_hashed_area(|mut area| {
                area.add(subpacket(critical))?;
                Ok(area)
            })
        };
        for (known, critical) in [
            (notation(false), notation(true)),
            (with(false).unwrap(), with(true).unwrap()),
        ] {
            assert_eq!(of(&desk, &signed_by(&mut pair, known)), Standing::Holds);
            let standing = of(&desk, &signed_by(&mut pair, critical));
            assert!(
                matches!(standing, Standing::Fails(SignatureFault::Policy(_))),
                "{standing:?}"
            );
        }
    }
}

#[test]
fn a_signature_has_its_time() {
    let (desk, cert) = with_a_signer(Profile::RFC9580);
    let mut pair = pair(&cert);
    let now = SystemTime::now();
    let made = |at: SystemTime| binary().set_signature_creation_time(at).unwrap();
    let future = signed_by(&mut pair, made(now + 3 * DAY));
    assert!(matches!(
        of(&desk, &future),
        Standing::Fails(SignatureFault::InTheFuture(_))
    ));
    // Before its key was made.
    let early = signed_by(&mut pair, made(now - 3 * DAY));
    assert!(matches!(of(&desk, &early), Standing::Fails(_)));
    let brief = signed_by(
        &mut pair,
        made(now).set_signature_validity_period(DAY).unwrap(),
    );
    assert_eq!(of(&desk, &brief), Standing::Holds);
    let later = judged_openpgp(&desk.signers_at(&["ann.asc"], now + 2 * DAY), &brief);
    assert!(
        matches!(
            later[..],
            [Standing::Fails(SignatureFault::SignatureExpired(_))]
        ),
        "{later:?}"
    );
}

#[test]
fn a_key_that_may_not_sign_does_not() {
    let desk = Desk::new();
    let (ann, _) = CertBuilder::new()
        .add_userid("Ann")
        .set_primary_key_flags(KeyFlags::empty().set_certification())
        .generate()
        .unwrap();
    desk.store("ann", &ann);
    let primary = ann.primary_key().key().clone().parts_into_secret().unwrap();
    let signature = signed_by(&mut primary.into_keypair().unwrap(), binary());
    let fault = SignatureFault::Usage("its key is not a signing key");
    assert_eq!(of(&desk, &signature), Standing::Fails(fault));
}

#[test]
fn a_certificate_has_to_be_valid_when_it_is_verified() {
    for profile in [Profile::RFC4880, Profile::RFC9580] {
        let desk = Desk::new();
        let (ann, revocation) = CertBuilder::new()
            .set_profile(profile)
            .unwrap()
            .add_userid("Ann")
            .add_signing_subkey()
            .set_validity_period(9 * DAY)
            .generate()
            .unwrap();
        desk.store("ann", &ann);
        let signature = signed_by(&mut pair(&ann), binary());
        assert_eq!(of(&desk, &signature), Standing::Holds);
        let now = SystemTime::now();
        let names = [SignerName::Certificate(desk.path("ann.asc"))];
        let at =
            |at, time| judged_openpgp(&Signers::load(&names, None, time, at).unwrap(), &signature);
        let later = at(now + 10 * DAY, SigningTime::Ignored);
        assert!(
            matches!(later[..], [Standing::Fails(SignatureFault::Expired { .. })]),
            "{later:?}"
        );
        assert_eq!(at(now + 10 * DAY, SigningTime::Trusted), HOLDS);
        let before = at(now - DAY / 2, SigningTime::Ignored);
        assert!(
            matches!(
                before[..],
                [Standing::Fails(SignatureFault::NotYetValid { .. })]
            ),
            "{before:?}"
        );

        // Whoever has the key can claim any time.
        let (revoked, _) = ann.insert_packets(revocation).unwrap();
        desk.store("ann", &revoked);
        for time in [SigningTime::Ignored, SigningTime::Trusted] {
            let after = at(now + DAY, time);
            assert!(
                matches!(after[..], [Standing::Fails(SignatureFault::Revoked { .. })]),
                "{after:?}"
            );
        }
    }
}

#[test]
fn a_fingerprint_without_its_certificate_is_told() {
    let (_, cert) = with_a_signer(Profile::RFC9580);
    let mut pair = pair(&cert);
    let signature = signed_by(&mut pair, binary());
    let pinned = |digits: &str| {
        let name = SignerName::Fingerprint(Pin::new(digits).unwrap());
        Signers::load(&[name], None, SigningTime::Ignored, SystemTime::now()).unwrap()
    };
    let subkey = pair.public().fingerprint().to_hex();
    assert_eq!(
        judged_openpgp(&pinned(&subkey), &signature),
        fails(SignatureFault::NoCertificate)
    );
    assert_eq!(
        judged_openpgp(&pinned(&"A5".repeat(32)), &signature),
        UNKNOWN
    );
}

#[test]
fn nothing_but_signatures_is_read() {
    for profile in [Profile::RFC4880, Profile::RFC9580] {
        let (desk, ann) = with_a_signer(profile);
        let whole = signed_by(&mut pair(&ann), binary());
        let signers = desk.signers(&["ann.asc"]);
        for other in [
            desk.read("ann.asc"),
            ann.to_vec().unwrap(),
            b"\xCB\x05b\0\0\0\0".to_vec(),
            b"\xC8\x01\0".to_vec(),
            b"\0".to_vec(),
        ] {
            assert_eq!(judged_openpgp(&signers, &[&whole[..], &other].concat()), []);
            assert_eq!(judged_openpgp(&signers, &other), []);
        }
        assert_eq!(judged_openpgp(&signers, b""), []);
        let many = |count| judged_openpgp(&signers, &whole.repeat(count));
        assert_eq!(many(64), vec![Standing::Holds; 64]);
        assert_eq!(many(65), []);
        assert_eq!(
            judged_openpgp(&signers, &[&whole[..], &vec![0; 1 << 20]].concat()),
            []
        );
    }
}

#[test]
fn nothing_that_is_cut_off_or_changed_holds_or_panics() {
    for profile in [Profile::RFC4880, Profile::RFC9580] {
        let (desk, ann) = with_a_signer(profile);
        let whole = signed_by(&mut pair(&ann), binary());
        let signers = desk.signers(&["ann.asc"]);
        for length in 0..whole.len() {
            let standings = judged_openpgp(&signers, &whole[..length]);
            assert!(!standings.contains(&Standing::Holds), "{length}");
            claims_of_openpgp(&whole[..length]);
        }
        for at in 0..whole.len() {
            for mask in [1, 2, 0x80, 0xFF] {
                let mut changed = whole.clone();
                changed[at] ^= mask;
                judged_openpgp(&signers, &changed);
                claims_of_openpgp(&changed);
            }
        }
    }
}
