//! The sources of passphrases: files, descriptors and the terminal.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use callseal::files::input;
use callseal::keys::{NewPassphrase, Passphrase, Passphrases, UnfitPassphrase};
use clap::Args;
use indicatif::ProgressBar;

use super::failure::Failure;
use super::ui::{NoAnswer, Prompt, ask_new};
use crate::cli::error::Error;

/// The largest number of bytes that are read from a passphrase file.
const MAX_PASSPHRASE: u64 = 64 * 1024;

/// The sources of passphrases other than the terminal.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct PassphraseArgs {
    /// Read the passphrase from the first line of a file
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Read the passphrase from the first line of an open file descriptor
    #[arg(long, value_name = "N", value_parser = Descriptor::parse)]
    passphrase_fd: Option<Descriptor>,
}

impl PassphraseArgs {
    /// Returns whether a passphrase is given, and needn't be asked for.
    pub fn is_given(&self) -> bool {
        self.passphrase_file.is_some() || self.passphrase_fd.is_some()
    }

    /// Returns whether the passphrase comes from standard input.
    pub fn uses_stdin(&self) -> bool {
        self.passphrase_fd == Some(Descriptor::Open(0))
    }

    /// Returns the source of passphrases for locked keys: the given one, else a
    /// prompt.
    pub fn source(&self, bar: ProgressBar) -> Result<Box<dyn Passphrases>, Failure> {
        Ok(match self.read()? {
            Some(given) => Box::new(given.passphrase),
            None => Box::new(Prompt { bar }),
        })
    }

    /// Returns the passphrase for a new key: the given one, else the answer to
    /// a prompt.
    pub fn for_new_key(&self, key: &Path) -> Result<NewPassphrase, Failure> {
        let remedy = Remedy {
            unanswered: "run callseal in a terminal to be asked, or give --passphrase-file, --passphrase-fd or --no-passphrase",
            empty: "use --no-passphrase to make a key without one",
        };
        match self.read()? {
            Some(given) => given.new_passphrase(&remedy),
            None => ask(key, &remedy),
        }
    }

    fn read(&self) -> Result<Option<Given>, Failure> {
        let file = self.passphrase_file.as_deref();
        Given::read(file, self.passphrase_fd, "--passphrase-fd")
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
        match (self.new_passphrase_fd, present.passphrase_fd) {
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
        match Given::read(file, self.new_passphrase_fd, "--new-passphrase-fd")? {
            Some(given) => given.new_passphrase(&remedy).map(Some),
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

/// A passphrase and its source.
struct Given {
    source: PathBuf,
    passphrase: Passphrase,
}

impl Given {
    /// Reads the given source; `option` is that of the descriptor.
    fn read(
        file: Option<&Path>,
        descriptor: Option<Descriptor>,
        option: &str,
    ) -> Result<Option<Self>, Failure> {
        let (source, opened) = match (file, descriptor) {
            (Some(path), _) => (path.to_owned(), input::open(path)),
            (None, Some(descriptor)) => {
                let number = descriptor.number(option)?;
                let source = format!("file descriptor {number}").into();
                (source, inherited(number))
            }
            (None, None) => return Ok(None),
        };
        // A vector that grows would leave copies behind that nobody wipes.
        let mut bytes = Vec::with_capacity(2 * MAX_PASSPHRASE as usize);
        let read = opened.and_then(|file| file.take(MAX_PASSPHRASE).read_to_end(&mut bytes));
        let passphrase = Passphrase::from_first_line(&bytes);
        zeroize::Zeroize::zeroize(&mut bytes);
        match read {
            Ok(_) => Ok(Some(Self { source, passphrase })),
            Err(error) => Err(Error::reading(source, error).into()),
        }
    }

    fn new_passphrase(self, remedy: &Remedy) -> Result<NewPassphrase, Failure> {
        fit(self.passphrase, &self.source, remedy)
    }
}

/// The argument that names a descriptor. What isn't a number isn't kept, and so
/// not shown in errors: it may be the passphrase itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Descriptor {
    /// One that the caller has opened.
    Open(u32),
    Closed(u32),
    NotANumber,
}

impl Descriptor {
    fn parse(text: &str) -> Result<Self, Infallible> {
        Ok(match text.parse() {
            Ok(number) if is_closed(number) => Self::Closed(number),
            Ok(number) => Self::Open(number),
            Err(_) => Self::NotANumber,
        })
    }

    /// Returns the number, if the caller has opened the descriptor.
    fn number(self, option: &str) -> Result<u32, Failure> {
        let message = match self {
            Self::Open(number) => return Ok(number),
            Self::Closed(number) => format!("file descriptor {number} is not open"),
            Self::NotANumber => "expected the number of an open file descriptor".into(),
        };
        Err(Failure::usage(
            format!("{option}: {message}"),
            format!("have the shell open it, for example: {option} 3 3<FILE"),
        ))
    }
}

/// Returns whether a descriptor is known not to be open.
fn is_closed(number: u32) -> bool {
    let all = Path::new("/dev/fd");
    all.exists() && all.join(number.to_string()).symlink_metadata().is_err()
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

/// Returns the file of an inherited descriptor. A path below /dev/fd would open
/// the file anew, which fails for sockets and for files that became unreadable
/// when privileges were dropped.
fn inherited(number: u32) -> io::Result<File> {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
        let number = i32::try_from(number).map_err(io::Error::other)?;
        let this = pidfd_open(getpid(), PidfdFlags::empty())?;
        let file = File::from(pidfd_getfd(this, number, PidfdGetfdFlags::empty())?);
        input::note(&file);
        Ok(file)
    }
    #[cfg(not(target_os = "linux"))]
    input::open(format!("/dev/fd/{number}").as_ref())
}
