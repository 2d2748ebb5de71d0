//! Input files: unsuitable files are refused at once, and an input is never an
//! output.

#![cfg(target_os = "linux")]
use std::fs;
use std::os::unix::net::UnixListener;

use crate::support::Scene;

/// Makes an archive and a message for the customer, a config, and `extra/` with
/// files that some commands read.
fn scene() -> Scene {
    let scene = Scene::with_a_call();
    scene.write(
        "callseal.toml",
        "[profiles.acme]\nrecipients = ['customer.crt']\n",
    );
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    scene.ok("seal -q -o a.pgp -r customer.crt calls/a.txt");
    scene.write("list", "calls/a.txt\n");
    scene.write("phrase", "correct-horse\n");
    scene.write("documents", "{\"a\":1}\n");
    scene
}

#[test]
fn a_fifo_a_socket_and_a_device_are_refused_at_once() {
    let scene = scene();
    scene.tool("mkfifo fifo fifo.toml");
    let _socket = UnixListener::bind(scene.path("socket")).unwrap();
    for special in ["fifo", "socket", "/dev/zero", "/dev/tty"] {
        for (line, status) in [
            ("list SPECIAL", 1),
            ("extract SPECIAL -k customer.key -C out", 1),
            ("cat SPECIAL a -k customer.key", 1),
            (
                "convert SPECIAL -o out.zip -r customer.crt -k customer.key",
                1,
            ),
            ("keys --archive SPECIAL -k customer.key", 1),
            ("keys -k SPECIAL", 1),
            ("open a.pgp -o out -k SPECIAL", 1),
            ("open SPECIAL -o out -k customer.key", 1),
            (
                "open a.pgp -o out -k customer.key --passphrase-file SPECIAL",
                1,
            ),
            ("inspect SPECIAL", 1),
            ("seal -o out.pgp -r SPECIAL calls/a.txt", 3),
            ("pack -o out.zip -r SPECIAL calls", 3),
            ("pack -o out.zip -r customer.crt --files-from SPECIAL", 1),
            ("pack -o out.zip --config SPECIAL calls", 2),
            ("config check --config SPECIAL", 2),
            ("export SPECIAL -k customer.key -o out.asc", 1),
            ("export --gpg SPECIAL -o out.asc", 1),
            (
                "export --gpg customer.key --new-passphrase-file SPECIAL -o out.asc",
                1,
            ),
            ("keygen --name out --passphrase-file SPECIAL", 1),
            ("fields seal --fields a -r customer.crt SPECIAL -o out", 1),
            ("fields open -k customer.key SPECIAL -o out", 1),
            (
                "fields open --legacy-aes-cbc --fields a --key-form raw --key-file SPECIAL documents -o out",
                1,
            ),
        ] {
            scene
                .line(&line.replace("SPECIAL", special))
                .exits(status)
                .complains_with_hint(&[special, "not a regular file"]);
        }
    }
    scene
        .line("inspect fifo.toml")
        .exits(2)
        .complains_with_hint(&["fifo.toml", "not a regular file"]);
    for (name, content) in [
        ("ca", "ca-file = 'fifo'"),
        ("crl", "ca-file = 'customer.crt'\ncrl-file = 'fifo'"),
    ] {
        let config =
            format!("[profiles.acme]\nrecipients = ['customer.crt']\ntrust = 'ca'\n{content}\n");
        scene.write(format!("{name}.toml"), config);
        scene
            .line(&format!("pack -o out.zip --config {name}.toml calls"))
            .exits(3)
            .complains_with_hint(&["fifo", "not a regular file"]);
    }
    let names = scene.names();
    assert!(
        !names.iter().any(|name| name.starts_with("out")),
        "{names:?}"
    );
}

#[test]
fn a_file_that_another_process_has_open_is_read() {
    let scene = scene();
    scene.locked_key_pair("locked", "rsa:2048", "correct-horse");
    scene.ok("seal -q -o locked.pgp -r locked.crt calls/a.txt");
    for script in [
        "callseal seal -r <(cat customer.crt) -o - calls/a.txt | callseal open -k customer.key",
        "callseal seal -r /dev/stdin -o - calls/a.txt <customer.crt | callseal open -k customer.key",
        "cat customer.crt | callseal seal -r /dev/stdin -o - calls/a.txt | callseal open -k customer.key",
        "callseal open -k <(cat customer.key) -o - a.pgp",
        "callseal open -k customer.key -o - <(cat a.pgp)",
        "cat a.pgp | callseal open -k customer.key -o - /dev/stdin",
        "callseal open -k customer.key -o - /proc/self/fd/5 5<a.pgp",
        "callseal open -k locked.key -o - locked.pgp --passphrase-file <(cat phrase)",
        "callseal open -k locked.key -o - locked.pgp --passphrase-file /dev/stdin <phrase",
        "callseal open -k locked.key -o - locked.pgp --passphrase-fd 5 5<phrase",
        "callseal open -k locked.key -o - locked.pgp --passphrase-fd 5 5< <(cat phrase)",
        "callseal seal --config <(cat callseal.toml) -r customer.crt -o - calls/a.txt | callseal open -k customer.key",
        "callseal seal --config /dev/null -r customer.crt -o - calls/a.txt | callseal open -k customer.key",
        "callseal pack -o listed.zip -r customer.crt --files-from <(cat list) && callseal cat listed.zip calls/a.txt -k customer.key",
    ] {
        scene
            .bash(&format!("set -o pipefail; {script}"))
            .exits(0)
            .prints("the first call");
    }
    scene
        .bash("callseal fields seal --fields a -r customer.crt <(cat documents) | callseal fields open -k customer.key /dev/stdin")
        .exits(0)
        .prints("{\"a\":1}");
}

#[test]
fn an_input_is_never_the_output() {
    let scene = scene();
    scene.write(
        "party.toml",
        "[profiles.acme]\nrecipients = [{ name = 'acme', certificates = 'certs' }]\n",
    );
    scene.write("certs/2026.crt", scene.read("customer.crt"));
    scene.write(
        "ca.toml",
        "[profiles.acme]\nrecipients = ['customer.crt']\ntrust = 'ca'\nca-file = 'ca.crt'\n",
    );
    scene.write("ca.crt", scene.read("customer.crt"));
    scene.write_private("keys/customer.key", scene.read("customer.key"));
    for (line, read) in [
        ("open a.pgp -k customer.key", "customer.key"),
        ("open a.pgp -k keys", "keys/customer.key"),
        ("open a.pgp -k customer.key", "a.pgp"),
        (
            "open a.pgp -k customer.key --passphrase-file phrase",
            "phrase",
        ),
        (
            "open --config callseal.toml a.pgp -k customer.key",
            "callseal.toml",
        ),
        ("seal -r customer.crt calls/a.txt", "customer.crt"),
        ("seal -r customer.crt calls/a.txt", "calls/a.txt"),
        ("seal --config callseal.toml calls/a.txt", "callseal.toml"),
        ("seal --config party.toml calls/a.txt", "certs/2026.crt"),
        ("seal --config ca.toml calls/a.txt", "ca.crt"),
        ("pack -r customer.crt calls", "customer.crt"),
        ("pack -r customer.crt --files-from list", "list"),
        ("pack --config callseal.toml calls", "callseal.toml"),
        ("pack --dry-run -r customer.crt calls", "customer.crt"),
        (
            "convert calls.zip -k customer.key -r vendor.crt",
            "calls.zip",
        ),
        (
            "convert calls.zip -k customer.key -r vendor.crt",
            "customer.key",
        ),
        (
            "convert calls.zip -k customer.key -r vendor.crt",
            "vendor.crt",
        ),
        ("export --gpg customer.key", "customer.key"),
        (
            "export --gpg customer.key --new-passphrase-file phrase",
            "phrase",
        ),
        ("export customer.crt -k customer.key", "customer.crt"),
        ("export customer.crt -k customer.key", "customer.key"),
        (
            "fields seal --fields a -r customer.crt documents",
            "documents",
        ),
        (
            "fields seal --fields a -r customer.crt documents",
            "customer.crt",
        ),
        ("fields open -k customer.key documents", "customer.key"),
    ] {
        let before = scene.read(read);
        fs::hard_link(scene.path(read), scene.path("linked")).unwrap();
        std::os::unix::fs::symlink(read, scene.path("pointing")).unwrap();
        let there = scene.tree("");
        for output in [read, "linked", "pointing"] {
            scene
                .line(&format!("{line} -f -o {output}"))
                .exits(2)
                .complains_with_hint(&[output, "both an input and the output"]);
        }
        assert_eq!(scene.read(read), before, "{line}");
        assert_eq!(scene.tree(""), there, "{line}");
        fs::remove_file(scene.path("linked")).unwrap();
        fs::remove_file(scene.path("pointing")).unwrap();
    }
    // Standard input is an input, too.
    for script in [
        "callseal open -f -k customer.key -o a.pgp <a.pgp",
        "callseal seal -f -r customer.crt -o list <list",
        "callseal fields seal -f --fields a -r customer.crt -o documents <documents",
        "callseal pack -f -r customer.crt --files-from - -o list <list",
    ] {
        scene
            .bash(script)
            .exits(2)
            .complains_with_hint(&["both an input and the output"]);
    }
}

#[test]
fn an_extraction_overwrites_neither_its_archive_nor_its_keys() {
    let scene = scene();
    for name in ["calls.zip", "customer.key", "callseal.toml", "plain.txt"] {
        scene.write(format!("evil/{name}"), "not what it was");
    }
    scene
        .bash("cd evil && callseal pack -q -f -o ../calls.zip -r ../customer.crt *")
        .exits(0);
    let before = ["calls.zip", "customer.key", "callseal.toml"].map(|name| scene.read(name));
    scene
        .line("extract -f calls.zip -k customer.key --config callseal.toml -C .")
        .exits(6)
        .complains_with_hint(&["calls.zip", "both an input and the output"])
        .complains(&["customer.key", "both an input and the output"])
        .complains(&["callseal.toml", "both an input and the output"]);
    let after = ["calls.zip", "customer.key", "callseal.toml"].map(|name| scene.read(name));
    assert!(before == after);
    assert_eq!(scene.text("plain.txt"), "not what it was");
}

#[test]
fn an_extraction_replaces_no_certificate_that_a_later_member_needs() {
    let scene = Scene::with_a_call();
    scene.key_pair("rsa", "rsa:2048");
    scene.write_private("keys/a.key", scene.read("rsa.key"));
    scene.write("keys/gir.crt", scene.read("rsa.crt"));
    // The archive's first member has the name of the certificate; the second
    // one is a CMS message, for which it is read.
    scene.write("in/keys/gir.crt", "something else");
    scene
        .bash("cd in && callseal pack -q -o ../calls.zip -r ../rsa.crt keys")
        .exits(0);
    scene.ok("seal -q --format cms -o z.txt.p7m -r rsa.crt calls/a.txt");
    scene.tool("zip -q -0 calls.zip z.txt.p7m");
    scene
        .line("extract -f -j 1 calls.zip -k keys/a.key -C .")
        .exits(6)
        .complains(&["keys/gir.crt", "both an input and the output"]);
    assert_eq!(scene.read("keys/gir.crt"), scene.read("rsa.crt"));
    assert_eq!(scene.text("z.txt"), "the first call");
}

#[test]
fn a_descriptor_is_not_an_output() {
    let scene = Scene::with_a_call();
    scene.ok("seal -q -o a.pgp -r customer.crt calls/a.txt");
    scene.write("passphrase", "secret");
    for line in [
        "open -f a.pgp -k customer.key -o /dev/stdout > out",
        "open -f a.pgp -k customer.key --passphrase-fd 7 -o passphrase 7< passphrase",
    ] {
        let outcome = scene.bash(&format!("callseal {line}")).outcome();
        assert_ne!(outcome.status(), Some(0), "{outcome}");
    }
    assert_eq!(scene.text("passphrase"), "secret");
    assert!(std::path::Path::new("/dev/stdout").is_symlink());
}
