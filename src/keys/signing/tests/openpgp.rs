//! OpenPGP signatures, with GnuPG and sequoia as the peers.

use openpgp::Profile;
use openpgp::cert::{CertBuilder, CipherSuite};
use openpgp::parse::Parse;
use openpgp::parse::stream::{
    DetachedVerifierBuilder, MessageLayer, MessageStructure, VerificationHelper,
};
use openpgp::policy::StandardPolicy;
use openpgp::serialize::SerializeInto;
use openpgp::serialize::stream::{Message, Signer};
use openpgp::types::KeyFlags;
use openpgp::{Cert, KeyHandle as Handle};
use sequoia_openpgp as openpgp;
use std::io::Write;

use super::*;
use crate::keys::Passphrase;

impl Desk {
    #[track_caller]
    fn gpg(&self, line: &str) -> String {
        self.bash(&format!(
            "mkdir -p -m 700 gnupg; gpg --batch --quiet --yes --pinentry-mode loopback \
             --passphrase '' {line}"
        ))
    }

    /// Makes a key with GnuPG: `NAME.key` and `NAME.asc`.
    #[track_caller]
    fn gpg_key(&self, name: &str, kind: &str) {
        self.gpg(&format!("--quick-gen-key {name} {kind} sign never"));
        self.gpg(&format!("--armor --export-secret-keys {name} > {name}.key"));
        self.gpg(&format!("--armor --export {name} > {name}.asc"));
        self.gpg(&format!("--export {name} > {name}.keyring"));
    }

    /// Writes a key that sequoia made, as gpg would: `NAME.key`, `NAME.asc`.
    pub(super) fn store(&self, name: &str, cert: &Cert) {
        self.write(
            &format!("{name}.key"),
            &cert.as_tsk().armored().to_vec().unwrap(),
        );
        self.write(&format!("{name}.asc"), &cert.armored().to_vec().unwrap());
    }
}

/// Makes a key that certifies, with a subkey that signs.
pub(super) fn cert(profile: Profile, suite: CipherSuite) -> Cert {
    let builder = CertBuilder::new().set_profile(profile).unwrap();
    let builder = builder.set_cipher_suite(suite).add_userid("Ann");
    builder.add_signing_subkey().generate().unwrap().0
}

fn openpgp(keys: &[SigningKey]) -> Vec<u8> {
    signed(keys).openpgp.unwrap()
}

#[test]
fn gpgv_verifies_ours_and_we_verify_gpg_s() {
    let desk = Desk::new();
    desk.gpg_key("bob", "ed25519");
    for (name, kind) in [("rsa", "rsa2048"), ("ann", "ed25519"), ("nist", "nistp256")] {
        desk.gpg_key(name, kind);
        let key = desk.key(&format!("{name}.key"));
        assert!(key.is_openpgp());
        assert_eq!(key.label(), name);
        desk.write("ours.sig", &openpgp(&[key]));
        desk.bash(&format!("gpgv --keyring ./{name}.keyring ours.sig content"));
        assert!(
            !desk
                .run("gpgv --keyring ./bob.keyring ours.sig content")
                .status
                .success()
        );
        let own = desk.signers(&[&format!("{name}.asc")]);
        assert_eq!(
            judged_openpgp(&own, &desk.read("ours.sig")),
            HOLDS,
            "{kind}"
        );

        desk.gpg(&format!("-u {name} --detach-sign -o theirs.sig content"));
        let theirs = desk.read("theirs.sig");
        assert_eq!(judged_openpgp(&own, &theirs), HOLDS, "{kind}");
        assert_eq!(
            judged_openpgp(&desk.signers(&["bob.asc"]), &theirs),
            UNKNOWN,
            "{kind}"
        );
        let verdicts = own.verify_openpgp(&theirs, &mut &b"other"[..]).unwrap();
        assert_eq!(
            verdicts[0].standing,
            Standing::Fails(SignatureFault::Altered),
            "{kind}"
        );
        assert_eq!(verdicts[0].signer, name);
    }
}

#[test]
fn each_of_several_signers_is_judged_for_itself() {
    let desk = Desk::new();
    desk.gpg_key("ann", "ed25519");
    desk.gpg_key("bob", "rsa2048");
    let ours = openpgp(&[desk.key("ann.key"), desk.key("bob.key")]);
    let standings = judged_openpgp(&desk.signers(&["bob.asc"]), &ours);
    assert_eq!(standings, [Standing::Unknown, Standing::Holds]);
    let both = desk.signers(&["ann.asc", "bob.asc"]);
    assert_eq!(
        judged_openpgp(&both, &ours),
        [Standing::Holds, Standing::Holds]
    );
    desk.gpg("-u ann -u bob --detach-sign -o theirs.sig content");
    assert_eq!(
        judged_openpgp(&both, &desk.read("theirs.sig")),
        [Standing::Holds, Standing::Holds]
    );
    let claims = claims_of_openpgp(&ours);
    let (ann, bob) = (desk.key("ann.key"), desk.key("bob.key"));
    let names: Vec<&str> = claims.iter().map(|claim| claim.signer.as_str()).collect();
    assert_eq!(names, [ann.fingerprint(), bob.fingerprint()]);
    assert!(claims.iter().all(|claim| claim.time.is_some()));
}

/// The certificates by which sequoia verifies.
struct Known(Cert);

impl VerificationHelper for Known {
    fn get_certs(&mut self, _: &[Handle]) -> openpgp::Result<Vec<Cert>> {
        Ok(vec![self.0.clone()])
    }

    fn check(&mut self, structure: MessageStructure<'_>) -> openpgp::Result<()> {
        for layer in structure {
            if let MessageLayer::SignatureGroup { results } = layer {
                for result in results {
                    result.map_err(|e| openpgp::anyhow::Error::msg(e.to_string()))?;
                }
            }
        }
        Ok(())
    }
}

#[test]
fn sequoia_verifies_ours_and_we_verify_sequoia_s_of_both_versions() {
    let desk = Desk::new();
    let policy = StandardPolicy::new();
    for (profile, suite) in [
        (Profile::RFC4880, CipherSuite::Cv25519),
        (Profile::RFC4880, CipherSuite::P384),
        (Profile::RFC4880, CipherSuite::RSA2k),
        (Profile::RFC9580, CipherSuite::Cv25519),
        (Profile::RFC9580, CipherSuite::P521),
        (Profile::RFC9580, CipherSuite::RSA2k),
    ] {
        let cert = cert(profile, suite);
        desk.store("ann", &cert);
        let key = desk.key("ann.key");
        assert_eq!(key.fingerprint(), cert.fingerprint().to_hex());
        let version = key.openpgp().unwrap().public().version();
        assert_eq!(version, cert.primary_key().key().version());
        let ours = openpgp(&[key]);
        let builder = DetachedVerifierBuilder::from_bytes(&ours).unwrap();
        let mut verifier = builder
            .with_policy(&policy, None, Known(cert.clone()))
            .unwrap();
        verifier.verify_bytes(CONTENT).unwrap();

        let own = desk.signers(&["ann.asc"]);
        assert_eq!(judged_openpgp(&own, &ours), HOLDS, "{profile:?} {suite:?}");
        let signer = cert
            .keys()
            .with_policy(&policy, None)
            .for_signing()
            .next()
            .unwrap();
        let pair = signer
            .key()
            .clone()
            .parts_into_secret()
            .unwrap()
            .into_keypair()
            .unwrap();
        let mut theirs = Vec::new();
        let message = Message::new(&mut theirs);
        let mut message = Signer::new(message, pair)
            .unwrap()
            .detached()
            .build()
            .unwrap();
        message.write_all(CONTENT).unwrap();
        message.finalize().unwrap();
        assert_eq!(
            judged_openpgp(&own, &theirs),
            HOLDS,
            "{profile:?} {suite:?}"
        );
    }
}

#[test]
fn a_locked_key_signs_with_its_passphrase_and_prefers_its_newest_subkey() {
    let desk = Desk::new();
    let (cert, _) = CertBuilder::new()
        .add_userid("Ann")
        .set_primary_key_flags(KeyFlags::empty().set_certification().set_signing())
        .add_signing_subkey()
        .set_password(Some("secret".into()))
        .generate()
        .unwrap();
    desk.store("ann", &cert);
    let load = |passphrase: &[u8]| {
        let passphrase = Passphrase::new(passphrase.to_vec());
        SigningKey::load(&desk.path("ann.key"), &passphrase, SystemTime::now())
    };
    let key = load(b"secret").unwrap();
    let subkey = cert.keys().subkeys().next().unwrap().key().fingerprint();
    assert_eq!(key.openpgp().unwrap().public().fingerprint(), subkey);
    assert_eq!(
        judged_openpgp(&desk.signers(&["ann.asc"]), &openpgp(&[key])),
        HOLDS
    );
    assert_eq!(
        load(b"wrong").unwrap_err().to_string(),
        format!(
            "{}: the passphrase is wrong",
            desk.path("ann.key").display()
        )
    );
}

#[test]
fn x509_and_openpgp_keys_sign_together() {
    let desk = Desk::new();
    desk.self_signed("ivr", P256, &[SIGNS]);
    desk.store("ann", &cert(Profile::RFC9580, CipherSuite::Cv25519));
    let both = signed(&[desk.key("ann.key"), desk.key("ivr.key")]);
    let signers = desk.signers(&["ivr.crt", "ann.asc"]);
    assert_eq!(judged(&signers, &both.cms.unwrap()), HOLDS);
    assert_eq!(judged_openpgp(&signers, &both.openpgp.unwrap()), HOLDS);
}
