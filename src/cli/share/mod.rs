//! `callseal share`

mod links;
mod removed_keys;
mod report;

use std::path::{Path, PathBuf};

use callseal::archive::Member;
use callseal::keys::{Recipient, Recipients};
use callseal::{Change, ShareTarget};
use clap::{ArgGroup, Args};

use super::error::Error;
use super::evidence_report::old_signatures;
use super::failure::{Ended, Failure};
use super::global::Global;
use super::hints::Task;
use super::member_args::{ExcludeArgs, PATTERNS, notice_other_files, open_kept};
use super::recipient_args::RecipientArgs;
use super::sharing_args::SharingArgs;
use super::signer_args::ArchiveSignerArgs;
use super::signing_args::SignArgs;
use super::streams::{check_archive_output, place};
use super::ui::{Bar, Ui, count};
use report::Outcome;

/// Let others open an archive, or take somebody out
#[derive(Debug, Args)]
#[command(mut_arg("profile", |profile| profile.help(
    "Also let in the recipients of this profile in the config"
)))]
#[command(group(ArgGroup::new("target").args(["output", "in_place", "dry_run"]).required(true).multiple(true)))]
#[command(after_help = format!("\
Nothing that is sealed changes: each member gets other recipients in front of
the same sealed data, and the archive a new index. No plaintext is written
anywhere. If any member can't be shared, nothing is written. One message, which
is in no archive, is shared as well.

With MEMBERs and -o, the new archive has just these. With --in-place, the
others stay in it as they are. Without -r and --remove, an archive that has no
index gets one.

Whoever has been taken out can still open the old archive, and with its index
the same members of the new one. `callseal convert` seals them anew.

{PATTERNS}

Examples:
  callseal share calls.zip -k customer.key -r vendor.crt --in-place
  callseal share calls.zip calls/1001.wav -k customer.key -r vendor.crt -o one.zip
  callseal share calls.zip -k customer.key --remove vendor.crt -o without.zip"))]
pub struct Arguments {
    /// The archive, or one message
    archive: PathBuf,
    /// Share only these members
    #[arg(value_name = "MEMBER")]
    members: Vec<String>,
    #[command(flatten)]
    exclude: ExcludeArgs,
    #[command(flatten)]
    recipients: RecipientArgs,
    /// Take a recipient out: a certificate, or the fingerprint or key ID of its key
    #[arg(long, value_name = "CERT")]
    remove: Vec<String>,
    /// The file to write
    #[arg(short, long, value_name = "OUT", conflicts_with = "in_place")]
    output: Option<PathBuf>,
    /// Replace the archive itself, in one step, when the new one is complete
    #[arg(long)]
    in_place: bool,
    /// Check everything and list what would change, but write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    signers: ArchiveSignerArgs,
    /// Leave out the signatures that the archive has, whether they hold or not
    #[arg(long, conflicts_with = "signers")]
    drop_signatures: bool,
    #[command(flatten)]
    sharing: SharingArgs,
}

impl Arguments {
    /// Returns the file that is written.
    fn written(&self) -> &Path {
        self.output.as_ref().unwrap_or(&self.archive)
    }

    /// Says where it is written.
    fn place(&self) -> String {
        place(self.output.as_deref())
    }
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Ended, Failure> {
    if let Some(output) = &arguments.output {
        check_archive_output(output, "--dry-run checks everything and writes nothing")?;
    }
    let config = global.config()?;
    let mut change = Change::default();
    // Nobody is let in by a default profile.
    let is_added = arguments.recipients.is_given();
    let added = match is_added {
        true => Some(arguments.recipients.load(config.as_ref(), ui)?),
        false => None,
    };
    for given in &arguments.remove {
        let keys = removed_keys::of(given)?;
        // Certificates of several keys may have one name.
        let own = || keys.iter().filter(|key| !key.names_a_certificate());
        let is_named = |added: &Recipient| own().any(|key| added.is_named_by(key));
        if added.iter().flat_map(Recipients::iter).any(is_named) {
            return Err(Failure::usage(
                format!("{given} is both let in and taken out"),
                "leave out --remove, or name it as no recipient",
            ));
        }
        change = change.removing(given, keys);
    }
    if let Some(added) = added {
        change = change.adding(added);
    }
    let target = match (&arguments.output, arguments.in_place) {
        _ if arguments.dry_run => ShareTarget::Nowhere {
            in_place: arguments.in_place,
        },
        (Some(output), _) => ShareTarget::File(output),
        (None, _) => ShareTarget::InPlace,
    };
    let bar = Bar::new(ui, "sharing");
    let opening = arguments.sharing.load(config.as_ref(), &bar, ui)?;
    let opener = arguments.sharing.opener(&opening);
    let keys = arguments
        .sign
        .load(config.as_ref(), opening.passphrases(), ui)?;
    let signers = arguments.signers.load(config.as_ref(), ui)?;
    let job = arguments.sharing.job(&bar).signing(&keys);
    let outcome = Outcome {
        arguments,
        other_names: links::other_names(&arguments.archive),
        keys: &keys,
        global,
        ui,
    };
    let opened = open_kept(
        &arguments.archive,
        &opener,
        signers.as_ref(),
        arguments.drop_signatures,
    );
    let archive = match opened {
        Err(callseal::Error::IsMessage { path }) => {
            if !arguments.members.is_empty() || arguments.exclude.is_given() {
                return Err(Failure::usage(
                    format!("{}: it is one message, and has no members", path.display()),
                    "leave out MEMBER and --exclude to share the message",
                ));
            }
            if arguments.sign.is_given() {
                return Err(Failure::usage(
                    format!(
                        "{}: it is one message, and only archives can be signed",
                        path.display()
                    ),
                    "leave out --sign",
                ));
            }
            if arguments.drop_signatures || signers.is_some_and(|signers| signers.are_required()) {
                return Err(Failure::usage(
                    format!(
                        "{}: it is one message, and `share` checks signatures of archives alone",
                        path.display()
                    ),
                    "leave out --signer, --signers-of and --drop-signatures; `callseal open --signer` checks a signature inside of a message",
                ));
            }
            let shared = job.share_message(&arguments.archive, &opener, &change, target);
            let shared = shared.map_err(|error| Error::during(Task::ShareMessage, error))?;
            bar.finish();
            return Ok(outcome.of_message(shared));
        }
        archive => archive?,
    };
    let members = arguments.exclude.choose(&archive, &arguments.members, ui)?;
    let (members, others) = members.without_other_files();
    if arguments.in_place || arguments.members.is_empty() {
        notice_kept(&others, ui);
    } else {
        notice_other_files(&others, false, ui);
    }
    opening.expect_key(&archive, &members)?;
    let task = Task::Share {
        all_or_none: arguments.in_place && archive.members().any(Member::hides_name),
    };
    let job = job.old_signatures(old_signatures(
        &archive,
        signers.as_ref(),
        arguments.drop_signatures,
    ));
    let shared = job.share(&members, &opener, &change, target);
    bar.finish();
    Ok(match shared {
        Ok(shared) => outcome.of_archive(shared, &archive, task),
        Err(error) => outcome.of_nothing(error, task),
    })
}

/// Says which files stay in the archive as they are.
fn notice_kept(files: &[String], ui: &Ui) {
    if !files.is_empty() {
        ui.notice(&format!(
            "{} that {} never sealed: copied as {}",
            count(files.len() as u64, "file"),
            if files.len() == 1 { "was" } else { "were" },
            if files.len() == 1 {
                "it is"
            } else {
                "they are"
            },
        ));
    }
}
