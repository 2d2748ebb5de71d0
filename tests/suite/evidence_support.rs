//! Signers, signed archives, and archives that somebody else put together from
//! them.

use std::path::Path;
use std::time::SystemTime;

use callseal::keys::{Keyring, SignerName, Signers, SigningTime};
use callseal::message::Opener;
use callseal::{ArchiveFile, Error, Extracted, Job};

use crate::index_support::{CALLS, Entries, entries, entry, put_together};
use crate::support::{Outcome, Scene};

/// The stored names of what is signed, and of its signatures.
pub const MANIFEST: &str = "META-INF/callseal/manifest";
pub const CMS: &str = "META-INF/callseal/manifest.p7s";
pub const OPENPGP: &str = "META-INF/callseal/manifest.sig";

/// The same of the archive that one was shared from.
pub const ORIGIN: &str = "META-INF/callseal/origin";
pub const ORIGIN_CMS: &str = "META-INF/callseal/origin.p7s";
pub const ORIGIN_OPENPGP: &str = "META-INF/callseal/origin.sig";

/// The extensions of a signer's certificate.
pub const OF_A_SIGNER: &str =
    "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n";

impl Scene {
    /// Makes a signer's key `NAME.key` with its certificate `NAME.crt`.
    #[track_caller]
    pub fn make_signer(&self, name: &str) {
        self.self_signed(name).saying(OF_A_SIGNER).make();
    }

    /// Makes the same with OpenPGP, by GnuPG: `NAME.gpg`, and `NAME.asc` without
    /// the secret key.
    #[track_caller]
    pub fn make_openpgp_signer(&self, name: &str) {
        self.gpg(&format!("--quick-gen-key {name} ed25519 sign never"));
        self.gpg(&format!("--export-secret-keys --output {name}.gpg {name}"));
        self.gpg(&format!("--armor --export --output {name}.asc {name}"));
    }

    /// Makes `sealer.crt`, which is for encryption alone.
    #[track_caller]
    pub fn make_sealer(&self) {
        let usage = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyAgreement\n";
        self.self_signed("sealer").saying(usage).make();
    }

    /// Writes the calls, and makes the parties and the signer `server`.
    #[track_caller]
    pub fn with_a_signer() -> Self {
        let scene = Self::with_parties();
        scene.make_signer("server");
        for (name, content) in CALLS {
            scene.write(name, content);
        }
        scene
    }

    /// Packs the calls for the customer into `calls.zip`, signed by `server`.
    #[track_caller]
    pub fn with_signed_calls(options: &str) -> Self {
        let scene = Self::with_a_signer();
        scene.ok(&format!(
            "pack -q -o calls.zip -r customer.crt --sign server.key {options} calls"
        ));
        scene
    }

    /// Packs the calls twice under one CA `root`: `ivr-1.zip`, and `ivr-2.zip` of a
    /// colleague.
    #[track_caller]
    pub fn with_colleagues() -> Self {
        let scene = Self::with_a_signer();
        scene.ca("root").make();
        for name in ["ivr-1", "ivr-2"] {
            scene.leaf(name, "root").saying(OF_A_SIGNER).make();
            scene.ok(&format!(
                "pack -q -o {name}.zip -r customer.crt --sign {name}.key calls"
            ));
        }
        scene
    }

    /// Returns the signature by openssl over a content, with more options of
    /// `openssl cms -sign`.
    #[track_caller]
    pub fn openssl_signature(&self, name: &str, content: &[u8], options: &str) -> Vec<u8> {
        self.write("content", content);
        self.tool(&format!(
            "openssl cms -sign -binary -in content -outform DER -out content.p7s \
             -signer {name}.crt -inkey {name}.key {options}"
        ));
        self.read("content.p7s")
    }

    /// Returns a detached signature by GnuPG over a content.
    #[track_caller]
    pub fn gpg_signature(&self, name: &str, content: &[u8], options: &str) -> Vec<u8> {
        self.write("content", content);
        self.gpg(&format!(
            "--local-user {name} {options} --output content.sig --detach-sign content"
        ));
        self.read("content.sig")
    }

    /// Checks that an archive is as `server` signed it.
    #[track_caller]
    pub fn verifies(&self, archive: &str) -> Outcome {
        self.verifies_for("server.crt", archive)
    }

    /// Checks that an archive is as this signer signed it.
    #[track_caller]
    pub fn verifies_for(&self, signer: &str, archive: &str) -> Outcome {
        let verified = self.ok(&format!("verify {archive} --signer {signer}"));
        assert!(verified.stdout().contains("sound"), "{verified}");
        verified.prints("signed by “")
    }

    /// Checks that an archive isn't as `server` signed it, that the error has these
    /// words, and that nothing else than the calls comes out of it.
    #[track_caller]
    pub fn refuses(&self, archive: &str, words: &[&str]) -> Outcome {
        self.refuses_for("server.crt", archive, words)
    }

    /// Checks the same for another signer.
    #[track_caller]
    pub fn refuses_for(&self, signer: &str, archive: &str, words: &[&str]) -> Outcome {
        let refused = self.refused(signer, archive, words);
        self.publishes_nothing_else(signer, archive);
        refused
    }

    /// Checks that `verify` says no, and why.
    #[track_caller]
    fn refused(&self, signer: &str, archive: &str, words: &[&str]) -> Outcome {
        let refused = self
            .line(&format!("verify -v {archive} --signer {signer}"))
            .exits(5)
            .complains(words)
            .says("hint: ")
            .prints("NOT VERIFIED");
        // Nothing is said to be signed, and nothing is opened in its name.
        assert!(!refused.stdout().contains("signed by"), "{refused}");
        for line in [
            "convert ARCHIVE -o no.zip -k customer.key -r vendor.crt --signer",
            "share ARCHIVE -o no.zip -k customer.key -r vendor.crt --signer",
        ] {
            let line = line.replace("ARCHIVE", archive);
            self.line(&format!("{line} {signer}")).exits(5);
            assert!(!self.exists("no.zip"), "{line}");
        }
        refused
    }

    /// Extracts as much of an archive as its signer vouches for, and checks that it
    /// is some of the calls, and not all of them without a failure.
    #[track_caller]
    fn publishes_nothing_else(&self, signer: &str, archive: &str) {
        let options = format!("-k customer.key --signer {signer}");
        let _ = std::fs::remove_dir_all(self.path("required"));
        let extracted = self
            .line(&format!("extract {archive} {options} -C required"))
            .fails();
        assert!(matches!(extracted.status(), Some(5 | 6)), "{extracted}");
        for file in self.tree("required") {
            if !file.ends_with('/') {
                let content = self.text(format!("required/{file}"));
                assert!(CALLS.contains(&(&file, &content)), "{file}: {content}");
            }
        }
        // A pipe has the calls one after the other, up to the first that fails.
        let piped = self.line(&format!("cat {archive} ** {options}")).outcome();
        let mut rest = piped.stdout();
        for (_, content) in CALLS {
            rest = rest.replacen(content, "", 1);
        }
        assert_eq!(rest, "", "{piped}");
    }
}

/// Loads signers by their certificates.
#[track_caller]
pub fn signers(scene: &Scene, certificates: &[&str]) -> Signers {
    let names: Vec<SignerName> = certificates
        .iter()
        .map(|file| SignerName::Certificate(scene.path(file)))
        .collect();
    Signers::load(&names, None, SigningTime::Ignored, SystemTime::now()).unwrap()
}

/// Extracts all of an archive into `required`, which has to be as one of these
/// signers signed it.
pub fn extract_required(
    scene: &Scene,
    archive: &str,
    certificates: &[&str],
) -> Result<Extracted, Error> {
    let archive = ArchiveFile::open(scene.path(archive))?;
    archive.require_signature(&signers(scene, certificates))?;
    extract_opened(scene, &archive, &scene.path("required"))
}

/// Extracts all of an archive with the customer's key.
pub fn extract_opened(
    scene: &Scene,
    archive: &ArchiveFile,
    target: &Path,
) -> Result<Extracted, Error> {
    let keyring = Keyring::load(&[scene.path("customer.key")]).unwrap();
    let opener = Opener::new(&keyring);
    Job::new().extract(&archive.all(), &opener, target)
}

/// Makes `forged.zip` of `calls.zip`, with another manifest over the same members
/// that `server` has signed.
pub fn sign_manifest(scene: &Scene, change: impl FnOnce(String) -> String) {
    let mut changed = entries(scene, "calls.zip");
    let manifest = String::from_utf8(entry(&mut changed, MANIFEST).clone()).unwrap();
    let manifest = change(manifest).into_bytes();
    *entry(&mut changed, CMS) = scene.openssl_signature("server", &manifest, "");
    *entry(&mut changed, MANIFEST) = manifest;
    put_together(scene, "forged.zip", &changed);
}

/// Returns the entries of `from` in place of those of the same names.
pub fn replace(entries: &mut Entries, from: &Entries, names: &[&str]) {
    for name in names {
        let mut found = from.iter().filter(|(stored, _)| stored == name);
        let (_, content) = found.next().unwrap_or_else(|| panic!("no entry {name}"));
        *entry(entries, name) = content.clone();
    }
}

/// Returns the place of an entry.
pub fn place(entries: &Entries, name: &str) -> usize {
    let place = entries.iter().position(|(stored, _)| stored == name);
    place.unwrap_or_else(|| panic!("no entry {name}"))
}

/// Takes entries out.
pub fn take_out(entries: &mut Entries, names: &[&str]) {
    for name in names {
        let place = place(entries, name);
        entries.remove(place);
    }
}
