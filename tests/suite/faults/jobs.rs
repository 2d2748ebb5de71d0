//! The jobs of each command.

use std::fs;

use openssl::pkey::PKey;
use openssl::x509::X509;

use super::checks::{Files, below, extracts, file, opens_nothing, pem, read, same};
use super::job::{Job, STREAMS, THREADS};
use super::place::{Place, Tree, tree};
use crate::support::{P256, Scene, content};

/// Returns the files that all jobs find in their directory.
pub fn stock() -> Tree {
    let scene = Scene::in_memory();
    scene.make_parties();
    scene.key_pair("partner", P256);
    scene.locked_key_pair("locked", P256, "correct-horse");
    scene.write("passphrase", "correct-horse\n");
    scene.write("calls/a.txt", "said in confidence: the first call");
    scene.write("calls/empty.txt", "");
    // Longer than any buffer, and incompressible.
    let mut noise = content(0);
    let mut state = 1_u32;
    noise.resize_with(100_000, || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    noise.splice(..0, *b"RIFF said in confidence ");
    scene.write("calls/more/b.wav", &noise);
    let documents: String = (0..6)
        .map(|n| format!("{{\"n\":{n},\"caller\":{{\"number\":\"said in confidence {n}\"}}}}\n"))
        .collect();
    scene.write("docs.ndjson", documents);
    scene.write(
        "callseal.toml",
        "default-profile = \"both\"\n[profiles.both]\nrecipients = [\"customer.crt\", \"vendor.crt\"]\n",
    );
    scene.ok("pack -q -o in.zip -r customer.crt -r vendor.crt calls");
    scene.tool("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout signer.key -out signer.crt -subj /CN=signer -days 3650 -addext keyUsage=critical,digitalSignature");
    scene.ok("pack -q -o signed.zip -r customer.crt -r vendor.crt --sign signer.key calls");
    scene.ok("pack -q -o hidden.zip -r customer.crt -r vendor.crt --hide-names calls");
    scene.ok("grant in.zip calls/a.txt calls/more -q -k customer.key -r partner.crt -o in.grant");
    scene.ok("seal -q -r customer.crt -r locked.crt calls/more/b.wav -o in.pgp");
    scene.ok("seal -q --format rfc4880 -r customer.crt calls/more/b.wav -o v1.pgp");
    scene.ok("fields seal -q --fields caller.number -r customer.crt docs.ndjson -o sealed.ndjson");
    fs::create_dir(scene.path("tmp")).unwrap();
    tree(scene.root())
}

pub fn pack(stock: &Tree) -> Vec<Job> {
    const LINE: &str = "pack -o out.zip -r customer.crt -r vendor.crt calls";
    let job = |arguments: &str| {
        let job = Job::new(stock, &format!("{LINE} {arguments}"));
        job.writes_archive("out.zip", &["customer.key", "vendor.key"])
    };
    let with_config = Job::new(stock, "pack -o out.zip -j 1 --config callseal.toml calls");
    let signed = |arguments: &str| job(&format!("--sign signer.key {arguments}")).and(is_signed);
    vec![
        job("-j 1"),
        job("-j 2 --hide-names").calling(THREADS),
        job("-j 1 --force").replacing(),
        signed("-j 1"),
        signed("-j 2").calling(THREADS),
        with_config.writes_archive("out.zip", &["customer.key", "vendor.key"]),
    ]
}

/// Checks that an archive is as the signer signed it.
fn is_signed(place: &Place, name: &str) -> Result<(), String> {
    let line = format!("verify scene/{name} --signer scene/signer.crt");
    place.callseal(&line).map(drop)
}

pub fn sign(stock: &Tree) -> Vec<Job> {
    const KEYS: &[&str] = &["customer.key", "vendor.key"];
    let sign = |line: &str, output: &str| {
        let job = Job::new(stock, &format!("sign {line} --sign signer.key"));
        job.writes_archive(output, KEYS).and(is_signed)
    };
    const AGAIN: &str = "signed.zip --signer signer.crt";
    vec![
        sign("in.zip -o out.zip", "out.zip"),
        sign("in.zip --in-place", "in.zip").keeping_mode(0o640),
        sign(&format!("{AGAIN} -o out.zip -j 1"), "out.zip"),
        sign(&format!("{AGAIN} -o out.zip -j 2"), "out.zip").calling(THREADS),
    ]
}

/// Nothing is written. A failure must not look like an archive that holds.
pub fn verify(stock: &Tree) -> Vec<Job> {
    let verify = |arguments: &str| {
        let line = format!("verify signed.zip --signer signer.crt {arguments}");
        let job = Job::new(stock, &line).calling(STREAMS);
        job.prints(|stdout| match String::from_utf8_lossy(stdout) {
            line if line.contains(": sound (") && line.contains("signed by “signer”") => Ok(()),
            line => Err(format!("it prints {line:?}")),
        })
    };
    vec![
        verify("-j 1"),
        verify("-j 1 -k customer.key"),
        verify("-j 2 -k customer.key"),
    ]
}

pub fn extract(stock: &Tree) -> Vec<Job> {
    let job = |arguments: &str, calls: Files| {
        let job = Job::new(stock, &format!("extract -C opened {arguments}"));
        calls.into_iter().fold(job, |job, (name, content)| {
            job.writes_plaintext(&format!("opened/{name}"), &content)
        })
    };
    let all = |arguments: &str| {
        let arguments = format!("in.zip -k customer.key {arguments}");
        job(&arguments, below(stock, "calls/"))
    };
    const HIDDEN: &str = "hidden.zip -k customer.key -j 2";
    const GRANTED: &str = "in.zip -k partner.key --grant in.grant -j 1";
    vec![
        all("-j 1"),
        job(HIDDEN, below(stock, "calls/")).calling(THREADS),
        all("-j 1 --force").replacing(),
        all("-j 1").named(),
        job(GRANTED, granted(stock)),
    ]
}

pub fn convert(stock: &Tree) -> Vec<Job> {
    let job = |arguments: &str| {
        let line = format!("convert in.zip -o out.zip -r vendor.crt -k customer.key {arguments}");
        let calls = below(stock, "calls/");
        let job = Job::new(stock, &line).writes_archive("out.zip", &["vendor.key"]);
        job.prints(move |stdout| {
            let lines = calls.iter().map(|(name, content)| {
                let hash = openssl::sha::sha256(content);
                let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("{hash}  {name}\n")
            });
            same(stdout, lines.collect::<String>().as_bytes())
        })
    };
    vec![
        job("-j 1"),
        job("-j 2").calling(THREADS),
        job("-j 1 --force").replacing(),
    ]
}

pub fn share(stock: &Tree) -> Vec<Job> {
    const ALL: &str = "share in.zip -k customer.key -r partner.crt --remove vendor.crt";
    const BOTH: &[&str] = &["customer.key", "partner.key"];
    let all = |arguments: &str, output: &str| {
        let job = Job::new(stock, &format!("{ALL} {arguments}"));
        job.writes_archive(output, BOTH).and(|place, name| {
            opens_nothing(
                place,
                &format!("extract scene/{name} -k scene/vendor.key -C check"),
            )
        })
    };
    let message = |line: &str, output: &str| {
        let line = format!("share {line} -k customer.key -r partner.crt");
        Job::new(stock, &line).writes_message(output, "calls/more/b.wav", BOTH)
    };
    vec![
        all("-o out.zip -j 1", "out.zip"),
        all("-o out.zip -j 2", "out.zip").calling(THREADS),
        all("--in-place -j 1", "in.zip").keeping_mode(0o640),
        all("--in-place -j 1", "in.zip").keeping_mode(0o600).named(),
        message("in.pgp -o out.pgp", "out.pgp"),
        message("v1.pgp --in-place", "v1.pgp").keeping_mode(0o640),
    ]
}

/// Returns the calls that are granted: some of all.
fn granted(stock: &Tree) -> Files {
    let calls = below(stock, "calls/").into_iter();
    calls.filter(|(name, _)| !name.contains("empty")).collect()
}

pub fn grant(stock: &Tree) -> Vec<Job> {
    let job = |archive: &'static str, arguments: &str| {
        let line = format!(
            "grant {archive} calls/a.txt calls/more -k customer.key -r partner.crt -o out.grant {arguments}"
        );
        let granted = granted(stock);
        Job::new(stock, &line).writes("out.grant", move |place, name| {
            let with = format!("--grant scene/{name} -k scene/partner.key");
            extracts(place, &format!("scene/{archive} {with}"), &granted)
        })
    };
    vec![
        job("in.zip", "-j 1"),
        job("hidden.zip", "-j 1 --force").replacing(),
    ]
}

pub fn seal(stock: &Tree) -> Vec<Job> {
    let job = |line: &str| Job::new(stock, line);
    let message = |line: &str, output: &str| {
        job(line).writes_message(output, "calls/a.txt", &["customer.key"])
    };
    const TO_FILE: &str = "seal -r customer.crt calls/a.txt -o out.pgp";
    vec![
        message(TO_FILE, "out.pgp"),
        message(&format!("{TO_FILE} -f"), "out.pgp").replacing(),
        message(TO_FILE, "out.pgp").named(),
        message(
            "seal -r customer.crt --armor calls/a.txt -o out.asc",
            "out.asc",
        ),
        message(
            "seal -r customer.crt --format cms-gcm calls/a.txt -o out.p7m",
            "out.p7m",
        ),
        job("seal -r customer.crt -")
            .reads("calls/a.txt")
            .calling(STREAMS)
            .prints(|stdout| match stdout.is_empty() {
                true => Err("nothing is printed".into()),
                false => Ok(()),
            }),
    ]
}

pub fn open(stock: &Tree) -> Vec<Job> {
    let call = file(stock, "calls/more/b.wav");
    let job = |line: &str| Job::new(stock, line);
    let to_file = |line: &str| job(line).writes_plaintext("out.wav", &call);
    const TO_FILE: &str = "open in.pgp -k customer.key -o out.wav";
    vec![
        to_file(TO_FILE),
        to_file(&format!("{TO_FILE} -f")).replacing(),
        to_file(TO_FILE).named(),
        to_file("open in.pgp -k locked.key --passphrase-file passphrase -o out.wav"),
        job("open in.pgp -k customer.key -o -").prints_plaintext(&call),
        job("open v1.pgp -k customer.key -o -").prints_plaintext(&call),
    ]
}

pub fn fields(stock: &Tree) -> Vec<Job> {
    let documents = file(stock, "docs.ndjson");
    let seal = |arguments: &str| {
        let line = format!("fields seal --fields caller.number -r customer.crt {arguments}");
        Job::new(stock, &line)
    };
    let sealed = {
        let documents = documents.clone();
        move |place: &Place, name: &str| {
            let opened = place.callseal(&format!("fields open -k scene/customer.key scene/{name}"));
            same(&opened?, &documents)
        }
    };
    let open =
        |arguments: &str| Job::new(stock, &format!("fields open -k customer.key {arguments}"));
    let to_file = |job: Job| job.writes_plaintext("out.ndjson", &documents);
    vec![
        seal("-j 1 docs.ndjson -o out.ndjson").writes("out.ndjson", sealed.clone()),
        seal("-j 2 docs.ndjson -o out.ndjson")
            .writes("out.ndjson", sealed.clone())
            .calling(THREADS),
        seal("-j 1 docs.ndjson -f -o out.ndjson")
            .writes("out.ndjson", sealed)
            .replacing(),
        to_file(open("-j 1 sealed.ndjson -o out.ndjson")),
        to_file(open("-j 2 sealed.ndjson -o out.ndjson")).calling(THREADS),
        to_file(open("-j 1 sealed.ndjson -o out.ndjson")).named(),
        open("-j 1")
            .reads("sealed.ndjson")
            .prints_plaintext(&documents),
    ]
}

pub fn keygen(stock: &Tree) -> Vec<Job> {
    let x509 = |arguments: &str| {
        let line = format!("keygen --ec p256 --name new --out keys {arguments}");
        let mut job = Job::new(stock, &line)
            .writes("keys/new.key", pem)
            .writes("keys/new.crt", pem)
            .writes("keys/new.pub", pem);
        job.outputs[0].private = true;
        job.together = Box::new(|place| {
            let key = read(place, "keys/new.key");
            let key = PKey::private_key_from_pem_passphrase(&key, b"correct-horse").unwrap();
            let certificate = X509::from_pem(&read(place, "keys/new.crt")).unwrap();
            let public = PKey::public_key_from_pem(&read(place, "keys/new.pub")).unwrap();
            match certificate.public_key().unwrap().public_eq(&key) && public.public_eq(&key) {
                true => Ok(()),
                false => Err("the key pair does not match".into()),
            }
        });
        job
    };
    let openpgp = || {
        let line = "keygen --openpgp --no-passphrase --name new --out keys";
        let mut job = Job::new(stock, line)
            .writes("keys/new.key", pem)
            .writes("keys/new.asc", pem)
            .writes("keys/new.rev", pem);
        job.outputs[0].private = true;
        job.outputs[2].private = true;
        job.together = Box::new(|place| {
            place.callseal("seal -q -r scene/keys/new.asc scene/calls/a.txt -o sealed")?;
            let opened = place.callseal("open sealed -k scene/keys/new.key -o -")?;
            same(&opened, &read(place, "calls/a.txt"))
        });
        job
    };
    vec![
        x509("--no-passphrase"),
        x509("--passphrase-file passphrase"),
        x509("--no-passphrase").named(),
        openpgp(),
    ]
}

pub fn player(stock: &Tree) -> Vec<Job> {
    let job = |arguments: &str| {
        let line = format!("player {arguments} --origin https://store.example");
        Job::new(stock, &line)
    };
    let is_page = |page: &[u8]| match page.ends_with(b"</html>\n") {
        true => Ok(()),
        false => Err("the page is cut".into()),
    };
    let to_file = |arguments: &str| {
        job(arguments).writes("player.html", move |place, name| {
            is_page(&read(place, name))
        })
    };
    vec![
        to_file("-o player.html"),
        to_file("-o player.html --force").replacing(),
        to_file("-o player.html").named(),
        job("-o -").calling(&["write", "close"]).prints(is_page),
    ]
}
