//! Signed archives, and archives that were shared from them.

use std::io::{Cursor, Read, Write};
use std::time::{Duration, SystemTime};

use openpgp::cert::CertBuilder;
use openpgp::serialize::SerializeInto;
use sequoia_openpgp as openpgp;
use zip::write::SimpleFileOptions;

use crate::maker::{ENTRY, Entry, Maker};
use crate::support::Run;

/// The moment at which archives and signatures are made, as the clock shows it.
const MADE: &str = "@2026-03-14 09:15:02";

/// The moment at which keys are made.
const KEYS_MADE: &str = "@2026-03-14 08:00:00";

/// A moment after both, for GnuPG.
const MADE_BY_GPG: &str = "20260314T091602";

/// The days to 2094. GnuPG takes no time after 2106.
const DAYS: &str = "25000";

/// The members of most archives.
pub const MEMBERS: [(&str, &[u8]); 3] = [
    ("calls/1001.log", b"the first call\n"),
    ("calls/1002.log", b"the second call\n"),
    ("calls/empty", b""),
];

/// Runs the program while the clock shows a moment of making.
pub fn callseal(maker: &Maker, line: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    then(maker, Run::CALLSEAL, &words);
}

/// Runs openssl in the same way.
pub fn openssl(maker: &Maker, line: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    then(maker, "openssl", &words);
}

fn then(maker: &Maker, program: &str, words: &[&str]) {
    let moment = match words.first() {
        Some(&("keygen" | "req")) => KEYS_MADE,
        _ => MADE,
    };
    maker.run("faketime", &[&["-f", moment, program], words].concat());
}

/// Makes a detached OpenPGP signature with GnuPG.
pub fn gpg_sign(maker: &Maker, more: &[&str], content: &str, signature: &str) {
    let sign = ["--faked-system-time", MADE_BY_GPG, "-u", "ivr-3", "--yes"];
    let out = ["--output", signature, "--detach-sign", content];
    maker.gpg(&[&sign[..], more, &out].concat());
}

/// The entries of an archive in their order, by their stored names.
pub type Entries = Vec<(String, Vec<u8>)>;

pub fn entries(maker: &Maker, file: &str) -> Entries {
    let mut archive = zip::ZipArchive::new(Cursor::new(maker.read(file))).unwrap();
    let places = 0..archive.len();
    let entry = |place| {
        let mut entry = archive.by_index(place).unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        (entry.name().to_owned(), content)
    };
    places.map(entry).collect()
}

/// Writes an archive as a program does that knows nothing of signatures.
pub fn write_archive(maker: &Maker, file: &str, entries: &Entries) {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in entries {
        archive.start_file(name, stored).unwrap();
        archive.write_all(content).unwrap();
    }
    maker.write(file, archive.finish().unwrap().into_inner());
}

pub fn named<'a>(entries: &'a mut Entries, name: &str) -> &'a mut Vec<u8> {
    let found = entries.iter_mut().find(|(own, _)| own == name);
    &mut found.unwrap().1
}

pub fn remove(maker: &Maker, files: &[&str]) {
    for file in files {
        std::fs::remove_file(maker.directory.join(file)).unwrap();
    }
}

/// Makes the keys of recipients and signers.
pub fn keys(maker: &Maker) {
    for name in ["customer", "vendor"] {
        callseal(
            maker,
            &format!("keygen -q --name {name} --rsa 2048 --days {DAYS} --no-passphrase"),
        );
    }
    for (name, kind) in [
        ("ivr-1", "--rsa 2048"),
        ("ivr-2", "--ec p256"),
        ("ivr-3", "--openpgp"),
        ("acme", "--ec p384"),
        ("stranger", "--rsa 2048"),
    ] {
        callseal(
            maker,
            &format!("keygen -q --sign --name {name} {kind} --days {DAYS} --no-passphrase"),
        );
    }
    maker.gpg(&["--import", "ivr-3.key"]);
    let made = SystemTime::UNIX_EPOCH + Duration::from_secs(1_773_475_200);
    let (v6, _) = CertBuilder::new()
        .set_profile(openpgp::Profile::RFC9580)
        .unwrap()
        .set_creation_time(made)
        .add_userid("ivr-4")
        .add_signing_subkey()
        .generate()
        .unwrap();
    maker.write("ivr-4.asc", v6.armored().to_vec().unwrap());
    maker.write("ivr-4.key", v6.as_tsk().armored().to_vec().unwrap());
}

/// Removes what isn't needed to verify or open.
pub fn remove_keys(maker: &Maker) {
    let signing = ["ivr-1", "ivr-2", "ivr-3", "ivr-4", "acme", "stranger"];
    for name in signing {
        remove(maker, &[&format!("{name}.key")]);
    }
    remove(maker, &["ivr-3.rev", "customer.pub", "vendor.pub"]);
    std::fs::remove_dir_all(maker.directory.join("calls")).unwrap();
}

pub fn good(maker: &mut Maker) {
    for (name, content) in MEMBERS {
        let path = maker.directory.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    for (file, shows, keys, options, signers) in [
        (
            "rsa.zip",
            "signed with RSA",
            "ivr-1",
            "",
            &["ivr-1.crt"][..],
        ),
        ("ec.zip", "signed on P-256", "ivr-2", "", &["ivr-2.crt"]),
        (
            "v4.zip",
            "signed by an OpenPGP key",
            "ivr-3",
            "",
            &["ivr-3.asc"],
        ),
        (
            "v6.zip",
            "signed by an OpenPGP key of version 6",
            "ivr-4",
            "",
            &["ivr-4.asc"],
        ),
        (
            "all.zip",
            "signed by four signers: that of any one of them suffices",
            "ivr-1 ivr-2 ivr-3 ivr-4",
            "",
            &["ivr-1.crt", "ivr-2.crt", "ivr-3.asc", "ivr-4.asc"],
        ),
        (
            "rfc4880.zip",
            "messages of version 1",
            "ivr-1",
            " --format rfc4880",
            &["ivr-1.crt"],
        ),
        (
            "cms-gcm.zip",
            "messages of CMS",
            "ivr-1",
            " --format cms-gcm",
            &["ivr-1.crt"],
        ),
    ] {
        let sign: String = keys
            .split(' ')
            .map(|key| format!(" --sign {key}.key"))
            .collect();
        callseal(
            maker,
            &format!("pack -q calls -o {file} -r customer.crt{options}{sign}"),
        );
        for signer in signers {
            let (label, _) = signer.split_once('.').unwrap();
            maker.entry(Entry {
                file,
                shows,
                signers: &[signer],
                signed_by: &[label],
                ..ENTRY
            });
        }
        maker.entry(Entry {
            file,
            shows,
            keys: &["customer.key"],
            members: &MEMBERS,
            ..ENTRY
        });
    }
    by_peers(maker);
    shared(maker);
    // CMS messages name them.
    for name in ["customer.crt", "vendor.crt"] {
        maker.certificate(name, "the certificate of a recipient", 0);
    }
}

/// Signatures over the same list by other programs.
fn by_peers(maker: &mut Maker) {
    let mut all = entries(maker, "all.zip");
    maker.write("manifest", &*named(&mut all, "META-INF/callseal/manifest"));
    for (file, shows, options) in [
        (
            "openssl.zip",
            "signed by openssl with RSA",
            "-signer ivr-1.crt -inkey ivr-1.key",
        ),
        (
            "openssl-pss.zip",
            "signed by openssl with RSA-PSS and SHA-384",
            "-signer ivr-1.crt -inkey ivr-1.key -md sha384 -keyopt rsa_padding_mode:pss",
        ),
        (
            "openssl-keyid.zip",
            "signed by openssl, the certificate named by its key identifier and left out",
            "-signer ivr-1.crt -inkey ivr-1.key -keyid -nocerts",
        ),
    ] {
        let sign = "cms -sign -binary -in manifest -outform DER -out signature";
        openssl(maker, &format!("{sign} {options}"));
        let mut signed = all.clone();
        *named(&mut signed, "META-INF/callseal/manifest.p7s") = maker.read("signature");
        write_archive(maker, file, &signed);
        maker.entry(Entry {
            file,
            shows,
            signers: &["ivr-1.crt"],
            signed_by: &["ivr-1"],
            ..ENTRY
        });
    }
    gpg_sign(maker, &[], "manifest", "signature");
    let mut signed = all;
    *named(&mut signed, "META-INF/callseal/manifest.sig") = maker.read("signature");
    write_archive(maker, "gpg.zip", &signed);
    maker.entry(Entry {
        file: "gpg.zip",
        shows: "signed by GnuPG",
        signers: &["ivr-3.asc"],
        signed_by: &["ivr-3"],
        ..ENTRY
    });
    remove(maker, &["manifest", "signature"]);
}

fn shared(maker: &mut Maker) {
    for (file, shows, line, signed_by, missing) in [
        (
            "shared.zip",
            "shared: the origin shows that nothing else is sealed in it",
            "share -q rsa.zip -o shared.zip -r vendor.crt --signer ivr-1.crt",
            &[][..],
            0,
        ),
        (
            "shared-signed.zip",
            "shared and signed anew",
            "share -q rsa.zip -o shared-signed.zip -r vendor.crt --signer ivr-1.crt --sign acme.key",
            &["acme"],
            0,
        ),
        (
            "shared-one.zip",
            "one member shared: two that were signed are missing",
            "share -q rsa.zip calls/1002.log -o shared-one.zip -r vendor.crt --signer ivr-1.crt",
            &[],
            2,
        ),
        (
            "shared-rfc4880.zip",
            "messages of version 1, shared",
            "share -q rfc4880.zip -o shared-rfc4880.zip -r vendor.crt --signer ivr-1.crt",
            &[],
            0,
        ),
        (
            "shared-cms-gcm.zip",
            "messages of CMS, shared",
            "share -q cms-gcm.zip -o shared-cms-gcm.zip -r vendor.crt --signer ivr-1.crt",
            &[],
            0,
        ),
        (
            "shared-twice.zip",
            "shared twice: the origin is that of the first archive",
            "share -q shared.zip -o shared-twice.zip -r acme-opens.crt --signer ivr-1.crt",
            &[],
            0,
        ),
    ] {
        if file == "shared-twice.zip" {
            callseal(
                maker,
                "keygen -q --name acme-opens --rsa 2048 --no-passphrase",
            );
        }
        callseal(maker, &format!("{line} -k customer.key"));
        maker.entry(Entry {
            file,
            shows,
            signers: &["ivr-1.crt"],
            origin_signed_by: &["ivr-1"],
            origin_missing: Some(missing),
            ..ENTRY
        });
        if !signed_by.is_empty() {
            maker.entry(Entry {
                file,
                shows,
                signers: &["acme.crt"],
                signed_by,
                ..ENTRY
            });
        }
        let members = match missing {
            0 => &MEMBERS[..],
            _ => &MEMBERS[1..2],
        };
        maker.entry(Entry {
            file,
            shows,
            keys: &["vendor.key"],
            members,
            ..ENTRY
        });
    }
    remove(
        maker,
        &["acme-opens.key", "acme-opens.crt", "acme-opens.pub"],
    );
}
