//! What calls are sealed with, from the config.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use callseal::ErrorKind;
use callseal::config::{Config, Watch};
use callseal::keys::NoPassphrases;
use callseal::message::SealPlan;
use callseal::service::{Loaded, Loader, ServiceError};

use super::teller::Teller;
use crate::cli::args::SealArgs;
use crate::cli::error::Error;
use crate::cli::expiry::EndingSoon;
use crate::cli::failure::Failure;
use crate::cli::signing_args;
use crate::cli::suspects;
use crate::cli::ui::{Colour, Ui};

/// The time after which it's found out again until when the recipients can be used: it
/// changes only with the certificates.
const LOOK_AHEAD: Duration = Duration::from_secs(60);

/// Loads what calls are sealed with from the config, anew each time.
pub(super) struct ConfigLoader {
    /// The last config that could be read.
    config: Config,
    name: String,
    teller: Arc<Teller>,
    /// What was wrong with the config when it was read last.
    fault: Option<String>,
    /// Shows no notices: they would come with each batch.
    quiet: Ui,
    /// What was said of certificates that end soon. That changes from day to day.
    warned: Vec<String>,
    /// When it was last found out until when the recipients can be used.
    looked_ahead: Option<Instant>,
}

impl ConfigLoader {
    pub fn new(config: &Config, watch: &Watch, teller: Arc<Teller>) -> Self {
        Self {
            config: config.clone(),
            name: watch.name.clone(),
            teller,
            fault: None,
            quiet: Ui::new(true, false, Colour::Never),
            warned: Vec::new(),
            looked_ahead: None,
        }
    }

    /// Reads the config; if it can't be used, the one that was read last remains.
    fn read(&mut self) {
        let path: PathBuf = self.config.source.clone();
        let fault = match Config::load(&path) {
            Ok(config) if config.watches.iter().any(|watch| watch.name == self.name) => {
                self.config = config;
                None
            }
            Ok(_) => Some(format!(
                "{}: no [[watch]] is called {:?} any more",
                path.display(),
                self.name
            )),
            Err(error) => Some(error.to_string()),
        };
        if fault != self.fault {
            let log = &self.teller.log;
            match &fault {
                Some(fault) => {
                    let message = format!("{fault}; the config from before is used");
                    log.error("config", &message, None);
                }
                None => {
                    let message = format!("{}: it can be used again", path.display());
                    log.info("config", &message);
                }
            }
            self.teller.note_config(fault.as_deref());
            self.fault = fault;
        }
    }

    /// Warns of certificates that end soon, of each once a day.
    fn warn_of_ends(&mut self, recipients: &SealArgs, plan: &SealPlan) -> Result<(), Failure> {
        let ending = recipients.ending_soon(plan, Some(&self.config))?;
        let warnings: Vec<String> = ending.iter().map(EndingSoon::sentence).collect();
        for warning in warnings.iter().filter(|new| !self.warned.contains(new)) {
            self.teller.log.warning("certificate_ends", warning);
        }
        self.warned = warnings;
        Ok(())
    }

    /// Notes until when the recipients can be used, now and then.
    fn look_ahead(&mut self, recipients: &SealArgs) -> Result<(), Failure> {
        let is_known = |at: Instant| at.elapsed() < LOOK_AHEAD;
        if !self.looked_ahead.is_some_and(is_known) {
            let first = recipients.first_end(Some(&self.config))?;
            self.teller.note_end(first);
            self.looked_ahead = Some(Instant::now());
        }
        Ok(())
    }

    fn loaded(&mut self) -> Result<Loaded, Failure> {
        let named = self
            .config
            .watches
            .iter()
            .find(|watch| watch.name == self.name);
        let settings = named
            .cloned()
            .ok_or_else(|| Failure::usage(format!("no [[watch]] is called {:?}", self.name), ""))?;
        let recipients = SealArgs::of_profile(settings.profile.clone());
        let plan = recipients.plan_with(Some(&self.config), &self.quiet)?;
        self.warn_of_ends(&recipients, &plan)?;
        self.look_ahead(&recipients)?;
        let paths = match settings.sign.as_slice() {
            [] => &self.config.sign,
            own => own,
        };
        let signing = signing_args::load(paths, &NoPassphrases, &self.quiet);
        let signing = signing.map_err(Error::from)?;
        Ok(Loaded {
            plan,
            signing,
            settings,
        })
    }
}

impl Loader for ConfigLoader {
    fn load(&mut self) -> Result<Loaded, ServiceError> {
        self.read();
        self.loaded().map_err(|failure| {
            let not_loaded = NotLoaded::from(failure);
            ServiceError::NotLoaded {
                kind: not_loaded.kind,
                error: Box::new(not_loaded),
            }
        })
    }

    fn objection(&self, path: &Path) -> Option<String> {
        let kind = suspects::key_at(path)?;
        Some(format!(
            "it is a {kind}, which is not sealed and removed: keep it elsewhere"
        ))
    }
}

/// Why nothing can be sealed, with the remedy.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct NotLoaded {
    message: String,
    pub hint: Option<String>,
    kind: ErrorKind,
}

impl From<Failure> for NotLoaded {
    fn from(failure: Failure) -> Self {
        let words = failure.words();
        let (message, hint, kind) = words.unwrap_or_else(|| {
            let message = "standard output is closed".into();
            (message, None, ErrorKind::Io)
        });
        Self {
            message,
            hint,
            kind,
        }
    }
}
