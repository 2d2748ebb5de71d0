//! Archives that count only with a signature: where the command line or a profile
//! says so.

use crate::evidence_support::{CMS, MANIFEST, OF_A_SIGNER, take_out};
use crate::index_support::{CALLS, Seal, entry, forge, has_the_calls};
use crate::support::{Outcome, Scene};

/// The commands that read members of an archive, `calls.zip` but for the options.
const COMMANDS: [&str; 4] = [
    "extract ARCHIVE -k customer.key -C out",
    "cat ARCHIVE calls/b.txt -k customer.key",
    "convert ARCHIVE -k customer.key -r vendor.crt -o out",
    "share ARCHIVE -k customer.key -r vendor.crt -o out",
];

/// Runs each command, and checks that nothing comes of it.
#[track_caller]
fn each_refuses(scene: &Scene, archive: &str, options: &str, words: &[&str]) {
    for command in COMMANDS {
        let command = command.replace("ARCHIVE", archive);
        let refused = scene
            .line(&format!("{command} {options}"))
            .exits(5)
            .complains_with_hint(words);
        assert_eq!(refused.stdout(), "");
        let files = scene.tree("out");
        let mut files = files.iter().filter(|path| !path.ends_with('/'));
        assert_eq!(files.next(), None, "{refused}");
        let _ = std::fs::remove_dir_all(scene.path("out"));
    }
}

/// Runs each command with a signature that holds.
#[track_caller]
fn each_accepts(scene: &Scene, archive: &str, options: &str, says: &str) {
    for command in COMMANDS {
        let command = command.replace("ARCHIVE", archive);
        let done: Outcome = scene.ok(&format!("{command} {options}")).says(says);
        match command.starts_with("extract") {
            true => {
                has_the_calls(scene, "out");
                std::fs::remove_dir_all(scene.path("out")).unwrap();
            }
            false if command.starts_with("cat") => assert_eq!(done.stdout(), CALLS[1].1),
            false => std::fs::remove_file(scene.path("out")).unwrap(),
        }
    }
}

/// Writes the config with a profile `acme`, and what else it says.
fn config(scene: &Scene, first: &str, profile: &str) {
    scene.write(
        "callseal.toml",
        format!("{first}\n[profiles.acme]\nrecipients = ['customer.crt']\n{profile}\n"),
    );
}

/// The archives of which none is what the signer of `calls.zip` has signed, with
/// the words of their errors.
fn forged(scene: &Scene, check: impl Fn(&str)) {
    forge(scene, |entries| take_out(entries, &[MANIFEST, CMS]));
    check("it is not signed");
    forge(scene, |entries| take_out(entries, &[MANIFEST]));
    check("META-INF/callseal/manifest is missing");
    forge(scene, |entries| take_out(entries, &[CMS]));
    check("it has a list that was to be signed, and its signature is missing");
    forge(scene, |entries| drop(entries.remove(0)));
    check("it was removed or renamed after the archive was signed");
}

#[test]
fn an_archive_that_its_signer_has_not_signed_is_not_opened() {
    let scene = Scene::with_signed_calls("");
    let signer = "--signer server.crt";
    each_accepts(&scene, "calls.zip", signer, "signed by “server” on 20");
    forged(&scene, |words| {
        each_refuses(&scene, "forged.zip", signer, &[words]);
    });
}

#[test]
fn a_profile_requires_a_signature() {
    let scene = Scene::with_signed_calls("");
    config(
        &scene,
        "default-profile = 'acme'",
        "signers = ['server.crt']\nrequire-signature = true",
    );
    for options in [
        "--config callseal.toml",
        "--config callseal.toml --signers-of acme",
    ] {
        each_accepts(&scene, "calls.zip", options, "signed by “server” on 20");
        forged(&scene, |words| {
            each_refuses(&scene, "forged.zip", options, &[words]);
        });
    }
}

#[test]
fn a_profile_whose_signers_are_not_required_opens_what_is_not_signed() {
    let scene = Scene::with_signed_calls("");
    config(
        &scene,
        "default-profile = 'acme'",
        "signers = ['server.crt']",
    );
    forge(&scene, |entries| take_out(entries, &[MANIFEST, CMS]));
    for command in COMMANDS {
        let command = command.replace("ARCHIVE", "forged.zip");
        let done = scene.ok(&format!("{command} --config callseal.toml"));
        assert!(!done.stderr().contains("signed by"), "{done}");
        let _ = std::fs::remove_dir_all(scene.path("out"));
        let _ = std::fs::remove_file(scene.path("out"));
    }
    // Who names the profile asks for it.
    let options = "--config callseal.toml --signers-of acme";
    each_refuses(&scene, "forged.zip", options, &["it is not signed"]);
}

#[test]
fn an_altered_member_is_not_opened_where_a_signature_is_required() {
    for options in ["--index none", "--index none --format rfc4880"] {
        let scene = Scene::with_signed_calls(options);
        let message = Seal::for_customer(&scene).seal("calls/b.txt", b"what was never said");
        forge(&scene, |entries| {
            *entry(entries, "calls/b.txt.pgp") = message;
        });
        let altered = "calls/b.txt: it was altered or replaced after the archive was signed";
        // The others are extracted; nothing else is written.
        scene
            .line("extract forged.zip -k customer.key --signer server.crt -C out")
            .exits(6)
            .complains_with_hint(&[altered]);
        let files = scene.tree("out");
        assert_eq!(
            files,
            ["calls/", "calls/a.txt", "calls/sub/", "calls/sub/c.txt"]
        );
        let piped = scene
            .line("cat forged.zip calls/b.txt -k customer.key --signer server.crt")
            .exits(5)
            .complains_with_hint(&[altered]);
        assert_eq!(piped.stdout(), "");
    }
}

#[test]
fn a_profile_names_its_signers_by_subject_under_a_ca() {
    let scene = Scene::with_colleagues();
    config(
        &scene,
        "",
        "trust = 'ca'\nca-file = 'root.crt'\nsigners = [{ subject = 'ivr-1' }]\n\
         require-signature = true",
    );
    let options = "--config callseal.toml";
    scene
        .ok(&format!("verify ivr-1.zip {options} -p acme"))
        .prints("signed by “ivr-1” on 20");
    let signers = format!("{options} --signers-of acme");
    each_accepts(&scene, "ivr-1.zip", &signers, "signed by “ivr-1” on 20");
    // A colleague under the same CA.
    let nobody = "it has no signature of a signer that you named";
    each_refuses(&scene, "ivr-2.zip", &signers, &[nobody, "“ivr-2”"]);
    scene
        .line(&format!("verify ivr-2.zip {options} -p acme"))
        .exits(5)
        .complains_with_hint(&[nobody]);
    // Revoked since.
    scene.current_crl("root");
    config(
        &scene,
        "",
        "trust = 'ca'\nca-file = 'root.crt'\ncrl-file = 'root.crl'\n\
         signers = [{ subject = 'ivr-1' }]\nrequire-signature = true",
    );
    each_accepts(&scene, "ivr-1.zip", &signers, "signed by “ivr-1” on 20");
    scene.revoke("root", "ivr-1");
    scene.current_crl("root");
    let revoked = "the signature of “ivr-1” is by a certificate that was revoked";
    each_refuses(&scene, "ivr-1.zip", &signers, &[revoked]);
}

#[test]
fn a_certificate_that_has_expired_since_vouches_where_its_time_is_trusted() {
    let scene = Scene::with_signed_calls("");
    scene
        .self_signed("old")
        .saying(OF_A_SIGNER)
        .valid("2020-01-01", "2021-01-01")
        .make();
    scene.self_signed("lasting").make();
    let pack = "pack -q -r lasting.crt --sign old.key calls";
    let signed_on = |day: &str, archive: &str| {
        let words = ["-f", day, crate::support::Run::CALLSEAL];
        let line = format!("{pack} -o {archive}");
        let words = words.into_iter().chain(line.split(' '));
        scene.program("faketime", words).exits(0);
    };
    signed_on("2020-03-14 09:15:02", "old.zip");
    let verify = |time: &str| {
        let profile = format!("signers = ['old.crt']\n{time}");
        config(&scene, "", &profile);
        scene.line("verify old.zip --config callseal.toml -p acme")
    };
    let expired = "“old” is by a certificate that expired on 2021-01-01T00:00:00Z";
    verify("").exits(5).complains(&[expired]);
    verify("signing-time = 'ignored'")
        .exits(5)
        .complains(&[expired]);
    verify("signing-time = 'trusted'")
        .exits(0)
        .prints("signed by “old” on 2020-03-14T09:15:0");
}
