//! The config, through the program.

use crate::support::{Outcome, Scene};

/// The first lines of a LumenVox file, with a box of comments.
const BOX: &str = "\
################################################################\n\
#                                                              #\n\
#  LOGGING_ENCRYPTION_KEY = /not/this/one.crt                  #\n\
#                                                              #\n\
################################################################\n\
[GLOBAL]\n\
LOG_LEVEL = 3\n";

/// Checks a `client_property.conf` with this text after the box.
#[track_caller]
fn check(scene: &Scene, setting: &str, status: i32) -> Outcome {
    scene.write("client_property.conf", format!("{BOX}{setting}"));
    scene
        .line("config check --config client_property.conf --json")
        .exits(status)
}

#[test]
fn the_only_profile_is_shown_as_the_default_one() {
    let scene = Scene::with_parties();
    let profile = |name| format!("[profiles.{name}]\nrecipients = ['vendor.crt']\n");
    let checked = |text: &str| {
        scene.write("callseal.toml", text);
        scene.ok("config check --config callseal.toml")
    };
    checked(&profile("acme")).prints("default profile     acme");
    checked(&(profile("acme") + &profile("solo")))
        .prints("default profile     none, so commands need -p");
    checked("compress = 'none'\n")
        .prints("default profile     none")
        .says("warning: callseal.toml: it has no profiles, so the commands that seal need -r");
}

#[test]
fn config_check_prints_what_was_read() {
    let scene = Scene::with_a_call();
    scene.write(
        "etc/callseal.toml",
        "default-profile = \"acme\"\nkeys = [\"../customer.key\"]\ncompress = \"none\"\nformat = \"rfc4880\"\n\
         [profiles.acme]\nrecipients = [\"../customer.crt\", \"../vendor.crt\"]\n\
         [profiles.solo]\nrecipients = [\"../vendor.crt\"]\n",
    );
    for fact in [
        "acme",
        "solo",
        "none",
        "rfc4880",
        "../customer.crt",
        "../customer.key",
    ] {
        scene
            .ok("config check --config etc/callseal.toml")
            .prints(fact);
    }
    // And it is applied.
    scene.ok("pack -o c.zip --config etc/callseal.toml calls");
    let listed = scene
        .ok("list c.zip --json --config etc/callseal.toml")
        .json();
    assert_eq!(listed["sealed"][0]["format"], "rfc4880");
    assert_eq!(
        listed["sealed"][0]["recipients"].as_array().unwrap().len(),
        2
    );
    scene.ok("extract c.zip -C out --config etc/callseal.toml");
    assert_eq!(scene.read("out/calls/a.txt"), b"the first call");
    scene.ok("pack -f -o c.zip --config etc/callseal.toml -p solo calls --format auto");
    let listed = scene.ok("list c.zip --json").json();
    assert_eq!(listed["sealed"][0]["format"], "rfc9580");
    assert_eq!(
        listed["sealed"][0]["recipients"].as_array().unwrap().len(),
        1
    );
    // -r adds to a named profile, and counts alone otherwise.
    for (arguments, recipients) in [("-p solo -r customer.crt", 2), ("-r customer.crt", 1)] {
        scene.ok(&format!(
            "pack -f -o c.zip --config etc/callseal.toml {arguments} calls"
        ));
        let listed = scene.ok("list c.zip --json").json();
        let found = listed["sealed"][0]["recipients"].as_array().unwrap().len();
        assert_eq!(found, recipients, "{arguments}");
    }
    scene
        .line("pack -o no.zip --config etc/callseal.toml -p nobody calls")
        .exits(2)
        .complains_with_hint(&["no profile named \"nobody\""]);
}

#[test]
fn an_unknown_key_is_an_error_that_names_its_line() {
    let scene = Scene::with_parties();
    for (text, line, key) in [
        ("format = \"auto\"\nrecipient = \"a.crt\"\n", 2, "recipient"),
        (
            "[profiles.a]\nrecipients = [\"customer.crt\"]\n\nkeys = []\n",
            4,
            "keys",
        ),
        (
            "[profile.a]\nrecipients = [\"customer.crt\"]\n",
            1,
            "profile",
        ),
    ] {
        scene.write("callseal.toml", text);
        scene
            .line("config check --config callseal.toml")
            .exits(2)
            .complains_with_hint(&[&format!("callseal.toml:{line}: unknown key {key:?}")]);
    }
    scene.write("callseal.toml", "keys = [\n\"a\",\n");
    scene
        .line("config check --config callseal.toml")
        .exits(2)
        .says("callseal.toml:");
    scene.write("callseal.toml", "compress = \"gzip\"\n");
    scene
        .line("config check --config callseal.toml")
        .exits(2)
        .complains_with_hint(&["callseal.toml:1: compress cannot be \"gzip\""]);
}

#[test]
fn the_command_line_overrides_the_config_of_the_environment() {
    let scene = Scene::with_a_call();
    for name in ["customer", "vendor"] {
        scene.write(
            format!("{name}.toml"),
            format!("[profiles.p]\nrecipients = [\"{name}.crt\"]\n"),
        );
    }
    scene
        .line("config check")
        .env("CALLSEAL_CONFIG", "vendor.toml")
        .exits(0)
        .prints("vendor.crt");
    scene
        .line("config check --config customer.toml")
        .env("CALLSEAL_CONFIG", "vendor.toml")
        .exits(0)
        .prints("customer.crt");
    scene
        .line("pack -o c.zip calls")
        .env("CALLSEAL_CONFIG", "missing.toml")
        .exits(2)
        .complains_with_hint(&["missing.toml: no such file"]);
    scene
        .line("pack -o c.zip calls")
        .env("CALLSEAL_CONFIG", "vendor.toml")
        .exits(0);
    scene.ok("extract c.zip -k vendor.key -C out");
}

#[test]
fn the_vendors_own_file_is_a_config_in_all_its_shapes() {
    let scene = Scene::with_a_call();
    let dir = scene.root().display().to_string();
    for setting in [
        format!("LOGGING_ENCRYPTION_KEY = {dir}/customer.crt,{dir}/vendor.crt\n"),
        format!("LOGGING_ENCRYPTION_KEY={dir}/customer.crt , {dir}/vendor.crt\n[SRE]\nX = 1\n"),
        format!("LOGGING_ENCRYPTION_KEY =\n{dir}/customer.crt,{dir}/vendor.crt\n"),
        format!("LOGGING_ENCRYPTION_KEY = {dir}/customer.crt,\n    {dir}/vendor.crt\n"),
        format!("LOGGING_ENCRYPTION_KEY = \"{dir}/customer.crt\",\"{dir}/vendor.crt\""),
        "LOGGING_ENCRYPTION_KEY = customer.crt,vendor.crt".to_owned(),
    ] {
        for text in [setting.clone(), setting.replace('\n', "\r\n")] {
            let facts = check(&scene, &text, 0).json();
            let labels: Vec<_> = facts["profiles"]["client_property"]
                .as_array()
                .unwrap()
                .iter()
                .map(|recipient| recipient["label"].as_str().unwrap())
                .collect();
            assert_eq!(labels, ["customer", "vendor"], "{text:?}");
        }
    }
    scene.ok("pack -o c.zip --config client_property.conf calls");
    for party in ["customer", "vendor"] {
        scene.ok(&format!("extract c.zip -k {party}.key -C {party}"));
    }
}

#[test]
fn a_setting_that_means_no_encryption_is_an_error_and_packs_nothing() {
    let scene = Scene::with_a_call();
    for (setting, reason) in [
        (
            "LOGGING_ENCRYPTION_KEY = default\n",
            "set to default, which means no encryption",
        ),
        ("LOGGING_ENCRYPTION_KEY =\n\ndefault\n", ""),
        ("LOGGING_ENCRYPTION_KEY =\n", "is empty"),
        ("# LOGGING_ENCRYPTION_KEY = customer.crt\n", "is missing"),
        (
            "LOGGING_ENCRYPTION_KEY = customer.crt,\n",
            "ends in a comma",
        ),
        (
            "LOGGING_ENCRYPTION_KEY = customer.crt,default\n",
            "default in a list",
        ),
    ] {
        check(&scene, setting, 2)
            .complains_with_hint(&["client_property.conf"])
            .says(reason);
        scene
            .line("pack -o c.zip --config client_property.conf calls")
            .exits(2)
            .says(reason);
        assert!(!scene.exists("c.zip"), "{setting:?}");
    }
}

#[test]
fn windows_paths_are_read_as_they_are_written() {
    let scene = Scene::with_parties();
    let path = r"C:\Program Files\LumenVox\certs\vendor.crt";
    for setting in [
        format!("LOGGING_ENCRYPTION_KEY = {path},customer.crt\r\n"),
        format!("LOGGING_ENCRYPTION_KEY =\r\n{path},customer.crt\r\n"),
    ] {
        // The file isn't on this machine: the check shows its whole path.
        check(&scene, &setting, 3).says(path);
    }
}

#[test]
fn a_check_says_which_recipient_cannot_be_used_now() {
    let scene = Scene::with_parties();
    scene.write(
        "callseal.toml",
        "[profiles.a]\nrecipients = [\"customer.crt\"]\n[profiles.b]\nrecipients = [\"customer.crt\", \"gone.crt\"]\n",
    );
    let outcome = scene
        .line("config check --config callseal.toml --json")
        .exits(3)
        .says(": profile b: gone.crt: ");
    assert_eq!(outcome.json()["profiles"]["a"][0]["label"], "customer");
    assert!(outcome.json()["profiles"]["b"].is_null());
}

#[test]
fn a_check_names_every_recipient_and_key_that_cannot_be_used() {
    let scene = Scene::with_parties();
    scene.write(
        "callseal.toml",
        "keys = [\"customer.key\", \"lost.key\", \"lost/\"]\n\
         [profiles.b]\nrecipients = [\"gone.crt\", \"customer.crt\", \"missing.crt\"]\n",
    );
    scene
        .line("config check --config callseal.toml")
        .exits(3)
        .says(": profile b: gone.crt: ")
        .says(": profile b: missing.crt: ")
        .says("error: lost.key: ")
        .says("error: lost/: ");
}

#[test]
fn a_check_takes_the_same_keys_as_the_other_commands() {
    let scene = Scene::with_a_call();
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    std::fs::create_dir(scene.path("empty")).unwrap();
    for (keys, status) in [
        ("'customer.key', 'customer.crt'", 0),
        ("'customer.crt'", 4),
        ("'empty'", 4),
        ("'empty', 'customer.key'", 0),
    ] {
        scene.write("callseal.toml", format!("keys = [{keys}]\n"));
        for line in ["config check", "cat calls.zip calls/a.txt"] {
            scene
                .line(&format!("{line} --config callseal.toml"))
                .exits(status);
        }
    }
}

#[test]
fn a_listing_for_an_unknown_profile_is_refused() {
    let scene = Scene::with_a_call();
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    scene.write(
        "callseal.toml",
        "[profiles.acme]\nrecipients = ['customer.crt']\n",
    );
    for command in ["list", "inspect"] {
        scene
            .line(&format!(
                "{command} calls.zip -p acne --config callseal.toml"
            ))
            .exits(2)
            .complains_with_hint(&["no profile named \"acne\""]);
        scene
            .line(&format!("{command} calls.zip -p acme"))
            .exits(2)
            .complains_with_hint(&["no config is given for the profile \"acme\""]);
        scene.ok(&format!(
            "{command} calls.zip -p acme --config callseal.toml"
        ));
    }
}

#[test]
fn a_check_finds_recipients_that_the_format_cannot_serve() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    scene.ok("keygen -q --openpgp --name Open --no-passphrase");
    scene.write(
        "callseal.toml",
        "format = 'cms'\n[profiles.acme]\nrecipients = ['a.crt', 'Open.asc']\n",
    );
    scene
        .line("config check --config callseal.toml")
        .exits(3)
        .complains_with_hint(&["profile acme: Open.asc: ", "cms messages"]);
}
