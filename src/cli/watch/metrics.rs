//! Metrics for Prometheus, in a file for the textfile collector of its node exporter.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::{Builder, JoinHandle};

use callseal::files::cause;

use super::log;
use super::said::Said;

/// The mode of the file: the node exporter runs as another user.
const MODE: u32 = 0o644;

/// Writes metrics on a thread of its own: its disk may hang, and nobody else waits for that.
#[derive(Debug)]
pub(super) struct Metrics {
    services: SyncSender<Services>,
    thread: io::Result<JoinHandle<()>>,
}

/// The names of services, and what they say of themselves.
type Services = Vec<(String, Said)>;

impl Metrics {
    pub fn begin(path: PathBuf) -> Self {
        let (services, written) = mpsc::sync_channel(1);
        let thread = Builder::new().name("metrics".into());
        let thread = thread.spawn(move || write_all(&path, &written));
        if let Err(error) = &thread {
            log::unreported(&format!("no thread can be started: {}", cause(error)));
        }
        Self { services, thread }
    }

    /// Writes what services say of themselves, unless the last time still lasts.
    pub fn write(&self, services: Services) {
        let _ = self.services.try_send(services);
    }

    /// Waits until all is written.
    pub fn end(self) {
        drop(self.services);
        let _ = self.thread.map(JoinHandle::join);
    }
}

fn write_all(path: &Path, services: &Receiver<Services>) {
    let mut last = None;
    for services in services {
        let fault = write(path, &services).err();
        let fault = fault.map(|error| format!("{}: {}", path.display(), cause(&error)));
        if let Some(fault) = fault.as_ref().filter(|_| fault != last) {
            tracing::warn!(
                event = "not_reported",
                "{fault}; the metrics can't be written"
            );
        }
        last = fault;
    }
}

/// Writes the metrics of services in one step. They aren't flushed: after a power failure,
/// there are new ones soon.
fn write(path: &Path, services: &[(String, Said)]) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // The collector takes what ends in `.prom`.
    let new = path.with_file_name(format!(".{name}.new"));
    // One that was killed may have left it, or somebody else has made a link of that name.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(&new)?;
    let written = file
        .set_permissions(Permissions::from_mode(MODE))
        .and_then(|()| file.write_all(text(services).as_bytes()))
        .and_then(|()| fs::rename(&new, path));
    written.inspect_err(|_| {
        let _ = fs::remove_file(&new);
    })
}

/// A metric: its name, what it is, its kind, and its value for a service that has one.
type Metric = (
    &'static str,
    &'static str,
    &'static str,
    fn(&Said) -> Option<u64>,
);

/// The metrics of each service. Names and units are those that Prometheus asks for.
const METRICS: &[Metric] = &[
    (
        "start_time_seconds",
        "When the service was started, in seconds since 1970.",
        "gauge",
        |said| Some(said.started),
    ),
    (
        "settle_seconds",
        "The time for which a file has to be unchanged before it's sealed.",
        "gauge",
        |said| Some(said.settle),
    ),
    (
        "waiting_files",
        "Files in the spool that wait to be sealed.",
        "gauge",
        |said| Some(said.now.waiting),
    ),
    (
        "oldest_waiting_timestamp_seconds",
        "When the oldest file that waits was written, in seconds since 1970; missing if none waits.",
        "gauge",
        |said| said.now.oldest,
    ),
    (
        "kept_files",
        "Files that are sealed, and kept for a grace.",
        "gauge",
        |said| Some(said.now.kept),
    ),
    (
        "unbundled_files",
        "Sealed files that are in no archive of the outbox.",
        "gauge",
        |said| Some(said.now.to_bundle),
    ),
    (
        "set_aside_files",
        "Files that can't be sealed, and are left alone until they change.",
        "gauge",
        |said| Some(said.now.set_aside),
    ),
    (
        "passed_over_entries",
        "Entries of the spool that aren't regular files, or can't be read.",
        "gauge",
        |said| Some(said.now.passed_over),
    ),
    (
        "damaged_batches",
        "Batches whose archives are damaged.",
        "gauge",
        |said| Some(said.now.damaged),
    ),
    (
        "unflushed_batches",
        "Batches that are bundled after a restart.",
        "gauge",
        |said| Some(said.now.unflushed),
    ),
    (
        "sealing_failed",
        "Whether the last try to seal has failed (1) or not (0).",
        "gauge",
        |said| Some(said.sealing_trouble.is_some().into()),
    ),
    (
        "archiving_failed",
        "Whether the last try to make an archive has failed (1) or not (0).",
        "gauge",
        |said| Some(said.archive_trouble.is_some().into()),
    ),
    (
        "config_failed",
        "Whether the config can't be used, and the one from before is (1) or not (0).",
        "gauge",
        |said| Some(said.config_fault.is_some().into()),
    ),
    (
        "still_seconds",
        "For how long the present step has shown no progress.",
        "gauge",
        |said| Some(said.still_for),
    ),
    (
        "certificate_end_timestamp_seconds",
        "From when on a recipient will be refused, in seconds since 1970; missing if none will.",
        "gauge",
        |said| said.certificate_ends,
    ),
    (
        "last_sealed_timestamp_seconds",
        "When files were sealed last, in seconds since 1970; missing before the first.",
        "gauge",
        |said| said.last_sealed,
    ),
    (
        "sealed_files_total",
        "Files that were sealed since the start.",
        "counter",
        |said| Some(said.done.sealed_files),
    ),
    (
        "sealed_bytes_total",
        "Bytes that were sealed since the start.",
        "counter",
        |said| Some(said.done.sealed_bytes),
    ),
    (
        "released_files_total",
        "Sealed files that were removed or moved since the start.",
        "counter",
        |said| Some(said.done.released_files),
    ),
    (
        "bundled_files_total",
        "Sealed files that were put into the outbox since the start.",
        "counter",
        |said| Some(said.done.bundled_files),
    ),
    (
        "archives_total",
        "Archives that were made since the start.",
        "counter",
        |said| Some(said.done.archives),
    ),
    (
        "failed_files_total",
        "How often a file couldn't be sealed since the start.",
        "counter",
        |said| Some(said.done.failed),
    ),
    (
        "errors_total",
        "Errors in the log since the start.",
        "counter",
        |said| Some(said.done.errors),
    ),
];

/// Returns the metrics in Prometheus' text format.
fn text(services: &[(String, Said)]) -> String {
    let mut text = format!(
        "# HELP callseal_build_info The version of callseal.\n\
         # TYPE callseal_build_info gauge\n\
         callseal_build_info{{version=\"{}\"}} 1\n",
        env!("CARGO_PKG_VERSION")
    );
    for (name, help, kind, value) in METRICS {
        let mut samples = String::new();
        for (watch, said) in services {
            if let Some(value) = value(said) {
                // Names of services need no escapes. Writing to a string does not fail.
                let _ = writeln!(samples, "callseal_{name}{{watch=\"{watch}\"}} {value}");
            }
        }
        if !samples.is_empty() {
            let _ = write!(
                text,
                "# HELP callseal_{name} {help}\n# TYPE callseal_{name} {kind}\n{samples}"
            );
        }
    }
    text
}
