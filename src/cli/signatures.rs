//! What is said of signatures inside of messages.

use std::borrow::Cow;
use std::time::SystemTime;

use callseal::keys::SignatureVerdict;
use callseal::{SignedFiles, Timestamp};
use serde::Serialize;

use super::ui::{SHOWN, Ui, count, quoted};

/// What a signature inside of a message doesn't cover.
const NOT_NAMES: &str = "the content is signed, the name is not";

/// Says who has signed a message.
pub fn report_signatures(verdicts: &[SignatureVerdict], ui: &Ui) {
    for verdict in verdicts.iter().filter(|verdict| verdict.holds()) {
        ui.summary(&format!(
            "signed by {}{}: {NOT_NAMES}",
            signer(&verdict.signer, verdict.fingerprint.as_deref()),
            on(verdict.claimed),
        ));
    }
    let others: Vec<_> = verdicts.iter().filter(|verdict| !verdict.holds()).collect();
    for verdict in others.iter().take(SHOWN) {
        ui.notice(&format!(
            "passed over a signature by {}, who is not a named signer",
            signer(&verdict.signer, verdict.fingerprint.as_deref()),
        ));
    }
    if let more @ 1.. = others.len().saturating_sub(SHOWN) {
        ui.notice(&format!(
            "passed over {} more",
            count(more as u64, "signature")
        ));
    }
}

/// Says who has signed the files that were extracted.
pub fn report_signed_files(signed: &[SignedFiles], ui: &Ui) {
    for signed in signed.iter().filter(|signed| signed.holds) {
        ui.summary(&format!(
            "{} signed by {}{}: {}",
            count(signed.files as u64, "file"),
            signer(&signed.signer, signed.fingerprint.as_deref()),
            between(signed.first, signed.last),
            match signed.files {
                1 => NOT_NAMES,
                _ => "their content is signed, their names are not",
            }
        ));
    }
    let mut others = signed.iter().filter(|signed| !signed.holds);
    for signed in others.by_ref().take(SHOWN) {
        ui.notice(&format!(
            "passed over signatures of {} by {}, who is not a named signer",
            count(signed.files as u64, "file"),
            signer(&signed.signer, signed.fingerprint.as_deref()),
        ));
    }
    if let more @ 1.. = others.count() {
        ui.notice(&format!(
            "passed over the signatures of {}",
            count(more as u64, "more signer")
        ));
    }
}

/// Says that messages carry signatures that nobody has asked about.
pub fn notice_unchecked(messages: usize, ui: &Ui) {
    let what = match messages {
        0 => return,
        1 => "it carries a signature".into(),
        messages => format!("{messages} messages carry signatures"),
    };
    ui.notice(&format!(
        "{what} that {} not checked; --signer CERT checks {}",
        if messages == 1 { "was" } else { "were" },
        if messages == 1 { "it" } else { "them" },
    ));
}

fn signer<'a>(name: &'a str, fingerprint: Option<&str>) -> Cow<'a, str> {
    match fingerprint {
        Some(fingerprint) if fingerprint != name => {
            format!("{} ({fingerprint})", quoted(name)).into()
        }
        _ => name.into(),
    }
}

fn on(time: Option<SystemTime>) -> String {
    time.map_or_else(String::new, |time| format!(" on {}", Timestamp(time)))
}

fn between(first: Option<SystemTime>, last: Option<SystemTime>) -> String {
    match (first, last) {
        (Some(first), Some(last)) if first != last => {
            format!(" between {} and {}", Timestamp(first), Timestamp(last))
        }
        (_, last) => on(last),
    }
}

/// A signature inside of a message, in `--json`.
#[derive(Serialize)]
pub struct SignatureFacts<'a> {
    signer: &'a str,
    fingerprint: Option<&'a str>,
    claimed: Option<Timestamp>,
    holds: bool,
}

impl<'a> From<&'a SignatureVerdict> for SignatureFacts<'a> {
    fn from(verdict: &'a SignatureVerdict) -> Self {
        Self {
            signer: &verdict.signer,
            fingerprint: verdict.fingerprint.as_deref(),
            claimed: verdict.claimed.map(Timestamp),
            holds: verdict.holds(),
        }
    }
}

/// The files of one signer, in `--json`.
#[derive(Serialize)]
pub struct SignedFilesFacts<'a> {
    signer: &'a str,
    fingerprint: Option<&'a str>,
    holds: bool,
    files: usize,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

impl<'a> From<&'a SignedFiles> for SignedFilesFacts<'a> {
    fn from(signed: &'a SignedFiles) -> Self {
        Self {
            signer: &signed.signer,
            fingerprint: signed.fingerprint.as_deref(),
            holds: signed.holds,
            files: signed.files,
            first: signed.first.map(Timestamp),
            last: signed.last.map(Timestamp),
        }
    }
}
