//! `callseal keys`

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use callseal::Timestamp;
use callseal::keys::{Beside, CertificateKind, Identity, Keyring, Recipient};
use clap::Args;
use serde::Serialize;

use super::archive_overview::{Overview, Reach};
use super::args::{IdentityArgs, LimitArgs};
use super::facts::{Facts, PathFact};
use super::failure::{Failure, Report};
use super::global::Global;
use super::known_recipients::key_line;
use super::ui::{Ui, Waiting, count, safe};

/// Show your private keys, and which of them open an archive
#[derive(Debug, Args)]
#[command(after_help = "\
No key is unlocked. The certificate of a key is looked for in its file, and
next to it under the same name: for vendor.key it is vendor.crt (or .cer, .pem,
.der, .pub, .asc, .pgp, .gpg). A key still opens messages after its certificate
has expired.

With --archive, the exit status is 4 if no key can open any member of one of
the archives.

Examples:
  callseal keys -k keys/
  callseal keys -k customer.key -k vendor.key --archive calls.zip")]
pub struct Arguments {
    #[command(flatten)]
    identities: IdentityArgs,
    /// Show how many members of this archive each key opens (repeatable)
    #[arg(long = "archive", value_name = "ARCHIVE")]
    archives: Vec<PathBuf>,
    #[command(flatten)]
    limits: LimitArgs,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Report, Failure> {
    let config = global.config()?;
    let keyring = arguments.identities.some_keyring(config.as_ref(), ui)?;
    let limits = arguments.limits.limits();
    let mut report = Report::default();
    let waiting = Waiting::new(ui, "reading the archives".into());
    let mut archives = Vec::new();
    for path in &arguments.archives {
        match Overview::read(path, &limits) {
            Ok(overview) => archives.push(Archive { path, overview }),
            Err(error) => report.failures.push(error.into()),
        }
    }
    drop(waiting);

    let certificates = own_certificates(&keyring, ui);
    let listed: Vec<Listed> = keyring
        .identities()
        .iter()
        .zip(certificates)
        .map(|(identity, certificate)| Listed {
            identity,
            certificate,
            reaches: archives
                .iter()
                .map(|archive| archive.reach(std::slice::from_ref(identity), &keyring))
                .collect(),
        })
        .collect();
    let is_one = arguments.archives.len() == 1;
    let texts = listed.iter().map(|key| key.text(&archives, is_one));
    let texts: Vec<String> = texts.collect();
    report.text = texts.join("\n");
    let together: Vec<Reach> = archives
        .iter()
        .map(|archive| archive.reach(keyring.identities(), &keyring))
        .collect();
    let archive_facts = archives
        .iter()
        .zip(&together)
        .map(|(archive, reach)| ArchiveFacts {
            path: PathFact(archive.path),
            members: archive.overview.members(),
            opens: reach.opens,
            may_open: reach.may_open,
            no_key: reach.closed,
        });
    let are_given = !arguments.archives.is_empty();
    report.facts = Some(Facts::of(&KeysFacts {
        keys: listed
            .iter()
            .map(|key| key.facts(are_given.then_some(&*archives)))
            .collect(),
        archives: are_given.then(|| archive_facts.collect()),
    }));
    if !archives.is_empty() {
        report.text.push('\n');
    }
    for (archive, reach) in archives.into_iter().zip(&together) {
        archive.conclude(reach, &keyring, &mut report);
    }
    if let [_] = arguments.archives.as_slice() {
        // Its failure is that of the command.
        report.outcome = report.failures.pop();
    }
    Ok(report)
}

/// An archive that the keys are tried on.
struct Archive<'a> {
    path: &'a Path,
    overview: Overview,
}

impl Archive<'_> {
    fn reach(&self, keys: &[Identity], keyring: &Keyring) -> Reach {
        self.overview.reach(keys, keyring)
    }

    /// Reports how many members the keys together open.
    fn conclude(mut self, reach: &Reach, keyring: &Keyring, report: &mut Report) {
        let path = self.path.display().to_string();
        // Writing to a string does not fail.
        let _ = writeln!(
            report.text,
            "{}: {}",
            safe(&path),
            reach_phrase(reach, self.overview.members())
        );
        let closed = self.overview.closed_to(self.path, keyring);
        let (failures, outcome) = self.overview.take_failures(self.path, Vec::new());
        report.failures.extend(failures);
        report.failures.extend(outcome);
        report.failures.extend(closed.map(Into::into));
    }
}

/// Returns how many of the members the keys together open.
fn reach_phrase(reach: &Reach, members: u64) -> String {
    let all = count(members, "member");
    let unknown = reach.may_open - reach.hidden;
    let mut parts = Vec::new();
    match (reach.opens, reach.may_open, members) {
        (_, _, 0) => parts.push("it has no members".to_owned()),
        (0, 0, 1) => return "your keys don't open its only member".into(),
        (0, 0, _) => return format!("your keys open none of the {all}"),
        (0, ..) => {}
        (opens, ..) => parts.push(format!("your keys open {opens} of {all}")),
    }
    match reach.hidden {
        0 => {}
        1 => parts.push("1 member hides its recipients; your keys may open it".into()),
        n => parts.push(format!(
            "{n} members hide their recipients; your keys may open them"
        )),
    }
    match (unknown, reach.opens) {
        (0, _) => {}
        (n, 0) => parts.push(format!("your locked keys may open {n} of {all}")),
        (n, _) => parts.push(format!("your locked keys may open {n} more")),
    }
    if reach.closed > 0 {
        parts.push(format!("none of your keys opens {}", reach.closed));
    }
    parts.join("; ")
}

/// Returns the certificate of each key, if it is in the key's file or next to
/// it. Warns once of one that belongs to another key.
fn own_certificates(keyring: &Keyring, ui: &Ui) -> Vec<Option<Recipient>> {
    let mut warned = BTreeSet::new();
    let own = |identity: &Identity| match identity.certificate_beside()? {
        Beside::Own(certificate) => Some(certificate),
        Beside::Other(certificate) => {
            let key = identity.source().display();
            let warning = if certificate.source() == identity.source() {
                format!("the certificate in {key} belongs to another key")
            } else {
                let certificate = certificate.source().display();
                format!("{certificate} next to {key} belongs to another key")
            };
            if warned.insert(warning.clone()) {
                ui.warning(&warning);
            }
            None
        }
    };
    keyring.identities().iter().map(own).collect()
}

/// A key with its certificate and its reach.
struct Listed<'a> {
    identity: &'a Identity,
    /// Its own certificate, if that is in its file or next to it.
    certificate: Option<Recipient>,
    /// The members that it opens, of each archive.
    reaches: Vec<Reach>,
}

impl Listed<'_> {
    fn kind(&self) -> &'static str {
        match self.identity.is_openpgp() {
            true => "OpenPGP key",
            false => "private key",
        }
    }

    /// Returns the key's owner. The label of a bare public key is only its
    /// file's name.
    fn label(&self) -> Option<&str> {
        let certificate = self.certificate.as_ref();
        match certificate {
            Some(certificate) if certificate.kind() == CertificateKind::PublicKey => None,
            _ => self.identity.label().or(certificate.map(Recipient::label)),
        }
    }

    /// Returns the text; `is_one` if there is one archive, which needs no name.
    fn text(&self, archives: &[Archive<'_>], is_one: bool) -> String {
        let path = self.identity.source().display().to_string();
        let mut text = format!(
            "{}\n  {}, {}\n",
            safe(&path),
            self.kind(),
            key_line(self.identity)
        );
        let mut line = |label: &str, value: &str| {
            // Writing to a string does not fail.
            let _ = writeln!(text, "  {label:<12} {}", safe(value));
        };
        match self.identity.fingerprint() {
            Some(fingerprint) => line("fingerprint", &fingerprint.to_string()),
            None => line("fingerprint", "unknown while locked"),
        }
        if self.identity.is_presumed() {
            line("", "from its certificate, since the key is locked");
        }
        if let Some(label) = self.label() {
            line("owner", label);
        }
        if let Some(certificate) = &self.certificate {
            let is_within = certificate.source() == self.identity.source();
            let place = match is_within {
                true => "in the same file".to_owned(),
                false => certificate.source().display().to_string(),
            };
            line("certificate", &place);
            if let Some(end) = certificate.expires() {
                let validity = match end < SystemTime::now() {
                    true => "expired",
                    false => "valid until",
                };
                line("", &format!("{validity} {}", Timestamp(end)));
            }
        }
        let is_known = self.identity.fingerprint().is_some();
        if !archives.is_empty() && !is_known {
            line("archive", "unknown while locked");
        }
        for (archive, reach) in archives.iter().zip(&self.reaches) {
            if !is_known {
                break;
            }
            let which = match is_one {
                true => String::new(),
                false => format!("{}: ", archive.path.display()),
            };
            let members = count(archive.overview.members(), "member");
            let opens = format!("{which}opens {} of {members}", reach.opens);
            line("archive", &opens);
            match reach.may_open {
                0 => {}
                1 => line("", "may open 1 more, which hides its recipients"),
                n => line(
                    "",
                    &format!("may open {n} more, which hide their recipients"),
                ),
            }
        }
        text
    }

    fn facts<'a>(&'a self, archives: Option<&[Archive<'a>]>) -> KeyFacts<'a> {
        let identity = self.identity;
        let is_known = identity.fingerprint().is_some();
        let certificate = self.certificate.as_ref();
        let reach = |(archive, reach): (&Archive<'a>, &Reach)| ReachFacts {
            path: PathFact(archive.path),
            opens: is_known.then_some(reach.opens),
            may_open: is_known.then_some(reach.may_open),
        };
        KeyFacts {
            path: PathFact(identity.source()),
            fingerprint: identity.fingerprint().map(ToString::to_string),
            fingerprint_from_certificate: identity.is_presumed(),
            label: self.label(),
            kind: self.kind(),
            algorithm: identity.algorithm(),
            locked: identity.is_locked(),
            world_readable: identity.is_exposed(),
            certificate: certificate.map(|certificate| CertificateFacts {
                path: PathFact(certificate.source()),
                label: certificate.label(),
                expires: certificate.expires().map(Timestamp),
            }),
            archives: archives
                .map(|archives| archives.iter().zip(&self.reaches).map(reach).collect()),
        }
    }
}

#[derive(Serialize)]
struct KeysFacts<'a> {
    keys: Vec<KeyFacts<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    archives: Option<Vec<ArchiveFacts<'a>>>,
}

#[derive(Serialize)]
struct ArchiveFacts<'a> {
    path: PathFact<'a>,
    members: u64,
    opens: u64,
    may_open: u64,
    no_key: u64,
}

#[derive(Serialize)]
struct KeyFacts<'a> {
    path: PathFact<'a>,
    fingerprint: Option<String>,
    fingerprint_from_certificate: bool,
    label: Option<&'a str>,
    kind: &'static str,
    algorithm: Option<&'a str>,
    locked: bool,
    world_readable: bool,
    certificate: Option<CertificateFacts<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    archives: Option<Vec<ReachFacts<'a>>>,
}

#[derive(Serialize)]
struct CertificateFacts<'a> {
    path: PathFact<'a>,
    label: &'a str,
    expires: Option<Timestamp>,
}

/// The members that a key opens; null if its fingerprint is unknown.
#[derive(Serialize)]
struct ReachFacts<'a> {
    path: PathFact<'a>,
    opens: Option<u64>,
    may_open: Option<u64>,
}
