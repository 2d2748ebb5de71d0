//! The arguments for what an archive shows of its members.

use callseal::Job;
use callseal::config::{Config, INDEX_CHOICES};
use callseal::message::SealPlan;
use clap::Args;

use super::args::words;
use super::failure::Failure;
use super::ui::Ui;

/// What an archive shows of its members.
#[derive(Debug, Args)]
pub struct LayoutArgs {
    /// Whether the archive gets an index, the sealed list of its members, by which
    /// one private key operation opens them all; auto: if there are two or more
    /// OpenPGP messages
    #[arg(long = "index", value_name = "WHEN", value_parser = words(INDEX_CHOICES))]
    without_index: Option<bool>,
    /// Call the members by numbers; their names and times are sealed
    #[arg(long)]
    hide_names: bool,
}

impl LayoutArgs {
    /// Returns the job with these choices.
    pub fn apply<'a>(
        &self,
        mut job: Job<'a>,
        plan: &SealPlan,
        config: Option<&Config>,
        ui: &Ui,
    ) -> Result<Job<'a>, Failure> {
        let configured = || config.is_some_and(|config| config.without_index);
        let without_index = self.without_index.unwrap_or_else(configured);
        if without_index {
            job = job.without_index();
        }
        if self.hide_names {
            let format = plan.format();
            if !format.is_open_pgp() {
                return Err(Failure::usage(
                    format!(
                        "{} messages can't hold the names that --hide-names hides",
                        format.name()
                    ),
                    "leave out --hide-names, or give another --format",
                ));
            }
            if without_index {
                ui.notice(
                    "without an index, the names are in the messages alone: members can't be chosen by name, and can't be shared or granted",
                );
            }
            job = job.hiding_names();
        }
        Ok(job)
    }
}
