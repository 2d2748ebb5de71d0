//! The sources of new passphrases: files, descriptors and the terminal.

use std::path::{Path, PathBuf};

use callseal::keys::{NewPassphrase, Passphrase, UnfitPassphrase};
use clap::Args;

use super::failure::Failure;
use super::passphrases::{Descriptor, PassphraseArgs, SecretText};
use super::ui::{NoAnswer, ask_new};

/// The sources of the passphrase for a new key, other than the terminal.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct NewKeyPassphraseArgs {
    /// Read the passphrase from the first line of a file
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Read the passphrase from the first line of an open file descriptor
    #[arg(long, value_name = "N", value_parser = Descriptor::parse)]
    passphrase_fd: Option<Descriptor>,
}

impl NewKeyPassphraseArgs {
    /// Returns the passphrase for a new key: the given one, else the answer to
    /// a prompt.
    pub fn for_new_key(&self, key: &Path) -> Result<NewPassphrase, Failure> {
        let remedy = Remedy {
            unanswered: "run callseal in a terminal to be asked, or give --passphrase-file, --passphrase-fd or --no-passphrase",
            empty: "use --no-passphrase to make a key without one",
        };
        let file = self.passphrase_file.as_deref();
        match read(file, self.passphrase_fd, "--passphrase-fd")? {
            Some(text) => first_line(&text, &remedy),
            None => ask(key, &remedy),
        }
    }
}

/// The sources of the passphrase for an exported key.
#[derive(Debug, Args)]
#[group(multiple = false, conflicts_with = "certificate")]
pub struct NewPassphraseArgs {
    /// Lock the exported key with a new passphrase, and ask for it
    #[arg(long)]
    new_passphrase: bool,
    /// Read the new passphrase from the first line of a file
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
    /// Read the new passphrase from the first line of an open file descriptor
    #[arg(long, value_name = "N", value_parser = Descriptor::parse)]
    new_passphrase_fd: Option<Descriptor>,
}

impl NewPassphraseArgs {
    /// Refuses to read both passphrases from one descriptor, since the first
    /// read would take everything.
    pub fn check(&self, present: &PassphraseArgs) -> Result<(), Failure> {
        match (self.new_passphrase_fd, present.descriptor()) {
            (Some(Descriptor::Open(new)), Some(Descriptor::Open(present))) if new == present => {
                Err(Failure::usage(
                    format!("file descriptor {new} can't hold both passphrases"),
                    "use another descriptor for one of them",
                ))
            }
            _ => Ok(()),
        }
    }

    /// Returns the new passphrase, if one is requested.
    pub fn for_export(&self, key: &Path) -> Result<Option<NewPassphrase>, Failure> {
        let remedy = Remedy {
            unanswered: "run callseal in a terminal to be asked, or give --new-passphrase-file or --new-passphrase-fd",
            empty: "leave out the new passphrase to keep the key's own",
        };
        let file = self.new_passphrase_file.as_deref();
        match read(file, self.new_passphrase_fd, "--new-passphrase-fd")? {
            Some(text) => first_line(&text, &remedy).map(Some),
            None if self.new_passphrase => ask(key, &remedy).map(Some),
            None => Ok(None),
        }
    }
}

/// The hints for a missing new passphrase.
struct Remedy {
    unanswered: &'static str,
    empty: &'static str,
}

/// Reads the given source, if there is one; `option` is that of the descriptor.
fn read(
    file: Option<&Path>,
    descriptor: Option<Descriptor>,
    option: &str,
) -> Result<Option<SecretText>, Failure> {
    match (file, descriptor) {
        (Some(path), _) => SecretText::read_file(path).map(Some),
        (None, Some(descriptor)) => descriptor.read(option).map(Some),
        (None, None) => Ok(None),
    }
}

fn first_line(text: &SecretText, remedy: &Remedy) -> Result<NewPassphrase, Failure> {
    fit(
        Passphrase::from_first_line(&text.bytes),
        &text.source,
        remedy,
    )
}

/// Asks for a new passphrase for a key.
fn ask(key: &Path, remedy: &Remedy) -> Result<NewPassphrase, Failure> {
    let key_name = key.display();
    match ask_new(key) {
        Ok(answer) => fit(answer, key, remedy),
        Err(NoAnswer::NoTerminal) => Err(Failure::usage(
            format!("no passphrase given for {key_name}"),
            remedy.unanswered,
        )),
        Err(NoAnswer::Differ) => Err(Failure::usage(
            format!("{key_name}: the two passphrases did not match"),
            "type the same passphrase twice",
        )),
    }
}

fn fit(passphrase: Passphrase, source: &Path, remedy: &Remedy) -> Result<NewPassphrase, Failure> {
    NewPassphrase::new(passphrase).map_err(|unfit| {
        let hint = match unfit {
            UnfitPassphrase::Empty => remedy.empty,
            UnfitPassphrase::NulByte => "give it as UTF-8 text",
            _ => "choose a shorter one",
        };
        Failure::usage(format!("{}: {unfit}", source.display()), hint)
    })
}
