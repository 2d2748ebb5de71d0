//! What is said of the signatures of archives.

use callseal::keys::{SignatureVerdict, Standing};
use callseal::{ArchiveFile, Evidence, KeptSignatures, OldSignatures, Signed, Timestamp};
use serde::Serialize;

use super::error::Error;
use super::failure::Report;
use super::signer_args::ChosenSigners;
use super::ui::{Ui, quoted};

/// Says what has to be found in an archive that is read now.
pub fn notice_expected(evidence: &Evidence, ui: &Ui) {
    notice_lines(
        "; each member is compared with the signed list as it is opened",
        evidence,
        ui,
    );
    if let Some(line) = passed_over(evidence) {
        ui.notice(&line);
    }
}

/// Reports an archive that isn't what was signed.
pub fn not_as_signed(
    mut error: callseal::Error,
    during: impl Fn(callseal::Error) -> Error,
) -> Report {
    let failures = match &mut error {
        callseal::Error::NotAsSigned { failures, .. } => std::mem::take(failures),
        _ => Vec::new(),
    };
    Report {
        failures: failures.into_iter().map(&during).collect(),
        outcome: Some(during(error)),
        ..Report::default()
    }
}

/// Returns what becomes of the signatures of an archive.
pub fn old_signatures<'a>(
    archive: &ArchiveFile,
    signers: Option<&'a ChosenSigners>,
    is_dropped: bool,
) -> OldSignatures<'a> {
    match signers {
        _ if is_dropped => OldSignatures::Drop,
        Some(chosen) if chosen.are_required() || is_signed(archive) => {
            OldSignatures::Keep(&chosen.signers)
        }
        _ => OldSignatures::Refuse,
    }
}

/// Returns whether an archive, or what is sealed in it, claims to be signed.
pub fn is_signed(archive: &ArchiveFile) -> bool {
    archive.has_manifest() || archive.has_origin()
}

/// Returns what named signers have signed, if the signatures of an archive were
/// checked and kept.
pub fn kept_evidence(kept: &KeptSignatures) -> Option<&Evidence> {
    match kept {
        KeptSignatures::AsOrigin(evidence) | KeptSignatures::WithOrigin(evidence) => Some(evidence),
        _ => None,
    }
}

/// Returns the word for what became of the signatures of an archive.
pub fn kept_word(kept: &KeptSignatures) -> &'static str {
    match kept {
        KeptSignatures::AsOrigin(_) | KeptSignatures::WithOrigin(_) => "origin",
        KeptSignatures::Dropped => "dropped",
        _ => "none",
    }
}

/// Says what became of the signatures of an archive from which another one was
/// made.
pub fn notice_kept(kept: &KeptSignatures, is_signed: bool, ui: &Ui) {
    let unsigned = match is_signed {
        true => "",
        false => "; the new archive itself is not signed",
    };
    match kept {
        KeptSignatures::AsOrigin(evidence) => {
            notice_evidence(evidence, ui);
            ui.notice(&format!(
                "the signature stays with the new archive, as the origin of what is sealed in it{unsigned}"
            ));
        }
        KeptSignatures::WithOrigin(evidence) => {
            notice_evidence(evidence, ui);
            let left_out = match evidence.manifest {
                Some(_) => "; the signature of the old archive itself is left out",
                None => "",
            };
            ui.notice(&format!(
                "the origin of what is sealed in the archive stays with the new one{left_out}{unsigned}"
            ));
        }
        KeptSignatures::Dropped => {
            ui.notice(&format!("the old signatures were left out{unsigned}"));
        }
        _ => {}
    }
}

fn notice_evidence(evidence: &Evidence, ui: &Ui) {
    notice_lines("", evidence, ui);
    if let Some(line) = passed_over(evidence) {
        ui.notice(&line);
    }
}

/// Says what was signed. What is missing of it is worth a warning: nothing else
/// shows it.
fn notice_lines(after: &str, evidence: &Evidence, ui: &Ui) {
    let is_missing = evidence.origin.as_ref().is_some_and(|o| o.missing > 0);
    let counting =
        usize::from(evidence.manifest.is_some()) + usize::from(evidence.origin.is_some());
    for (place, line) in evidence_lines(evidence).iter().enumerate() {
        let is_of_origin = place == usize::from(evidence.manifest.is_some());
        let after = match place + 1 == counting {
            true => after,
            false => "",
        };
        match is_missing && is_of_origin {
            true => ui.warning(&format!("{line}{after}")),
            false => ui.notice(&format!("{line}{after}")),
        }
    }
}

/// Returns what was signed, and by whom, one line for each signed list.
pub fn evidence_lines(evidence: &Evidence) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(manifest) = &evidence.manifest {
        lines.push(format!("signed by {}", signers_line(&manifest.signatures)));
    }
    if let Some(origin) = &evidence.origin {
        let missing = match origin.missing {
            0 => String::new(),
            1 => ", but 1 entry that they signed is not in it".into(),
            more => format!(", but {more} entries that they signed are not in it"),
        };
        let itself = match (&evidence.manifest, evidence.unknown.is_empty()) {
            (Some(_), _) => "",
            (None, true) => "the archive itself is not signed; ",
            (None, false) => "the archive itself is not signed by a signer that you named; ",
        };
        lines.push(format!(
            "{itself}what is sealed in its members was signed by {}{missing}",
            signers_line(&origin.signatures)
        ));
    }
    if evidence.has_other_origin {
        lines.push("its origin is not signed by a signer that you named, and says nothing".into());
    }
    lines
}

/// Names those whose signatures were passed over, if there are any.
pub fn passed_over(evidence: &Evidence) -> Option<String> {
    let unknown = unknown_signers(evidence);
    let names = unknown.join(", ");
    (!unknown.is_empty()).then(|| format!("passed over signatures by others: {names}"))
}

/// Returns the signers whose signatures hold, with the times that they claim.
fn signers_line(signatures: &[SignatureVerdict]) -> String {
    let holding = signatures.iter().filter(|verdict| verdict.holds());
    let signers: Vec<String> = holding
        .map(|verdict| {
            let time = verdict.claimed.map(Timestamp);
            let time = time.map(|time| format!(" on {time}")).unwrap_or_default();
            format!("{}{time}", quoted(&verdict.signer))
        })
        .collect();
    signers.join(" and ")
}

/// Returns the names that signatures of others claim.
fn unknown_signers(evidence: &Evidence) -> Vec<String> {
    let lists = evidence.manifest.iter().chain(&evidence.origin);
    let verdicts = lists.flat_map(|list| &list.signatures);
    let unknown = verdicts
        .chain(&evidence.unknown)
        .filter(|verdict| verdict.standing == Standing::Unknown);
    // One certificate, or one name, can be there many times.
    let mut names: Vec<String> = Vec::new();
    for name in unknown.map(|verdict| quoted(&verdict.signer)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// What named signers have signed, in `--json`.
#[derive(Serialize)]
pub struct EvidenceFacts {
    /// Who signed the archive; null if that was not checked, or doesn't hold.
    signed_by: Option<Vec<SignerFacts>>,
    /// Who signed what is sealed in it.
    origin_signed_by: Option<Vec<SignerFacts>>,
    /// The number of members that the origin lists and the archive doesn't have.
    origin_missing: Option<u64>,
}

#[derive(Serialize)]
struct SignerFacts {
    signer: String,
    fingerprint: Option<String>,
    claimed: Option<Timestamp>,
}

impl EvidenceFacts {
    pub fn of(evidence: Option<&Evidence>) -> Self {
        let manifest = evidence.and_then(|evidence| evidence.manifest.as_ref());
        let origin = evidence.and_then(|evidence| evidence.origin.as_ref());
        Self {
            signed_by: manifest.map(signers),
            origin_signed_by: origin.map(signers),
            origin_missing: origin.map(|origin| origin.missing),
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
