//! The sources of passphrases: files, descriptors and the terminal.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use callseal::files::input;
use callseal::keys::{FileKind, LockedKey, Passphrase, Passphrases};
use clap::Args;
use indicatif::ProgressBar;
use zeroize::Zeroizing;

use super::failure::Failure;
use super::ui::{Prompt, Ui, bytes};
use crate::cli::error::Error;

/// The largest number of bytes that are read from a passphrase file.
const MAX_TEXT: u64 = 64 * 1024;

/// The largest number of passphrases that are tried: each costs time for each
/// locked key.
const MAX_PASSPHRASES: usize = 64;

/// The sources of passphrases other than the terminal.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct PassphraseArgs {
    /// Read passphrases from a file: one on each line, all of which are tried
    #[arg(long, value_name = "FILE")]
    passphrase_file: Vec<PathBuf>,
    /// Read passphrases in the same way from an open file descriptor
    #[arg(long, value_name = "N", value_parser = Descriptor::parse)]
    passphrase_fd: Option<Descriptor>,
}

impl PassphraseArgs {
    /// Returns whether a passphrase is given, and needn't be asked for.
    pub fn is_given(&self) -> bool {
        !self.passphrase_file.is_empty() || self.passphrase_fd.is_some()
    }

    /// Returns whether the passphrase comes from standard input.
    pub fn uses_stdin(&self) -> bool {
        self.passphrase_fd == Some(Descriptor::Open(0))
    }

    /// Returns the descriptor that passphrases come from.
    pub fn descriptor(&self) -> Option<Descriptor> {
        self.passphrase_fd
    }

    /// Returns the source of passphrases for locked keys and messages: the given
    /// ones, else a prompt.
    pub fn source(&self, bar: ProgressBar, ui: &Ui) -> Result<Box<dyn Passphrases>, Failure> {
        let (ui, is_told) = (*ui, AtomicBool::new(false));
        if !self.is_given() {
            let source = Prompt { bar };
            return Ok(Box::new(Told {
                source,
                ui,
                is_told,
            }));
        }
        let mut passphrases = Vec::new();
        let files = self.passphrase_file.iter();
        let mut texts: Vec<SecretText> = files
            .map(|file| SecretText::read_file(file))
            .collect::<Result<_, _>>()?;
        if let Some(descriptor) = self.passphrase_fd {
            texts.push(descriptor.read("--passphrase-fd")?);
        }
        for SecretText { source, bytes } in texts {
            if FileKind::of(&bytes) == Some(FileKind::Utf16) {
                return Err(Error::Utf16Passphrase { path: source }.into());
            }
            let lines = Passphrase::from_lines(&bytes);
            if lines.is_empty() {
                return Err(Error::EmptyPassphrase { path: source }.into());
            }
            passphrases.extend(lines);
        }
        if passphrases.len() > MAX_PASSPHRASES {
            return Err(Failure::usage(
                format!("more than {MAX_PASSPHRASES} passphrases are given"),
                "give only those of the keys in use",
            ));
        }
        let source = passphrases;
        Ok(Box::new(Told {
            source,
            ui,
            is_told,
        }))
    }
}

/// The memory that a passphrase may take without a word, in bytes.
const MUCH_MEMORY: u64 = 256 << 20;

/// Passphrases for a user who is told once if one takes much memory.
struct Told<P> {
    source: P,
    ui: Ui,
    is_told: AtomicBool,
}

impl<P: Passphrases> Passphrases for Told<P> {
    fn ask(&self, key: LockedKey<'_>, attempt: usize) -> io::Result<Option<Passphrase>> {
        self.source.ask(key, attempt)
    }

    fn ask_for_message(&self, attempt: usize) -> io::Result<Option<Passphrase>> {
        self.source.ask_for_message(attempt)
    }

    fn note_memory(&self, amount: u64) {
        if amount >= MUCH_MEMORY && !self.is_told.swap(true, Ordering::Relaxed) {
            let amount = bytes(amount);
            self.ui
                .notice(&format!("the passphrase takes {amount} of memory (Argon2)"));
        }
    }
}

/// The content of a passphrase file, and where it came from.
pub struct SecretText {
    pub source: PathBuf,
    pub bytes: Zeroizing<Vec<u8>>,
}

impl SecretText {
    pub fn read_file(path: &Path) -> Result<Self, Failure> {
        Self::read(path.to_owned(), input::open(path))
    }

    fn read(source: PathBuf, opened: io::Result<File>) -> Result<Self, Failure> {
        // A vector that grows would leave copies behind that nobody wipes.
        let mut bytes = Zeroizing::new(Vec::with_capacity(2 * MAX_TEXT as usize));
        let read = opened.and_then(|file| file.take(MAX_TEXT).read_to_end(&mut bytes));
        match read {
            Ok(_) => Ok(Self { source, bytes }),
            Err(error) => Err(Error::reading(source, error).into()),
        }
    }
}

/// The argument that names a descriptor. What isn't a number isn't kept, and so
/// not shown in errors: it may be the passphrase itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Descriptor {
    /// One that the caller has opened.
    Open(u32),
    Closed(u32),
    NotANumber,
}

impl Descriptor {
    pub fn parse(text: &str) -> Result<Self, Infallible> {
        Ok(match text.parse() {
            Ok(number) if is_closed(number) => Self::Closed(number),
            Ok(number) => Self::Open(number),
            Err(_) => Self::NotANumber,
        })
    }

    /// Reads what it yields. `option` is the one that names it.
    pub fn read(self, option: &str) -> Result<SecretText, Failure> {
        let number = self.number(option)?;
        let source = format!("file descriptor {number}").into();
        SecretText::read(source, inherited(number))
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
