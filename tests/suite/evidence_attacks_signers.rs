//! Signed archives whose signatures are by others than the signer that a verifier
//! has named, or don't hold any more.

use std::time::SystemTime;

use callseal::ArchiveFile;
use callseal::keys::{SignerName, Signers, SigningTime};

use crate::evidence_support::{CMS, MANIFEST, OF_A_SIGNER, OPENPGP, take_out};
use crate::index_support::{entries, entry, forge, put_together};
use crate::support::{Scene, in_hours};

const NOBODY: &str = "it has no signature of a signer that you named";

/// Makes `forged.zip` of `calls.zip`, with another CMS signature of its manifest.
fn forge_signature(scene: &Scene, name: &str, options: &str) {
    let mut forged = entries(scene, "calls.zip");
    let manifest = entry(&mut forged, MANIFEST).clone();
    *entry(&mut forged, CMS) = scene.openssl_signature(name, &manifest, options);
    put_together(scene, "forged.zip", &forged);
}

/// Returns what comes of the signatures of an archive, by the library.
fn judged(scene: &Scene, archive: &str, signers: &Signers) -> Result<(), String> {
    let archive = ArchiveFile::open(scene.path(archive)).unwrap();
    let evidence = archive.require_signature(signers);
    evidence.map(drop).map_err(|error| error.to_string())
}

/// Loads a signer under a CA.
fn under_a_ca(scene: &Scene, name: SignerName, crls: &[&str]) -> Signers {
    let crls: Vec<_> = crls.iter().map(|file| scene.path(file)).collect();
    let ca = [scene.path("root.crt")];
    let now = SystemTime::now();
    Signers::load(&[name], Some((&ca, &crls)), SigningTime::Ignored, now).unwrap()
}

#[test]
fn a_signature_by_a_stranger_proves_nothing() {
    let scene = Scene::with_signed_calls("");
    let stranger = || {
        let stranger = scene.self_signed("stranger").called("server");
        stranger.saying(OF_A_SIGNER).make();
        scene.ok("sign calls.zip --sign stranger.key --drop-signatures -f -o forged.zip");
    };
    // A certificate with the name of the signer, and with its serial number.
    stranger();
    scene.refuses(
        "forged.zip",
        &["the signature of “server” does not fit what it is said to sign"],
    );
    // One with another number.
    stranger();
    scene.refuses(
        "forged.zip",
        &[NOBODY, "it claims to be signed by “server”"],
    );
    scene.verifies_for("stranger.crt", "forged.zip");
}

#[test]
fn a_signature_by_a_stranger_with_openpgp_proves_nothing() {
    let scene = Scene::with_signed_calls("");
    scene.make_openpgp_signer("stranger");
    scene.ok("sign calls.zip --sign stranger.gpg --drop-signatures -o forged.zip");
    scene.refuses("forged.zip", &[NOBODY]);
    scene.verifies_for("stranger.asc", "forged.zip");
}

#[test]
fn a_stranger_whose_ca_the_system_trusts_proves_nothing() {
    let scene = Scene::with_signed_calls("");
    scene.ca("public").make();
    scene
        .leaf("stranger", "public")
        .called("server")
        .saying(OF_A_SIGNER)
        .make();
    scene.ok("sign calls.zip --sign stranger.key --drop-signatures -o forged.zip");
    let hash = scene.tool("openssl x509 -in public.crt -noout -subject_hash");
    let hash = hash.stdout();
    scene.write(format!("store/{}.0", hash.trim()), scene.read("public.crt"));
    scene
        .line("verify forged.zip --signer server.crt")
        .env("SSL_CERT_FILE", scene.path("public.crt"))
        .env("SSL_CERT_DIR", scene.path("store"))
        .exits(5)
        .complains(&[NOBODY]);
    // OpenSSL asks the system's store unless it is told not to.
    let mut forged = entries(&scene, "forged.zip");
    scene.write("manifest", entry(&mut forged, MANIFEST));
    scene.write("manifest.p7s", entry(&mut forged, CMS));
    let line = "openssl cms -verify -binary -inform DER -in manifest.p7s -content manifest \
                -out verified -CAfile server.crt";
    let trusting = || {
        scene
            .tool_line(line)
            .env("SSL_CERT_DIR", scene.path("store"))
    };
    trusting().exits(0);
    trusting().args(["-no-CApath", "-no-CAstore"]).fails();
}

#[test]
fn a_colleague_under_the_same_ca_proves_nothing() {
    let scene = Scene::with_colleagues();
    let signers = under_a_ca(&scene, SignerName::Subject("ivr-1".into()), &[]);
    judged(&scene, "ivr-1.zip", &signers).unwrap();
    let refused = judged(&scene, "ivr-2.zip", &signers).unwrap_err();
    assert!(refused.contains(NOBODY), "{refused}");
    // So does somebody with that subject under no CA.
    scene
        .self_signed("other")
        .called("ivr-1")
        .saying(OF_A_SIGNER)
        .make();
    scene.ok("pack -q -o other.zip -r customer.crt --sign other.key calls");
    let refused = judged(&scene, "other.zip", &signers).unwrap_err();
    assert!(refused.contains(NOBODY), "{refused}");
}

#[test]
fn a_signature_over_another_digest_does_not_hold() {
    let scene = Scene::with_signed_calls("");
    let mut forged = entries(&scene, "calls.zip");
    *entry(&mut forged, CMS) = scene.openssl_signature("server", b"another content", "");
    put_together(&scene, "forged.zip", &forged);
    scene.refuses(
        "forged.zip",
        &["“server” does not fit what it is said to sign"],
    );
}

#[test]
fn a_signature_over_a_broken_hash_does_not_hold() {
    let scene = Scene::with_signed_calls("");
    forge_signature(&scene, "server", "-md sha1");
    scene.refuses("forged.zip", &["the signature of “server” uses SHA-1"]);
}

#[test]
fn a_signature_that_holds_its_own_content_does_not_count() {
    let scene = Scene::with_signed_calls("");
    forge_signature(&scene, "server", "-nodetach");
    scene.refuses(
        "forged.zip",
        &["“server” is malformed: it holds a content of its own"],
    );
}

#[test]
fn a_signature_of_a_stranger_beside_the_right_one_is_passed_over() {
    let scene = Scene::with_signed_calls("");
    scene.make_signer("stranger");
    forge_signature(&scene, "stranger", "-signer server.crt -inkey server.key");
    scene
        .verifies("forged.zip")
        .prints("signed by “server”")
        .prints("passed over signatures by others: “stranger”");
    // Two kinds at once.
    scene.make_openpgp_signer("outsider");
    let mut both = entries(&scene, "calls.zip");
    let manifest = entry(&mut both, MANIFEST).clone();
    let signature = scene.gpg_signature("outsider", &manifest, "");
    both.push((OPENPGP.into(), signature));
    put_together(&scene, "forged.zip", &both);
    scene
        .verifies("forged.zip")
        .prints("passed over signatures by others: “");
    // A signature that can't be read is one of nobody's.
    *entry(&mut both, OPENPGP) = b"no signature".to_vec();
    put_together(&scene, "forged.zip", &both);
    scene.verifies("forged.zip");
}

#[test]
fn a_false_signature_of_a_named_signer_beside_a_good_one_is_found() {
    let scene = Scene::with_signed_calls("");
    scene.make_openpgp_signer("ivr");
    let mut both = entries(&scene, "calls.zip");
    let manifest = entry(&mut both, MANIFEST).clone();
    both.push((OPENPGP.into(), scene.gpg_signature("ivr", &manifest, "")));
    put_together(&scene, "forged.zip", &both);
    let verify = "verify forged.zip --signer ivr.asc --signer server.crt";
    scene.ok(verify).prints("“ivr”").prints("“server”");
    *entry(&mut both, OPENPGP) = scene.gpg_signature("ivr", b"another content", "");
    put_together(&scene, "forged.zip", &both);
    scene
        .line(verify)
        .exits(5)
        .complains_with_hint(&["the signature of “ivr” does not fit"]);
    // Who doesn't know the second one isn't concerned.
    scene.verifies("forged.zip");
}

#[test]
fn a_recipient_does_not_sign() {
    let scene = Scene::with_a_signer();
    let words = [
        "its key belongs to the recipient",
        "a key that opens must not sign",
    ];
    for line in [
        "pack -o no.zip -r customer.crt --sign customer.key calls",
        "pack -o no.zip -r customer.crt -r vendor.crt --sign server.key --sign vendor.key calls",
    ] {
        scene.line(line).exits(2).complains_with_hint(&words);
        assert!(!scene.exists("no.zip"));
    }
    scene.ok("pack -q -o plain.zip -r customer.crt calls");
    for line in [
        "sign plain.zip -o no.zip --sign customer.key",
        "convert plain.zip -o no.zip -k customer.key -r vendor.crt --sign vendor.key",
        "share plain.zip -o no.zip -k customer.key -r vendor.crt --sign customer.key",
        "share plain.zip -o no.zip -k customer.key -r vendor.crt --sign vendor.key",
    ] {
        scene.line(line).exits(2).complains_with_hint(&words);
        assert!(!scene.exists("no.zip"), "{line}");
    }
}

#[test]
fn a_signature_by_a_recipients_key_does_not_count() {
    let scene = Scene::with_signed_calls("");
    forge_signature(&scene, "customer", "");
    scene.refuses_for(
        "customer.crt",
        "forged.zip",
        &[
            "its signer “customer” can open \"calls/a.txt\"",
            "must not sign",
        ],
    );
    // Another certificate over the same key doesn't help.
    scene
        .self_signed("other")
        .with_key_of("customer")
        .saying(OF_A_SIGNER)
        .make();
    scene.write("other.key", scene.read("customer.key"));
    forge_signature(&scene, "other", "");
    scene.refuses_for("other.crt", "forged.zip", &["its signer “other” can open"]);
}

#[test]
fn an_openpgp_certificate_that_opens_does_not_sign() {
    let scene = Scene::with_a_signer();
    scene.gpg("--quick-gen-key both future-default default never");
    scene.gpg("--export-secret-keys --output both.gpg both");
    scene.gpg("--armor --export --output both.asc both");
    // One of its keys signs, and another one opens.
    let pack = "pack -o calls.zip -r both.asc calls";
    let words = ["both.gpg: its key belongs to the recipient “both”"];
    let refused = scene.line(&format!("{pack} --sign both.gpg"));
    refused.exits(2).complains_with_hint(&words);
    scene.ok(&format!("{pack} --sign server.key"));
    let sign = "sign calls.zip --drop-signatures --sign both.gpg -o no.zip";
    scene.line(sign).exits(2).complains_with_hint(&words);
    let mut forged = entries(&scene, "calls.zip");
    let manifest = entry(&mut forged, MANIFEST).clone();
    forged.push((OPENPGP.into(), scene.gpg_signature("both", &manifest, "")));
    put_together(&scene, "forged.zip", &forged);
    scene
        .line("verify forged.zip --signer both.asc")
        .exits(5)
        .complains_with_hint(&["its signer “both” can open \"calls/a.txt\""]);
}

#[test]
fn a_certificate_that_has_expired_does_not_vouch() {
    let scene = Scene::with_signed_calls("");
    scene
        .self_signed("old")
        .saying(OF_A_SIGNER)
        .valid("2020-01-01", "2021-01-01")
        .make();
    forge_signature(&scene, "old", "");
    scene.refuses_for(
        "old.crt",
        "forged.zip",
        &["“old” is by a certificate that expired on 2021-01-01T00:00:00Z"],
    );
}

#[test]
fn a_certificate_that_is_not_valid_yet_does_not_vouch() {
    let scene = Scene::with_signed_calls("");
    scene
        .self_signed("young")
        .saying(OF_A_SIGNER)
        .valid(&in_hours(36), "9998-12-31")
        .make();
    forge_signature(&scene, "young", "");
    scene.refuses_for(
        "young.crt",
        "forged.zip",
        &["“young” is by a certificate that is not valid before"],
    );
}

#[test]
fn a_certificate_that_was_revoked_does_not_vouch() {
    let scene = Scene::with_a_signer();
    scene.ca("root").make();
    scene.leaf("ivr", "root").saying(OF_A_SIGNER).make();
    scene.ok("pack -q -o calls.zip -r customer.crt --sign ivr.key calls");
    scene.current_crl("root");
    let name = || SignerName::Certificate(scene.path("ivr.crt"));
    let signers = under_a_ca(&scene, name(), &["root.crl"]);
    judged(&scene, "calls.zip", &signers).unwrap();
    scene.revoke("root", "ivr");
    scene.current_crl("root");
    let signers = under_a_ca(&scene, name(), &["root.crl"]);
    let refused = judged(&scene, "calls.zip", &signers).unwrap_err();
    assert!(
        refused.contains("is by a certificate that was revoked"),
        "{refused}"
    );
}

#[test]
fn an_openpgp_certificate_that_was_revoked_does_not_vouch() {
    let scene = Scene::with_a_signer();
    scene.make_openpgp_signer("ivr");
    scene.ok("pack -q -o calls.zip -r customer.crt --sign ivr.gpg calls");
    scene.verifies_for("ivr.asc", "calls.zip");
    let print = scene.gpg_fingerprint("ivr");
    let revocation = scene.text(format!("gnupg/openpgp-revocs.d/{print}.rev"));
    scene.write("ivr.rev", revocation.replace(":-----BEGIN", "-----BEGIN"));
    scene.gpg("--import ivr.rev");
    scene.gpg("--armor --export --output ivr.asc ivr");
    scene.refuses_for(
        "ivr.asc",
        "calls.zip",
        &["is by a certificate that was revoked"],
    );
}

#[test]
fn a_certificate_that_is_not_for_signatures_does_not_vouch() {
    let scene = Scene::with_signed_calls("");
    scene
        .self_signed("cipher")
        .saying("keyUsage=critical,keyAgreement\n")
        .make();
    forge_signature(&scene, "cipher", "");
    scene.refuses_for(
        "cipher.crt",
        "forged.zip",
        &["“cipher” is by a certificate that is not for signatures"],
    );
}

#[test]
fn a_signature_of_the_origin_is_no_signature_of_the_archive() {
    let scene = Scene::with_signed_calls("");
    // Who takes a member out can't keep the manifest, but call it an origin.
    forge(&scene, |entries| {
        take_out(entries, &["calls/b.txt.pgp"]);
        for (name, _) in entries.iter_mut() {
            *name = name.replace("callseal/manifest", "callseal/origin");
        }
    });
    let verified = scene.ok("verify forged.zip --signer server.crt");
    verified
        .prints("the archive itself is not signed")
        .prints("but 1 entry that they signed is not in it");
}
