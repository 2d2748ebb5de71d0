//! Passphrases from whoever sits at the terminal.

use std::io;
use std::path::Path;

use callseal::keys::{LockedKey, Passphrase, Passphrases};
use indicatif::ProgressBar;
use zeroize::Zeroizing;

use super::safe;

/// How often a passphrase may be mistyped, and a new one typed differently.
const TRIES: usize = 3;

/// Asks on the terminal, even where standard input is a pipe. Where there is
/// no terminal, there is no passphrase: nothing waits for ever.
pub struct Prompt {
    /// Hidden while the question is on the screen.
    pub bar: ProgressBar,
}

impl Passphrases for Prompt {
    fn ask(&self, key: LockedKey<'_>, attempt: usize) -> io::Result<Option<Passphrase>> {
        if attempt > TRIES {
            return Ok(None);
        }
        let source = key.source.display().to_string();
        let whose = match key.label {
            Some(label) => format!("{} ({})", safe(&source), safe(label)),
            None => safe(&source).into_owned(),
        };
        let again = if attempt > 1 {
            "wrong, once more: "
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

/// Why there is no new passphrase.
#[derive(Clone, Copy, Debug)]
pub enum NoAnswer {
    /// There is no terminal to ask on.
    NoTerminal,
    /// It was never typed the same twice.
    Differ,
}

/// Asks on the terminal for a key's new passphrase, which is to be typed
/// twice, unless it's empty.
pub fn ask_new(key: &Path) -> Result<Passphrase, NoAnswer> {
    let ask = |question: &str| {
        let answer = prompt(question);
        answer.map(Zeroizing::new).map_err(|_| NoAnswer::NoTerminal)
    };
    let key = key.display().to_string();
    for attempt in 1..=TRIES {
        let again = if attempt > 1 {
            "they differ, once more: "
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
