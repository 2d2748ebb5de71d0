//! Changes to an archive that was signed.

use std::io::Read;
use std::sync::LazyLock;
use std::time::SystemTime;

use callseal::archive::Archive;
use callseal::keys::{SignerName, Signers, SigningTime};
use callseal::{ArchiveFile, Job};

use super::edits::edited;
use super::scratch::with_file;

/// An archive that two signers have signed; one that was shared from it; and one
/// member that was shared from it and signed again by one of them.
const ARCHIVES: [&[u8]; 3] = [
    include_bytes!("../sealed/signed.zip"),
    include_bytes!("../sealed/shared.zip"),
    include_bytes!("../sealed/shared-signed.zip"),
];

/// The X.509 and the OpenPGP signer.
static SIGNERS: LazyLock<Signers> = LazyLock::new(|| {
    let certificates: [&[u8]; 2] = [
        include_bytes!("../sealed/signer.crt"),
        include_bytes!("../sealed/signer.asc"),
    ];
    let directory = tempfile::tempdir().unwrap();
    let names = certificates.iter().enumerate().map(|(number, content)| {
        let path = directory.path().join(number.to_string());
        std::fs::write(&path, content).unwrap();
        SignerName::Certificate(path)
    });
    let names: Vec<SignerName> = names.collect();
    Signers::load(&names, None, SigningTime::Ignored, SystemTime::now()).unwrap()
});

type Entries = Vec<(String, Vec<u8>)>;

/// Checks an input. The first octet chooses the archive.
pub fn check(input: &[u8]) {
    let Some((choice, edits)) = input.split_first() else {
        return;
    };
    let choice = usize::from(*choice) % ARCHIVES.len();
    let original = ARCHIVES[choice];
    let bytes = edited(original, edits, &ARCHIVES);
    let is_signed = with_file(&bytes, |path| {
        let first = is_signed(path);
        assert_eq!(first, is_signed(path));
        first
    });
    match is_signed {
        Some(true) => assert!(
            ARCHIVES
                .iter()
                .any(|signed| entries(signed) == entries(&bytes)),
            "what was never signed counts as signed"
        ),
        Some(false) => assert!(
            entries(&bytes)
                .iter()
                .all(|(name, content)| was_sealed(name, content)),
            "what was never sealed counts as signed"
        ),
        None => assert!(bytes != original, "it was not changed"),
    }
}

/// Returns whether the archive itself counts as signed, or only what is sealed in
/// its members.
fn is_signed(path: &std::path::Path) -> Option<bool> {
    let archive = ArchiveFile::open(path).ok()?;
    let claimed = archive.claimed_signers();
    let verified =
        Job::new()
            .workers(std::num::NonZeroUsize::MIN)
            .verify(&archive, Some(&SIGNERS), None);
    let evidence = verified.evidence.filter(|_| verified.failures.is_empty())?;
    assert!(claimed.iter().any(|claims| !claims.is_empty()));
    Some(evidence.manifest.is_some())
}

/// Returns the entries that a manifest lists.
fn entries(bytes: &[u8]) -> Entries {
    let archive = Archive::open(bytes).unwrap();
    let entries = archive.members().iter().map(|entry| {
        let mut content = Vec::new();
        let mut source = archive.read(entry).unwrap();
        source.read_to_end(&mut content).unwrap();
        (entry.stored_name().into_owned(), content)
    });
    let is_listed = |(name, _): &(String, Vec<u8>)| {
        !name.starts_with("META-INF/callseal/manifest")
            && !name.starts_with("META-INF/callseal/origin")
    };
    entries.filter(is_listed).collect()
}

/// Returns whether one of the archives has an entry of this name that ends with
/// the same sealed data. (An index is sealed anew with each archive.)
fn was_sealed(name: &str, content: &[u8]) -> bool {
    /// The most that precedes the sealed data here.
    const FRONT: usize = 1024;
    if name == "META-INF/callseal/index.pgp" {
        return true;
    }
    ARCHIVES.iter().any(|archive| {
        entries(archive).iter().any(|(own, sealed)| {
            let tail = sealed.get(sealed.len().min(FRONT)..).unwrap_or_default();
            own == name && content.ends_with(tail)
        })
    })
}
