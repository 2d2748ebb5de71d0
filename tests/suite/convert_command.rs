//! `callseal convert`: from any archive into one for a profile.

use crate::support::{P256, Scene};
use serde_json::json;

fn genesys() -> Scene {
    let scene = Scene::new();
    scene.key_pair("gir", "rsa:2048");
    scene.key_pair("customer", P256);
    scene.key_pair("vendor", P256);
    scene.write(
        "callseal.toml",
        "[profiles.acme]\nrecipients = [\"customer.crt\", \"vendor.crt\"]\n",
    );
    scene.genesys_archive("gir.crt");
    scene
}

const CONVERT: &str = "convert GIR.zip -o calls.zip --config callseal.toml -p acme -k gir.key";

#[test]
fn a_genesys_archive_becomes_one_for_a_profile_with_names_and_times_kept() {
    let scene = genesys();
    scene
        .ok(CONVERT)
        .says("converted 2 members (29 B) for 2 recipients (customer, vendor) into calls.zip")
        .says("2 of them were not authenticated");
    for key in ["customer.key", "vendor.key"] {
        scene.ok(&format!("extract -f calls.zip -k {key} -C opened"));
        assert_eq!(scene.text("opened/GIR/1001.wav"), "RIFF said first");
        assert_eq!(scene.text("opened/GIR/1002.wav"), "RIFF said then");
        scene
            .tool("stat -c %Y opened/GIR/1002.wav")
            .prints("1551522030");
    }
    scene
        .ok("list calls.zip")
        .prints("2019-03-02T10:20:30Z")
        .prints("GIR/1001.wav")
        .prints("format rfc9580");
    scene.line("list calls.zip -k gir.key").exits(0);
    scene.line("extract calls.zip -k gir.key -C none").exits(4);
}

#[test]
fn sha256sum_checks_what_comes_out_of_the_new_archive() {
    let scene = genesys();
    let sums = scene.ok(CONVERT).stdout();
    scene.write("opened/sums", sums);
    scene.ok("extract calls.zip -k vendor.key -C opened");
    scene
        .bash("cd opened && sha256sum -c sums")
        .exits(0)
        .prints("GIR/1001.wav: OK\nGIR/1002.wav: OK\n");
}

#[test]
fn the_json_report_has_each_member_s_format_and_sha256() {
    let scene = genesys();
    let report = scene.ok(&format!("{CONVERT} --json")).json();
    let sum = scene.tool("sha256sum said/1001.wav").stdout();
    let member = &report["members"][0];
    assert_eq!(member["name"], "GIR/1001.wav");
    assert_eq!(member["sha256"], sum.split(' ').next().unwrap());
    assert_eq!(member["plain_bytes"], 15);
    assert_eq!(member["modified"], "2019-03-02T10:20:30Z");
    assert_eq!(member["format"], "cms");
    assert_eq!(member["authenticated"], false);
    assert_eq!(report["members"].as_array().unwrap().len(), 2);
    assert_eq!(report["format"], "rfc9580");
    assert_eq!(report["recipients"][1]["source"], "vendor.crt");
}

#[test]
fn a_recipient_is_added_to_your_own_archive() {
    let scene = genesys();
    scene.write("calls/deep/a.xml", "<said/>".repeat(5000));
    scene.tool("touch -d 2021-01-02T03:04:05Z calls/deep/a.xml");
    scene.ok("pack -o own.zip -r customer.crt calls");
    scene.ok("convert own.zip -o both.zip -r customer.crt -r vendor.crt -k customer.key");
    scene.ok("extract both.zip -k vendor.key -C opened");
    assert_eq!(
        scene.text("opened/calls/deep/a.xml"),
        "<said/>".repeat(5000)
    );
    scene
        .tool("stat -c %Y opened/calls/deep/a.xml")
        .prints("1609556645");
    let open = "convert both.zip -o again.zip -r vendor.crt -k vendor.key --json";
    let member = scene.ok(open).json()["members"][0].take();
    assert_eq!(member["authenticated"], true);
    assert_eq!(member["format"], "rfc9580");
}

#[test]
fn a_mixed_archive_is_converted_whole() {
    let scene = genesys();
    scene.write("note.txt", "of our own");
    scene.ok("seal -r gir.crt --format rfc4880 note.txt");
    scene.tool("zip -q GIR.zip note.txt.pgp");
    scene
        .ok(CONVERT)
        .says("converted 3 members (39 B)")
        .says("2 of them were not authenticated");
    scene
        .ok("cat calls.zip note.txt -k vendor.key")
        .prints("of our own");
}

#[test]
fn all_members_that_can_not_be_converted_are_named_and_nothing_is_written() {
    let scene = genesys();
    scene.key_pair("other", "rsa:2048");
    for name in ["3", "4"] {
        scene.cms_encrypt(
            "said/1001.wav",
            &format!("{name}.wav.p7m"),
            "-aes256 -outform DER other.crt",
        );
    }
    scene.tool("rm other.crt");
    scene.tool("zip -q GIR.zip 3.wav.p7m 4.wav.p7m");
    for jobs in [1, 4] {
        scene
            .line(&format!("{CONVERT} --jobs {jobs}"))
            .exits(4)
            .complains(&["3.wav", "of other"])
            .complains(&["4.wav", "of other"])
            .complains_with_hint(&["GIR.zip", "2 of 4 members", "nothing was written"]);
        assert!(!scene.exists("calls.zip"));
    }
    scene.ok(&format!("{CONVERT} --exclude 3.wav --exclude 4.*"));
    scene.ok("list calls.zip").prints("2 members");
}

#[test]
fn a_member_altered_at_its_end_is_named() {
    let scene = genesys();
    let mut message = scene.read("GIR/1002.wav.p7m");
    message.pop();
    scene.write("GIR/1002.wav.p7m", message);
    scene.tool("zip -q -r GIR.zip GIR");
    let report = scene
        .line(&format!("{CONVERT} --json"))
        .exits(5)
        .complains(&["GIR/1002.wav", "truncated"]);
    let report = report.json();
    assert_eq!(report["members"], json!([]));
    assert_eq!(report["failures"][0]["exit_status"], 5);
    assert!(!scene.exists("calls.zip"));
}

#[test]
fn an_archive_that_exists_is_not_overwritten_and_never_the_input() {
    let scene = genesys();
    scene.write("calls.zip", "mine");
    scene
        .line(CONVERT)
        .exits(1)
        .complains_with_hint(&["calls.zip", "already exists"]);
    assert_eq!(scene.text("calls.zip"), "mine");
    scene.ok(&format!("{CONVERT} --force"));
    scene
        .line("convert calls.zip -o calls.zip --force -r vendor.crt -k vendor.key")
        .exits(2)
        .complains(&["calls.zip", "both an input and the output"]);
}

#[test]
fn no_plaintext_is_written_to_any_file() {
    let scene = genesys();
    // 20 MiB: more than any buffer holds.
    let said = "what was said in this call ".repeat(800_000);
    scene.write("long.wav", &said);
    scene.cms_encrypt("long.wav", "long.wav.p7m", "-aes256 -outform DER gir.crt");
    scene.tool("zip -q -0 GIR.zip long.wav.p7m");
    scene
        .bash(&format!(
            "strace -f -e trace=write,pwrite64,writev -s 4194304 -o trace callseal {CONVERT} --compress none && ! grep -q 'was said in this' trace"
        ))
        .exits(0);
    scene.ok("extract calls.zip long.wav -k vendor.key -C opened");
    assert!(scene.text("opened/long.wav") == said);
}

#[test]
fn one_refused_recipient_means_no_archive() {
    let scene = genesys();
    scene.dated_certificate("old.crt", "old", -800, 365);
    scene
        .line("convert GIR.zip -o calls.zip -r vendor.crt -r old.crt -k gir.key")
        .exits(3)
        .complains(&["old.crt", "expired"]);
    assert!(!scene.exists("calls.zip"));
}

#[test]
fn a_single_member_that_can_not_be_converted_stops_the_conversion() {
    let scene = genesys();
    scene.key_pair("other", "rsa:2048");
    scene.cms_encrypt(
        "said/1001.wav",
        "3.wav.p7m",
        "-aes256 -outform DER other.crt",
    );
    scene.tool("rm other.crt");
    scene.tool("zip -q GIR.zip 3.wav.p7m");
    scene
        .line(CONVERT)
        .exits(4)
        .complains(&["3.wav", "of other"])
        .complains_with_hint(&["GIR.zip", "1 of 3 members", "nothing was written"]);
}

#[test]
fn members_that_were_fine_are_not_counted_twice_against_the_limit() {
    let scene = genesys();
    for name in ["a", "b", "c"] {
        scene.write(format!("calls/{name}"), name.repeat(1 << 20));
    }
    scene.ok("pack -o own.zip -r customer.crt --compress deflate calls");
    scene.ok("pack -o other.zip -r vendor.crt --compress deflate calls/a");
    scene.tool("unzip -q other.zip");
    scene.tool("mv calls/a.pgp d.pgp");
    scene.tool("zip -q own.zip d.pgp");
    let convert = "convert own.zip -o new.zip -r vendor.crt -k customer.key --jobs 3";
    let failed = scene
        .line(&format!("{convert} --max-total-size 3200K"))
        .exits(4)
        .complains(&["d:", "it isn't sealed to your key"]);
    assert!(!failed.stderr().contains("decompressed"), "{failed}");
    scene.ok(&format!("{convert} --exclude d --max-total-size 3200K"));
}

#[test]
fn nothing_to_convert_is_an_error() {
    let scene = genesys();
    scene
        .line(&format!("{CONVERT} --exclude **"))
        .exits(2)
        .complains_with_hint(&["GIR.zip", "no member is left"]);
    assert!(!scene.exists("calls.zip"));
}
