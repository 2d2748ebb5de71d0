//! `callseal inspect`

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use callseal::keys::{Identity, Keyring, Recipient, Refusal};
use callseal::message::Limits;
use callseal::{ArchiveFile, Timestamp};
use clap::Args;
use serde_json::{Value, json};

use super::archive_overview::Overview;
use super::args::{IdentityArgs, LimitArgs};
use super::config::describe;
use super::exposed_keys::warn_of_exposed;
use super::failure::{Failure, Report};
use super::global::Global;
use super::known_recipients::{KnownKeys, key_line, recipient_json};
use super::open_args::format_name;
use super::recipient_args::KnownArgs;
use super::ui::{Ui, bytes, count, safe};
use crate::cli::file_kind::{Inspection, inspect};

/// Show what a file is and what it contains
#[derive(Debug, Args)]
#[command(after_help = "\
Archives, messages, certificates and keys are recognised by their content,
configs by their file extension. No key is unlocked.

Example:
  callseal inspect calls.zip customer.crt vendor.key")]
pub struct Arguments {
    /// The files to inspect
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    known: KnownArgs,
    #[command(flatten)]
    identities: IdentityArgs,
    #[command(flatten)]
    limits: LimitArgs,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Report, Failure> {
    let config = global.config()?;
    let keyring: Keyring = arguments.identities.keyring(config.as_ref(), ui)?;
    let files = arguments.known.files(config.as_ref(), ui);
    let known = KnownKeys::load(&files, keyring, ui)?;
    let limits = arguments.limits.limits();
    let mut report = Report::default();
    let mut facts = Vec::new();
    for file in &arguments.files {
        match inspect(file, SystemTime::now()) {
            Ok(inspection) => {
                if let Inspection::Keys(identities) = &inspection {
                    warn_of_exposed(identities, ui);
                }
                facts.push(show(file, inspection, &known, &limits, &mut report));
            }
            Err(error) => report.failures.push(error),
        }
    }
    report.facts = json!({ "files": facts });
    Ok(report)
}

fn show(
    file: &Path,
    inspection: Inspection,
    known: &KnownKeys,
    limits: &Limits,
    report: &mut Report,
) -> Value {
    let path = file.display().to_string();
    let mut heading = |what: &str| {
        // Writing to a string does not fail.
        let _ = writeln!(report.text, "{}: {what}", safe(&path));
    };
    match inspection {
        Inspection::Archive(archive) => {
            heading("archive");
            show_archive(&path, &archive, known, limits, report)
        }
        Inspection::Message(envelope) => {
            heading("message");
            let text = &mut report.text;
            let cipher = envelope.cipher.as_deref();
            let _ = writeln!(
                text,
                "  format {}, {}",
                format_name(envelope.format),
                cipher.unwrap_or("cipher unknown until opened")
            );
            for handle in &envelope.recipients {
                let _ = writeln!(text, "  sealed to {}", known.line(handle));
            }
            if envelope.passphrases > 0 {
                let _ = writeln!(
                    text,
                    "  sealed with a passphrase{}",
                    if envelope.recipients.is_empty() {
                        ""
                    } else {
                        " as well"
                    }
                );
            }
            json!({
                "path": path,
                "kind": "message",
                "format": envelope.format.name(),
                "authenticated": envelope.format.is_authenticated(),
                "cipher": envelope.cipher,
                "recipients": known.json(&envelope.recipients),
                "passphrases": envelope.passphrases,
            })
        }
        Inspection::Certificate {
            recipients,
            refusal,
        } => {
            let kind = recipients
                .first()
                .map_or("certificate", |r| r.kind().name());
            heading(kind);
            show_certificate(&recipients, refusal.as_ref(), &mut report.text);
            json!({
                "path": path,
                "kind": "certificate",
                "keys": recipients.iter().map(recipient_json).collect::<Vec<_>>(),
                "refused": refusal.map(|refusal| refusal.to_string()),
            })
        }
        Inspection::Keys(identities) => {
            heading("private key");
            let keys: Vec<Value> = identities
                .iter()
                .map(|identity| show_key(identity, &mut report.text))
                .collect();
            json!({ "path": path, "kind": "private key", "keys": keys })
        }
        Inspection::Config(config) => {
            heading("config");
            for line in describe(&config).lines() {
                let _ = writeln!(report.text, "  {line}");
            }
            json!({ "path": path, "kind": "config" })
        }
        _ => {
            heading("unrecognised file type");
            json!({ "path": path, "kind": null })
        }
    }
}

fn show_archive(
    path: &str,
    archive: &ArchiveFile,
    known: &KnownKeys,
    limits: &Limits,
    report: &mut Report,
) -> Value {
    let members = archive.all();
    let overview = Overview::of(archive, members.as_slice(), limits);
    let _ = writeln!(
        report.text,
        "  {}, {} sealed",
        count(members.as_slice().len() as u64, "member"),
        bytes(members.total_size())
    );
    for line in overview.text(known).lines().filter(|line| !line.is_empty()) {
        let _ = writeln!(report.text, "  {line}");
    }
    let sealed = overview.json(known);
    let mut own = Report::default();
    overview.conclude(Path::new(path), &mut own);
    report.failures.extend(own.failures);
    report.failures.extend(own.outcome);
    json!({
        "path": path,
        "kind": "archive",
        "members": members.as_slice().len(),
        "sealed_bytes": members.total_size(),
        "sealed": sealed,
    })
}

fn show_certificate(recipients: &[Recipient], refusal: Option<&Refusal>, text: &mut String) {
    for recipient in recipients {
        let _ = writeln!(text, "  {}", safe(recipient.label()));
        let _ = writeln!(
            text,
            "  {} {}",
            recipient.algorithm(),
            recipient.fingerprint()
        );
        if let Some(expires) = recipient.expires() {
            let _ = writeln!(text, "  valid to {}", Timestamp(expires));
        }
    }
    let verdict = match refusal {
        None => "can be sealed to".to_owned(),
        Some(refusal) => format!("can't be sealed to: {refusal}"),
    };
    let _ = writeln!(text, "  {}", safe(&verdict));
}

fn show_key(identity: &Identity, text: &mut String) -> Value {
    let _ = writeln!(text, "  {}", key_line(identity));
    if let Some(fingerprint) = identity.fingerprint() {
        let _ = writeln!(text, "  {fingerprint}");
    }
    if let Some(label) = identity.label() {
        let _ = writeln!(text, "  {}", safe(label));
    }
    json!({
        "fingerprint": identity.fingerprint().map(ToString::to_string),
        "label": identity.label(),
        "algorithm": identity.algorithm(),
        "locked": identity.is_locked(),
    })
}
