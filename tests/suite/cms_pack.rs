//! unzip and openssl open the archives that callseal packs with `--format cms`
//! and `--format cms-gcm`.

use crate::support::{CALL, Scene, content};

/// The files that are packed: small ones, one that is compressible, and one
/// that doesn't fit into a worker's buffer.
const FILES: [(&str, usize); 6] = [
    ("calls/a.wav", 1000),
    ("calls/b/empty.json", 0),
    ("calls/b/ü.txt", 16),
    ("calls/c.wav", 300_000),
    ("calls/c.wav.p7m", 17),
    ("calls/long.wav", (10 << 20) + 5),
];

/// Makes the files and three recipients: `a` and `b` with RSA keys, `e` with an
/// EC key.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.rsa_pair("a");
    scene.rsa_pair("b");
    scene.ec_pair("e", "P-256");
    for (name, size) in FILES {
        scene.write(name, content(size));
    }
    scene
}

/// Takes an archive apart with unzip, below `unzipped`.
#[track_caller]
fn unzip(scene: &Scene, archive: &str) {
    scene.tool(&format!("unzip -q -o {archive} -d unzipped"));
    let files = scene.tree("unzipped");
    let files: Vec<_> = files.iter().filter(|name| !name.ends_with('/')).collect();
    let stored: Vec<_> = FILES.map(|(name, _)| format!("{name}.p7m")).into();
    assert_eq!(files, stored.iter().collect::<Vec<_>>());
}

#[test]
fn the_documented_command_opens_every_member_for_each_recipient() {
    let scene = scene();
    let packed = scene.ok("pack --json --format cms -r a.crt -r b.crt calls -o calls.zip");
    assert_eq!(packed.json()["format"], "cms");
    unzip(&scene, "calls.zip");
    for (name, _) in FILES {
        for key in ["a", "b"] {
            let member = format!("unzipped/{name}.p7m");
            scene.smime_as(&member, key).yields(&scene.read(name));
        }
    }
}

#[test]
fn openssl_cms_opens_every_authenticated_member_for_each_recipient() {
    let scene = scene();
    for jobs in ["1", "3"] {
        scene.ok(&format!(
            "pack -f --jobs {jobs} --format cms-gcm -r a.crt -r b.crt -r e.crt calls -o calls.zip"
        ));
        unzip(&scene, "calls.zip");
        for (name, _) in FILES {
            for key in ["a", "b", "e"] {
                let opened = scene.cms_as(&format!("unzipped/{name}.p7m"), key);
                opened.yields(&scene.read(name));
            }
        }
    }
}

#[test]
fn every_member_is_der() {
    let scene = scene();
    for format in ["cms", "cms-gcm"] {
        scene.ok(&format!(
            "pack -f --format {format} -r b.crt -r a.crt calls -o calls.zip"
        ));
        unzip(&scene, "calls.zip");
        for (name, _) in FILES {
            scene
                .program(
                    "openssl",
                    ["cms", "-cmsout", "-inform", "DER", "-outform", "DER", "-in"],
                )
                .args([&format!("unzipped/{name}.p7m"), "-out", "again.p7m"])
                .exits(0);
            let member = scene.read(format!("unzipped/{name}.p7m"));
            assert!(member == scene.read("again.p7m"), "{format}, {name}");
        }
    }
}

#[test]
fn a_recipient_that_cannot_read_the_format_stops_the_pack() {
    let scene = scene();
    scene.rsa_pair("gone");
    scene.expired_certificate("gone");
    scene.tool("openssl pkey -in a.key -pubout -out bare.pem");
    scene.ok("keygen --openpgp --name pgp --no-passphrase");
    let refused = |format: &str, recipient: &str, why: &str| {
        let before = scene.tree("");
        let line = format!("pack --format {format} -r b.crt -r {recipient} calls -o calls.zip");
        for dry in ["", " --dry-run"] {
            let refused = scene.line(&format!("{line}{dry}")).exits(3);
            refused.complains_with_hint(&[recipient, why]);
        }
        assert_eq!(scene.tree(""), before, "{line}");
    };
    refused("cms", "e.crt", "works only with RSA keys");
    for format in ["cms", "cms-gcm"] {
        refused(format, "bare.pem", "has no X.509 certificate");
        refused(format, "pgp.asc", "has no X.509 certificate");
        refused(format, "gone.crt", "expired");
    }
}

#[test]
fn files_with_similar_stored_names_stay_apart() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    for name in ["x", "x.p7m", "x.p7m.p7m", "x.pgp", "x.der"] {
        scene.write(format!("calls/{name}"), name);
    }
    scene.ok("pack --format cms -r a.crt calls -o calls.zip");
    scene.tool("unzip -q calls.zip -d unzipped");
    for name in ["x", "x.p7m", "x.p7m.p7m", "x.pgp", "x.der"] {
        let opened = scene.smime(&format!("unzipped/calls/{name}.p7m"), "a");
        opened.outcome().yields(name.as_bytes());
    }
}

#[test]
fn a_profile_packs_for_readers_who_have_only_openssl() {
    let scene = Scene::new();
    scene.rsa_pair("a");
    scene.write("call.wav", CALL);
    scene.write(
        "callseal.toml",
        "format = 'cms'\n[profiles.acme]\nrecipients = ['a.crt']\n",
    );
    scene.ok("pack --config callseal.toml call.wav -o calls.zip");
    scene.tool("unzip -q calls.zip");
    scene.smime("call.wav.p7m", "a").outcome().yields(CALL);
    // The command line overrides the config.
    scene.ok("pack -f --config callseal.toml --format auto call.wav -o calls.zip");
    let names = scene.tool("unzip -Z1 calls.zip").stdout();
    assert_eq!(names, "call.wav.pgp\n");
}
