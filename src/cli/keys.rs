//! `callseal keys`

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use callseal::Timestamp;
use callseal::keys::{Beside, CertificateKind, Identity, Keyring, Recipient};
use clap::Args;
use serde_json::{Value, json};

use super::archive_overview::{Overview, Reach};
use super::args::{IdentityArgs, LimitArgs};
use super::failure::{Failure, Report};
use super::global::Global;
use super::known_recipients::key_line;
use super::ui::{Ui, count, safe};

/// Show your private keys, and which of them open an archive
#[derive(Debug, Args)]
#[command(after_help = "\
No key is unlocked. The certificate of a key is looked for in its file, and
next to it under the same name: for vendor.key it is vendor.crt (or .cer, .pem,
.der, .pub, .asc, .pgp, .gpg). A key still opens messages after its certificate
has expired.

With --archive, the exit status is 4 if no key can open any member.

Examples:
  callseal keys -k keys/
  callseal keys -k customer.key -k vendor.key --archive calls.zip")]
pub struct Arguments {
    #[command(flatten)]
    identities: IdentityArgs,
    /// Show how many members of this archive each key opens
    #[arg(long)]
    archive: Option<PathBuf>,
    #[command(flatten)]
    limits: LimitArgs,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Report, Failure> {
    let config = global.config()?;
    let keyring = arguments.identities.some_keyring(config.as_ref(), ui)?;
    let limits = arguments.limits.limits();
    let archive = arguments.archive.as_deref();
    let overview = archive.map(|archive| Overview::read(archive, &limits));
    let overview = overview.transpose()?;

    let certificates = own_certificates(&keyring, ui);
    let listed: Vec<Listed> = keyring
        .identities()
        .iter()
        .zip(certificates)
        .map(|(identity, certificate)| Listed {
            identity,
            certificate,
            reach: overview
                .as_ref()
                .map(|overview| overview.reach(std::slice::from_ref(identity), &keyring)),
        })
        .collect();
    let members = overview.as_ref().map_or(0, Overview::members);
    let texts: Vec<String> = listed.iter().map(|key| key.text(members)).collect();
    let keys: Vec<Value> = listed.iter().map(Listed::json).collect();
    let mut report = Report {
        text: texts.join("\n"),
        facts: json!({ "keys": keys }),
        ..Report::default()
    };
    if let (Some(archive), Some(overview)) = (&arguments.archive, overview) {
        conclude(archive, overview, &keyring, &mut report);
    }
    Ok(report)
}

/// Reports how many members the keys together open.
fn conclude(archive: &Path, overview: Overview, keyring: &Keyring, report: &mut Report) {
    let reach = overview.reach(keyring.identities(), keyring);
    let path = archive.display().to_string();
    // Writing to a string does not fail.
    let _ = write!(
        report.text,
        "\n{}: your keys open {} of {}",
        safe(&path),
        reach.opens,
        count(overview.members(), "member")
    );
    if reach.may_open > 0 {
        let _ = write!(report.text, ", may open {} more", reach.may_open);
    }
    if reach.closed > 0 {
        let _ = write!(report.text, "; none of your keys opens {}", reach.closed);
    }
    report.text.push('\n');
    if let Value::Object(facts) = &mut report.facts {
        facts.insert(
            "archive".into(),
            json!({
                "path": path,
                "members": overview.members(),
                "opens": reach.opens,
                "may_open": reach.may_open,
                "no_key": reach.closed,
            }),
        );
    }
    let closed = overview.closed_to(archive, keyring);
    overview.conclude(archive, report);
    if closed.is_some() {
        report.failures.extend(report.outcome.take());
        report.outcome = closed.map(Into::into);
    }
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
    /// The members that it opens, if an archive is given.
    reach: Option<Reach>,
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

    /// Returns the text. `members` is the number of members in the archive.
    fn text(&self, members: u64) -> String {
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
                    false => "valid to",
                };
                line("", &format!("{validity} {}", Timestamp(end)));
            }
        }
        match &self.reach {
            None => {}
            Some(_) if self.identity.fingerprint().is_none() => {
                line("archive", "unknown while locked");
            }
            Some(reach) => {
                let members = count(members, "member");
                line("archive", &format!("opens {} of {members}", reach.opens));
                match reach.may_open {
                    0 => {}
                    1 => line("", "may open 1 more, which hides its recipients"),
                    n => line(
                        "",
                        &format!("may open {n} more, which hide their recipients"),
                    ),
                }
            }
        }
        text
    }

    /// Returns the key as JSON.
    fn json(&self) -> Value {
        let identity = self.identity;
        let mut key = json!({
            "path": identity.source().to_string_lossy(),
            "fingerprint": identity.fingerprint().map(ToString::to_string),
            "fingerprint_from_certificate": identity.is_presumed(),
            "label": self.label(),
            "kind": self.kind(),
            "algorithm": identity.algorithm(),
            "locked": identity.is_locked(),
            "world_readable": identity.is_exposed(),
            "certificate": self.certificate.as_ref().map(|certificate| json!({
                "path": certificate.source().to_string_lossy(),
                "label": certificate.label(),
                "expires": certificate.expires().map(|t| Timestamp(t).to_string()),
            })),
        });
        if let (Value::Object(key), Some(reach)) = (&mut key, &self.reach) {
            let known = identity.fingerprint().is_some();
            let archive = json!({
                "opens": known.then_some(reach.opens),
                "may_open": known.then_some(reach.may_open),
            });
            key.insert("archive".into(), archive);
        }
        key
    }
}
