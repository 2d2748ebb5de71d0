//! `callseal inspect`

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use callseal::keys::{
    CertificateKind, Identity, Keyring, Recipient, Refusal, SignerName, Signers, SigningTime,
};
use callseal::message::Limits;
use callseal::{ArchiveFile, Timestamp};
use clap::Args;
use serde::Serialize;

use super::archive_overview::{Overview, SealedFacts};
use super::args::{IdentityArgs, LimitArgs};
use super::config::describe;
use super::exposed_keys::warn_of_exposed;
use super::facts::{Facts, FormatFacts, RecipientFacts};
use super::failure::{Failure, Report};
use super::global::Global;
use super::hints::kinds;
use super::known_recipients::{HandleFacts, KnownKeys, key_line};
use super::open_args::format_name;
use super::recipient_args::KnownArgs;
use super::ui::{Ui, Waiting, bytes, safe, shell_word};
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
    let files = arguments.known.files(config.as_ref(), ui)?;
    let known = KnownKeys::load(&files, keyring, ui)?;
    let limits = arguments.limits.limits();
    let mut report = Report::default();
    let mut facts = Vec::new();
    for file in &arguments.files {
        let name = file.display().to_string();
        let _waiting = Waiting::new(ui, format!("reading {}", safe(&name)));
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
    report.facts = Some(Facts::of(&InspectFacts { files: facts }));
    Ok(report)
}

fn show(
    file: &Path,
    inspection: Inspection,
    known: &KnownKeys,
    limits: &Limits,
    report: &mut Report,
) -> Facts {
    let path = file.display().to_string();
    let facts = |kind, content| {
        Facts::of(&FileFacts {
            path: &path,
            kind,
            content,
        })
    };
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
            if file.extension().is_some_and(|ending| ending == "grant") {
                let _ = writeln!(
                    text,
                    "  a grant, by its name; `callseal list ARCHIVE --grant {} -k KEY` shows what it grants",
                    safe(&shell_word(&path))
                );
            }
            let cipher = envelope.cipher.as_deref();
            let _ = writeln!(
                text,
                "  format {}, {}",
                format_name(envelope.format),
                cipher.unwrap_or("cipher unknown until opened")
            );
            for line in known.lines(&envelope) {
                let _ = writeln!(text, "  sealed to {line}");
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
            let message = Content::Message {
                format: envelope.format.into(),
                cipher,
                recipients: known.facts(&envelope),
                others: &envelope.others,
                passphrases: envelope.passphrases,
            };
            facts(Some("message"), message)
        }
        Inspection::Certificate {
            recipients,
            refusal,
        } => {
            let first = recipients.first();
            heading(first.map_or("certificate", |recipient| recipient.kind().name()));
            show_certificate(&recipients, refusal.as_ref(), &mut report.text);
            if refusal.is_some() && is_of_signer(file) {
                report.text.push_str("  for signatures only\n");
            }
            let certificate = Content::Certificate {
                keys: recipients.iter().map(RecipientFacts::from).collect(),
                refused: refusal.map(|refusal| refusal.to_string()),
            };
            facts(Some("certificate"), certificate)
        }
        Inspection::Keys(identities) => {
            heading("private key");
            for identity in &identities {
                show_key(identity, &mut report.text);
            }
            let keys = identities.iter().map(KeyFacts::from).collect();
            facts(Some("private key"), Content::Keys { keys })
        }
        Inspection::UnusableKey(fault) => {
            heading("private key");
            let _ = writeln!(report.text, "  {}", safe(&fault.to_string()));
            facts(Some("private key"), Content::Keys { keys: Vec::new() })
        }
        Inspection::Incomplete(refusal) => {
            heading("incomplete file");
            let _ = writeln!(report.text, "  {refusal}");
            facts(None, Content::Other {})
        }
        Inspection::Config(config) => {
            heading("config");
            for line in describe(&config).lines() {
                let _ = writeln!(report.text, "  {line}");
            }
            facts(Some("config"), Content::Other {})
        }
        Inspection::Other(Some(kind)) => {
            heading(kind.name());
            let details = kind.details(file);
            for (name, value) in &details {
                let _ = writeln!(report.text, "  {name}: {}", safe(value));
            }
            let is_unusable = details
                .iter()
                .any(|(_, value)| value.ends_with("not supported"));
            if let Some(hint) = kinds::of_file(kind).filter(|_| !is_unusable) {
                let _ = writeln!(report.text, "  {hint}");
            }
            let details = details.into_iter().collect();
            facts(Some(kind.name()), Content::Known { details })
        }
        Inspection::Other(None) => {
            heading("unrecognised file type");
            facts(None, Content::Other {})
        }
    }
}

fn show_archive(
    path: &str,
    archive: &ArchiveFile,
    known: &KnownKeys,
    limits: &Limits,
    report: &mut Report,
) -> Facts {
    let members = archive.all();
    let mut overview = Overview::of(archive, members.as_slice(), limits);
    let _ = writeln!(
        report.text,
        "  {}, {}{}",
        overview.counted(archive),
        bytes(members.total_size()),
        if overview.has_messages() {
            " sealed"
        } else {
            ""
        }
    );
    for line in overview.text(known).lines().filter(|line| !line.is_empty()) {
        let _ = writeln!(report.text, "  {line}");
    }
    let facts = Facts::of(&FileFacts {
        path,
        kind: Some("archive"),
        content: Content::Archive {
            members: members.as_slice().len(),
            sealed_bytes: members.total_size(),
            sealed: overview.facts(known),
        },
    });
    let (failures, outcome) = overview.take_failures(Path::new(path), Vec::new());
    report.failures.extend(failures);
    report.failures.extend(outcome);
    facts
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
        if recipient.kind() == CertificateKind::X509
            && let Some(fingerprint) = recipient.certificate_fingerprint()
        {
            let _ = writeln!(text, "  certificate SHA-256 {fingerprint}");
        }
        if let Some(expires) = recipient.expires() {
            let _ = writeln!(text, "  valid until {}", Timestamp(expires));
        }
    }
    let verdict = match refusal {
        None => "can be sealed to".to_owned(),
        Some(refusal) => format!("can't be sealed to: {refusal}"),
    };
    let _ = writeln!(text, "  {}", safe(&verdict));
}

/// Returns whether a file that nothing is sealed to is the certificate of a signer.
fn is_of_signer(file: &Path) -> bool {
    let name = SignerName::Certificate(file.to_owned());
    let signers = Signers::load(&[name], None, SigningTime::Ignored, SystemTime::now());
    signers.is_ok_and(|signers| signers.faults().is_empty())
}

fn show_key(identity: &Identity, text: &mut String) {
    let _ = writeln!(text, "  {}", key_line(identity));
    if let Some(fingerprint) = identity.fingerprint() {
        let _ = writeln!(text, "  {fingerprint}");
    }
    if let Some(label) = identity.label() {
        let _ = writeln!(text, "  {}", safe(label));
    }
}

#[derive(Serialize)]
struct InspectFacts {
    files: Vec<Facts>,
}

#[derive(Serialize)]
struct FileFacts<'a> {
    path: &'a str,
    kind: Option<&'static str>,
    #[serde(flatten)]
    content: Content<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Archive {
        members: usize,
        sealed_bytes: u64,
        sealed: Vec<SealedFacts<'a>>,
    },
    Message {
        #[serde(flatten)]
        format: FormatFacts,
        cipher: Option<&'a str>,
        recipients: Vec<HandleFacts<'a>>,
        others: &'a [String],
        passphrases: usize,
    },
    Certificate {
        keys: Vec<RecipientFacts<'a>>,
        refused: Option<String>,
    },
    Keys {
        keys: Vec<KeyFacts<'a>>,
    },
    Known {
        details: BTreeMap<&'static str, String>,
    },
    Other {},
}

#[derive(Serialize)]
struct KeyFacts<'a> {
    fingerprint: Option<String>,
    label: Option<&'a str>,
    algorithm: Option<&'a str>,
    locked: bool,
}

impl<'a> From<&'a Identity> for KeyFacts<'a> {
    fn from(identity: &'a Identity) -> Self {
        Self {
            fingerprint: identity.fingerprint().map(ToString::to_string),
            label: identity.label(),
            algorithm: identity.algorithm(),
            locked: identity.is_locked(),
        }
    }
}
