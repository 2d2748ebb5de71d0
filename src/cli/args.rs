//! Groups of arguments that several subcommands share, and what they resolve
//! to.

use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use callseal::config::Config;
use callseal::keys::{FileKind, KeyFault, Keyring, Recipients};
use callseal::message::{Compression, Format, Limits, SealOptions, SealPlan};
use callseal::output::Overwrite;
use std::time::SystemTime;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::expiry::{self, EndingSoon};
use super::exposed_keys::warn_of_exposed;
use super::failure::Failure;
use super::global::Global;
use super::recipient_args::RecipientArgs;
use super::ui::{Ui, Waiting};
use crate::cli::error::Error;

/// The options for sealing.
#[derive(Debug, Args)]
pub struct SealArgs {
    #[command(flatten)]
    recipients: RecipientArgs,
    /// Compress before sealing; auto decides for each file and never compresses
    /// audio
    #[arg(long, value_name = "HOW", value_parser = words(Compression::CHOICES))]
    compress: Option<Compression>,
    /// The message format: auto is rfc9580 if every recipient can read it;
    /// rfc4880 is for readers that have only GnuPG, cms-gcm for those that have
    /// only openssl, cms for those that have only `openssl smime` and RSA keys;
    /// cms is not authenticated: changes in transit go unnoticed
    #[arg(long, value_name = "FORMAT", value_parser = words(Format::CHOICES))]
    format: Option<FormatChoice>,
    /// Don't name the recipients in the messages
    #[arg(long)]
    hidden_recipients: bool,
}

impl SealArgs {
    /// Returns those that stand for a profile of the config.
    #[cfg(target_os = "linux")]
    pub fn of_profile(profile: Option<String>) -> Self {
        Self {
            recipients: RecipientArgs::of_profile(profile),
            compress: None,
            format: None,
            hidden_recipients: false,
        }
    }

    /// Loads the recipients, all or none.
    pub fn recipients(&self, config: Option<&Config>, ui: &Ui) -> Result<Recipients, Failure> {
        self.recipients.load(config, ui)
    }

    /// Loads the recipients, all or none, and returns the plan for sealing.
    pub fn plan(&self, global: &Global, ui: &Ui) -> Result<SealPlan, Failure> {
        self.plan_with(global.config()?.as_ref(), ui)
    }

    /// Does the same with a config that was loaded already.
    pub fn plan_with(&self, config: Option<&Config>, ui: &Ui) -> Result<SealPlan, Failure> {
        let recipients = self.recipients(config, ui)?;
        let configured = |c: &Config| (c.compress, c.format);
        let (compress, format) = config.map(configured).unwrap_or_default();
        let compression = self.compress.unwrap_or(compress);
        let format = self.format.unwrap_or(format);
        let options = SealOptions {
            format,
            compression,
            hidden_recipients: self.hidden_recipients,
        };
        let plan = SealPlan::new(recipients, options);
        let plan = plan.map_err(Error::from)?;
        if !plan.format().is_authenticated() {
            ui.notice(&format!(
                "{} messages are not authenticated: anyone who alters one in transit can change its content",
                plan.format().name()
            ));
        }
        for recipient in plan.recipients().iter() {
            ui.detail(&format!(
                "sealing to {} {} ({}, {})",
                recipient.fingerprint(),
                recipient.label(),
                recipient.algorithm(),
                recipient.source().display()
            ));
        }
        Ok(plan)
    }

    /// Warns of certificates that end soon, and returns them.
    pub fn warn_of_ends(
        &self,
        plan: &SealPlan,
        global: &Global,
        ui: &Ui,
    ) -> Result<Vec<EndingSoon>, Failure> {
        let ending = self.ending_soon(plan, global.config()?.as_ref())?;
        expiry::warn(&ending, ui);
        Ok(ending)
    }

    /// Returns which of the certificates end soon.
    pub fn ending_soon(
        &self,
        plan: &SealPlan,
        config: Option<&Config>,
    ) -> Result<Vec<EndingSoon>, Failure> {
        self.recipients.ending_soon(plan.recipients(), config)
    }

    /// Returns from when on the first of the recipients will be refused; `None` if none
    /// will.
    pub fn first_end(&self, config: Option<&Config>) -> Result<Option<SystemTime>, Failure> {
        self.recipients.first_end(config)
    }
}

/// `None` means `auto`.
type FormatChoice = Option<Format>;

/// Returns the word for a choice.
pub fn word<T: PartialEq>(choices: &[(&'static str, T)], choice: &T) -> &'static str {
    let found = choices.iter().find(|(_, known)| known == choice);
    found.map_or("", |(word, _)| word)
}

/// Returns a parser for a choice among a few words.
pub fn words<const N: usize, T: Clone + Send + Sync + 'static>(
    choices: [(&'static str, T); N],
) -> impl TypedValueParser<Value = T> {
    let names = choices.each_ref().map(|(name, _)| *name);
    PossibleValuesParser::new(names).try_map(move |word: String| {
        let choice = choices.iter().find(|(name, _)| *name == word);
        choice
            .map(|(_, choice)| choice.clone())
            .ok_or("no such choice")
    })
}

/// The keys to open with.
#[derive(Debug, Args)]
pub struct IdentityArgs {
    /// A private key, or a directory of private keys [default: `keys` in the
    /// config]
    #[arg(short, long = "key", value_name = "KEY")]
    keys: Vec<PathBuf>,
}

impl IdentityArgs {
    /// Returns whether any key is given with -k.
    pub fn is_given(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Loads the keys, at least one.
    pub fn some_keyring(&self, config: Option<&Config>, ui: &Ui) -> Result<Keyring, Failure> {
        let keyring = self.keyring(config, ui)?;
        if keyring.identities().is_empty() {
            let place = self.paths(config).first().cloned();
            return Err(match place {
                Some(place) => Error::NoKeysThere { place }.into(),
                None => Error::NoKeys.into(),
            });
        }
        Ok(keyring)
    }

    /// Loads the keys: at least one, if any are given.
    pub fn keyring_or_none(&self, config: Option<&Config>, ui: &Ui) -> Result<Keyring, Failure> {
        match self.paths(config) {
            [] => Ok(Keyring::default()),
            _ => self.some_keyring(config, ui),
        }
    }

    fn paths<'a>(&'a self, config: Option<&'a Config>) -> &'a [PathBuf] {
        match (self.keys.as_slice(), config) {
            ([], Some(config)) => &config.keys,
            (keys, _) => keys,
        }
    }

    /// Loads the keys, if any.
    pub fn keyring(&self, config: Option<&Config>, ui: &Ui) -> Result<Keyring, Failure> {
        let waiting = Waiting::new(ui, "reading the keys".into());
        let keyring = Keyring::load(self.paths(config)).map_err(Error::from)?;
        drop(waiting);
        for skipped in keyring.skipped() {
            // What is too large for a key isn't one.
            let is_key = match &skipped.fault {
                KeyFault::NoPrivateKey(Some(FileKind::PuttyKey | FileKind::Jceks)) => true,
                KeyFault::NoPrivateKey(_) => false,
                KeyFault::Unreadable(error) => error.kind() != io::ErrorKind::FileTooLarge,
                _ => true,
            };
            match is_key {
                true => ui.warning(&format!("left out {skipped}")),
                false => ui.detail(&format!("left out {skipped}")),
            }
        }
        warn_of_exposed(keyring.identities(), ui);
        Ok(keyring)
    }
}

/// The limits on the size of decompressed messages.
#[derive(Debug, Args)]
pub struct LimitArgs {
    /// The largest size that one compressed message may expand to
    #[arg(long, value_name = "SIZE", default_value = "8G", value_parser = size)]
    max_member_size: u64,
    /// The largest size that all compressed messages together may expand to
    #[arg(long, value_name = "SIZE", default_value = "64G", value_parser = size)]
    max_total_size: u64,
}

impl LimitArgs {
    pub fn limits(&self) -> Limits {
        Limits::new(self.max_member_size, self.max_total_size)
    }
}

/// Parses a size in bytes, or with K, M, G or T for powers of 1024.
fn size(text: &str) -> Result<u64, String> {
    let (number, exponent) = match text.char_indices().last() {
        Some((at, unit)) if unit.is_ascii_alphabetic() => {
            let exponent = "KMGT".find(unit.to_ascii_uppercase()).map(|i| i as u32 + 1);
            let number = text.get(..at).unwrap_or_default();
            (number, exponent.ok_or("expected a unit of K, M, G or T")?)
        }
        _ => (text, 0),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "expected a whole number, such as 500M or 8G")?;
    number
        .checked_mul(1 << (10 * exponent))
        .ok_or_else(|| "the number is too large".into())
}

/// The option to overwrite.
#[derive(Debug, Args)]
pub struct OverwriteArgs {
    /// Overwrite existing files
    #[arg(short, long)]
    force: bool,
}

impl OverwriteArgs {
    pub fn overwrite(&self) -> Overwrite {
        if self.force {
            Overwrite::Replace
        } else {
            Overwrite::Refuse
        }
    }
}

/// The largest number of workers. More would not be faster, and systems limit
/// the number of threads.
const MAX_JOBS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(255);

fn workers(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse()
        .map_err(|_| "expected a whole number of 1 or more")
}

/// The most days that a certificate is valid: a hundred years.
const MOST_DAYS: u32 = 36_500;

/// Parses a number of days for which a certificate is valid.
pub fn days(text: &str) -> Result<u32, String> {
    let days = text.parse().ok();
    let days = days.filter(|days| (1..=MOST_DAYS).contains(days));
    days.ok_or_else(|| format!("expected a whole number from 1 to {MOST_DAYS}"))
}

/// The number of workers.
#[derive(Debug, Args)]
pub struct JobsArgs {
    /// The number of members or documents to work on at the same time [default:
    /// one for each core]
    #[arg(short, long, value_name = "N", value_parser = workers)]
    jobs: Option<NonZeroUsize>,
}

impl JobsArgs {
    pub fn jobs(&self) -> NonZeroUsize {
        self.jobs
            .or_else(|| std::thread::available_parallelism().ok())
            .unwrap_or(NonZeroUsize::MIN)
            .min(MAX_JOBS)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::{JobsArgs, size};

    #[test]
    fn jobs_have_a_limit() {
        for (wanted, jobs) in [(1, 1), (256, 256), (257, 256), (usize::MAX, 256)] {
            let jobs_args = JobsArgs {
                jobs: NonZeroUsize::new(wanted),
            };
            assert_eq!(jobs_args.jobs().get(), jobs);
        }
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(size("0"), Ok(0));
        assert_eq!(size("1500"), Ok(1500));
        assert_eq!(size("2k"), Ok(2048));
        assert_eq!(size("8G"), Ok(8 << 30));
        for wrong in ["", "G", "8X", "1.5G", "-1", "99999999999T", "8é"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
