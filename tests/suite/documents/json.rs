//! The output of `--json` matches the schemas in docs/json.md, and each
//! property described there is printed by some command.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use sequoia_openpgp::Profile;
use sequoia_openpgp::cert::CipherSuite;
use serde_json::Value;

use super::read;
use super::schema::Schemas;
use crate::signing_peers::signer;
use crate::support::Scene;

const DOCUMENT: &str = "docs/json.md";
const DEFINITIONS: &str = "common definitions";

/// Returns the document's schemas by their headings.
fn schemas() -> BTreeMap<String, Value> {
    let text = read(DOCUMENT);
    let sections = text.split("\n## ").skip(1);
    let schemas = sections.map(|section| {
        let (heading, body) = section.split_once('\n').unwrap();
        let [schema] = super::blocks(body, "json")[..] else {
            panic!("{heading}: not one schema");
        };
        let schema = serde_json::from_str(schema);
        let schema = schema.unwrap_or_else(|e| panic!("{heading}: {e}"));
        (heading.to_lowercase(), schema)
    });
    schemas.collect()
}

/// Runs commands and compares their output with the schemas.
struct Checker {
    scene: Scene,
    schemas: BTreeMap<String, Value>,
    common: Schemas,
    seen: RefCell<BTreeSet<String>>,
}

impl Checker {
    fn new() -> Self {
        let mut schemas = schemas();
        let definitions = schemas.remove(DEFINITIONS).unwrap();
        Self {
            scene: Scene::with_a_call(),
            schemas,
            common: Schemas::new(&definitions),
            seen: RefCell::default(),
        }
    }

    /// Checks that the output of the line matches the schema with this heading.
    #[track_caller]
    fn fits(&self, heading: &str, line: &str, status: i32) {
        let outcome = self.scene.line(&format!("{line} --json")).exits(status);
        self.fits_document(heading, &outcome.json());
    }

    /// Checks the same of a document.
    #[track_caller]
    fn fits_document(&self, heading: &str, document: &Value) {
        let findings = self
            .common
            .check(&self.schemas[heading], heading, document, "");
        let faults = findings.faults;
        assert!(faults.is_empty(), "{faults:#?}\n{document:#}");
        self.seen.borrow_mut().extend(findings.seen);
    }

    fn config(&self, name: &str, text: &str) {
        self.scene.write(name, text);
    }
}

#[test]
fn printed_json_matches_the_documented_schema() {
    let checker = Checker::new();
    sealing(&checker);
    archives(&checker);
    shared(&checker);
    signed(&checker);
    messages(&checker);
    fields(&checker);
    keys(&checker);
    configs(&checker);
    #[cfg(target_os = "linux")]
    services(&checker);
    failures(&checker);

    let mut described = BTreeSet::new();
    for (heading, schema) in &checker.schemas {
        checker.common.properties(schema, heading, &mut described);
    }
    let seen = checker.seen.take();
    let never: Vec<&String> = described.difference(&seen).collect();
    assert!(never.is_empty(), "no command prints {never:#?}");
}

fn sealing(checker: &Checker) {
    let scene = &checker.scene;
    scene.tool("cp customer.key calls/left-behind.key");
    scene.tool("ln -s a.txt calls/link");
    let recipients = "-r customer.crt -r vendor.crt";
    checker.fits(
        "pack",
        &format!("pack --dry-run -o calls.zip {recipients} calls"),
        0,
    );
    checker.fits(
        "pack",
        &format!("pack --sha256 -o calls.zip {recipients} calls"),
        0,
    );
    scene.tool("rm calls/left-behind.key calls/link");
    scene.tool("mkdir sealed");
    scene.ok(&format!("seal -q {recipients} calls/a.txt -o sealed/a.pgp"));
    for option in ["--dry-run", "-q"] {
        checker.fits(
            "pack --sealed",
            &format!("pack --sealed {option} -o sealed.zip {recipients} sealed"),
            0,
        );
    }
    scene.dated_certificate("ending.crt", "ending", 0, 12);
    let ending = "pack -o ending.zip -r ending.crt calls";
    checker.fits("pack", ending, 0);
    let nothing = format!("pack -o nothing.zip {recipients} calls --min-age 1h --allow-empty");
    checker.fits("pack", &nothing, 0);
    scene.tool("cp -r calls moved");
    scene.tool("cp customer.key moved/left-behind.key");
    let moving = format!("pack --move -o moved.zip {recipients} moved");
    checker.fits("pack", &format!("{moving} --dry-run"), 6);
    checker.fits("pack", &moving, 6);
    checker.fits("seal", "seal -r customer.crt calls/a.txt -o a.pgp", 0);
    signed_message(checker);
}

fn signed_message(checker: &Checker) {
    let scene = &checker.scene;
    signer(scene, "anna", Profile::RFC4880, CipherSuite::P256);
    let seal = "seal -r customer.crt --sign anna.key calls/a.txt -o signed.txt.pgp";
    checker.fits("seal", seal, 0);
    let options = "-k customer.key --signer anna.asc";
    let open = format!("open -f signed.txt.pgp -o signed.txt {options}");
    checker.fits("open", &open, 0);
    scene.tool("cp signed.txt.pgp a.txt.pgp");
    scene.tool("zip -q of-signed.zip a.txt.pgp");
    let extract = format!("extract of-signed.zip -C signed {options}");
    checker.fits("extract", &extract, 0);
}

fn archives(checker: &Checker) {
    let scene = &checker.scene;
    let hidden = "pack -q --hidden-recipients -r customer.crt -o hidden.zip calls";
    scene.ok(hidden);
    scene.ok("pack -q --format rfc4880 -r customer.crt -o v1.zip calls");
    scene.key_pair("gir", "rsa:2048");
    scene.ok("pack -q --format cms -r gir.crt -o cms.zip calls");
    // One is named by its subject key identifier, one is not a message at all.
    scene.write("members/a.p7m", "");
    scene.cms_encrypt(
        "calls/a.txt",
        "members/a.p7m",
        "-aes256 -outform DER -keyid gir.crt",
    );
    scene.write("members/b.txt", "no message");
    scene.tool("zip -q -r mixed.zip members");
    // Under another name than it was sealed.
    scene.write("old.txt", "an old call");
    scene.write_private("passphrase", "sesame");
    scene.gpg_with_passphrase("sesame", "--cipher-algo 3DES --symmetric old.txt");
    scene.tool("zip -q old.zip old.txt.gpg");
    scene.write("renamed/calls/b.txt.pgp", scene.read("a.pgp"));
    scene
        .bash("cd renamed && zip -q ../renamed.zip calls/b.txt.pgp")
        .exits(0);

    for archive in ["calls.zip", "hidden.zip", "v1.zip", "cms.zip"] {
        checker.fits(
            "list",
            &format!("list {archive} -k customer.key -r vendor.crt"),
            0,
        );
    }
    checker.fits("list", "list mixed.zip", 0);
    checker.fits("extract", "extract calls.zip -k customer.key -C out", 0);
    checker.fits("grep", "grep -C1 call calls.zip -k customer.key", 0);
    checker.fits("grep", "grep -c call calls.zip -k customer.key", 0);
    checker.fits("grep", "grep call cms.zip -k gir.key", 0);
    checker.fits("failure", "grep call missing.zip -k customer.key", 2);
    checker.fits(
        "list --summary",
        "list calls.zip --summary -k customer.key",
        0,
    );
    checker.fits("list", "list calls.zip --tree", 0);
    checker.fits("extract", "extract cms.zip -k gir.key -C from-cms", 0);
    checker.fits("extract", "extract mixed.zip -k gir.key -C from-mixed", 0);
    scene.tool("mkdir alone");
    scene.tool("cp gir.key alone/");
    checker.fits(
        "extract",
        "extract cms.zip -k alone/gir.key --try-all-keys -C tried",
        0,
    );
    checker.fits(
        "extract",
        "extract old.zip --passphrase-file passphrase -C old-out",
        0,
    );
    checker.fits(
        "extract",
        "extract renamed.zip -k customer.key --accept-renamed -C renamed-out",
        0,
    );
    checker.fits(
        "convert",
        "convert calls.zip -o new.zip -r vendor.crt -k customer.key",
        0,
    );
    checker.fits(
        "convert",
        "convert renamed.zip -o again.zip -r vendor.crt -k customer.key --accept-renamed",
        0,
    );
    checker.fits(
        "convert",
        "convert cms.zip -o tried.zip -r vendor.crt -k alone/gir.key --try-all-keys",
        0,
    );
    checker.fits(
        "convert",
        "convert mixed.zip -o others.zip -r vendor.crt -k gir.key",
        0,
    );
    checker.fits(
        "convert",
        "convert renamed.zip -o no.zip -r vendor.crt -k customer.key",
        5,
    );
}

fn shared(checker: &Checker) {
    checker.fits(
        "share",
        "share calls.zip -k customer.key -r vendor.crt --dry-run",
        0,
    );
    checker.fits(
        "share",
        "share calls.zip -k customer.key --remove vendor.crt -o without.zip",
        0,
    );
    checker.fits(
        "share",
        "share hidden.zip -k customer.key -r vendor.crt -o shared.zip",
        0,
    );
    checker.fits(
        "share",
        "share a.pgp -k customer.key -r vendor.crt -o shared.pgp",
        0,
    );
    checker.fits(
        "share",
        "share cms.zip -k gir.key -r vendor.crt -o no.zip",
        4,
    );
    checker.fits(
        "grant",
        "grant calls.zip calls/a.txt -k customer.key -r vendor.crt -o one.grant",
        0,
    );
    checker.fits(
        "grant",
        "grant cms.zip calls/a.txt -k gir.key -r vendor.crt -o no.grant",
        4,
    );
    checker.fits("list", "list calls.zip --grant one.grant -k vendor.key", 0);
}

fn signed(checker: &Checker) {
    let scene = &checker.scene;
    scene.ok("keygen --sign --no-passphrase --name server");
    checker.fits(
        "pack",
        "pack -o signed.zip -r customer.crt --sign server.key calls",
        0,
    );
    checker.fits("list", "list signed.zip", 0);
    checker.fits(
        "verify",
        "verify signed.zip --signer server.crt -k customer.key",
        0,
    );
    checker.fits(
        "share",
        "share signed.zip -k customer.key -r vendor.crt --signer server.crt -o origin.zip",
        0,
    );
    checker.fits("verify", "verify origin.zip --signer server.crt", 0);
    checker.fits("verify", "verify signed.zip origin.zip calls.zip", 0);
    checker.fits(
        "verify",
        "verify calls.zip missing.zip --signer server.crt",
        5,
    );
    checker.fits(
        "sign",
        "sign calls.zip --sign server.key -o signed-later.zip",
        0,
    );
    checker.fits("failure", "sign signed.zip --sign server.key --in-place", 2);
    checker.fits(
        "failure",
        "extract calls.zip --signer server.crt -k customer.key -C no",
        5,
    );
}

fn messages(checker: &Checker) {
    checker.fits("open", "open a.pgp -k customer.key -o a", 0);
    checker.fits(
        "open",
        "open members/a.p7m -k alone/gir.key --try-all-keys -o b",
        0,
    );
}

fn fields(checker: &Checker) {
    let scene = &checker.scene;
    scene.write("calls.ndjson", "{\"a\": 1, \"b\": 2}\n{\"b\": 2}\n");
    scene.write_private("shared.key", "00112233445566778899aabbccddeeff");
    let legacy = "--legacy-aes-cbc --fields a --key-file shared.key --key-form text";
    checker.fits(
        "fields seal",
        "fields seal --fields b -r customer.crt calls.ndjson -o sealed.ndjson",
        0,
    );
    checker.fits(
        "fields seal",
        &format!("fields seal {legacy} calls.ndjson -o legacy.ndjson"),
        6,
    );
    checker.fits(
        "fields open",
        "fields open -k customer.key sealed.ndjson -o opened.ndjson",
        0,
    );
}

fn keys(checker: &Checker) {
    let scene = &checker.scene;
    checker.fits(
        "keygen",
        "keygen --no-passphrase --ec p256 --name a --out made",
        0,
    );
    checker.fits(
        "keygen",
        "keygen --no-passphrase --ec p256 --name b --csr --out made",
        0,
    );
    checker.fits(
        "keygen",
        "keygen --no-passphrase --name c --openpgp --out made",
        0,
    );
    scene.locked_key_pair("locked", crate::support::P256, "secret");
    scene.tool("cp locked.key alone/");
    checker.fits(
        "keys",
        "keys -k customer.key -k made/c.key -k alone/locked.key",
        0,
    );
    checker.fits(
        "keys",
        "keys -k customer.key -k alone/locked.key --archive calls.zip",
        0,
    );
    checker.fits("export", "export --gpg customer.key -o customer.asc", 0);
    checker.fits(
        "export",
        "export customer.crt -k customer.key -o public.asc",
        0,
    );
    checker.fits("man", "man --out .", 0);
    checker.fits("player", "player -o player.html", 0);
    let store = "player -o store.html --origin https://store.example";
    checker.fits("player", store, 0);
}

fn configs(checker: &Checker) {
    let scene = &checker.scene;
    scene.make_cas();
    scene.leaf("archive", "issuing").make();
    scene.tool("mkdir party");
    scene.dated_certificate("party/old.crt", "old", -400, 365);
    scene.dated_certificate("party/now.crt", "now", -1, 20);
    scene.dated_certificate("expired.crt", "old", -400, 365);
    checker.config(
        "good.toml",
        "default-profile = \"acme\"\nkeys = [\"customer.key\"]\n[profiles.acme]\nrecipients = [\"customer.crt\"]\n\
         signers = [\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"]\n\
         [[watch]]\nname = \"calls\"\nspool = \"spool\"\noutbox = \"outbox\"\ninclude = [\"*.wav\"]\n\
         exclude = [\"old\"]\nprofile = \"acme\"\nthen = { move = \"done\" }\n",
    );
    scene.tool("mkdir spool outbox done");
    checker.config(
        "all.toml",
        "[profiles.parties]\nrecipients = [{ name = \"party\", certificates = \"party\" }]\n\
         [profiles.ca]\nrecipients = [\"archive.crt\"]\ntrust = \"ca\"\n\
         ca-file = [\"root.crt\", \"regional.crt\", \"issuing.crt\"]\n\
         signers = [\"archive.crt\", { subject = \"CN=archive\" }]\n\
         [profiles.signers]\nsigners = [\"missing.crt\"]\n\
         [profiles.expired]\nrecipients = [\"expired.crt\"]\n\
         [profiles.none]\nrecipients = [\"archive.crt\"]\ntrust = \"ca\"\nca-file = \"missing.crt\"\n",
    );
    checker.fits("config check", "config check --config good.toml", 0);
    checker.fits("config check", "config check --config all.toml", 3);
    checker.fits("check", "check --config good.toml", 0);
    checker.fits("check", "check --config all.toml -p parties", 6);
    checker.fits("check", "check --config all.toml", 3);
    let files = "calls.zip hidden.zip v1.zip cms.zip a.pgp members/a.p7m customer.crt expired.crt \
                 made/c.asc made/a.pub made/c.rev customer.key alone/locked.key good.toml calls/a.txt";
    checker.fits("inspect", &format!("inspect {files}"), 0);
    checker.fits("inspect", "inspect mixed.zip missing", 1);
}

#[cfg(target_os = "linux")]
fn services(checker: &Checker) {
    let scene = &checker.scene;
    let spool = |bundle: &str| {
        format!(
            "metrics-file = 'a.prom'\n[profiles.acme]\nrecipients = ['customer.crt', 'ending.crt']\n\
             [[watch]]\nname = 'calls'\nspool = 'spool'\noutbox = 'outbox'\nbundle = '{bundle}'\n\
             settle = '1s'\ngrace = '0s'\n"
        )
    };
    checker.config("watch.toml", &spool("daily"));
    checker.fits("config check", "config check --config watch.toml", 0);
    checker.fits("watch --status", "watch --status --config watch.toml", 1);
    for bundle in ["daily", "none"] {
        checker.config("watch.toml", &spool(bundle));
        scene.write("spool/a.wav", "a call");
        scene.write(format!("spool/{}", "a".repeat(254)), "a call");
        scene.write("spool/two\nlines", "a call");
        let log = scene.line("watch --once -v --log json --config watch.toml");
        for line in log.exits(6).stderr().lines() {
            let record = serde_json::from_str(line).unwrap();
            checker.fits_document("the log of watch", &record);
        }
        checker.fits("watch --status", "watch --status --config watch.toml", 6);
    }
    let log = scene.line("watch --log json others --config watch.toml");
    for line in log.exits(2).stderr().lines() {
        let record = serde_json::from_str(line).unwrap();
        checker.fits_document("the log of watch", &record);
    }
}

fn failures(checker: &Checker) {
    for (line, status) in [
        ("pack -o calls.zip -r customer.crt calls", 1),
        ("pack -o x.zip -r missing.crt calls", 3),
        ("pack", 2),
        ("list missing.zip", 1),
        ("extract calls.zip -C nowhere", 4),
        ("extract calls/a.txt -k customer.key -C nowhere", 5),
        ("cat calls.zip calls/a.txt -k customer.key", 2),
        (
            "convert missing.zip -o x.zip -r customer.crt -k customer.key",
            1,
        ),
        ("share missing.zip -k customer.key --in-place", 1),
        (
            "grant missing.zip a -k customer.key -r customer.crt -o x.grant",
            1,
        ),
        ("sign missing.zip --sign missing.key --in-place", 1),
        ("verify calls.zip --signer missing.crt", 1),
        ("seal -r customer.crt missing.txt", 1),
        ("open a.pgp -k vendor.key -o x", 4),
        (
            "fields seal --fields a -r customer.crt missing.json -o x",
            1,
        ),
        ("fields open -k customer.key missing.json -o x", 1),
        ("play", 2),
        ("player -o calls/a.txt", 1),
        ("keygen --no-passphrase --name a --out made", 1),
        ("keys", 4),
        ("export --gpg calls/a.txt -o x", 4),
        ("check", 2),
        #[cfg(target_os = "linux")]
        ("watch --status --config missing.toml", 2),
        ("config check", 2),
        ("completions bash", 2),
        ("man", 2),
    ] {
        checker.fits("failure", line, status);
    }
}

#[test]
fn every_command_has_a_schema_or_prints_content() {
    let schemas = schemas();
    let headings: BTreeSet<&str> = schemas.keys().map(String::as_str).collect();
    let help = Scene::new().ok("--help").stdout();
    let commands = help.lines().filter_map(|line| {
        let name = line.strip_prefix("  ")?.split(' ').next()?;
        (!name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase())).then_some(name)
    });
    let content = ["cat", "completions", "help", "play", "watch"];
    for command in commands.filter(|command| !content.contains(command)) {
        let has_schema = |heading: &&str| {
            let first = heading.split(' ').next();
            first == Some(command) || (command == "config" && *heading == "config check")
        };
        assert!(headings.iter().any(has_schema), "{command}");
    }
}
