//! `callseal verify`

use std::path::{Path, PathBuf};

use callseal::keys::{SignatureVerdict, Signers};
use callseal::message::Opener;
use callseal::{ArchiveFile, ErrorKind, Job, Signed, Timestamp, Verified};
use clap::Args;
use serde::Serialize;

use super::args::JobsArgs;
use super::error::Error;
use super::evidence_report::{evidence_lines, passed_over};
use super::facts::PathFact;
use super::failure::{Ended, Failure, Report};
use super::global::Global;
use super::hints::Task;
use super::open_args::{GrantArgs, IgnoreIndexArgs, OpenArgs, Opening};
use super::signer_args::{named, of_profile};
use super::ui::{Bar, Ui, bytes, count, entries, quoted, safe};

/// Check archives: whether they are sound, are what was signed, and open
#[derive(Debug, Args)]
#[command(after_help = "\
Without further options, the structure of an archive and its checksums are
checked. With a signer, its entries are compared with what that signer has
signed; no key is needed. With a key, every member is opened to its end, and
compared with the index. Nothing is written.

One line for each archive says what was checked, and what was not.

Examples:
  callseal verify calls.zip
  callseal verify calls.zip --signer server.crt
  callseal verify 2026-*.zip -p acme -k vendor.key")]
pub struct Arguments {
    /// The archives
    #[arg(value_name = "ARCHIVE", required = true)]
    archives: Vec<PathBuf>,
    /// A signer of the archives, by certificate or fingerprint: they have to be as
    /// this signer, or another one that is given, signed them
    #[arg(long = "signer", value_name = "CERT")]
    signers: Vec<PathBuf>,
    /// Take the signers of this profile in the config [default: the default
    /// profile, if it has any]
    #[arg(short, long, value_name = "NAME", conflicts_with = "signers")]
    profile: Option<String>,
    #[command(flatten)]
    opening: OpenArgs,
    #[command(flatten)]
    grant: GrantArgs,
    #[command(flatten)]
    index: IgnoreIndexArgs,
    #[command(flatten)]
    jobs: JobsArgs,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Ended, Failure> {
    let config = global.config()?;
    let signers = match arguments.signers.as_slice() {
        [] => of_profile(arguments.profile.as_deref(), "-p", config.as_ref())?
            .map(|chosen| chosen.signers),
        given => Some(named(given)?),
    };
    let bar = Bar::new(ui, "verifying");
    // Nobody asked to unlock the keys of the config.
    let opens = arguments.opening.names_keys() || arguments.grant.is_given();
    let opening = match opens {
        true => Some(arguments.opening.load(config.as_ref(), bar.handle(), ui)?),
        false => None,
    };
    let work = Work {
        arguments,
        signers: signers.as_ref(),
        opening: opening.as_ref(),
        bar: &bar,
    };
    let checked: Vec<Checked<'_>> = arguments
        .archives
        .iter()
        .map(|archive| work.check(archive))
        .collect();
    bar.finish();
    Ok(conclude(checked, &work).end(global.json, ui))
}

/// What is checked, and by what.
struct Work<'a> {
    arguments: &'a Arguments,
    signers: Option<&'a Signers>,
    opening: Option<&'a Opening>,
    bar: &'a Bar,
}

/// What was found out about an archive.
struct Checked<'a> {
    path: &'a Path,
    verified: Option<Verified>,
    claims: Option<String>,
    failures: Vec<Error>,
}

impl<'a> Work<'a> {
    fn check(&self, path: &'a Path) -> Checked<'a> {
        let mut checked = Checked {
            path,
            verified: None,
            claims: None,
            failures: Vec::new(),
        };
        let opener = self.opening.map(Opening::opener);
        let opener = opener.map(|opener| self.arguments.index.apply(opener));
        let archive = self.open(path, opener.as_ref());
        let archive = match archive {
            Ok(archive) => archive,
            Err(error) => {
                checked.failures.push(error);
                return checked;
            }
        };
        checked.claims = claims(&archive);
        let job = Job::new()
            .workers(self.arguments.jobs.jobs())
            .progress(self.bar);
        let members = match self.arguments.grant.is_given() {
            true => archive.all().granted(),
            false => archive.all(),
        };
        let opened = opener.as_ref().map(|opener| (members, opener));
        let mut verified = job.verify(&archive, self.signers, opened);
        let failures = std::mem::take(&mut verified.failures).into_iter();
        checked.failures = failures
            .map(|error| Error::during(Task::Verify, error))
            .collect();
        checked.verified = Some(verified);
        checked
    }

    fn open(&self, path: &Path, opener: Option<&Opener<'_>>) -> Result<ArchiveFile, Error> {
        let mut archive = ArchiveFile::open(path)?;
        if let Some(opener) = opener {
            // Before the index is opened. If it doesn't hold, that is said later.
            if let Some(signers) = self.signers {
                let _ = archive.require_signature(signers);
            }
            self.arguments.grant.apply(&mut archive, opener)?;
            archive.read_names(opener);
        }
        Ok(archive)
    }

    /// Returns what was checked of an archive, and what was not.
    fn line(&self, checked: &Checked<'_>) -> String {
        let path = checked.path.display().to_string();
        let path = safe(&path);
        let Some(verified) = &checked.verified else {
            return format!("{path}: NOT VERIFIED");
        };
        let size = format!("{}, {}", entries(verified.entries), bytes(verified.bytes));
        if !checked.failures.is_empty() {
            let faults = count(checked.failures.len() as u64, "fault");
            return format!("{path}: NOT VERIFIED ({faults}; {size})");
        }
        let mut parts = vec![format!("sound ({size})")];
        match (&verified.evidence, &checked.claims) {
            (Some(evidence), _) => {
                parts.extend(evidence_lines(evidence));
                parts.extend(passed_over(evidence));
            }
            (None, Some(claims)) => parts.push(format!("{claims}, not checked: no --signer")),
            (None, None) => parts.push("not signed".into()),
        }
        parts.push(match &verified.opened {
            None => "not opened: no -k".into(),
            Some(opened) => {
                let members = count(opened.members as u64, "member");
                let index = match opened.listed {
                    Some(listed) if listed == opened.members => ", as the index lists them",
                    Some(_) => ", some of them in the index",
                    None => ", without an index",
                };
                let others = match opened.other_files.len() {
                    0 => String::new(),
                    others => format!(", {} never sealed", count(others as u64, "file")),
                };
                let plain = bytes(opened.plain);
                let weak = match opened.not_authenticated.len() {
                    0 => String::new(),
                    weak => format!(", {weak} of them not authenticated"),
                };
                format!("opened to the end: {members} ({plain}){weak}{index}{others}")
            }
        });
        format!("{path}: {}", parts.join("; "))
    }
}

/// Says who claims to have signed an archive.
pub fn claims(archive: &ArchiveFile) -> Option<String> {
    let [manifest, origin] = archive.claimed_signers();
    let mut parts = Vec::new();
    for (claims, what) in [
        (manifest, "claims to be signed by"),
        (origin, "claims that what is sealed in it was signed by"),
    ] {
        let signers: Vec<String> = claims
            .iter()
            .map(|claim| {
                let time = claim.time.map(Timestamp);
                let time = time.map(|time| format!(" on {time}")).unwrap_or_default();
                format!("{}{time}", quoted(&claim.signer))
            })
            .collect();
        if !signers.is_empty() {
            parts.push(format!("{what} {}", signers.join(" and ")));
        }
    }
    let unread = archive.has_manifest() || archive.has_origin();
    match parts.is_empty() {
        false => Some(parts.join(", ")),
        true => unread.then(|| "has a manifest without a signature that can be read".into()),
    }
}

fn conclude<'a>(checked: Vec<Checked<'a>>, work: &Work<'_>) -> Report<String, VerifyFacts<'a>> {
    let lines: Vec<String> = checked
        .iter()
        .map(|checked| work.line(checked) + "\n")
        .collect();
    let facts = VerifyFacts {
        archives: checked.iter().map(ArchiveFacts::of).collect(),
    };
    let total = checked.len();
    let mut failures = Vec::new();
    let mut failed = Vec::new();
    for Checked {
        path,
        failures: own,
        ..
    } in checked
    {
        let Some(worst) = own.iter().map(Error::kind).max() else {
            continue;
        };
        let worst = worst.min(ErrorKind::Integrity);
        failed.push((path, worst));
        failures.extend(own);
    }
    let worst = failed.iter().map(|(_, worst)| *worst).max();
    let outcome = match (failed.as_slice(), worst) {
        // The one failure says all.
        ([_], Some(worst))
            if failures.len() == 1 && failures.iter().all(|error| error.kind() == worst) =>
        {
            failures.pop()
        }
        ([(path, _)], Some(worst)) if total == 1 => Some(Error::NotVerified {
            archive: path.to_path_buf(),
            worst,
        }),
        (failed, Some(worst)) => Some(Error::SomeNotVerified {
            failed: failed.len(),
            total,
            worst,
        }),
        (_, None) => None,
    };
    Report {
        failures,
        outcome,
        ..Report::of(lines.concat(), facts)
    }
}

#[derive(Serialize)]
struct VerifyFacts<'a> {
    archives: Vec<ArchiveFacts<'a>>,
}

#[derive(Serialize)]
struct ArchiveFacts<'a> {
    archive: PathFact<'a>,
    /// Whether everything that was checked holds.
    holds: bool,
    entries: Option<usize>,
    bytes: Option<u64>,
    /// Who signed it as it is; null if that was not checked, or doesn't hold.
    signed_by: Option<Vec<SignerFacts>>,
    /// Who signed what is sealed in it.
    origin_signed_by: Option<Vec<SignerFacts>>,
    /// The number of members that the origin lists and the archive doesn't have.
    origin_missing: Option<u64>,
    /// The number of members that were opened; null if no key was given.
    opened: Option<usize>,
    plain_bytes: Option<u64>,
    /// The number of members whose lines of the index fit; null without one.
    as_in_index: Option<usize>,
}

#[derive(Serialize)]
struct SignerFacts {
    signer: String,
    fingerprint: Option<String>,
    claimed: Option<Timestamp>,
}

impl<'a> ArchiveFacts<'a> {
    fn of(checked: &Checked<'a>) -> Self {
        let verified = checked.verified.as_ref();
        let evidence = verified.and_then(|verified| verified.evidence.as_ref());
        let manifest = evidence.and_then(|evidence| evidence.manifest.as_ref());
        let origin = evidence.and_then(|evidence| evidence.origin.as_ref());
        let opened = verified.and_then(|verified| verified.opened.as_ref());
        Self {
            archive: PathFact(checked.path),
            holds: checked.failures.is_empty(),
            entries: verified.map(|verified| verified.entries),
            bytes: verified.map(|verified| verified.bytes),
            signed_by: manifest.map(signers),
            origin_signed_by: origin.map(signers),
            origin_missing: origin.map(|origin| origin.missing),
            opened: opened.map(|opened| opened.members),
            plain_bytes: opened.map(|opened| opened.plain),
            as_in_index: opened.and_then(|opened| opened.listed),
        }
    }
}

fn signers(signed: &Signed) -> Vec<SignerFacts> {
    let holding = signed.signatures.iter().filter(|verdict| verdict.holds());
    holding
        .map(|verdict: &SignatureVerdict| SignerFacts {
            signer: verdict.signer.clone(),
            fingerprint: verdict.fingerprint.clone(),
            claimed: verdict.claimed.map(Timestamp),
        })
        .collect()
}
