//! The arguments that `share` and `grant` have in common.

use callseal::Job;
use callseal::config::Config;
use callseal::message::Opener;
use clap::Args;

use super::args::{JobsArgs, OverwriteArgs};
use super::failure::Failure;
use super::open_args::{IgnoreIndexArgs, OpenArgs, Opening};
use super::ui::{Bar, Ui};

/// How members are opened to be shared or granted, and how the result is written.
#[derive(Debug, Args)]
pub struct SharingArgs {
    #[command(flatten)]
    opening: OpenArgs,
    #[command(flatten)]
    index: IgnoreIndexArgs,
    #[command(flatten)]
    overwrite: OverwriteArgs,
    #[command(flatten)]
    jobs: JobsArgs,
}

impl SharingArgs {
    /// Loads the keys. `bar` is hidden during prompts.
    pub fn load(&self, config: Option<&Config>, bar: &Bar, ui: &Ui) -> Result<Opening, Failure> {
        self.opening.load(config, bar.handle(), ui)
    }

    /// Returns what opens the members.
    pub fn opener<'a>(&self, opening: &'a Opening) -> Opener<'a> {
        self.index.apply(opening.opener())
    }

    /// Returns the job, whose progress `bar` shows.
    pub fn job<'a>(&self, bar: &'a Bar) -> Job<'a> {
        Job::new()
            .overwrite(self.overwrite.overwrite())
            .workers(self.jobs.jobs())
            .progress(bar)
    }
}
