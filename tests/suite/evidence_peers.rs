//! A signed archive is checked with stock tools alone: unzip, openssl or gpgv, and
//! sha256sum, in this order and into an empty directory. And what each shortcut
//! would have let pass.

use crate::evidence_support::{CMS, MANIFEST, OF_A_SIGNER, OPENPGP};
use crate::index_support::{CALLS, Seal, entries, entry, forge, put_together};
use crate::support::{Outcome, Run, Scene};

/// Checks the signature by openssl. The certificate of the signer is the only one
/// that it trusts.
const OPENSSL: &str = "openssl cms -verify -binary -inform DER -in META-INF/callseal/manifest.p7s \
     -content META-INF/callseal/manifest -out /dev/null -no-CApath -no-CAstore";

/// Checks the signature by GnuPG, whose only key is that of the signer.
const GPGV: &str = "gpgv -q --keyring ../signer.keys META-INF/callseal/manifest.sig \
     META-INF/callseal/manifest";

/// Checks all files that the manifest lists.
const SHA256SUM: &str = "sha256sum --strict --quiet -c META-INF/callseal/manifest";

/// Compares the files that are there with those of the manifest.
const LISTING: &str = "diff <(sed -n '/^#/!s/^.\\{66\\}//p' META-INF/callseal/manifest | sort) \
     <(find . -type f ! -path './META-INF/callseal/manifest*' | cut -c3- | sort)";

impl Scene {
    /// Unzips an archive into the empty directory `unzipped`.
    #[track_caller]
    fn unzip(&self, archive: &str) {
        let _ = std::fs::remove_dir_all(self.path("unzipped"));
        self.tool(&format!("unzip -q {archive} -d unzipped"));
    }

    /// Returns a run of a script where the files were unzipped.
    fn there(&self, script: &str) -> Run {
        self.bash(&format!("cd unzipped && {script}"))
    }

    /// Checks an archive in all steps, the first of which checks the signature.
    #[track_caller]
    fn all_steps(&self, signature: &str, archive: &str) {
        self.unzip(archive);
        for step in [signature, SHA256SUM, LISTING] {
            self.there(step).exits(0);
        }
    }
}

/// Returns the step that checks a CMS signature by openssl.
fn by_openssl(options: &str) -> String {
    format!("{OPENSSL} {options}")
}

#[test]
fn stock_tools_accept_what_callseal_has_signed() {
    for (kind, options) in [
        (crate::support::P256, ""),
        ("rsa:2048", "--format rfc4880"),
        ("ec -pkeyopt ec_paramgen_curve:P-384", "--format cms"),
        ("ec -pkeyopt ec_paramgen_curve:P-521", "--format cms-gcm"),
    ] {
        let scene = Scene::new();
        scene.rsa_pair("customer");
        scene
            .self_signed("signer")
            .with_key(kind)
            .saying(OF_A_SIGNER)
            .make();
        for (name, content) in CALLS {
            scene.write(name, content);
        }
        scene.ok(&format!(
            "pack -q -o calls.zip -r customer.crt --sign signer.key {options} calls"
        ));
        scene.all_steps(&by_openssl("-CAfile ../signer.crt"), "calls.zip");
        scene.verifies_for("signer.crt", "calls.zip");
    }
}

/// Packs the calls, signed by a leaf under a root and an intermediate. The file
/// of the key's certificate has the chain as well.
fn under_a_chain() -> Scene {
    let scene = Scene::with_a_signer();
    scene.ca("root").make();
    scene.ca("middle").issued_by("root").make();
    scene.leaf("ivr", "middle").saying(OF_A_SIGNER).make();
    scene.concatenate(&["ivr.crt", "middle.crt", "root.crt"], "chain.crt");
    std::fs::copy(scene.path("ivr.key"), scene.path("chain.key")).unwrap();
    scene.ok("pack -q -o calls.zip -r customer.crt --sign chain.key calls");
    scene
}

#[test]
fn stock_tools_accept_a_signer_under_a_ca() {
    let scene = under_a_chain();
    // By its root, since the intermediate comes with the signature; or by its own
    // certificate alone.
    for options in ["-CAfile ../root.crt", "-partial_chain -CAfile ../ivr.crt"] {
        scene.all_steps(&by_openssl(options), "calls.zip");
    }
    scene.there(&by_openssl("-CAfile ../ivr.crt")).fails();
    scene.verifies_for("ivr.crt", "calls.zip");
    // By the root, so is any colleague.
    scene.leaf("colleague", "root").saying(OF_A_SIGNER).make();
    scene.ok("sign calls.zip --sign colleague.key --drop-signatures -o other.zip");
    scene.unzip("other.zip");
    scene.there(&by_openssl("-CAfile ../root.crt")).exits(0);
    let alone = by_openssl("-partial_chain -CAfile ../ivr.crt");
    scene.there(&alone).fails();
    scene.refuses_for("ivr.crt", "other.zip", &["no signature of a signer"]);
}

#[test]
fn gpgv_accepts_what_callseal_has_signed() {
    let scene = Scene::with_a_signer();
    scene.make_openpgp_signer("ivr");
    scene.gpg("--export --output signer.keys ivr");
    scene.ok("pack -q -o calls.zip -r customer.crt --sign ivr.gpg --sign server.key calls");
    scene.all_steps(GPGV, "calls.zip");
    scene.all_steps(&by_openssl("-CAfile ../server.crt"), "calls.zip");
}

/// Checks that a forged archive is found by a step, after those before it have
/// passed.
#[track_caller]
fn found_by(scene: &Scene, step: &str) -> Outcome {
    scene.unzip("forged.zip");
    let signature = by_openssl("-CAfile ../server.crt");
    for earlier in [signature.as_str(), SHA256SUM, LISTING] {
        if earlier == step {
            return scene.there(step).fails();
        }
        scene.there(earlier).exits(0);
    }
    panic!("no such step")
}

#[test]
fn each_step_finds_what_the_others_let_pass() {
    let scene = Scene::with_signed_calls("");
    let signature = by_openssl("-CAfile ../server.crt");
    forge(&scene, |entries| {
        let manifest = entry(entries, MANIFEST);
        manifest.extend(format!("{}  calls/d.txt.pgp\n", "0".repeat(64)).into_bytes());
    });
    found_by(&scene, &signature);
    let message = Seal::for_customer(&scene).seal("calls/b.txt", b"what was never said");
    forge(&scene, |entries| {
        *entry(entries, "calls/b.txt.pgp") = message.clone();
    });
    found_by(&scene, SHA256SUM);
    forge(&scene, |entries| drop(entries.remove(1)));
    found_by(&scene, SHA256SUM);
    // sha256sum says nothing of what isn't listed.
    forge(&scene, |entries| {
        entries.push(("calls/d.txt.pgp".into(), message));
    });
    found_by(&scene, LISTING);
    scene.refuses("forged.zip", &["calls/d.txt: it was added"]);
}

#[test]
fn an_earlier_file_in_the_directory_would_pass_for_a_member() {
    let scene = Scene::with_signed_calls("");
    scene.unzip("calls.zip");
    forge(&scene, |entries| drop(entries.remove(1)));
    scene.tool("unzip -q -o forged.zip -d unzipped");
    for step in [&*by_openssl("-CAfile ../server.crt"), SHA256SUM, LISTING] {
        scene.there(step).exits(0);
    }
    found_by(&scene, SHA256SUM);
}

#[test]
fn an_archive_that_zip_has_made_anew_is_still_what_was_signed() {
    let scene = Scene::with_signed_calls("");
    scene.unzip("calls.zip");
    let names: String = entries(&scene, "calls.zip")
        .iter()
        .map(|(name, _)| format!("{name}\n"))
        .collect();
    scene.write("names", names);
    // In the same order; compressed, with other times and modes.
    scene
        .there("touch -d 2001-01-01 calls/* && zip -q -X -D ../anew.zip -@ < ../names")
        .exits(0);
    assert_ne!(scene.read("anew.zip"), scene.read("calls.zip"));
    scene.verifies("anew.zip");
    let options = "-k customer.key --signer server.crt";
    scene.ok(&format!("extract anew.zip {options} -C out"));
    crate::index_support::has_the_calls(&scene, "out");
    // In the order of the directory's names.
    scene
        .there("sort -r ../names | zip -q -X -D ../sorted.zip -@")
        .exits(0);
    let order = "its entries are in another order than they were signed in";
    scene.refuses("sorted.zip", &[order]);
}

#[test]
fn openssl_without_binary_refuses_a_good_signature() {
    let scene = Scene::with_signed_calls("");
    scene.unzip("calls.zip");
    let step = by_openssl("-CAfile ../server.crt");
    scene.there(&step).exits(0);
    scene.there(&step.replace(" -binary", "")).fails();
}

#[test]
fn openssl_with_the_store_of_the_system_accepts_a_stranger() {
    let scene = Scene::with_signed_calls("");
    scene.ca("public").make();
    scene.leaf("stranger", "public").saying(OF_A_SIGNER).make();
    let hash = scene.tool("openssl x509 -in public.crt -noout -subject_hash");
    scene.write(
        format!("store/{}.0", hash.stdout().trim()),
        scene.read("public.crt"),
    );
    scene.ok("sign calls.zip --sign stranger.key --drop-signatures -o forged.zip");
    scene.unzip("forged.zip");
    let run = |step: &str| scene.there(step).env("SSL_CERT_DIR", scene.path("store"));
    let step = by_openssl("-CAfile ../server.crt");
    run(&step).fails();
    run(&step.replace(" -no-CApath", "")).exits(0);
    scene.refuses("forged.zip", &["no signature of a signer"]);
}

#[test]
fn gpg_accepts_any_key_that_it_has_and_gpgv_does_not() {
    let scene = Scene::with_a_signer();
    scene.make_openpgp_signer("ivr");
    scene.make_openpgp_signer("stranger");
    scene.gpg("--export --output signer.keys ivr");
    scene.ok("pack -q -o calls.zip -r customer.crt --sign stranger.gpg calls");
    scene.unzip("calls.zip");
    scene
        .there("gpg -q --verify META-INF/callseal/manifest.sig META-INF/callseal/manifest")
        .exits(0);
    scene.there(GPGV).fails();
    scene.refuses_for("ivr.asc", "calls.zip", &["no signature of a signer"]);
}

#[test]
fn sha256sum_without_strict_accepts_lines_that_it_can_not_read() {
    let scene = Scene::with_signed_calls("");
    scene.unzip("calls.zip");
    let manifest = scene.text(format!("unzipped/{MANIFEST}"));
    let broken = manifest.replacen("  calls/b.txt.pgp", " calls/b.txt.pgp", 1);
    assert_ne!(broken, manifest);
    scene.write(format!("unzipped/{MANIFEST}"), broken);
    scene.there(&SHA256SUM.replace(" --strict", "")).exits(0);
    scene.there(SHA256SUM).fails();
}

#[test]
fn manifests_that_openssl_has_signed_are_accepted() {
    for (kind, options) in [
        (crate::support::P256, ""),
        ("rsa:2048", "-md sha256"),
        ("rsa:3072", "-md sha512"),
        ("rsa:2048", "-keyopt rsa_padding_mode:pss"),
        ("ec -pkeyopt ec_paramgen_curve:P-384", "-md sha384"),
        ("ec -pkeyopt ec_paramgen_curve:P-521", "-md sha512"),
        (crate::support::P256, "-keyid"),
        (crate::support::P256, "-nocerts"),
        (crate::support::P256, "-nosmimecap"),
    ] {
        let scene = Scene::with_signed_calls("");
        scene
            .self_signed("signer")
            .with_key(kind)
            .saying(&format!("{OF_A_SIGNER}subjectKeyIdentifier=hash\n"))
            .make();
        let mut signed = entries(&scene, "calls.zip");
        let manifest = entry(&mut signed, MANIFEST).clone();
        *entry(&mut signed, CMS) = scene.openssl_signature("signer", &manifest, options);
        put_together(&scene, "signed.zip", &signed);
        scene.verifies_for("signer.crt", "signed.zip");
        scene.refuses("signed.zip", &["no signature of a signer"]);
    }
}

#[test]
fn manifests_that_openssl_has_signed_under_a_chain_are_accepted() {
    let scene = under_a_chain();
    scene.concatenate(&["middle.crt", "root.crt"], "others.crt");
    let mut signed = entries(&scene, "calls.zip");
    let manifest = entry(&mut signed, MANIFEST).clone();
    *entry(&mut signed, CMS) = scene.openssl_signature("ivr", &manifest, "-certfile others.crt");
    put_together(&scene, "signed.zip", &signed);
    scene.verifies_for("ivr.crt", "signed.zip");
}

#[test]
fn manifests_that_gpg_has_signed_are_accepted() {
    let scene = Scene::with_signed_calls("");
    scene.make_openpgp_signer("ivr");
    scene.gpg("--quick-gen-key rsa rsa2048 sign never");
    scene.gpg("--armor --export --output rsa.asc rsa");
    let whole = entries(&scene, "calls.zip");
    for (name, options) in [
        ("ivr", ""),
        ("ivr", "--digest-algo SHA512"),
        ("rsa", "--digest-algo SHA384"),
    ] {
        let mut signed = whole.clone();
        let manifest = entry(&mut signed, MANIFEST).clone();
        let signature = scene.gpg_signature(name, &manifest, options);
        signed.retain(|(name, _)| name != CMS);
        signed.push((OPENPGP.into(), signature));
        put_together(&scene, "signed.zip", &signed);
        scene.verifies_for(&format!("{name}.asc"), "signed.zip");
        scene.refuses("signed.zip", &["no signature of a signer"]);
    }
}
