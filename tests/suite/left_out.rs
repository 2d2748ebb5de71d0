//! Files and certificates that could be left out, or taken in, by mistake.

use crate::support::{P256, Scene};

#[test]
fn a_file_to_pack_is_never_the_output() {
    let scene = Scene::with_parties();
    scene.write("calls/one", "the only copy of a call");
    scene.write("calls/two", "another");
    for line in [
        "pack --force -o calls/one -r customer.crt calls",
        "pack --force -o calls/../calls/one -r customer.crt calls",
        "pack --force --follow-links -o calls/one -r customer.crt calls",
    ] {
        scene
            .line(line)
            .exits(2)
            .complains_with_hint(&["calls/one", "the output would replace it"]);
    }
    assert_eq!(scene.text("calls/one"), "the only copy of a call");
}

#[test]
fn an_archive_of_other_files_is_a_file_to_pack() {
    let scene = Scene::with_parties();
    scene.write("calls/one", "a call");
    scene.tool("zip -q calls/data.zip calls/one");
    let before = scene.read("calls/data.zip");
    scene
        .line("pack --force -o calls/data.zip -r customer.crt calls")
        .exits(2)
        .complains_with_hint(&["calls/data.zip", "the output would replace it"]);
    assert_eq!(scene.read("calls/data.zip"), before);
}

#[test]
fn an_archive_that_holds_no_messages_is_a_file_to_pack_whatever_its_names() {
    let scene = Scene::with_a_call();
    scene.write("mail.asc", "plain text");
    for members in ["mail.asc", ""] {
        scene.python(
            "import sys, zipfile\nz = zipfile.ZipFile('calls/out.zip', 'w')\n[z.write(name) for name in sys.argv[1].split()]\nz.close()",
            &[members],
        );
        scene
            .line("pack --force -o calls/out.zip -r customer.crt calls")
            .exits(2)
            .complains_with_hint(&["calls/out.zip", "the output would replace it"]);
    }
}

#[cfg(unix)]
#[test]
fn a_link_among_the_files_to_pack_is_never_the_output() {
    let scene = Scene::with_a_call();
    std::os::unix::fs::symlink("a.txt", scene.path("calls/link")).unwrap();
    scene
        .line("pack --force -o calls/link -r customer.crt calls")
        .exits(2)
        .complains_with_hint(&["calls/link", "the output would replace it"]);
    assert!(scene.path("calls/link").is_symlink());
}

#[test]
fn the_archive_of_an_earlier_run_is_left_out_and_named() {
    let scene = Scene::with_a_call();
    scene.ok("pack -o calls/out.zip -r customer.crt calls");
    scene
        .ok("pack --force -o calls/out.zip -r customer.crt calls")
        .says("calls/out.zip: the archive of an earlier run, left out");
    scene.ok("list calls/out.zip").prints("1 member");
}

#[test]
fn a_certificate_among_the_files_to_pack_causes_a_warning() {
    let scene = Scene::with_a_call();
    scene
        .ok("pack -o out.zip -r customer.crt vendor.crt calls")
        .says("warning: vendor.crt: a certificate, sealed as a file")
        .says("`-r vendor.crt`");
    // Whatever its name.
    scene.write("recipient", scene.read("vendor.crt"));
    scene
        .ok("pack -o named.zip -r customer.crt recipient calls")
        .says("warning: recipient: a certificate");
    scene
        .ok("seal -r customer.crt vendor.crt")
        .says("warning: vendor.crt: a certificate");
}

#[test]
fn a_private_key_among_the_files_to_pack_causes_a_warning() {
    let scene = Scene::with_a_call();
    scene.write_private("calls/deep/server.key", scene.read("vendor.key"));
    let packed = scene
        .ok("pack --json -o out.zip -r customer.crt calls")
        .says("warning: calls/deep/server.key: a private key");
    let suspects = &packed.json()["suspects"];
    assert_eq!(suspects[0]["path"], "calls/deep/server.key");
    assert_eq!(suspects[0]["kind"], "private key");
    assert_eq!(suspects.as_array().unwrap().len(), 1);
}

#[test]
fn a_file_that_only_resembles_a_certificate_is_not_suggested_as_a_recipient() {
    let scene = Scene::with_a_call();
    scene.tool("openssl req -new -key vendor.key -subj /CN=vendor -out vendor.csr");
    scene.write("store.p12", "a keystore");
    scene.write("calls/.callseal-abc123.tmp", "half a call");
    let packed = scene
        .ok("pack -o out.zip -r customer.crt vendor.csr store.p12 calls")
        .says("vendor.csr: a certificate or a request for one")
        .says("store.p12: a keystore by its name")
        .says("calls/.callseal-abc123.tmp: left by a callseal run that was killed");
    assert!(!packed.stderr().contains("`-r "), "{packed}");
}

#[test]
fn recipients_of_the_same_name_are_distinguished_by_their_files() {
    let scene = Scene::with_a_call();
    scene.self_signed("one").called("same").make();
    scene.self_signed("two").called("same").make();
    scene
        .ok("seal -r one.crt -r two.crt -r customer.crt calls/a.txt")
        .says("for 3 recipients (same in one.crt, same in two.crt, customer)");
}

#[test]
fn a_failure_counts_even_if_nobody_reads_the_report() {
    let scene = Scene::with_a_call();
    scene.ok("pack -o calls.zip -r customer.crt calls");
    let convert = "convert calls.zip -o out.zip -k vendor.key -r vendor.crt --json";
    for reader in ["| true", "> /dev/full"] {
        scene
            .bash(&format!("set -o pipefail; callseal {convert} {reader}"))
            .exits(4)
            .complains(&["calls/a.txt"]);
    }
    scene
        .bash("set -o pipefail; callseal list calls.zip | true")
        .exits(0);
}

#[test]
fn a_message_among_the_files_to_pack_causes_a_warning() {
    let scene = Scene::with_a_call();
    scene.key_pair("rsa", "rsa:2048");
    scene.write("calls/b.txt", "the second call");
    scene.ok("seal -r customer.crt calls/a.txt");
    scene.ok("seal --format cms -r rsa.crt calls/b.txt");
    scene.write("calls/c.pgp", "not a message");
    let packed = scene
        .ok("pack -o out.zip -r customer.crt calls")
        .says("warning: calls/a.txt.pgp: already sealed")
        .says("warning: calls/b.txt.p7m: already sealed");
    assert!(!packed.stderr().contains("c.pgp"), "{packed}");
    scene
        .ok("seal -r customer.crt calls/a.txt.pgp")
        .says("warning: calls/a.txt.pgp: already sealed");
}

#[test]
fn many_warnings_of_a_kind_are_counted() {
    let scene = Scene::with_a_call();
    scene.ok("seal -o 0.pgp -r customer.crt calls/a.txt");
    for i in 0..13 {
        scene.write(format!("sealed/{i}.pgp"), scene.read("0.pgp"));
    }
    let packed = scene
        .ok("pack -o out.zip -r customer.crt sealed")
        .says("warning: 3 more files: already sealed; -v or --json lists them all");
    assert_eq!(packed.stderr().matches("sealed again").count(), 10);
    let packed = scene.ok("pack -f -v -o out.zip -r customer.crt sealed");
    assert_eq!(packed.stderr().matches("sealed again").count(), 13);
}

#[test]
fn a_private_key_is_named_before_all_certificates() {
    let scene = Scene::with_a_call();
    for i in 0..13 {
        scene.write(format!("keys/{i}.crt"), scene.read("customer.crt"));
    }
    scene.write("keys/z.key", scene.read("customer.key"));
    scene
        .ok("pack -o out.zip -r customer.crt keys")
        .says("warning: keys/z.key: a private key");
}

#[test]
fn a_pattern_that_matches_nothing_causes_a_warning() {
    let scene = Scene::with_a_call();
    scene.write("calls/b.wav", "another");
    for (options, pattern) in [
        ("--exclude call/**", "call/**"),
        ("--exclude a.txt --exclude *.flca", "*.flca"),
        ("--include a.txt --include *.flca", "*.flca"),
    ] {
        let packed = scene
            .ok(&format!(
                "pack -f -q -o out.zip -r customer.crt {options} calls"
            ))
            .says(&format!("{pattern:?} matches nothing\n"));
        assert_eq!(packed.stderr().matches("warning:").count(), 1, "{packed}");
        let line = format!("pack -f --json -o out.zip -r customer.crt {options} calls");
        let json = scene.ok(&line).json();
        assert_eq!(json["unmatched_patterns"], serde_json::json!([pattern]));
    }
    let matched = "--include *.txt --include a.* --exclude b.*";
    let packed = scene.ok(&format!(
        "pack -f -q -o out.zip -r customer.crt {matched} calls"
    ));
    assert_eq!(packed.stderr(), "");
}

#[test]
fn a_quiet_command_still_warns_of_files_that_are_not_authenticated() {
    let scene = Scene::new();
    scene.key_pair("gir", "rsa:2048");
    scene.genesys_archive("gir.crt");
    let words = "not authenticated: the content may have been changed in transit";
    scene
        .ok("extract -q GIR.zip -k gir.key -C opened")
        .says(&format!("warning: 2 files {words}"));
    scene
        .ok("convert -q GIR.zip -k gir.key -r gir.crt -o new.zip")
        .says(&format!("warning: 2 files {words}"));
    scene
        .ok("open -q GIR/1001.wav.p7m -k gir.key -o 1001.wav")
        .says(&format!("warning: 1 file {words}"));
}

#[test]
fn an_archive_in_a_pipe_has_a_remedy() {
    let scene = Scene::with_a_call();
    scene.ok("pack -o calls.zip -r customer.crt calls");
    scene
        .bash("cat calls.zip | callseal list /dev/stdin")
        .exits(1)
        .complains_with_hint(&["/dev/stdin: ", "an archive can't be read from a pipe"]);
    scene.tool("mkfifo pipe");
    scene
        .line("list pipe")
        .exits(1)
        .complains_with_hint(&["pipe: ", "an archive can't be read from a pipe"]);
    scene
        .bash("callseal list - < calls.zip")
        .exits(1)
        .says("hint: standard input can't be read here; save it to a file first");
    scene.bash("callseal list /dev/stdin < calls.zip").exits(0);
}

#[test]
fn the_last_line_names_the_recipients() {
    let scene = Scene::with_a_call();
    let both = "for 2 recipients (customer, vendor)";
    scene
        .ok("pack -o out.zip -r customer.crt -r vendor.crt calls")
        .says(both);
    scene
        .ok("pack --dry-run -o new.zip -r customer.crt -r vendor.crt calls")
        .says(both);
    scene
        .ok("seal -r vendor.crt calls/a.txt")
        .says("for 1 recipient (vendor)");
    scene
        .ok("convert out.zip -o converted.zip -k vendor.key -r customer.crt -r vendor.crt")
        .says(both);
}

#[test]
fn the_last_line_names_the_first_of_many_recipients() {
    let scene = Scene::with_a_call();
    let mut line = String::from("seal calls/a.txt");
    for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        scene.key_pair(name, P256);
        line += &format!(" -r {name}.crt");
    }
    scene
        .ok(&line)
        .says("for 8 recipients (a, b, c, d, e, f and 2 more)");
}

#[test]
fn two_certificates_in_one_file_are_refused_and_named() {
    let scene = Scene::with_a_call();
    scene.concatenate(&["customer.crt", "vendor.crt"], "both.crt");
    for line in [
        "pack -o out.zip -r both.crt calls",
        "seal -r both.crt calls/a.txt",
    ] {
        scene.line(line).exits(3).complains_with_hint(&[
            "both.crt",
            "“customer”",
            "“vendor”",
            "one certificate and the CAs that issued it",
        ]);
    }
    assert!(!scene.exists("out.zip"));
}

#[test]
fn a_chain_in_any_order_belongs_to_its_recipient() {
    let scene = Scene::with_a_call();
    scene.make_cas();
    scene.leaf("vendor2", "issuing").make();
    for (chain, name) in [
        (["issuing.crt", "regional.crt", "root.crt"], "up.crt"),
        (["root.crt", "issuing.crt", "regional.crt"], "mixed.crt"),
    ] {
        let mut parts = vec!["vendor2.crt"];
        parts.extend(chain);
        scene.concatenate(&parts, name);
        scene.ok(&format!("seal -f -r {name} calls/a.txt"));
    }
    // A stranger after the chain is still refused.
    scene.concatenate(&["up.crt", "customer.crt"], "stranger.crt");
    scene
        .line("seal -f -r stranger.crt calls/a.txt")
        .exits(3)
        .complains_with_hint(&["stranger.crt", "“vendor2”", "“customer”"]);
}

#[test]
fn the_same_certificate_twice_is_one_recipient() {
    let scene = Scene::with_a_call();
    scene.concatenate(&["customer.crt", "customer.crt"], "twice.crt");
    scene.ok("seal -r twice.crt calls/a.txt");
}

#[test]
fn a_public_key_and_its_certificate_are_one_recipient() {
    let scene = Scene::with_a_call();
    scene.tool_to("openssl x509 -in customer.crt -pubkey", "customer.pem");
    scene.ok("seal -r customer.pem calls/a.txt");
}

#[test]
fn another_key_after_a_key_or_certificate_is_refused() {
    let scene = Scene::with_a_call();
    scene.tool_to(
        "openssl x509 -in customer.crt -pubkey -noout",
        "customer.pub",
    );
    scene.tool_to("openssl x509 -in vendor.crt -pubkey -noout", "vendor.pub");
    scene.tool("openssl crl2pkcs7 -nocrl -certfile vendor.crt -out bundle.p7b");
    scene.gpg("--quick-gen-key ann@example.org rsa2048 encr never");
    scene.tool_to("gpg --batch --armor --export ann@example.org", "ann.asc");
    for (first, second) in [
        ("customer.pub", "vendor.pub"),
        ("customer.pub", "vendor.crt"),
        ("customer.crt", "vendor.pub"),
        ("customer.crt", "ann.asc"),
        ("ann.asc", "customer.crt"),
        ("ann.asc", "customer.pub"),
        ("customer.crt", "bundle.p7b"),
    ] {
        scene.concatenate(&[first, second], "two.pem");
        scene
            .line("seal -f -r two.pem calls/a.txt")
            .exits(3)
            .complains_with_hint(&["two.pem", "it holds 2 certificates"]);
    }
}

#[test]
fn a_file_given_to_a_listing_must_be_a_certificate() {
    let scene = Scene::with_a_call();
    scene.ok("pack -o out.zip -r customer.crt calls");
    for command in ["list out.zip", "inspect out.zip"] {
        for wrong in ["nofile.crt", "calls", "customer.key", "calls/a.txt"] {
            scene
                .line(&format!("{command} -r {wrong}"))
                .exits(3)
                .complains_with_hint(&[wrong]);
        }
        scene
            .ok(&format!("{command} -r customer.crt"))
            .prints("customer");
    }
}

#[test]
fn several_certificates_in_one_option_get_a_hint() {
    let scene = Scene::with_a_call();
    scene
        .line("pack -o out.zip -r customer.crt,vendor.crt calls")
        .exits(2)
        .complains_with_hint(&["customer.crt,vendor.crt"])
        .says("-r customer.crt -r vendor.crt");
    // A file may have such a name.
    scene.write("a,b.crt", scene.read("vendor.crt"));
    scene.ok("pack -o out.zip -r a,b.crt calls");
    scene
        .line("pack -o no.zip -r customer.crt,nobody.crt calls")
        .exits(2)
        .says("-r customer.crt -r nobody.crt");
}
