//! The arguments for opening messages: keys, passphrases and limits; and the
//! warnings about what was opened.

use std::collections::BTreeMap;
use std::path::PathBuf;

use callseal::config::Config;
use callseal::keys::{Keyring, Passphrases};
use callseal::message::{Format, Limits, Opener};
use callseal::output::Overwrite;
use callseal::{ArchiveFile, Members};
use clap::Args;
use indicatif::ProgressBar;

use super::args::{IdentityArgs, LimitArgs};
use super::error::Error;
use super::failure::Failure;
use super::hints::Task;
use super::passphrases::PassphraseArgs;
use super::ui::{SHOWN, Ui, count};

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

/// The options for opening members of archives.
#[derive(Debug, Args)]
pub struct MemberOpenArgs {
    /// Accept members that were sealed under another name than their name in
    /// the archive, with a warning
    #[arg(long)]
    accept_renamed: bool,
    #[command(flatten)]
    index: IgnoreIndexArgs,
}

/// The option to open by a grant.
#[derive(Debug, Args)]
pub struct GrantArgs {
    /// Open the members that a grant lists, and no others; the key opens the
    /// grant
    #[arg(long, value_name = "FILE", conflicts_with = "ignore_index")]
    grant: Option<PathBuf>,
}

impl GrantArgs {
    /// Returns whether a grant is given.
    pub fn is_given(&self) -> bool {
        self.grant.is_some()
    }

    /// Opens the grant, if one is given, for an archive.
    pub fn apply(&self, archive: &mut ArchiveFile, opener: &Opener<'_>) -> Result<(), Error> {
        if let Some(grant) = &self.grant {
            archive.use_grant(grant, opener)?;
            archive.read_names(opener);
        }
        Ok(())
    }

    /// Returns the members that are granted, if a grant is given. Of those that a
    /// name or pattern means, it must grant one.
    pub fn granted<'a>(
        &self,
        archive: &'a ArchiveFile,
        members: Members<'a>,
        named: &[String],
    ) -> Result<Members<'a>, Failure> {
        let Some(grant) = &self.grant else {
            return Ok(members);
        };
        let not_granted = |what: &str| {
            Failure::usage(
                format!("{}: it doesn't grant {what}", grant.display()),
                "`callseal list ARCHIVE --grant FILE -k KEY` shows what it grants",
            )
        };
        let all = archive.select(&[""; 0])?.granted();
        if let Some(named) = all.first_without(named)? {
            return Err(not_granted(named));
        }
        let first = members.iter().next();
        let granted = members.granted();
        match first {
            Some(first) if granted.as_slice().is_empty() => Err(not_granted(&first.shown_name())),
            _ => Ok(granted),
        }
    }

    /// Returns an error of a member, which a grant opens if one is given.
    pub fn explain(&self, error: Error) -> Error {
        match (self.task(), error) {
            (Some(task), Error::Library(error)) => Error::during(task, error),
            (_, error) => error,
        }
    }

    /// Returns the task of opening by a grant, if one is given.
    pub fn task(&self) -> Option<Task> {
        self.grant.as_ref().map(|_| Task::ByGrant)
    }
}

/// The option to ignore the index.
#[derive(Debug, Args)]
pub struct IgnoreIndexArgs {
    /// Do without the archive's index: each member opens by its own recipients
    #[arg(long)]
    ignore_index: bool,
}

impl IgnoreIndexArgs {
    /// Returns the opener with this choice.
    pub fn apply<'a>(&self, opener: Opener<'a>) -> Opener<'a> {
        match self.ignore_index {
            true => opener.ignoring_index(),
            false => opener,
        }
    }
}

impl MemberOpenArgs {
    /// Returns the opener with these choices.
    pub fn apply<'a>(&self, opener: Opener<'a>) -> Opener<'a> {
        let opener = self.index.apply(opener);
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
    /// Returns whether any key is given on the command line.
    pub fn names_keys(&self) -> bool {
        self.identities.is_given()
    }

    /// Loads the keys; without any, only messages open that are sealed with a
    /// passphrase. `bar` is hidden during prompts.
    pub fn load(
        &self,
        config: Option<&Config>,
        bar: ProgressBar,
        ui: &Ui,
    ) -> Result<Opening, Failure> {
        Ok(Opening {
            keyring: self.identities.keyring_or_none(config, ui)?,
            passphrases: self.passphrases.source(bar, ui)?,
            limits: self.limits.limits(),
            try_all_keys: self.try_all_keys,
        })
    }
}

impl Opening {
    /// Returns the source of passphrases.
    pub fn passphrases(&self) -> &dyn Passphrases {
        &*self.passphrases
    }

    /// Reads the keys' certificates now if the command may overwrite files:
    /// they are inputs then, which aren't overwritten.
    pub fn before(&self, overwrite: Overwrite) {
        if overwrite == Overwrite::Replace {
            self.keyring.read_certificates();
        }
    }

    /// Returns an error if there is no key, and none of the members is sealed
    /// with a passphrase.
    pub fn expect_key(&self, archive: &ArchiveFile, members: &Members<'_>) -> Result<(), Error> {
        // What is read now doesn't count.
        let limits = self.limits.unspent();
        let has_passphrase = |member| {
            let envelope = archive.envelope(member, &limits);
            envelope.is_ok_and(|envelope| envelope.passphrases > 0)
        };
        let has_key = !self.keyring.identities().is_empty();
        match has_key
            || members
                .as_slice()
                .iter()
                .any(|member| has_passphrase(member))
        {
            true => Ok(()),
            false => Err(Error::NoKeys),
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
    if ui.is_quiet() {
        say_not_authenticated(not_authenticated, ui);
    }
}

/// Warns of files that nothing authenticates, where no summary says so.
pub fn say_not_authenticated(not_authenticated: usize, ui: &Ui) {
    if not_authenticated > 0 {
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

/// Says which messages are sealed with other ciphers than AES.
pub fn notice_old_ciphers<'a>(ciphers: impl IntoIterator<Item = &'a str>, ui: &Ui) {
    let mut messages: BTreeMap<_, u64> = BTreeMap::new();
    for cipher in ciphers {
        *messages.entry(cipher).or_default() += 1;
    }
    for (cipher, number) in messages {
        ui.notice(&format!(
            "{} sealed with {cipher}, an old cipher",
            match number {
                1 => "1 message is".into(),
                n => format!("{n} messages are"),
            }
        ));
    }
}

/// Says how many messages have something behind them that means nothing.
pub fn notice_padding(padded: usize, ui: &Ui) {
    if padded > 0 {
        ui.notice(&format!(
            "passed over white space or zeros behind {}",
            count(padded as u64, "message")
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
