//! `callseal watch`

mod log;
mod together;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use callseal::ErrorKind;
use callseal::config::{Config, Watch};
use callseal::files::cause;
use callseal::keys::NoPassphrases;
use callseal::message::SealPlan;
use callseal::service::{Control, Loaded, Loader, Service, ServiceError};
use clap::Args;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::args::{JobsArgs, SealArgs};
use super::error::Error;
use super::expiry::EndingSoon;
use super::failure::{Ended, Failure};
use super::global::Global;
use super::hints;
use super::signals;
use super::signing_args;
use super::suspects;
use super::ui::Ui;
use log::Log;
use together::{LastStep, Work};

/// The time after which the program ends, whatever it is doing.
const LAST_STEP: Duration = Duration::from_secs(4);

/// Seal calls as they end: watch the spools in the config, and remove each file when its
/// sealed copy is safe
#[derive(Debug, Args)]
#[command(after_help = "\
The config says what is watched:
  [[watch]]
  name = \"calls\"
  spool = \"/var/lumenvox/responses\"
  outbox = \"/var/lib/callseal/outbox\"
  profile = \"acme\"

SIGTERM ends it, and SIGHUP makes it read the config anew.

Examples:
  callseal watch --once --config callseal.toml
  callseal watch --once --config callseal.toml calls")]
pub struct Arguments {
    /// The names of the spools to watch [default: all in the config]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Seal and bundle all that has settled now, and end: for cron
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    jobs: JobsArgs,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Ended, Failure> {
    if global.json {
        return Err(Failure::usage(
            "a service has no result for --json: it reports to standard error",
            "leave out --json",
        ));
    }
    let config = global.some_config()?;
    let chosen = choose(&config, &arguments.names)?;
    let together = callseal::service::refuse_nested(&config.watches);
    together.map_err(Error::from)?;
    let workers = arguments.jobs.jobs();
    let mut started = Vec::new();
    for watch in chosen {
        let log = Log {
            ui: *ui,
            name: watch.name.clone(),
        };
        let control = Control::new();
        let control = control.map_err(|error| Error::reading(&config.source, error))?;
        started.push((watch, log, Arc::new(control)));
    }
    let controls = started.iter().map(|(.., control)| Arc::clone(control));
    // A reload that comes meanwhile is done then.
    listen(controls.collect())?;
    // All of them can work, or none of them begins.
    let mut services = Vec::new();
    for (watch, log, control) in &started {
        let service = Service::open((*watch).clone(), workers, log);
        let service = service.map_err(|error| Failure::from(Error::from(error)))?;
        let loader = ConfigLoader::new(&config, watch, *ui);
        services.push((service, loader, log, control));
    }
    let once = arguments.once;
    let works = services
        .into_iter()
        .map(|(mut service, mut loader, log, control)| Work {
            name: &log.name,
            control,
            run: Box::new(move || match once {
                true => log.conclude(service.run_once(&mut loader, control)),
                false => log.conclude(Ok(service.run(&mut loader, control))),
            }),
        });
    let last_step = LastStep {
        after: LAST_STEP,
        end: &signals::end_with_a_fault,
    };
    Ok(together::run(works.collect(), &last_step, ui))
}

/// Returns the spools that are named, or all.
fn choose<'a>(config: &'a Config, names: &[String]) -> Result<Vec<&'a Watch>, Failure> {
    if config.watches.is_empty() {
        return Err(Failure::usage(
            format!("{}: it has no [[watch]]", config.source.display()),
            "add one with name, spool, outbox and profile; `callseal watch --help` shows it",
        ));
    }
    if names.is_empty() {
        return Ok(config.watches.iter().collect());
    }
    let mut chosen: Vec<&Watch> = Vec::new();
    for name in names {
        let found = config.watches.iter().find(|watch| watch.name == *name);
        let Some(found) = found else {
            let known = config.watches.iter().map(|watch| watch.name.as_str());
            let known: Vec<&str> = known.collect();
            return Err(Failure::usage(
                format!(
                    "{}: no [[watch]] is called {name:?}",
                    config.source.display()
                ),
                format!("these are: {}", known.join(", ")),
            ));
        };
        if !chosen.contains(&found) {
            chosen.push(found);
        }
    }
    Ok(chosen)
}

/// Passes signals on to the services.
fn listen(controls: Vec<Arc<Control>>) -> Result<(), Failure> {
    let signals = Signals::new([SIGHUP, SIGINT, SIGTERM]);
    let mut signals = signals.map_err(|error| Error::reading("signals", error))?;
    let wait = move || {
        let mut is_ending = false;
        for signal in signals.forever() {
            if signal == SIGHUP {
                controls.iter().for_each(|control| control.reload());
                continue;
            }
            controls.iter().for_each(|control| control.stop());
            if std::mem::replace(&mut is_ending, true) {
                signals::end(signal);
            }
            // Nothing is lost at any moment. But an orderly end leaves less to do at the
            // next start.
            let _ = thread::Builder::new().spawn(move || {
                thread::sleep(LAST_STEP);
                signals::end(signal);
            });
        }
    };
    let thread = thread::Builder::new().name("signals".into()).spawn(wait);
    thread.map_err(|error| Error::reading("signals", error))?;
    Ok(())
}

/// Loads what calls are sealed with from the config, anew each time.
struct ConfigLoader {
    /// The last config that could be read.
    config: Config,
    name: String,
    ui: Ui,
    /// What was wrong with the config when it was read last.
    fault: Option<String>,
    /// Shows no notices: they would come with each batch.
    quiet: Ui,
    /// What was said of certificates that end soon. That changes from day to day.
    warned: Vec<String>,
}

impl ConfigLoader {
    fn new(config: &Config, watch: &Watch, ui: Ui) -> Self {
        Self {
            config: config.clone(),
            name: watch.name.clone(),
            ui,
            fault: None,
            quiet: Ui::new(true, false, super::ui::Colour::Never),
            warned: Vec::new(),
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
            match &fault {
                Some(fault) => self
                    .ui
                    .error(&format!("{fault}; the config from before is used")),
                None => self
                    .ui
                    .notice(&format!("{}: it can be used again", path.display())),
            }
            self.fault = fault;
        }
    }

    /// Warns of certificates that end soon, of each once a day.
    fn warn_of_ends(&mut self, recipients: &SealArgs, plan: &SealPlan) -> Result<(), Failure> {
        let ending = recipients.ending_soon(plan, Some(&self.config))?;
        let warnings: Vec<String> = ending.iter().map(EndingSoon::sentence).collect();
        for warning in warnings.iter().filter(|new| !self.warned.contains(new)) {
            self.ui.warning(&format!("{}: {warning}", self.name));
        }
        self.warned = warnings;
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
        match failure {
            Failure::Library(error) => Self {
                message: error.to_string(),
                hint: hints::of(&error).map(|hint| hint.into_owned()),
                kind: error.kind(),
            },
            Failure::Usage { message, hint } => Self {
                message,
                hint: Some(hint).filter(|hint| !hint.is_empty()),
                kind: ErrorKind::Usage,
            },
            Failure::Stream(error) => Self {
                message: cause(&error),
                hint: None,
                kind: ErrorKind::Io,
            },
            Failure::ClosedPipe => Self {
                message: "standard output is closed".into(),
                hint: None,
                kind: ErrorKind::Io,
            },
        }
    }
}
