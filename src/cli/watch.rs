//! `callseal watch`

mod loader;
mod log;
mod metrics;
mod old_outboxes;
mod reporter;
mod said;
mod status;
mod supervisor;
mod teller;
mod together;
mod unit_drop_in;

use std::sync::Arc;
use std::sync::mpsc::{self, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use callseal::config::{Config, Watch};
use callseal::files::cause;
use callseal::service::{Control, Service};
use clap::Args;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::args::JobsArgs;
use super::error::Error;
use super::failure::{Ended, Failure};
use super::global::Global;
use super::nagios::NagiosArgs;
use super::signals;
use super::ui::Ui;
use loader::ConfigLoader;
pub use loader::NotLoaded;
use log::LogFormat;
use reporter::{Reported, Reporter, Status};
use teller::{News, Teller};
use together::{LastStep, Work};

/// The time after which the program ends, whatever it is doing.
const LAST_STEP: Duration = Duration::from_secs(4);

/// The longest time for which the last report is waited for.
const LAST_REPORT: Duration = Duration::from_secs(2);

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
    /// Show how the services do, whether they run or not
    #[arg(long, conflicts_with = "once")]
    status: bool,
    #[command(flatten)]
    pub nagios: NagiosArgs,
    /// Print the systemd drop-in that lets the packaged unit work in the directories of
    /// the config
    #[arg(long, conflicts_with_all = ["once", "status"])]
    unit_drop_in: bool,
    /// The form of the log
    #[arg(long, value_name = "FORMAT", default_value = "text", conflicts_with_all = ["status", "unit_drop_in"])]
    log: LogFormat,
    #[command(flatten)]
    jobs: JobsArgs,
}

impl Arguments {
    /// Returns whether services run, or else only their state is looked at.
    pub fn is_service(&self) -> bool {
        !self.status && !self.unit_drop_in
    }
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Ended, Failure> {
    arguments.nagios.check(global)?;
    if arguments.nagios.is_given() && !arguments.status {
        return Err(Failure::usage(
            "--nagios says how the services do, which --status finds out",
            "add --status",
        ));
    }
    if arguments.status {
        return status::run(&arguments.names, arguments.nagios.is_given(), global, ui);
    }
    if arguments.unit_drop_in {
        return unit_drop_in::run(&arguments.names, global, ui);
    }
    if global.json {
        return Err(Failure::usage(
            "a service has no result for --json: it reports to standard error",
            "use --log json, or `callseal watch --status --json`",
        ));
    }
    log::begin(arguments.log, ui);
    Ok(watch(arguments, global).unwrap_or_else(|failure| log::failed(&failure)))
}

/// Runs services until all of them have ended.
fn watch(arguments: &Arguments, global: &Global) -> Result<Ended, Failure> {
    let config = global.some_config()?;
    let chosen = choose(&config, &arguments.names)?;
    let together = callseal::service::refuse_nested(&config.watches);
    together.map_err(Error::from)?;
    let workers = arguments.jobs.jobs();
    let once = arguments.once;
    // One is enough: all is told then.
    let (sender, news) = mpsc::sync_channel(1);
    let mut started = Vec::new();
    for watch in chosen {
        let control = Control::new();
        let control = control.map_err(|error| Error::reading(&config.source, error))?;
        let teller = Arc::new(Teller::new(watch, once, sender.clone()));
        for outbox in &teller.said().old_outboxes {
            let (message, hint) = old_outboxes::words(outbox);
            teller.log.error("left_behind", &message, Some(hint));
        }
        started.push((watch, teller, Arc::new(control)));
    }
    let told = started.iter();
    let told = told.map(|(_, teller, control)| (Arc::clone(teller), Arc::clone(control)));
    // A reload that comes meanwhile is done then.
    listen(told.collect())?;
    // All of them can work, or none of them begins.
    let (mut services, mut reported) = (Vec::new(), Vec::new());
    for (watch, teller, control) in &started {
        let service = Service::open((*watch).clone(), workers, &**teller).map_err(Error::from)?;
        // It's for people alone.
        let file = service.status_file();
        let file = file.inspect_err(|error| teller.log.unreported(&error.to_string()));
        let status = Arc::new(Status::new(file.ok()));
        reported.push(Reported {
            teller: Arc::clone(teller),
            pulse: service.pulse(),
            status: Arc::clone(&status),
        });
        let loader = ConfigLoader::new(&config, watch, Arc::clone(teller));
        services.push((service, loader, teller, control, status));
    }
    let reporter = Reporter::new(reported, config.metrics_file.clone());
    let works = services
        .into_iter()
        .map(|(mut service, mut loader, teller, control, status)| Work {
            log: &teller.log,
            control,
            run: Box::new(move || {
                let outcome = match once {
                    true => service.run_once(&mut loader, control),
                    false => Ok(service.run(&mut loader, control)),
                };
                let ended = teller.conclude(&outcome);
                status.conclude(&teller.said());
                ended
            }),
        });
    let last_step = LastStep {
        after: LAST_STEP,
        end: &signals::end_with_a_fault,
    };
    let reporting = thread::Builder::new().name("report".into());
    let reporting = reporting.spawn(move || reporter.run(&news));
    if let Err(error) = &reporting {
        let error = cause(error);
        log::unreported(&format!("no thread can be started: {error}"));
    }
    let ended = together::run(works.collect(), &last_step);
    end_reports(&sender, reporting.ok());
    Ok(ended)
}

/// Waits until the last report is made, but not for ever: a disk may hang.
fn end_reports(news: &SyncSender<News>, reporting: Option<JoinHandle<()>>) {
    let end = Instant::now() + LAST_REPORT;
    let is_over = || reporting.as_ref().is_none_or(JoinHandle::is_finished);
    let mut is_told = false;
    while !is_over() && Instant::now() < end {
        is_told = is_told || news.try_send(News::Over).is_ok();
        thread::sleep(Duration::from_millis(5));
    }
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
fn listen(services: Vec<(Arc<Teller>, Arc<Control>)>) -> Result<(), Failure> {
    let signals = Signals::new([SIGHUP, SIGINT, SIGTERM]);
    let mut signals = signals.map_err(|error| Error::reading("signals", error))?;
    let wait = move || {
        let mut is_ending = false;
        for signal in signals.forever() {
            if signal == SIGHUP {
                for (teller, control) in &services {
                    teller.begin_reload();
                    control.reload();
                }
                continue;
            }
            for (teller, control) in &services {
                control.stop();
                teller.begin_end();
            }
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
