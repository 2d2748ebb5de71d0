//! Wrong inputs, as people make them at three in the morning: each gets its
//! cause, a remedy and the right status.

use crate::support::Scene;

/// A command line, its status, words of the error line and words of the hint.
type Wrong<'a> = (&'a str, i32, &'a [&'a str], &'a [&'a str]);

#[track_caller]
fn all_help(scene: &Scene, wrong: &[Wrong<'_>]) {
    for (line, status, error, hint) in wrong {
        let outcome = scene.without_terminal(line).exits(*status);
        let said = outcome.stderr();
        let errors = said.lines().filter(|line| line.starts_with("error: "));
        let is_named = |text: &str| error.iter().all(|word| text.contains(word));
        assert!(errors.clone().any(is_named), "{error:?}\n{outcome}");
        let mut hints = said.lines().filter(|line| line.starts_with("hint: "));
        let helps = |text: &str| hint.iter().all(|word| text.contains(word));
        assert!(hint.is_empty() || hints.any(helps), "{hint:?}\n{outcome}");
        assert!(!said.contains("tip:"), "{outcome}");
        // One cause is said once or twice, not for each member.
        assert!(errors.count() <= 4, "{outcome}");
    }
}

/// Makes keys and certificates of both parties, an archive of six members, and a
/// message.
fn scene() -> Scene {
    let scene = Scene::with_parties();
    for number in 1..=6 {
        scene.write(format!("calls/{number}.txt"), "a call\n");
    }
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    scene.ok("seal -q -r customer.crt calls/1.txt -o one.pgp");
    scene.locked_key_pair("locked", "rsa:2048", "secret");
    scene.ok("pack -q -o locked.zip -r locked.crt calls");
    scene.key_pair("other", "rsa:2048");
    scene.write("empty", "");
    scene.write("note.txt", "just a note\n");
    scene.write_private("wrong.pass", "wrong\n");
    scene
}

#[test]
fn options_of_other_programs_get_the_one_that_does_it_here() {
    all_help(
        &scene(),
        &[
            ("extract calls.zip -d out", 2, &["'-d'"], &["-C DIR"]),
            ("extract calls.zip -o out", 2, &["'-o'"], &["-C DIR"]),
            (
                "extract calls.zip --output out",
                2,
                &["'--output'"],
                &["-C DIR"],
            ),
            ("extract -x calls.zip", 2, &["'-x'"], &["leave it out"]),
            ("extract calls.zip -p acme", 2, &["'-p'"], &["-k KEY"]),
            (
                "extract calls.zip -i customer.key",
                2,
                &["'-i'"],
                &["-k KEY"],
            ),
            (
                "extract calls.zip --overwrite -k customer.key",
                2,
                &["'--overwrite'"],
                &["--force"],
            ),
            (
                "extract calls.zip -k locked.key --passphrase x",
                2,
                &["'--passphrase'"],
                &["--passphrase-file"],
            ),
            (
                "extract calls.zip -k locked.key --password x",
                2,
                &["'--password'"],
                &["--passphrase-file"],
            ),
            (
                "cat calls.zip calls/1.txt -o x",
                2,
                &["'-o'"],
                &["standard output"],
            ),
            ("open -d one.pgp", 2, &["'-d'"], &["leave it out"]),
            ("seal -e note.txt", 2, &["'-e'"], &["leave it out"]),
            ("seal -c note.txt", 2, &["'-c'"], &["-r CERT"]),
            (
                "pack -k customer.key -o x.zip calls",
                2,
                &["'-k'"],
                &["-r CERT"],
            ),
            (
                "pack --to customer.crt -o x.zip calls",
                2,
                &["'--to'"],
                &["-r CERT"],
            ),
            (
                "pack -R customer.crt -o x.zip calls",
                2,
                &["'-R'"],
                &["-r CERT"],
            ),
            (
                "pack --recurse -r customer.crt -o x.zip calls",
                2,
                &["'--recurse'"],
                &["directories"],
            ),
            (
                "seal -a base64 -r customer.crt note.txt",
                2,
                &["'note.txt'"],
                &["--armor=base64"],
            ),
            ("keygen --name new -o keys", 2, &["'-o'"], &["--out DIR"]),
            ("keygen new", 2, &["'new'"], &["--name NAME"]),
            ("keys customer.key", 2, &["'customer.key'"], &["-k KEY"]),
            (
                "grep -17 calls.zip -k customer.key",
                2,
                &["'-1'"],
                &["behind --, after all options"],
            ),
            (
                "grep -- -17 calls.zip -k customer.key",
                2,
                &["no member is called \"-k\""],
                &["put options in front of it"],
            ),
            (
                "check customer.crt",
                2,
                &["'customer.crt'"],
                &["config", "callseal inspect"],
            ),
            (
                "list calls.zip --recipent customer.crt",
                2,
                &["'--recipent'"],
                &["did you mean `--recipient`"],
            ),
        ],
    );
}

#[test]
fn commands_of_other_programs_get_the_one_that_does_it_here() {
    let scene = scene();
    all_help(
        &scene,
        &[
            ("encrypt note.txt", 2, &["'encrypt'"], &["seal", "pack"]),
            ("decrypt one.pgp", 2, &["'decrypt'"], &["open", "extract"]),
            ("test calls.zip", 2, &["'test'"], &["callseal verify"]),
            ("PACK", 2, &["'PACK'"], &["did you mean `pack`?"]),
            ("unzip calls.zip", 2, &["'unzip'"], &["extract"]),
            ("ls calls.zip", 2, &["'ls'"], &["list"]),
            ("recipients calls.zip", 2, &["'recipients'"], &["share"]),
            (
                "extrct calls.zip",
                2,
                &["'extrct'"],
                &["did you mean", "`extract`"],
            ),
        ],
    );
    scene
        .ok("version")
        .prints(concat!("callseal ", env!("CARGO_PKG_VERSION")));
    scene.line("").exits(2).says("Usage: ");
}

#[test]
fn a_dash_that_is_no_hyphen_is_named() {
    let scene = scene();
    for (line, typed) in [
        ("extract calls.zip \u{2013}k customer.key", "-k"),
        ("extract calls.zip \u{2014}key customer.key", "--key"),
        ("pack \u{2212}o x.zip -r customer.crt calls", "-o"),
    ] {
        let refused = scene.callseal(line.split(' ')).exits(2);
        refused
            .complains_with_hint(&["it begins with a dash, not with a hyphen"])
            .says(&format!("hint: type it as {typed};"));
    }
    // A file of that name can still be given.
    scene.write("\u{2013}k", "a file");
    scene
        .callseal([
            "seal",
            "-q",
            "-r",
            "customer.crt",
            "./\u{2013}k",
            "-o",
            "x.pgp",
        ])
        .exits(0);
}

#[test]
fn a_file_of_another_kind_is_named_for_what_it_is() {
    let scene = scene();
    scene.tool("openssl cms -sign -binary -nodetach -in note.txt -signer customer.crt -inkey customer.key -outform DER -out signed.p7m");
    scene.tool("tar -czf calls.tar.gz calls");
    all_help(
        &scene,
        &[
            (
                "open customer.crt",
                5,
                &["customer.crt", "a certificate or public key"],
                &["callseal inspect"],
            ),
            (
                "open customer.key",
                5,
                &["customer.key", "a private key"],
                &["callseal inspect"],
            ),
            (
                "open calls.zip",
                5,
                &["calls.zip", "a ZIP archive"],
                &["callseal extract"],
            ),
            (
                "open empty -o x",
                5,
                &["empty: the file is empty"],
                &["get it again"],
            ),
            (
                "open note.txt -k customer.key",
                5,
                &["note.txt", "neither an OpenPGP nor a CMS message"],
                &["callseal inspect"],
            ),
            (
                "open signed.p7m -k customer.key",
                4,
                &["signed.p7m", "signed CMS data"],
                &["openssl cms -verify"],
            ),
            (
                "open calls -k customer.key",
                1,
                &["calls: is a directory"],
                &[],
            ),
            (
                "list one.pgp",
                5,
                &["one.pgp", "one message, not an archive"],
                &["callseal open"],
            ),
            (
                "list note.txt",
                5,
                &["note.txt: not a ZIP archive"],
                &["callseal inspect"],
            ),
            ("list empty", 5, &["empty: the file is empty"], &[]),
            ("list calls", 1, &["calls: is a directory"], &[]),
            (
                "list nothing.zip",
                1,
                &["nothing.zip: no such file"],
                &["it was looked for in /"],
            ),
            (
                "list cals.zip",
                1,
                &["cals.zip: no such file"],
                &["did you mean calls.zip?"],
            ),
            (
                "list old/calls.zip",
                1,
                &["old/calls.zip: no such file"],
                &["there is no directory old"],
            ),
            (
                "pack -o x.zip -r customer.crt call",
                1,
                &["call: no such file"],
                &["did you mean calls?"],
            ),
            (
                "extract calls.zip -k custmer.key",
                1,
                &["custmer.key: no such file"],
                &["did you mean customer.key?"],
            ),
            (
                "extract locked.zip -k locked.key --passphrase-file wrong.pas",
                1,
                &["wrong.pas: no such file"],
                &["did you mean wrong.pass?"],
            ),
            (
                "extract calls.zip -k customer.crt",
                4,
                &["customer.crt", "not a private key"],
                &["-k customer.key"],
            ),
            (
                "extract calls.zip -k customer.key -C -",
                2,
                &["standard output"],
                &["callseal cat"],
            ),
            (
                "convert calls.zip -k customer.key -r customer.crt -o /dev/null",
                2,
                &["/dev/null: an archive can't be written to a pipe or a device"],
                &["callseal cat"],
            ),
            (
                "pack -r customer.crt -o /dev/null calls",
                2,
                &["/dev/null"],
                &["--dry-run"],
            ),
            (
                "pack --dry-run --sha256 -r customer.crt -o x.zip calls",
                2,
                &["--sha256", "--dry-run"],
                &[],
            ),
            (
                "keys -k customer.crt",
                4,
                &["customer.crt", "not a private key"],
                &["private key"],
            ),
            ("keys -k empty", 4, &["empty: the file is empty"], &[]),
            (
                "keys -k note.txt",
                4,
                &["note.txt: it holds no private key"],
                &["PKCS#12"],
            ),
            (
                "keys -k missing.key",
                1,
                &["missing.key: no such file"],
                &["it was looked for in"],
            ),
            (
                "seal -r customer.key note.txt",
                3,
                &["customer.key: it holds a private key"],
                &["-r customer.crt"],
            ),
            (
                "seal -r note.txt note.txt",
                3,
                &["note.txt: it is not a certificate"],
                &["X.509"],
            ),
            (
                "seal -r empty note.txt",
                3,
                &["empty: the file is empty"],
                &[],
            ),
            (
                "seal -r calls.zip note.txt",
                3,
                &["calls.zip", "a ZIP archive"],
                &["X.509"],
            ),
            (
                "seal -r calls note.txt",
                3,
                &["calls: is a directory"],
                &["name a file"],
            ),
            (
                "seal -r missing.crt note.txt",
                3,
                &["missing.crt: no such file"],
                &["it was looked for in"],
            ),
            (
                "seal -r vendor@example.org note.txt",
                3,
                &["vendor@example.org"],
                &["-r takes a file"],
            ),
            (
                "seal -r customer.crt missing.txt",
                1,
                &["missing.txt: no such file"],
                &[],
            ),
            ("seal -r customer.crt calls", 2, &["calls"], &[]),
            ("inspect missing", 1, &["missing: no such file"], &[]),
        ],
    );
    scene
        .ok("inspect calls.tar.gz signed.p7m")
        .prints("calls.tar.gz: an archive of another kind than ZIP\n");
    scene
        .ok("inspect signed.p7m")
        .prints("signed.p7m: signed CMS data\n");
}

#[test]
fn one_cause_is_said_once_whatever_the_number_of_members() {
    let scene = scene();
    all_help(
        &scene,
        &[
            (
                "extract calls.zip -C out",
                4,
                &["no private key is given"],
                &["-k KEY"],
            ),
            (
                "extract calls.zip -k other.key -C out",
                4,
                &["it isn't sealed to your key"],
                &["-k KEY"],
            ),
            (
                "extract locked.zip -k locked.key -C out",
                4,
                &["locked.key", "no passphrase was given"],
                &["--passphrase-file"],
            ),
            (
                "extract locked.zip -k locked.key -C out --passphrase-file wrong.pass",
                4,
                &["locked.key: the passphrase is wrong"],
                &["check the passphrase"],
            ),
            (
                "extract locked.zip -k locked.key -C out --passphrase-file empty",
                4,
                &["empty: there is no passphrase in it"],
                &["on a line of its own"],
            ),
            (
                "extract locked.zip -k locked.key -C out --passphrase-file missing",
                1,
                &["missing: no such file"],
                &[],
            ),
        ],
    );
    scene.ok("extract calls.zip -k customer.key -C out");
    all_help(
        &scene,
        &[(
            "extract calls.zip -k customer.key -C out",
            1,
            &["already exists"],
            &["--force"],
        )],
    );
}

#[test]
fn members_and_outputs_that_do_not_fit_are_named() {
    all_help(
        &scene(),
        &[
            (
                "extract calls.zip calls/7.txt -k customer.key",
                1,
                &["calls.zip: no member is called \"calls/7.txt\""],
                &["callseal list"],
            ),
            (
                "extract calls.zip *.wav -k customer.key",
                1,
                &["no member matches \"*.wav\""],
                &["callseal list"],
            ),
            (
                "extract calls.zip [ -k customer.key",
                2,
                &["\"[\" is not a valid pattern"],
                &[],
            ),
            (
                "list calls.zip locked.zip",
                2,
                &["locked.zip: one archive at a time"],
                &["each archive"],
            ),
            (
                "convert calls.zip -r vendor.crt -k customer.key -o -",
                2,
                &["standard output"],
                &["-o"],
            ),
            (
                "pack -o calls.zip -r customer.crt calls",
                1,
                &["calls.zip", "already exists"],
                &["--force"],
            ),
            (
                "pack -o no/where.zip -r customer.crt calls",
                1,
                &["no/where.zip"],
                &["mkdir -p no"],
            ),
            ("pack -o x.zip -r customer.crt", 2, &["required"], &[]),
            (
                "pack -o x.zip calls",
                2,
                &["no recipient is given"],
                &["certificates with -r"],
            ),
            (
                "pack -o x.zip -r customer.crt calls calls",
                2,
                &["given twice"],
                &["inside of another"],
            ),
            (
                "seal -r customer.crt note.txt -o note.txt --force",
                2,
                &["note.txt"],
                &[],
            ),
            (
                "extract calls.zip -k customer.key --max-member-size much",
                2,
                &["'much'"],
                &[],
            ),
        ],
    );
}
