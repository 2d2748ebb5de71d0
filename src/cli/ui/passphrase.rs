//! Passphrases from the terminal.

use std::io;
use std::path::Path;

use callseal::keys::{LockedKey, Passphrase, Passphrases};
use indicatif::ProgressBar;
use zeroize::Zeroizing;

use super::safe;

/// The number of attempts to type a passphrase, or a new one twice.
const TRIES: usize = 3;

/// A prompt on the terminal, even if standard input is a pipe. Without a
/// terminal it returns no passphrase and doesn't wait.
pub struct Prompt {
    /// Hidden while the question is on the screen.
    pub bar: ProgressBar,
}

impl Passphrases for Prompt {
    fn ask(&self, key: LockedKey<'_>, attempt: usize) -> io::Result<Option<Passphrase>> {
        let source = key.source.display().to_string();
        let whose = match key.label {
            Some(label) => format!("{} ({})", safe(&source), safe(label)),
            None => safe(&source).into_owned(),
        };
        self.passphrase_for(&whose, attempt)
    }

    fn ask_for_message(&self, attempt: usize) -> io::Result<Option<Passphrase>> {
        self.passphrase_for("the message", attempt)
    }
}

impl Prompt {
    fn passphrase_for(&self, whose: &str, attempt: usize) -> io::Result<Option<Passphrase>> {
        if attempt > TRIES {
            return Ok(None);
        }
        let again = if attempt > 1 {
            "wrong, try again: "
        } else {
            ""
        };
        let question = format!("{again}passphrase for {whose}: ");
        match self.bar.suspend(|| prompt(question)) {
            Ok(answer) => Ok(Some(Passphrase::new(answer.into_bytes()))),
            Err(_) => Ok(None),
        }
    }
}

fn prompt(question: impl ToString) -> io::Result<String> {
    let ask = || rpassword::prompt_password(question);
    #[cfg(unix)]
    return crate::cli::signals::while_asking(ask);
    #[cfg(not(unix))]
    return ask();
}

/// The reason why there is no new passphrase.
#[derive(Clone, Copy, Debug)]
pub enum NoAnswer {
    /// There is no terminal to ask on.
    NoTerminal,
    /// The two inputs never matched.
    Differ,
}

/// Asks on the terminal for a key's new passphrase. It must be typed twice,
/// unless it's empty.
pub fn ask_new(key: &Path) -> Result<Passphrase, NoAnswer> {
    let ask = |question: &str| {
        let answer = prompt(question);
        answer.map(Zeroizing::new).map_err(|_| NoAnswer::NoTerminal)
    };
    let key = key.display().to_string();
    for attempt in 1..=TRIES {
        let again = if attempt > 1 {
            "they differ, try again: "
        } else {
            ""
        };
        let mut first = ask(&format!("{again}new passphrase for {}: ", safe(&key)))?;
        if first.is_empty() || first == ask("the same again: ")? {
            return Ok(Passphrase::new(std::mem::take(&mut *first).into_bytes()));
        }
    }
    Err(NoAnswer::Differ)
}
