//! What `share` says in the end.

use callseal::keys::SigningKey;
use callseal::{ArchiveFile, Difference, KeptSignatures, Shared, SharedMember};
use serde::Serialize;

use super::super::error::Error;
use super::super::evidence_report::{
    EvidenceFacts, kept_evidence, kept_word, notice_kept as notice_signatures,
};
use super::super::facts::PathFact;
use super::super::failure::{Ended, Report};
use super::super::global::Global;
use super::super::hints::Task;
use super::super::printing::Each;
use super::super::signing_args::{SigningFacts, signed_by, signer_facts};
use super::super::ui::{Ui, bytes, count, safe};
use super::Arguments;

/// What is needed to say how it ended.
pub struct Outcome<'a> {
    pub arguments: &'a Arguments,
    /// The number of other names of the file that is shared.
    pub other_names: u64,
    /// The keys that sign the new archive.
    pub keys: &'a [SigningKey],
    pub global: &'a Global,
    pub ui: &'a Ui,
}

impl Outcome<'_> {
    /// Reports a shared archive.
    pub fn of_archive(&self, mut shared: Shared, archive: &ArchiveFile, task: Task) -> Ended {
        let Self { arguments, ui, .. } = self;
        let members = count(shared.members.len() as u64, "member");
        if arguments.dry_run {
            ui.summary(&format!(
                "would share {members}{}; nothing was written",
                signed_by(self.keys)
            ));
        } else {
            ui.summary(&format!(
                "shared {members} of {} {} ({}){}{}",
                arguments.archive.display(),
                arguments.place(),
                bytes(shared.archive),
                match shared.listed {
                    Some(_) => ", with an index",
                    None => ", without an index",
                },
                signed_by(self.keys)
            ));
        }
        notice_signatures(&shared.old_signatures, !self.keys.is_empty(), ui);
        let left = archive.members().count() - shared.members.len();
        let index = match shared.listed {
            Some(_) => Some("the index lists these alone"),
            None => archive.has_index().then_some("there is no index any more"),
        };
        if let Some(index) = index.filter(|_| arguments.in_place && left > 0) {
            ui.notice(&format!(
                "{index}; {} recipients",
                match left {
                    1 => "the other member opens by its own".into(),
                    left => format!("the {left} others open by their own"),
                }
            ));
        }
        notice_damaged(&shared.damaged, ui);
        let unnamed = shared.members.iter().filter(|m| !m.format.is_open_pgp());
        notice_unnamed(unnamed.count(), ui);
        if !arguments.remove.is_empty() {
            ui.notice(
                "whoever has the old archive can still open the same members; `callseal convert` seals them anew",
            );
        }
        let index_error = shared.index_error.take();
        self.of_shared(&shared, index_error.map(|error| Error::during(task, error)))
    }

    /// Reports one shared message.
    pub fn of_message(&self, shared: Shared) -> Ended {
        let Self { arguments, ui, .. } = self;
        match arguments.dry_run {
            true => ui.summary("would share 1 message; nothing was written"),
            false => ui.summary(&format!(
                "shared {} {} ({})",
                arguments.archive.display(),
                arguments.place(),
                bytes(shared.archive)
            )),
        }
        if !arguments.remove.is_empty() {
            ui.notice("whoever has the old message can still open it");
        }
        self.of_shared(&shared, None)
    }

    fn of_shared(&self, shared: &Shared, outcome: Option<Error>) -> Ended {
        let Self { arguments, .. } = self;
        self.notice_removal(shared.members.iter().map(|m| &m.difference));
        self.notice_certificates(shared);
        for member in &shared.cut {
            self.ui.warning(&format!(
                "{}: the text around its message, or the headers of its armor, are left out",
                safe(member)
            ));
        }
        self.notice_other_names();
        let facts = ShareFacts {
            archive: PathFact(&arguments.archive),
            output: (!arguments.dry_run).then_some(PathFact(arguments.written())),
            archive_bytes: shared.archive,
            indexed: shared.listed.unwrap_or(0),
            signers: signer_facts(self.keys),
            old_signatures: kept_word(&shared.old_signatures),
            evidence: EvidenceFacts::of(kept_evidence(&shared.old_signatures)),
            members: Each(|| shared.members.iter().map(MemberFacts::from)),
        };
        let text = match arguments.dry_run {
            true => lines(&shared.members),
            false => String::new(),
        };
        let report = Report {
            outcome,
            ..Report::of(text, &facts)
        };
        report.end(self.global.json, self.ui)
    }

    /// Reports each member that can't be shared. Nothing was written.
    pub fn of_nothing(&self, mut error: callseal::Error, task: Task) -> Ended {
        let failures = match &mut error {
            callseal::Error::NotShared { failures, .. }
            | callseal::Error::NotAsSigned { failures, .. } => std::mem::take(failures),
            _ => Vec::new(),
        };
        let facts = ShareFacts {
            archive: PathFact(&self.arguments.archive),
            output: None,
            archive_bytes: 0,
            indexed: 0,
            signers: Vec::new(),
            old_signatures: kept_word(&KeptSignatures::None),
            evidence: EvidenceFacts::of(None),
            members: Each(std::iter::empty::<MemberFacts<'_>>),
        };
        let during = |error| Error::during(task, error);
        let report = Report {
            failures: failures.into_iter().map(during).collect(),
            outcome: Some(during(error)),
            ..Report::of(String::new(), &facts)
        };
        report.end(self.global.json, self.ui)
    }

    /// Says what the removal of somebody doesn't do.
    fn notice_removal<'a>(&self, differences: impl IntoIterator<Item = &'a Difference>) {
        let Self { arguments, ui, .. } = self;
        let members = differences.into_iter().filter(|d| d.anonymous_go).count();
        if members > 0 {
            ui.notice(&format!(
                "whoever was a hidden recipient of {} or had a passphrase for it, and is not named with -r, {} taken out",
                count(members as u64, "member"),
                match arguments.dry_run {
                    true => "would be",
                    false => "is",
                }
            ));
        }
    }

    /// Says whom the removal from CMS messages may have missed.
    fn notice_certificates(&self, shared: &Shared) {
        let is_cms = |member: &SharedMember| !member.format.is_open_pgp();
        if !self.arguments.remove.is_empty() && shared.members.iter().any(is_cms) {
            self.ui.notice(
                "CMS messages name certificates: whoever has several goes only if --remove names each of them",
            );
        }
        let differences = || shared.members.iter().map(|member| &member.difference);
        for given in &self.arguments.remove {
            let missed = differences().filter(|d| d.missed.contains(given)).count();
            if missed > 0 {
                self.ui.warning(&format!(
                    "{} not name {given}",
                    match missed {
                        1 => "1 CMS message does".into(),
                        missed => format!("{missed} CMS messages do"),
                    }
                ));
            }
        }
        let has_twins = |difference: &&Difference| {
            let names = difference
                .removed
                .iter()
                .filter(|h| h.names_a_certificate());
            let names: Vec<_> = names.collect();
            let is_twin = |(at, name)| names.iter().skip(at + 1).any(|other| other == name);
            names.iter().enumerate().any(is_twin)
        };
        let twins = differences().filter(has_twins).count();
        if twins > 0 {
            self.ui.warning(&format!(
                "{} several entries of one name: all of them go",
                match twins {
                    1 => "1 CMS message has".into(),
                    twins => format!("{twins} CMS messages have"),
                }
            ));
        }
    }

    /// Says that the file was replaced under one of its names alone.
    fn notice_other_names(&self) {
        let Self { arguments, .. } = self;
        if self.other_names > 0 && arguments.in_place && !arguments.dry_run {
            let (names, keep) = match self.other_names {
                1 => ("1 other name (a hard link)".to_owned(), "keeps"),
                names => (format!("{names} other names (hard links)"), "keep"),
            };
            self.ui.notice(&format!(
                "{}: it had {names}, which {keep} the old file",
                arguments.archive.display()
            ));
        }
    }
}

/// Names the members whose checksum was wrong.
fn notice_damaged(members: &[String], ui: &Ui) {
    for member in members {
        ui.warning(&format!(
            "{}: its checksum was wrong; what is sealed in it is as it was, but some of its old recipients may not open it any more",
            safe(member)
        ));
    }
}

/// Says that CMS messages carry no name that could show a renamed member.
fn notice_unnamed(members: usize, ui: &Ui) {
    if members > 0 {
        let (are, were) = match members {
            1 => ("is a CMS message, which carries", "it was"),
            _ => ("are CMS messages, which carry", "they were"),
        };
        ui.notice(&format!(
            "{} {are} no name: nothing shows whether {were} renamed",
            count(members as u64, "member")
        ));
    }
}

/// Returns for each member the recipients that are added, kept and removed.
fn lines(members: &[SharedMember]) -> String {
    let mut text = String::new();
    for member in members {
        let difference = &member.difference;
        text.push_str(&safe(&member.name));
        text.push('\n');
        for (what, keys) in [
            ("added", names(&difference.added)),
            ("added again", names(&difference.renewed)),
            ("kept", names(&difference.kept)),
            ("removed", names(&difference.removed)),
        ] {
            for key in keys {
                text.push_str(&format!("  {what:<12}{key}\n"));
            }
        }
        let anonymous = difference.anonymous + difference.passphrases;
        if anonymous > 0 {
            let what = match difference.anonymous_go {
                true => "removed",
                false => "kept",
            };
            let anonymous = count(anonymous as u64, "hidden recipient or passphrase");
            text.push_str(&format!("  {what:<12}{anonymous}\n"));
        }
    }
    text
}

fn names(keys: &[impl ToString]) -> Vec<String> {
    keys.iter().map(ToString::to_string).collect()
}

#[derive(Serialize)]
struct ShareFacts<'a, M> {
    archive: PathFact<'a>,
    /// Null if nothing was written.
    output: Option<PathFact<'a>>,
    archive_bytes: u64,
    /// The number of members in the index.
    indexed: usize,
    signers: Vec<SigningFacts<'a>>,
    old_signatures: &'static str,
    /// Who signed the old archive.
    #[serde(flatten)]
    evidence: EvidenceFacts,
    members: M,
}

#[derive(Serialize)]
struct MemberFacts<'a> {
    name: &'a str,
    added: Vec<String>,
    renewed: Vec<String>,
    kept: Vec<String>,
    removed: Vec<String>,
    /// Hidden recipients and passphrases.
    anonymous: usize,
    anonymous_removed: bool,
}

impl<'a> From<&'a SharedMember> for MemberFacts<'a> {
    fn from(member: &'a SharedMember) -> Self {
        let difference = &member.difference;
        Self {
            name: &member.name,
            added: names(&difference.added),
            renewed: names(&difference.renewed),
            kept: names(&difference.kept),
            removed: names(&difference.removed),
            anonymous: difference.anonymous + difference.passphrases,
            anonymous_removed: difference.anonymous_go,
        }
    }
}
