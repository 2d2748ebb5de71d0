//! Signatures of other implementations hold, ours hold elsewhere, and nothing
//! else does.

mod attacks_cms;
mod attacks_openpgp;
mod authorities;
mod cms;
mod forge;
mod loading;
mod openpgp;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::*;
use crate::keys::{NoPassphrases, Pin};
use crate::packages;

const CONTENT: &[u8] = b"# callseal-manifest 1\nabc  calls/a.wav.pgp\r\nno end";

/// The kinds of keys, as `openssl req -newkey` names them.
const RSA: &str = "rsa:2048";
const P256: &str = "ec -pkeyopt ec_paramgen_curve:P-256";
const P384: &str = "ec -pkeyopt ec_paramgen_curve:P-384";

/// The extensions of a signer's certificate.
const SIGNS: &str = "keyUsage=critical,digitalSignature";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A directory in which signers, verifiers and attackers work.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        // The path of a socket is short: that of GnuPG's agent has 108 bytes.
        let directory = tempfile::Builder::new()
            .prefix("cs")
            .tempdir_in("/tmp")
            .unwrap();
        fs::write(directory.path().join("content"), CONTENT).unwrap();
        Self(directory)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    #[track_caller]
    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).unwrap();
    }

    fn run(&self, script: &str) -> Output {
        let mut command = Command::new("bash");
        command.args(["-ec", script]).current_dir(self.0.path());
        command
            .env("GNUPGHOME", self.path("gnupg"))
            .env("TZ", "UTC");
        let output = command.stdin(Stdio::null()).output();
        let output =
            output.unwrap_or_else(|e| panic!("{}", packages::does_not_start(&command, &e)));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("command not found"), "{said}");
        output
    }

    /// Runs a script, which has to succeed.
    #[track_caller]
    fn bash(&self, script: &str) -> String {
        let output = self.run(script);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}\n{said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Makes a key `NAME.key` of a kind, and a certificate `NAME.crt` over it.
    #[track_caller]
    fn self_signed(&self, name: &str, kind: &str, extensions: &[&str]) {
        let extensions: Vec<String> = extensions.iter().map(|e| format!("-addext {e}")).collect();
        self.bash(&format!(
            "openssl req -x509 -newkey {kind} -nodes -keyout {name}.key -out {name}.crt \
             -subj '/O=Acme/CN={name}' -days 365 {}",
            extensions.join(" ")
        ));
    }

    /// Makes a CA `NAME.key` and `NAME.crt`.
    #[track_caller]
    fn ca(&self, name: &str) {
        self.bash(&format!(
            "openssl req -x509 -newkey {P256} -nodes -keyout {name}.key -out {name}.crt \
             -subj '/CN={name}' -days 3650 -addext keyUsage=critical,keyCertSign,cRLSign"
        ));
    }

    /// Makes a key and a certificate that a CA issues: `NAME.key`, `NAME.crt`.
    #[track_caller]
    fn issued(&self, name: &str, subject: &str, ca: &str, extensions: &str) {
        self.write("ext", extensions.as_bytes());
        self.bash(&format!(
            "[ -e {name}.key ] || openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {name}.key
             openssl req -new -key {name}.key -subj '{subject}' -out csr
             openssl x509 -req -in csr -CA {ca}.crt -CAkey {ca}.key -set_serial 0x$(openssl rand -hex 8) \
             -days 365 -extfile ext -out {name}.crt"
        ));
    }

    /// Makes a signer `leaf` under the CA `issuing`, which is under the CA `root`.
    #[track_caller]
    fn chain(&self) {
        self.ca("root");
        let is_ca = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign";
        self.issued("issuing", "/CN=issuing", "root", is_ca);
        self.issued("leaf", "/CN=leaf", "issuing", SIGNS);
    }

    #[track_caller]
    fn key(&self, name: &str) -> SigningKey {
        SigningKey::load(&self.path(name), &NoPassphrases, SystemTime::now()).unwrap()
    }

    #[track_caller]
    fn refusal(&self, name: &str) -> SigningKeyFault {
        let loaded = SigningKey::load(&self.path(name), &NoPassphrases, SystemTime::now());
        loaded.unwrap_err().fault
    }

    /// Names signers by their certificate files.
    #[track_caller]
    fn signers(&self, files: &[&str]) -> Signers {
        self.signers_at(files, SystemTime::now())
    }

    #[track_caller]
    fn signers_at(&self, files: &[&str], at: SystemTime) -> Signers {
        let names = files
            .iter()
            .map(|file| SignerName::Certificate(self.path(file)));
        let names: Vec<SignerName> = names.collect();
        Signers::load(&names, None, SigningTime::Ignored, at).unwrap()
    }

    /// Names a signer by the SHA-256 of an X.509 certificate.
    #[track_caller]
    fn pinned(&self, certificate: &str) -> Signers {
        let shown = self.bash(&format!(
            "openssl x509 -in {certificate} -noout -fingerprint -sha256"
        ));
        let (_, digits) = shown.trim().split_once('=').unwrap();
        let name = SignerName::Fingerprint(Pin::new(digits).unwrap());
        Signers::load(&[name], None, SigningTime::Ignored, SystemTime::now()).unwrap()
    }

    /// Lets openssl sign the content, with these arguments. The signature is
    /// `sig.p7s`.
    #[track_caller]
    fn openssl_signs(&self, arguments: &str) -> Vec<u8> {
        self.bash(&format!(
            "openssl cms -sign -binary -outform DER -in content -out sig.p7s {arguments}"
        ));
        self.read("sig.p7s")
    }
}

/// Signs the content with these keys now.
#[track_caller]
fn signed(keys: &[SigningKey]) -> crate::keys::signing::detached::DetachedSignatures {
    sign_detached(keys, &mut &*CONTENT, SystemTime::now()).unwrap()
}

#[track_caller]
fn cms(keys: &[SigningKey]) -> Vec<u8> {
    signed(keys).cms.unwrap()
}

/// Returns the standings of CMS signatures over the content.
#[track_caller]
fn judged(signers: &Signers, signature: &[u8]) -> Vec<Standing> {
    let verdicts = signers.verify_cms(signature, &mut &*CONTENT).unwrap();
    verdicts
        .into_iter()
        .map(|verdict| verdict.standing)
        .collect()
}

/// Returns the standings of OpenPGP signatures over the content.
#[track_caller]
fn judged_openpgp(signers: &Signers, signature: &[u8]) -> Vec<Standing> {
    let verdicts = signers.verify_openpgp(signature, &mut &*CONTENT).unwrap();
    verdicts
        .into_iter()
        .map(|verdict| verdict.standing)
        .collect()
}

const HOLDS: [Standing; 1] = [Standing::Holds];
const UNKNOWN: [Standing; 1] = [Standing::Unknown];

fn fails(fault: SignatureFault) -> Vec<Standing> {
    vec![Standing::Fails(fault)]
}

fn altered() -> Vec<Standing> {
    fails(SignatureFault::Altered)
}
