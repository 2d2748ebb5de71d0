//! Where records go, and in which form.

use std::io::{self, Write};
use std::time::SystemTime;

use rustix::fs::fstat;
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Metadata, Subscriber};

use super::record::Record;
use super::{CALL, json};
use crate::cli::ui::{Ui, safe};

/// The form of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli::watch) enum LogFormat {
    /// Text for people; in the journal with priorities
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

/// Begins to log to standard error.
pub(in crate::cli::watch) fn begin(format: LogFormat, ui: &Ui) {
    let records = Records {
        format,
        is_journal: is_journal(),
        ui: *ui,
    };
    // There is one already if this isn't the first time. It's the same.
    let _ = tracing::subscriber::set_global_default(records);
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!(event = "fault", "a fault in callseal: {panic}");
    }));
}

/// Writes records to standard error.
struct Records {
    format: LogFormat,
    /// Whether standard error leads to the journal, which takes a priority before a line.
    is_journal: bool,
    ui: Ui,
}

impl Records {
    /// Returns the least important level that is shown.
    fn least(&self) -> Level {
        match (self.ui.is_quiet(), self.ui.is_verbose()) {
            (true, _) => Level::WARN,
            (_, true) => Level::DEBUG,
            _ => Level::INFO,
        }
    }

    /// Returns whether a person reads the log as it's written.
    fn is_for_people(&self) -> bool {
        self.format == LogFormat::Text && !self.is_journal
    }

    fn show(&self, record: &Record, level: Level, is_call: bool) {
        let sentence = record.sentence();
        match level {
            Level::ERROR => self.ui.error(&sentence),
            Level::WARN => self.ui.warning(&sentence),
            Level::INFO if !is_call => self.ui.summary(&sentence),
            _ => self.ui.detail(&sentence),
        }
        if let Some(hint) = &record.hint {
            self.ui.hint(hint);
        }
    }

    fn write_text(&self, record: &Record, level: &Level) {
        let label = match *level {
            Level::ERROR => "error: ",
            Level::WARN => "warning: ",
            _ => "",
        };
        self.write(level, &format!("{label}{}", safe(&record.sentence())));
        if let Some(hint) = &record.hint {
            self.write(level, &format!("hint: {}", safe(hint)));
        }
    }

    /// Writes a line in one call: several services log at the same time.
    fn write(&self, level: &Level, line: &str) {
        let priority = match self.is_journal {
            true => format!("<{}>", priority(level)),
            false => String::new(),
        };
        // If that fails, there is nowhere to report it.
        let _ = io::stderr().write_all(format!("{priority}{line}\n").as_bytes());
    }
}

impl Subscriber for Records {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        if !metadata.target().starts_with("callseal") || *metadata.level() > self.least() {
            return false;
        }
        metadata.target() != CALL || !self.is_for_people() || self.ui.is_verbose()
    }

    fn event(&self, event: &Event<'_>) {
        let (record, metadata) = (Record::of(event), event.metadata());
        let level = metadata.level();
        match self.format {
            LogFormat::Json => self.write(level, &json::line(&record, level, SystemTime::now())),
            LogFormat::Text if self.is_journal => self.write_text(&record, level),
            LogFormat::Text => self.show(&record, *level, metadata.target() == CALL),
        }
    }

    // There are no spans.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Returns the priority of syslog(3).
fn priority(level: &Level) -> u8 {
    match *level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}

/// Returns whether standard error leads to the journal: systemd says which device and inode
/// that is (systemd.exec(5)).
fn is_journal() -> bool {
    let Some(named) = std::env::var_os("JOURNAL_STREAM") else {
        return false;
    };
    let found = fstat(io::stderr());
    found.is_ok_and(|found| *named == *format!("{}:{}", found.st_dev, found.st_ino))
}
