//! Sharing one message that is in no archive.

use serde_json::json;

use crate::support::{P256, Scene};

/// Makes two parties, a partner who is no recipient, and a message with these
/// options.
fn sealed(options: &str) -> Scene {
    let scene = Scene::with_parties();
    scene.key_pair("partner", P256);
    scene.write("a.txt", "first");
    scene.ok(&format!(
        "seal -q -r customer.crt -r vendor.crt a.txt -o a.pgp {options}"
    ));
    scene
}

const SHARE: &str = "share a.pgp -k customer.key -r partner.crt";

#[test]
fn a_message_that_is_text_stays_text() {
    for (options, begin) in [
        ("--armor", "-----BEGIN PGP MESSAGE-----\n"),
        ("--armor --format rfc4880", "-----BEGIN PGP MESSAGE-----\n"),
        ("--armor=base64", ""),
    ] {
        let scene = sealed(options);
        scene.ok(&format!("{SHARE} -q -o other.asc"));
        scene.ok(&format!("{SHARE} -q --in-place"));
        for file in ["other.asc", "a.pgp"] {
            let text = scene.text(file);
            assert!(text.starts_with(begin) && text.is_ascii(), "{text}");
            assert_eq!(text.contains("-----BEGIN"), !begin.is_empty(), "{text}");
            for key in ["customer.key", "vendor.key", "partner.key"] {
                scene
                    .ok(&format!("open {file} -k {key} -o -"))
                    .prints("first");
            }
        }
    }
}

#[test]
fn a_mail_is_not_replaced_by_the_message_in_it() {
    let scene = sealed("--armor");
    let text = scene.text("a.pgp");
    let mail = format!("From: customer\nSubject: call\n\nHere it is.\n\n{text}");
    scene.write("a.eml", &mail);
    let share = "share a.eml -k customer.key -r partner.crt";
    for dry_run in ["", "--dry-run"] {
        scene
            .line(&format!("{share} --in-place {dry_run}"))
            .exits(2)
            .complains_with_hint(&["a.eml", "more in it than the message"])
            .says("-o OUT");
    }
    assert_eq!(scene.text("a.eml"), mail);
    scene
        .ok(&format!("{share} -o b.pgp"))
        .says("warning: a.eml: the text around its message");
    scene.ok("open b.pgp -k partner.key -o -").prints("first");
}

#[test]
fn what_follows_a_message_or_describes_it_is_not_lost() {
    let scene = sealed("--armor");
    let text = scene.text("a.pgp");
    let certificate = scene.text("customer.crt");
    let headed = text.replacen("\n\n", "\nComment: ticket 4711\n\n", 1);
    for text in [
        format!("{text}Best regards\n"),
        format!("{text}{certificate}"),
        format!("{certificate}{text}"),
        headed,
    ] {
        scene.write("b.asc", &text);
        scene
            .line("share b.asc -k customer.key -r partner.crt --in-place")
            .exits(2)
            .complains_with_hint(&["b.asc", "more in it than the message"]);
        assert_eq!(scene.text("b.asc"), text);
        scene.write("in/a.txt.pgp", &text);
        scene.tool("rm -f in.zip");
        scene.tool("zip -q -r in.zip in");
        let share = "share in.zip -k customer.key -r partner.crt";
        for dry_run in ["", "--dry-run"] {
            scene
                .line(&format!("{share} --in-place {dry_run}"))
                .exits(2)
                .complains_with_hint(&["in/a.txt", "more in it than its message"])
                .says("-o OUT");
        }
        for target in ["--dry-run", "-f -o out.zip"] {
            scene
                .ok(&format!("{share} -q {target}"))
                .says("warning: in/a.txt: the text around its message");
        }
    }
}

#[test]
fn a_message_has_no_members_to_choose() {
    let scene = sealed("");
    for members in ["--exclude *", "calls/a.txt", "calls/a.txt --exclude b"] {
        scene
            .line(&format!("{SHARE} {members} -o b.pgp"))
            .exits(2)
            .complains_with_hint(&["a.pgp", "it is one message, and has no members"])
            .says("leave out MEMBER and --exclude");
        assert!(!scene.exists("b.pgp"));
    }
}

#[test]
fn the_json_report_has_the_size_of_the_message() {
    let scene = sealed("");
    let report = scene.ok(&format!("{SHARE} -o b.pgp --json")).json();
    assert_eq!(report["archive_bytes"], scene.read("b.pgp").len());
    assert_eq!(report["indexed"], 0);
    let added = json!([scene.fingerprint("partner.crt")]);
    assert_eq!(report["members"][0]["name"], "a.pgp");
    assert_eq!(report["members"][0]["added"], added);
    let dry = scene.ok(&format!("{SHARE} --dry-run --json")).json();
    assert_eq!(dry["archive_bytes"], 0);
}

#[test]
fn a_hint_for_a_message_names_what_works_with_one() {
    let scene = sealed("");
    let fingerprint = scene.fingerprint("partner.crt");
    scene
        .line(&format!(
            "share a.pgp -k customer.key --remove {fingerprint} --in-place"
        ))
        .exits(2)
        .complains_with_hint(&["a.pgp", "is not a recipient"])
        .says("`callseal inspect FILE` shows the recipients");
    scene.gpg("--quick-gen-key gnu rsa2048 encr never");
    scene.gpg("--export --output gnu.pgp gnu");
    let anew = "set -o pipefail; callseal open FILE -k KEY -o - | callseal seal -r CERT -o NEW.pgp";
    scene
        .line("share a.pgp -k customer.key -r gnu.pgp --in-place")
        .exits(3)
        .complains_with_hint(&["gnu", "can't read rfc9580 messages"])
        .says(anew);
    let anew = anew
        .replace("FILE", "a.pgp")
        .replace("KEY", "customer.key")
        .replace("CERT", "gnu.pgp");
    scene.bash(&anew).exits(0);
    scene.gpg("--decrypt NEW.pgp");
    scene
        .line("grant a.pgp a.txt -k customer.key -r partner.crt -o x.grant")
        .fails()
        .complains_with_hint(&["a.pgp", "it is one message"])
        .says("`callseal share FILE` lets somebody open one message");
}
