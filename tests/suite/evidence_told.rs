//! What the commands say of signatures: whose fault it is, what was checked and what
//! wasn't, and remedies that the command has.

use crate::archive_support::{Member, zip};
use crate::evidence_support::{CMS, take_out};
use crate::index_support::{entries, put_together};
use crate::support::Scene;

/// Takes a member out of `calls.zip`, into `removed.zip`.
fn remove_one(scene: &Scene) {
    let mut all = entries(scene, "calls.zip");
    take_out(&mut all, &["calls/b.txt.pgp"]);
    put_together(scene, "removed.zip", &all);
}

#[test]
fn each_fault_of_several_archives_names_its_archive() {
    let scene = Scene::with_signed_calls("");
    remove_one(&scene);
    scene.tool("cp removed.zip again.zip");
    let verify = "verify removed.zip calls.zip again.zip --signer server.crt";
    scene
        .line(verify)
        .exits(5)
        .complains(&["removed.zip: calls/b.txt: it was removed or renamed"])
        .complains(&["again.zip: calls/b.txt: it was removed or renamed"]);
    let facts = scene.line(&format!("{verify} --json")).exits(5).json();
    let archives = facts["failures"].as_array().unwrap().iter();
    let archives: Vec<_> = archives
        .map(|failure| failure["archive"].as_str())
        .collect();
    assert_eq!(archives, [Some("removed.zip"), Some("again.zip"), None]);
    // One archive is named as well.
    let facts = scene
        .line("verify removed.zip --signer server.crt --json")
        .exits(5)
        .json();
    assert_eq!(facts["failures"][0]["archive"], "removed.zip");
}

#[test]
fn one_fault_of_an_entry_is_counted_and_told_once() {
    let scene = Scene::with_signed_calls("");
    for name in [CMS, "META-INF/callseal/manifest", "calls/b.txt.pgp"] {
        let octets = scene.read("calls.zip");
        let content = scene.entry("calls.zip", name);
        let at = octets
            .windows(content.len())
            .position(|part| part == content);
        let mut damaged = octets.clone();
        damaged[at.unwrap() + content.len() - 1] ^= 1;
        scene.write("damaged.zip", damaged);
        let name = name.trim_end_matches(".pgp");
        scene
            .line("verify damaged.zip --signer server.crt -k customer.key")
            .exits(5)
            .prints("damaged.zip: NOT VERIFIED (1 fault; ")
            .says(&format!("error: damaged.zip: {name}: it was a"));
    }
}

#[test]
fn a_grant_says_how_much_it_has_opened_and_nothing_of_the_index() {
    let scene = Scene::with_signed_calls("");
    scene.ok("grant calls.zip calls/b.txt -k customer.key -r vendor.crt -o b.grant");
    let verify = "verify calls.zip --grant b.grant -k vendor.key";
    scene
        .ok(verify)
        .prints("opened to the end: 1 of 3 members (");
    scene
        .ok(verify)
        .prints("), as the grant lists it; the other 2 not opened");
    let facts = scene.ok(&format!("{verify} --json")).json();
    let archive = &facts["archives"][0];
    assert_eq!(archive["opened"], 1);
    assert_eq!(archive["not_opened"], 2);
    assert_eq!(archive["as_in_index"], serde_json::Value::Null);
}

#[test]
fn what_was_signed_is_checked_before_a_grant_and_without_its_key() {
    let scene = Scene::with_signed_calls("");
    scene.ok("grant calls.zip calls/b.txt -k customer.key -r vendor.crt -o b.grant");
    scene
        .line("verify calls.zip --grant b.grant --signer server.crt")
        .exits(4)
        .prints("calls.zip: NOT OPENED (the grant doesn't open; ")
        .prints("signed by “server” on 20")
        .says("calls.zip: b.grant: no private key is given");
    remove_one(&scene);
    let refused = scene
        .line("verify removed.zip --grant b.grant -k vendor.key --signer server.crt")
        .exits(5)
        .prints("NOT VERIFIED (2 faults; ")
        .complains(&["removed.zip: calls/b.txt: it was removed or renamed"])
        .complains(&["b.grant: it grants no member of removed.zip"])
        .says("if this is it, the members were removed from it");
    let stderr = refused.stderr();
    assert!(stderr.find("renamed") < stderr.find("b.grant"), "{refused}");
}

#[test]
fn a_remedy_never_leads_around_a_check() {
    let scene = Scene::with_signed_calls("");
    remove_one(&scene);
    let removed = scene
        .line("verify removed.zip -k customer.key")
        .exits(5)
        .complains(&["removed.zip: calls/b.txt: the index lists it, and it isn't in the archive"])
        .says("hint: keep the archive as it is");
    assert!(!removed.stderr().contains("--ignore-index"), "{removed}");
    scene
        .ok("verify removed.zip -k customer.key --ignore-index")
        .prints(", without the index");
    // `verify` leaves nothing out.
    let members = [Member::new("calls/a.txt.pgp", b"not a message")];
    scene.write("odd.zip", zip(members).bytes());
    let odd = scene.line("verify odd.zip -k customer.key").exits(5);
    let odd = odd.says("hint: it is damaged, or was never sealed\n");
    assert!(!odd.stderr().contains("--exclude"), "{odd}");
}

#[test]
fn a_signature_that_is_not_checked_is_called_that() {
    let scene = Scene::with_signed_calls("");
    for line in [
        "sign calls.zip --sign server.key -o no.zip",
        "share calls.zip -k customer.key -r vendor.crt --sign server.key -o no.zip",
    ] {
        scene.line(line).exits(2).complains_with_hint(&[
            "calls.zip: it is signed, and no signer is named to check that",
        ]);
    }
    scene.write(
        "callseal.toml",
        "[profiles.acme]\nsigners = ['server.crt']\nrequire-signature = true\n",
    );
    // It opens nothing, so that it needs no signature.
    scene.ok("pack -q -o plain.zip -r customer.crt calls");
    let sign = "sign plain.zip --config callseal.toml --sign server.key";
    scene.ok(&format!("{sign} -o signed.zip"));
    scene.verifies("signed.zip");
    scene.make_signer("other");
    scene.ok("pack -q -o others.zip -r customer.crt --sign other.key calls");
    scene
        .line("sign others.zip --config callseal.toml --sign server.key -o no.zip")
        .exits(5);
    // Whoever names a signer asks for the signature.
    scene
        .line("sign plain.zip --signer server.crt --sign server.key -o no.zip")
        .exits(5);
    scene
        .line("sign plain.zip --sign server.key -o plain.zip -f")
        .exits(2)
        .says("or replace the file itself with --in-place");
    scene
        .ok("sign plain.zip --sign server.key --in-place")
        .says("signed plain.zip as it stands (4 entries) in place (");
}

#[test]
fn who_has_signed_is_in_the_json_of_each_command() {
    let scene = Scene::with_signed_calls("");
    let share = "share calls.zip -k customer.key -r vendor.crt --signer server.crt";
    for line in [
        "extract calls.zip -k customer.key --signer server.crt -C out",
        "convert calls.zip -k customer.key --signer server.crt -r vendor.crt -o new.zip",
        "sign calls.zip --signer server.crt --sign server.key -o signed.zip",
        &format!("{share} -o shared.zip"),
    ] {
        let facts = scene.ok(&format!("{line} --json")).json();
        assert_eq!(facts["signed_by"][0]["signer"], "server", "{line}");
        assert!(facts["signed_by"][0]["claimed"].is_string(), "{line}");
        assert!(facts["origin_signed_by"].is_null(), "{line}");
    }
    let extract = "extract shared.zip -k vendor.key --signer server.crt -C shared --json";
    let facts = scene.ok(extract).json();
    assert!(facts["signed_by"].is_null());
    assert_eq!(facts["origin_signed_by"][0]["signer"], "server");
    assert_eq!(facts["origin_missing"], 0);
    scene
        .ok("extract calls.zip -k customer.key --signer server.crt -C again")
        .says("; each member is compared with the signed list as it is opened");
    for line in [
        "pack --dry-run -o no.zip -r customer.crt --sign server.key calls",
        &format!("{share} --sign server.key --dry-run"),
    ] {
        scene
            .ok(line)
            .says(", signed by “server”; nothing was written");
    }
}

#[test]
fn a_signer_is_not_called_a_recipient() {
    let scene = Scene::with_signed_calls("");
    scene
        .line("verify calls.zip --signer server.key")
        .exits(2)
        .complains_with_hint(&["server.key: it holds a private key, but a signer is named by"]);
    scene.make_sealer();
    scene
        .line("verify calls.zip --signer sealer.crt")
        .exits(5)
        .says("warning: the certificate “sealer” is not for signatures");
    scene.ok("seal calls/a.txt -r customer.crt -o a.pgp");
    scene
        .line("open a.pgp -k customer.key --signer server.crt -o no.txt")
        .exits(2)
        .complains_with_hint(&["server.crt: it is not an OpenPGP certificate"]);
    scene.tool("openssl req -new -key server.key -subj /CN=server -out server.csr");
    for key in ["server.crt", "server.csr"] {
        scene
            .line(&format!(
                "pack -o no.zip -r customer.crt --sign {key} calls"
            ))
            .exits(2)
            .says("hint: ");
    }
}

#[test]
fn a_fingerprint_is_taken_as_openssl_shows_it_and_shown_as_it_is_taken() {
    let scene = Scene::with_signed_calls("");
    let shown = scene.tool("openssl x509 -noout -fingerprint -sha256 -in server.crt");
    let shown = shown.stdout();
    let verify = ["verify", "calls.zip", "--signer", shown.trim()];
    scene.callseal(verify).exits(0).prints("signed by “server”");
    let (_, digits) = shown.trim().split_once('=').unwrap();
    let digits = digits.replace(':', "");
    scene
        .ok("inspect server.crt")
        .prints(&format!("  certificate SHA-256 {digits}\n"))
        .prints("  for signatures only\n");
    scene
        .line(&format!("verify calls.zip --signer {}", &digits[..40]))
        .exits(2)
        .says("an X.509 certificate is named by its SHA-256, 64 digits");
}

#[test]
fn those_who_claim_to_have_signed_an_archive_and_its_origin_are_told_apart() {
    let scene = Scene::with_signed_calls("");
    for name in ["other", "stranger"] {
        scene.make_signer(name);
    }
    let share = "share calls.zip -k customer.key -r vendor.crt --signer server.crt";
    scene.ok(&format!("{share} --sign other.key -q -o shared.zip"));
    scene
        .line("verify shared.zip --signer stranger.crt")
        .exits(5)
        .complains(&["; it claims to be signed by “other”, and what is sealed in it by “server”"]);
    // The signature of the archive is there, and it isn't that of the named one.
    scene.make_openpgp_signer("ivr");
    scene
        .line("extract calls.zip -k customer.key --signer ivr.asc -C no")
        .exits(5)
        .says(
            "it claims to be signed by “server”; so a signature has to be inside of each message",
        );
    scene.ok("pack -q -o plain.zip -r customer.crt calls");
    scene
        .line("verify plain.zip --signer ivr.asc")
        .exits(5)
        .says("`extract --signer` and `cat --signer` check signatures inside of its messages");
}

#[test]
fn an_archive_that_is_sound_has_no_line_when_quiet() {
    let scene = Scene::with_signed_calls("");
    remove_one(&scene);
    let outcome = scene
        .line("verify -q calls.zip removed.zip --signer server.crt")
        .exits(5);
    let stdout = outcome.stdout();
    assert!(stdout.starts_with("removed.zip: NOT VERIFIED"), "{outcome}");
    assert_eq!(stdout.lines().count(), 1, "{outcome}");
    scene
        .ok("verify -q calls.zip --signer server.crt")
        .stays_silent();
    // Of several, the worst counts.
    scene
        .line("verify calls.zip missing.zip --signer server.crt")
        .exits(1);
}

#[test]
fn an_entry_that_cannot_be_signed_is_named_with_its_cause() {
    let scene = Scene::with_a_signer();
    for (name, words) in [
        ("-", "-: sha256sum would take its name for standard input"),
        ("calls/", "it is a directory"),
    ] {
        scene.write("odd.zip", zip([Member::new(name, b"")]).bytes());
        scene
            .line("sign odd.zip --sign server.key -o no.zip")
            .exits(2)
            .complains(&[words, "so the archive can't be signed"])
            .says("`zip -q -d ARCHIVE '*/'`");
    }
}

#[test]
fn slips_around_signatures_have_their_remedies() {
    let scene = Scene::with_signed_calls("");
    scene.tool("mkdir folder");
    for (line, status, hint) in [
        (
            "convert calls.zip -o no.zip -r vendor.crt -k customer.key --drop-signatures",
            2,
            "always leaves the signatures out",
        ),
        ("verify calls.zip --signers-of acme", 2, "-p NAME"),
        ("verify folder", 1, "folder/*.zip"),
        (
            "pack -o no.zip -r customer.crt --sign folder calls",
            1,
            "name the file of one private key",
        ),
        (
            "pack -o no.zip -r customer.crt --sign /dev/null calls",
            2,
            "`callseal keygen --sign` makes one",
        ),
        ("keygen --sign --name x --no-passphrase --days 0", 2, ""),
        ("keygen --sign --name x --no-passphrase --days x", 2, ""),
    ] {
        let outcome = scene.line(line).exits(status);
        match hint {
            "" => outcome.says("expected a whole number from 1 to 36500"),
            hint => outcome.says(hint),
        };
    }
}

#[test]
fn a_signature_vouches_for_messages_that_are_not_authenticated() {
    let scene = Scene::with_a_signer();
    scene.rsa_pair("gir");
    scene.ok("pack -q -o cms.zip -r gir.crt --format cms --sign server.key calls");
    scene
        .ok("extract cms.zip -k gir.key --signer server.crt -C out")
        .says(" to out, as signed (the messages themselves are not authenticated)\n");
    scene
        .ok("extract cms.zip -k gir.key -C again")
        .says(" to again, not authenticated\n");
}

#[test]
fn what_share_does_with_a_profile_and_in_place_is_said_as_it_is() {
    let scene = Scene::with_signed_calls("");
    scene
        .ok("share --help")
        .prints("Also let in the recipients of this profile in the config\n");
    scene
        .ok("share calls.zip -k customer.key -r vendor.crt --signer server.crt --in-place")
        .says("shared 3 members of calls.zip in place (");
}

#[test]
fn what_is_missing_of_an_origin_is_said_with_quiet_too() {
    let scene = Scene::with_signed_calls("--index none");
    let mut all = entries(&scene, "calls.zip");
    // Nobody needs a key for that.
    for (name, _) in &mut all {
        *name = name.replace("callseal/manifest", "callseal/origin");
    }
    all.retain(|(name, _)| name != "calls/b.txt.pgp");
    put_together(&scene, "less.zip", &all);
    scene
        .ok("verify -q less.zip --signer server.crt")
        .prints("the archive itself is not signed")
        .prints("but 1 entry that they signed is not in it");
    let silent = scene.ok("verify -q calls.zip --signer server.crt");
    assert_eq!(silent.stdout(), "");
}

#[test]
fn a_member_that_was_replaced_by_one_for_somebody_else_was_removed() {
    let scene = Scene::with_a_signer();
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    scene.ok("seal -q -r vendor.crt calls/b.txt -o other.pgp");
    let mut all = entries(&scene, "calls.zip");
    let replaced = all.iter_mut().find(|(name, _)| name == "calls/b.txt.pgp");
    let (name, content) = replaced.unwrap();
    *name = "calls/b.txt.gpg".to_owned();
    *content = scene.read("other.pgp");
    put_together(&scene, "forged.zip", &all);
    scene
        .line("verify forged.zip -k customer.key")
        .exits(5)
        .prints("NOT VERIFIED")
        .says("the index lists it, and it isn't in the archive");
}
