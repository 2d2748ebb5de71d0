//! Archives with an index, with hidden names, and grants.

use crate::DAYS;
use crate::maker::{ENTRY, Entry, Maker};

pub fn archives(maker: &mut Maker) {
    for name in ["customer", "vendor", "auditor"] {
        maker.openssl(&format!(
            "req -x509 -nodes -days {DAYS} -newkey rsa:2048 -keyout {name}.key -out {name}.crt -subj /O=Test/CN={name}"
        ));
    }
    let plain = maker.scratch.path("pack");
    let members: [(&str, &[u8]); 3] = [
        ("calls/1001.log", b"the first call\n"),
        ("calls/1002.log", b"the second call\n"),
        ("calls/empty", b""),
    ];
    for (name, content) in members {
        maker.scratch.write(format!("pack/{name}"), content);
    }
    let both = ["customer.key", "vendor.key"];
    for (file, shows, options) in [
        (
            "index.zip",
            "an index of version 2",
            &["--format", "rfc9580"][..],
        ),
        (
            "index-v1.zip",
            "an index of version 1",
            &["--format", "rfc4880"],
        ),
        (
            "hidden-recipients.zip",
            "an index that hides its recipients",
            &["--hidden-recipients"],
        ),
        (
            "hidden-names.zip",
            "hidden names, read in the index",
            &["--hide-names"],
        ),
        (
            "hidden-names-alone.zip",
            "hidden names without an index, read in the messages",
            &["--hide-names", "--index", "none"],
        ),
    ] {
        let out = maker.directory.join(file);
        let (customer, vendor) = (
            maker.directory.join("customer.crt"),
            maker.directory.join("vendor.crt"),
        );
        let fixed = ["pack", "-q", "calls", "-o", out.to_str().unwrap()];
        let recipients = [
            "-r",
            customer.to_str().unwrap(),
            "-r",
            vendor.to_str().unwrap(),
        ];
        maker.run_in(
            &plain,
            "callseal",
            &[&fixed[..], &recipients, options].concat(),
        );
        maker.entry(Entry {
            file,
            shows,
            keys: &both,
            members: &members,
            ..ENTRY
        });
    }
    maker.entry(Entry {
        file: "hidden-names.zip",
        shows: "hidden names, read in the messages although there is an index",
        keys: &both,
        arguments: &["--ignore-index"],
        members: &members,
        ..ENTRY
    });
    let to_auditor = ["-k", "customer.key", "-r", "auditor.crt"];
    for (archive, grant) in [("index.zip", "two.grant"), ("index-v1.zip", "two-v1.grant")] {
        let two = ["grant", "-q", archive, "1001.log", "empty", "-o", grant];
        maker.run("callseal", &[&two[..], &to_auditor].concat());
        maker.entry(Entry {
            file: archive,
            shows: "a grant of two members",
            keys: &["auditor.key"],
            arguments: &["--grant", grant],
            members: &[members[0], members[2]],
            ..ENTRY
        });
    }
    maker.entry(Entry {
        file: "index-v1.zip",
        shows: "a grant for another archive",
        keys: &["auditor.key"],
        arguments: &["--grant", "two.grant"],
        status: 5,
        ..ENTRY
    });
    let shared = ["share", "-q", "index.zip", "-o", "shared.zip"];
    maker.run("callseal", &[&shared[..], &to_auditor].concat());
    maker.entry(Entry {
        file: "shared.zip",
        shows: "an archive that was shared",
        keys: &["customer.key", "vendor.key", "auditor.key"],
        members: &members,
        ..ENTRY
    });
    for name in ["customer", "vendor", "auditor"] {
        std::fs::remove_file(maker.directory.join(format!("{name}.crt"))).unwrap();
    }
}
