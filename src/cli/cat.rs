//! `callseal cat`

use std::io::{self, Write};
use std::path::PathBuf;

use callseal::ArchiveFile;
use clap::Args;

use super::failure::{Failure, Report};
use super::global::Global;
use super::open_args::{
    NOT_AUTHENTICATED, OpenArgs, RenamedArgs, notice_old_ciphers, notice_padding, warn_of_renamed,
    warn_of_tried,
};
use super::streams::writing_stdout;
use super::ui::{Bar, Ui};

/// Write one member's plaintext to standard output
#[derive(Debug, Args)]
#[command(after_help = "\
Only authenticated data is written. A later part of the file may still turn out
to be altered: then the exit status is not 0. CMS members with AES-CBC or 3DES
can't be authenticated; they are written after they have been read to the end,
with a warning.

Example:
  callseal cat calls.zip calls/1001.xml -k customer.key | less")]
pub struct Arguments {
    /// The archive
    archive: PathBuf,
    /// The member to write
    member: String,
    #[command(flatten)]
    opening: OpenArgs,
    #[command(flatten)]
    renamed: RenamedArgs,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Report, Failure> {
    global.refuse_json()?;
    let config = global.config()?;
    let bar = Bar::new(ui, "").handle();
    let opening = arguments.opening.load(config.as_ref(), bar, ui)?;
    let archive = ArchiveFile::open(&arguments.archive)?;
    let members = archive.select(std::slice::from_ref(&arguments.member))?;
    let [member] = members.as_slice() else {
        return Err(Failure::usage(
            format!(
                "{:?} matches {} members",
                arguments.member,
                members.as_slice().len()
            ),
            "name one member, or use `callseal extract`",
        ));
    };
    let mut stdout = io::stdout().lock();
    let opened = archive
        .cat(
            member,
            &mut stdout,
            &arguments.renamed.apply(opening.opener()),
            std::env::temp_dir(),
        )
        .map_err(writing_stdout)?;
    stdout.flush()?;
    if !opened.format.is_authenticated() {
        ui.warning(&format!("{}: {NOT_AUTHENTICATED}", arguments.member));
    }
    warn_of_tried(&opened.tried_key, ui);
    notice_old_ciphers(opened.old_cipher.as_deref(), ui);
    notice_padding(usize::from(opened.padding > 0), ui);
    let sealed_as = opened.sealed_as.as_deref();
    warn_of_renamed(sealed_as.map(|name| (arguments.member.as_str(), name)), ui);
    Ok(Report::default())
}
