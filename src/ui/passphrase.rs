//! Passphrases from whoever sits at the terminal.

use std::io;

use callseal::keys::{LockedKey, Passphrase, Passphrases};
use indicatif::ProgressBar;

use super::safe;

/// How often a passphrase may be mistyped.
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
        match self.bar.suspend(|| rpassword::prompt_password(question)) {
            Ok(answer) => Ok(Some(Passphrase::new(answer.into_bytes()))),
            Err(_) => Ok(None),
        }
    }
}
