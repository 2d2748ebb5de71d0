//! The arguments for opening messages: keys, passphrases and limits; and the
//! warnings about what was opened.

use std::collections::BTreeMap;
use std::path::PathBuf;

use callseal::config::Config;
use callseal::keys::{Keyring, Passphrases};
use callseal::message::{Format, Limits, Opener};
use callseal::output::Overwrite;
use clap::Args;
use indicatif::ProgressBar;

use super::args::{IdentityArgs, LimitArgs};
use super::failure::{Failure, SHOWN};
use super::passphrases::PassphraseArgs;
use super::ui::{Ui, count};

/// The options for opening messages.
#[derive(Debug, Args)]
pub struct OpenArgs {
    #[command(flatten)]
    identities: IdentityArgs,
    #[command(flatten)]
    pub passphrases: PassphraseArgs,
    /// Try each key even on CMS messages that don't name its certificate, for a
    /// key whose certificate is lost
    #[arg(long)]
    try_all_keys: bool,
    #[command(flatten)]
    limits: LimitArgs,
}

/// The option to accept renamed members.
#[derive(Debug, Args)]
pub struct RenamedArgs {
    /// Accept members that were sealed under another name than their name in
    /// the archive, with a warning
    #[arg(long)]
    accept_renamed: bool,
}

impl RenamedArgs {
    /// Returns the opener with this choice.
    pub fn apply<'a>(&self, opener: Opener<'a>) -> Opener<'a> {
        match self.accept_renamed {
            true => opener.accepting_renamed(),
            false => opener,
        }
    }
}

/// The keys, the source of their passphrases, and the limits.
pub struct Opening {
    keyring: Keyring,
    passphrases: Box<dyn Passphrases>,
    limits: Limits,
    try_all_keys: bool,
}

impl OpenArgs {
    /// Loads the keys, at least one. `bar` is hidden during prompts.
    pub fn load(
        &self,
        config: Option<&Config>,
        bar: ProgressBar,
        ui: &Ui,
    ) -> Result<Opening, Failure> {
        Ok(Opening {
            keyring: self.identities.some_keyring(config, ui)?,
            passphrases: self.passphrases.source(bar)?,
            limits: self.limits.limits(),
            try_all_keys: self.try_all_keys,
        })
    }
}

impl Opening {
    /// Reads the keys' certificates now if the command may overwrite files:
    /// they are inputs then, which aren't overwritten.
    pub fn before(&self, overwrite: Overwrite) {
        if overwrite == Overwrite::Replace {
            self.keyring.read_certificates();
        }
    }

    pub fn opener(&self) -> Opener<'_> {
        let opener = Opener::new(&self.keyring)
            .with_passphrases(&*self.passphrases)
            .with_limits(&self.limits);
        match self.try_all_keys {
            true => opener.trying_all_keys(),
            false => opener,
        }
    }
}

/// Returns the name of a format for listings, with a mark if the format isn't
/// authenticated.
pub fn format_name(format: Format) -> String {
    match format.is_authenticated() {
        true => format.name().to_owned(),
        false => format!("{}, not authenticated", format.name()),
    }
}

/// What is said of a single message whose content goes to standard output.
pub const NOT_AUTHENTICATED: &str = "not authenticated: this CMS message may have been changed";

/// Returns the same mark for the end of a summary of `all` opened files.
pub fn authenticity(not_authenticated: usize, all: usize) -> String {
    match not_authenticated {
        0 => String::new(),
        some if some == all => ", not authenticated".to_owned(),
        some => format!(", {some} of them not authenticated"),
    }
}

/// Warns of files that nothing authenticates, if the summary that says so isn't
/// shown.
pub fn warn_of_not_authenticated(not_authenticated: usize, ui: &Ui) {
    if not_authenticated > 0 && ui.is_quiet() {
        ui.warning(&format!(
            "{} not authenticated: the content may have been changed in transit",
            count(not_authenticated as u64, "file")
        ));
    }
}

/// Warns of messages that a key has opened without being named in them.
pub fn warn_of_tried<'a>(tried: impl IntoIterator<Item = &'a PathBuf>, ui: &Ui) {
    let mut members: BTreeMap<_, u64> = BTreeMap::new();
    for key in tried {
        *members.entry(key).or_default() += 1;
    }
    for (key, number) in members {
        ui.warning(&format!(
            "{}: opened {} that {} not name its certificate",
            key.display(),
            count(number, "message"),
            if number == 1 { "does" } else { "do" },
        ));
    }
}

/// Warns of members that were sealed under another name. Each pair has the
/// member's present name and the sealed one.
pub fn warn_of_renamed<'a>(renamed: impl IntoIterator<Item = (&'a str, &'a str)>, ui: &Ui) {
    let mut renamed = renamed.into_iter();
    for (member, sealed_as) in renamed.by_ref().take(SHOWN) {
        ui.warning(&format!("{member}: it was sealed as {sealed_as:?}"));
    }
    match renamed.count() as u64 {
        0 => {}
        more => ui.warning(&format!(
            "{} more {} sealed under another name; --json lists them all",
            count(more, "member"),
            if more == 1 { "was" } else { "were" },
        )),
    }
}
