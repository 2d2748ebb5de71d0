//! `callseal cat`

use std::io::{self, IsTerminal, Write};
use std::mem::ManuallyDrop;
use std::path::PathBuf;

use callseal::ArchiveFile;
use callseal::archive::Member;
use callseal::message::{Opened, Opener};
use clap::Args;

use super::error::Error;
use super::evidence_report::not_as_signed;
use super::failure::{Failure, Report};
use super::global::Global;
use super::member_args::{ExcludeArgs, PATTERNS, notice_other_files, open_signed};
use super::open_args::{
    GrantArgs, MemberOpenArgs, NOT_AUTHENTICATED, OpenArgs, notice_old_ciphers, notice_padding,
    warn_of_renamed, warn_of_tried,
};
use super::signatures::{notice_unchecked, report_signatures};
use super::signer_args::ArchiveSignerArgs;
use super::streams::writing_stdout;
use super::ui::{Ui, UntilWritten, Waiting, safe};

/// Write members' plaintext to standard output
#[derive(Debug, Args)]
#[command(after_help = format!("\
Several members are written in the archive's order, one after the other. The
first one that fails ends the command.

Only authenticated data is written. A later part of a file may still turn out
to be altered: then the exit status is not 0. CMS members with AES-CBC or 3DES
can't be authenticated; they are written after they have been read to the end,
with a warning. With --signer, so are all: nothing is written before it is what
was signed. The archive has to be as that signer signed it, or else an OpenPGP
signature inside of each message has to be theirs.

{PATTERNS}

Examples:
  callseal cat calls.zip calls/1001.xml -k customer.key | less
  callseal cat calls.zip '*.json' --names -k keys/"))]
pub struct Arguments {
    /// The archive
    archive: PathBuf,
    /// The members to write
    #[arg(value_name = "MEMBER", required = true)]
    members: Vec<String>,
    #[command(flatten)]
    exclude: ExcludeArgs,
    /// Write a line with the member's name before each of them
    #[arg(long)]
    names: bool,
    #[command(flatten)]
    opening: OpenArgs,
    #[command(flatten)]
    grant: GrantArgs,
    #[command(flatten)]
    member_opening: MemberOpenArgs,
    #[command(flatten)]
    signers: ArchiveSignerArgs,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Report, Failure> {
    global.refuse_json()?;
    let config = global.config()?;
    let waiting = Waiting::new(ui, "opening".into());
    let opening = arguments
        .opening
        .load(config.as_ref(), waiting.handle(), ui)?;
    let opener = arguments.member_opening.apply(opening.opener());
    // The process ends after this. That frees a million names at once.
    let signers = arguments.signers.load(config.as_ref(), ui)?;
    let opened = open_signed(&arguments.archive, &opener, signers, ui);
    let (mut archive, inside) = match opened {
        Ok((archive, found)) => (ManuallyDrop::new(archive), found.inside),
        Err(error) => return Ok(not_as_signed(error, Error::from)),
    };
    arguments.grant.apply(&mut archive, &opener)?;
    let archive = archive;
    let opener = opener.with_signers(inside);
    let members = arguments.exclude.choose(&archive, &arguments.members, ui)?;
    let members = arguments
        .grant
        .granted(&archive, members, &arguments.members)?;
    let (members, others) = members.without_other_files();
    notice_other_files(&others, false, ui);
    members.use_index(&opener);
    let mut stdout = waiting.until_written(io::stdout().lock());
    for (number, member) in members.iter().enumerate() {
        if arguments.names {
            let separator = if number == 0 { "" } else { "\n" };
            let name = member.shown_name();
            writeln!(stdout, "{separator}==> {} <==", safe(&name))?;
        }
        let opened = write(&archive, member, &opener, &mut stdout);
        let opened = opened.map_err(|failure| match failure {
            Failure::Library(error) => arguments.grant.explain(*error).into(),
            failure => failure,
        })?;
        stdout.flush()?;
        warn_of(member, &opened, ui);
    }
    Ok(Report {
        outcome: archive.index_error().map(Error::from),
        ..Report::default()
    })
}

/// Says what isn't plain about a member that was written.
fn warn_of(member: &Member, opened: &Opened, ui: &Ui) {
    let name = member.shown_name();
    if !opened.format.is_authenticated() {
        ui.warning(&format!("{name}: {NOT_AUTHENTICATED}"));
    }
    warn_of_tried(&opened.tried_key, ui);
    notice_old_ciphers(opened.old_cipher.as_deref(), ui);
    notice_padding(usize::from(opened.padding > 0), ui);
    report_signatures(&opened.signatures, ui);
    notice_unchecked(usize::from(opened.unchecked_signatures > 0), ui);
    let sealed_as = opened.sealed_as.as_deref();
    warn_of_renamed(sealed_as.map(|sealed_as| (&*name, sealed_as)), ui);
}

/// Writes one member.
fn write(
    archive: &ArchiveFile,
    member: &Member,
    opener: &Opener<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Opened, Failure> {
    let temporary = std::env::temp_dir();
    if !io::stdout().is_terminal() {
        let opened = archive.cat(member, stdout, opener, temporary);
        return opened.map_err(writing_stdout);
    }
    let mut screen = Screen {
        stdout,
        is_first: true,
    };
    match archive.cat(member, &mut screen, opener, temporary) {
        Err(error) if is_binary(&error) => Err(Failure::usage(
            format!(
                "{}: binary data is not written to a terminal",
                member.shown_name()
            ),
            "redirect it, as in `callseal cat … > FILE`, or use `callseal extract`",
        )),
        opened => opened.map_err(writing_stdout),
    }
}

type Stdout<'a> = UntilWritten<io::StdoutLock<'a>>;

/// A terminal, which binary data would upset.
struct Screen<'a, 'b> {
    stdout: &'a mut Stdout<'b>,
    is_first: bool,
}

impl Write for Screen<'_, '_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let (start, _) = piece.split_at(piece.len().min(4096));
        let is_binary = std::mem::take(&mut self.is_first) && !is_text(start);
        if is_binary || has_controls(piece) {
            return Err(io::Error::other(Binary));
        }
        self.stdout.write(piece)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stdout.flush()
    }
}

/// Returns whether this is the beginning of a text in UTF-8, perhaps cut off.
fn is_text(start: &[u8]) -> bool {
    match std::str::from_utf8(start) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    }
}

/// Returns whether there are characters in it that control a terminal, C1 ones
/// in UTF-8 included.
fn has_controls(piece: &[u8]) -> bool {
    let is_control = |octet: &u8| octet.is_ascii_control() && !octet.is_ascii_whitespace();
    let is_c1 = |pair: &[u8]| matches!(pair, [0xC2, 0x80..=0x9F]);
    piece.iter().any(is_control) || piece.windows(2).any(is_c1)
}

#[derive(Debug, thiserror::Error)]
#[error("binary data")]
struct Binary;

fn is_binary(error: &callseal::Error) -> bool {
    use callseal::MemberCause;
    use callseal::message::OpenError;
    let callseal::Error::Member {
        cause: MemberCause::Open(OpenError::Write(error)),
        ..
    } = error
    else {
        return false;
    };
    error.get_ref().is_some_and(|inner| inner.is::<Binary>())
}
