//! The part of NIST's Public Key Interoperability Test Suite (PKITS) that
//! applies here: signatures, validity, name chaining, CRLs, self-issued
//! certificates, path lengths and key usage.
//!
//! Its files are not ours: `make test` fetches them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use callseal::keys::{ChainFault, Recipient, Refusal, Requirements};
use openssl::x509::X509;

/// Within the validity of the suite, which ends with 2030: 2020-06-01.
const AT: Duration = Duration::from_secs(1_590_969_600);

const TABLE: &str = include_str!("table.txt");

/// One test: a path, its CRLs and the verdict.
struct Test {
    /// The section of the document.
    number: &'static str,
    verdict: Verdict,
    end_entity: &'static str,
    intermediates: Vec<&'static str>,
    crls: Vec<&'static str>,
}

/// The verdict on a path: valid, or the variant of our error that refuses it.
type Verdict = Result<(), &'static str>;

/// A test that the document accepts and we refuse.
struct Exception {
    number: &'static str,
    refused: &'static str,
    reason: &'static str,
}

/// We are only stricter: what the document calls invalid is always refused.
const EXCEPTIONS: &[Exception] = &[
    Exception {
        number: "4.1.4",
        refused: "Key",
        reason: "DSA keys sign and do nothing else: none can be sealed to",
    },
    Exception {
        number: "4.1.5",
        refused: "Key",
        reason: "a DSA key again, and one without its parameters, which OpenSSL does not decode",
    },
    Exception {
        number: "4.1.6",
        refused: "Key",
        reason: "refused for its DSA key before the signature, which is wrong, comes to be checked",
    },
];

fn table() -> Vec<Test> {
    let rows = TABLE.lines().filter(|line| !line.is_empty());
    let rows = rows.filter(|line| !line.starts_with('#')).map(|line| {
        let columns: Vec<&str> = line.split(' ').collect();
        let [number, verdict, end_entity, intermediates, crls] = columns[..] else {
            panic!("not five columns: {line}");
        };
        Test {
            number,
            verdict: match verdict {
                "Valid" => Ok(()),
                cause => Err(cause),
            },
            end_entity,
            intermediates: intermediates.split(',').collect(),
            crls: crls.split(',').filter(|name| *name != "-").collect(),
        }
    });
    rows.collect()
}

/// Where a test's intermediates are.
#[derive(Clone, Copy, Debug)]
enum Intermediates {
    /// In the bundle, next to the trust anchor.
    InTheBundle,
    /// In the file of the certificate, after it.
    InItsOwnFile,
}

fn cause(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Expired { .. } => "Expired",
        Refusal::NotYetValid { .. } => "NotYetValid",
        Refusal::Revoked { .. } => "Revoked",
        Refusal::Key { .. } => "Key",
        // In the certificate's own file, a CA without the name of its issuer
        // counts as another recipient.
        Refusal::NotIssuer { .. } => "UnknownIssuer",
        Refusal::Untrusted { fault, .. } => match fault {
            ChainFault::UnknownIssuer { .. } => "UnknownIssuer",
            ChainFault::CaExpired { .. } => "CaExpired",
            ChainFault::CaNotYetValid { .. } => "CaNotYetValid",
            ChainFault::BadSignature { .. } => "BadSignature",
            ChainFault::NotACa { .. } => "NotACa",
            ChainFault::PathTooLong { .. } => "PathTooLong",
            ChainFault::CaRevoked { .. } => "CaRevoked",
            ChainFault::NoCrl { .. } => "NoCrl",
            ChainFault::CrlExpired { .. } => "CrlExpired",
            ChainFault::BadCrl { .. } => "BadCrl",
            _ => panic!("no test of the suite is to end like this: {refusal}"),
        },
        _ => panic!("no test of the suite is to end like this: {refusal}"),
    }
}

fn suite() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let suite = target.join("pkits");
    assert!(
        suite.is_dir(),
        "{} is not there: run `make test`, which fetches it",
        suite.display()
    );
    suite
}

fn certificate(name: &str) -> PathBuf {
    suite().join(format!("certs/{name}.crt"))
}

fn crl(name: &str) -> PathBuf {
    suite().join(format!("crls/{name}.crl"))
}

/// Runs a test through the library.
fn verdict(test: &Test, intermediates: Intermediates) -> Verdict {
    let directory = tempfile::tempdir().unwrap();
    let mut ca_files = vec![certificate("TrustAnchorRootCertificate")];
    let mut file = certificate(test.end_entity);
    let below = test.intermediates.iter().map(|name| certificate(name));
    match intermediates {
        Intermediates::InTheBundle => ca_files.extend(below),
        Intermediates::InItsOwnFile => {
            let blocks = std::iter::once(file).chain(below).flat_map(|path| {
                let certificate = X509::from_der(&fs::read(path).unwrap()).unwrap();
                certificate.to_pem().unwrap()
            });
            let blocks: Vec<u8> = blocks.collect();
            file = directory.path().join("chain.pem");
            fs::write(&file, blocks).unwrap();
        }
    }
    let crls = ["TrustAnchorRootCRL"].iter().chain(&test.crls);
    let crls: Vec<PathBuf> = crls.map(|name| crl(name)).collect();
    let at: SystemTime = UNIX_EPOCH + AT;
    let requirements = Requirements::listed(at).with_ca(&ca_files, &crls).unwrap();
    match Recipient::load(&file, &requirements) {
        Ok(found) => {
            let chain = found[0].chain().unwrap();
            assert_eq!(chain.issuers.last().unwrap().subject, "Trust Anchor");
            Ok(())
        }
        Err(refusal) => Err(cause(&refusal)),
    }
}

/// Returns the document's verdict on a test, or that of our exceptions.
fn expected(test: &Test) -> Verdict {
    let exception = EXCEPTIONS.iter().find(|one| one.number == test.number);
    exception.map_or(test.verdict, |exception| Err(exception.refused))
}

#[track_caller]
fn is_as_the_document_says(intermediates: Intermediates) {
    let surprises: Vec<String> = table()
        .into_iter()
        .map(|test| {
            let found = verdict(&test, intermediates);
            (expected(&test), found, test)
        })
        .filter(|(expected, found, _)| expected != found)
        .map(|(expected, found, test)| {
            let Test {
                number, end_entity, ..
            } = test;
            format!("{number} {end_entity}: {expected:?} is due, and {found:?} is what we find")
        })
        .collect();
    assert!(surprises.is_empty(), "\n{}", surprises.join("\n"));
}

#[test]
fn the_verdicts_match_the_document_with_the_intermediates_in_the_bundle() {
    is_as_the_document_says(Intermediates::InTheBundle);
}

#[test]
fn the_verdicts_match_the_document_with_the_intermediates_in_the_file() {
    is_as_the_document_says(Intermediates::InItsOwnFile);
}

#[test]
fn every_test_of_the_seven_sections_appears_once() {
    let mut sections: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for test in table() {
        let (section, number) = test.number.rsplit_once('.').unwrap();
        let number: usize = number.parse().unwrap();
        let name = format!("Test{number}EE");
        assert!(test.end_entity.ends_with(&name), "{}", test.end_entity);
        // The suite has its verdict in the name as well.
        let is_invalid = test.end_entity.starts_with("Invalid");
        assert_eq!(is_invalid, test.verdict.is_err(), "{}", test.number);
        assert!(
            sections.entry(section).or_default().insert(number),
            "{}",
            test.number
        );
    }
    let sizes = [6, 8, 11, 21, 8, 17, 5];
    let complete = (1..).zip(sizes);
    let complete: Vec<_> = complete
        .map(|(section, size)| (format!("4.{section}"), (1..=size).collect()))
        .collect();
    let found: Vec<(String, BTreeSet<usize>)> = sections
        .into_iter()
        .map(|(section, numbers)| (section.to_owned(), numbers))
        .collect();
    assert_eq!(found, complete);
}

#[test]
fn every_exception_differs_from_the_document_and_says_why() {
    for exception in EXCEPTIONS {
        let mut tests = table().into_iter();
        let test = tests.find(|test| test.number == exception.number);
        let test = test.expect(exception.number);
        assert_ne!(test.verdict, Err(exception.refused), "{}", test.number);
        assert!(!exception.reason.is_empty(), "{}", test.number);
    }
}
