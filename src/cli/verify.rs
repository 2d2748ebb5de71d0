//! `callseal verify`

mod plugin;

use std::path::{Path, PathBuf};

use callseal::keys::Signers;
use callseal::message::Opener;
use callseal::{ArchiveFile, ErrorKind, Job, OpenedMembers, Timestamp, Verified};
use clap::Args;
use serde::Serialize;

use super::args::JobsArgs;
use super::error::Error;
use super::evidence_report::{EvidenceFacts, evidence_lines, passed_over};
use super::facts::PathFact;
use super::failure::{Ended, Failure, Report};
use super::global::Global;
use super::hints::Task;
use super::nagios::NagiosArgs;
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

One line for each archive says what was checked, and what was not. With -q,
archives that are sound have none, unless only their origin was signed. With
several archives, the exit status is that of the worst.

Examples:
  callseal verify calls.zip
  callseal verify calls.zip --signer server.crt
  callseal verify 2026-*.zip -p acme -k vendor.key")]
pub struct Arguments {
    /// The archives
    #[arg(value_name = "ARCHIVE", required = true)]
    archives: Vec<PathBuf>,
    /// Accept only archives that this signer signed: a certificate or its
    /// fingerprint; of several signers, one suffices
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
    pub nagios: NagiosArgs,
    #[command(flatten)]
    jobs: JobsArgs,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Ended, Failure> {
    arguments.nagios.check(global)?;
    let config = global.config()?;
    let signers = match arguments.signers.as_slice() {
        [] => of_profile(arguments.profile.as_deref(), "-p", config.as_ref())?
            .map(|chosen| chosen.signers),
        given => Some(named(given, ui)?),
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
    if arguments.nagios.is_given() {
        return plugin::line(checked, &work).print();
    }
    Ok(conclude(checked, &work, ui.is_quiet()).end(global.json, ui))
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
    has_index: bool,
    failures: Vec<Error>,
}

impl Checked<'_> {
    /// Adds what doesn't hold. Members of several archives may have the same name.
    fn fail(&mut self, errors: impl IntoIterator<Item = Error>) {
        let of_archive = |error| Error::of_archive(self.path, error);
        self.failures.extend(errors.into_iter().map(of_archive));
    }

    /// Returns whether there is more to say than that it's sound: something doesn't hold,
    /// or what was signed is the archive that it was made from.
    fn is_worth_a_word(&self) -> bool {
        let evidence = self.verified.as_ref().and_then(|v| v.evidence.as_ref());
        !self.failures.is_empty() || evidence.is_some_and(|found| found.manifest.is_none())
    }

    /// Returns whether it only doesn't open here: nothing shows that it was changed.
    fn is_only_closed(&self) -> bool {
        let is_closed = |error: &Error| error.kind() == ErrorKind::NoIdentity;
        !self.failures.is_empty() && self.failures.iter().all(is_closed)
    }
}

impl<'a> Work<'a> {
    fn check(&self, path: &'a Path) -> Checked<'a> {
        let mut checked = Checked {
            path,
            verified: None,
            claims: None,
            has_index: false,
            failures: Vec::new(),
        };
        let opener = self.opening.map(Opening::opener);
        let opener = opener.map(|opener| self.arguments.index.apply(opener));
        let mut archive = match ArchiveFile::open(path) {
            Ok(archive) => archive,
            Err(error) => {
                checked.fail([Error::during(Task::Verify, error)]);
                return checked;
            }
        };
        checked.claims = claims(&archive);
        checked.has_index = archive.has_index();
        // Without the grant, nothing is opened. What was signed is checked all the
        // same, and comes first.
        let read = opener.map(|opener| self.read_index(&mut archive, opener));
        let (opener, unread) = match read.transpose() {
            Ok(opener) => (opener, None),
            Err(error) => (None, Some(error)),
        };
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
        let failures = failures.map(|error| Error::during(Task::Verify, error));
        checked.fail(failures.chain(unread));
        checked.verified = Some(verified);
        checked
    }

    /// Reads the grant, or the names in the index.
    fn read_index<'o>(
        &self,
        archive: &mut ArchiveFile,
        opener: Opener<'o>,
    ) -> Result<Opener<'o>, Error> {
        // Before the index is opened. If it doesn't hold, that is said later.
        if let Some(signers) = self.signers {
            let _ = archive.require_signature(signers);
        }
        self.arguments.grant.apply(archive, &opener)?;
        archive.read_names(&opener);
        Ok(opener)
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
            let (verdict, what) = match (checked.is_only_closed(), &verified.opened) {
                (true, Some(opened)) => {
                    let closed = of_all(checked.failures.len(), opened);
                    (
                        "NOT OPENED",
                        format!("{closed} can't be opened with your key"),
                    )
                }
                (true, None) => ("NOT OPENED", "the grant doesn't open".into()),
                (false, _) => (
                    "NOT VERIFIED",
                    count(checked.failures.len() as u64, "fault"),
                ),
            };
            let signed = match &verified.evidence {
                Some(evidence) => {
                    let lines = evidence_lines(evidence).join("; ");
                    format!("; the signature holds: {lines}")
                }
                None => String::new(),
            };
            return format!("{path}: {verdict} ({what}; {size}){signed}");
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
                let members = match opened.unopened {
                    0 => count(opened.members as u64, "member"),
                    _ => of_all(opened.members, opened),
                };
                let index = match opened.listed {
                    _ if self.arguments.grant.is_given() => match opened.members {
                        1 => ", as the grant lists it",
                        _ => ", as the grant lists them",
                    },
                    Some(listed) if listed == opened.members => ", as the index lists them",
                    Some(_) => ", some of them in the index",
                    None if checked.has_index => ", without the index",
                    None => ", without an index",
                };
                let unopened = match opened.unopened {
                    0 => String::new(),
                    1 => "; the other one not opened".into(),
                    more => format!("; the other {more} not opened"),
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
                format!("opened to the end: {members} ({plain}){weak}{index}{unopened}{others}")
            }
        });
        format!("{path}: {}", parts.join("; "))
    }
}

/// Returns a number of all members that could have been opened.
fn of_all(members: usize, opened: &OpenedMembers) -> String {
    let all = opened.members + opened.unopened;
    format!("{members} of {}", count(all as u64, "member"))
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

fn conclude<'a>(
    checked: Vec<Checked<'a>>,
    work: &Work<'_>,
    is_quiet: bool,
) -> Report<String, VerifyFacts<'a>> {
    let lines: Vec<String> = checked
        .iter()
        .filter(|checked| !is_quiet || checked.is_worth_a_word())
        .map(|checked| work.line(checked) + "\n")
        .collect();
    let facts = VerifyFacts {
        archives: checked.iter().map(|checked| work.facts(checked)).collect(),
    };
    let total = checked.len();
    let mut failures = Vec::new();
    let mut failed = Vec::new();
    for checked in checked {
        let Some(worst) = checked.failures.iter().map(Error::kind).max() else {
            continue;
        };
        let worst = worst.min(ErrorKind::Integrity);
        failed.push((checked.path, worst, checked.is_only_closed()));
        failures.extend(checked.failures);
    }
    let worst = failed.iter().map(|(_, worst, _)| *worst).max();
    let outcome = match (failed.as_slice(), worst) {
        // The one failure says all.
        ([_], Some(worst))
            if failures.len() == 1 && failures.iter().all(|error| error.kind() == worst) =>
        {
            failures.pop()
        }
        ([(path, _, true)], _) if total == 1 => Some(Error::NotOpened {
            archive: path.to_path_buf(),
        }),
        ([(path, ..)], Some(worst)) if total == 1 => Some(Error::NotVerified {
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
    #[serde(flatten)]
    evidence: EvidenceFacts,
    /// The number of members that were opened; null if no key was given.
    opened: Option<usize>,
    /// The number of the others.
    not_opened: Option<usize>,
    plain_bytes: Option<u64>,
    /// The number of members whose lines of the index fit; null without one.
    as_in_index: Option<usize>,
}

impl Work<'_> {
    fn facts<'a>(&self, checked: &Checked<'a>) -> ArchiveFacts<'a> {
        let verified = checked.verified.as_ref();
        let evidence = verified.and_then(|verified| verified.evidence.as_ref());
        let opened = verified.and_then(|verified| verified.opened.as_ref());
        // A grant says what is sealed in a member, and nothing of the index.
        let listed = opened.filter(|_| !self.arguments.grant.is_given());
        ArchiveFacts {
            archive: PathFact(checked.path),
            holds: checked.failures.is_empty(),
            entries: verified.map(|verified| verified.entries),
            bytes: verified.map(|verified| verified.bytes),
            evidence: EvidenceFacts::of(evidence),
            opened: opened.map(|opened| opened.members),
            not_opened: opened.map(|opened| opened.unopened),
            plain_bytes: opened.map(|opened| opened.plain),
            as_in_index: listed.and_then(|opened| opened.listed),
        }
    }
}
