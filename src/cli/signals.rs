//! The handling of signals.

use std::io;
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use callseal::ErrorKind;
use callseal::output::remove_temporaries;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;
use signal_hook::low_level::{self, emulate_default_handler};

use super::exit;

/// The signals that end the program, unless they are ignored.
const ENDING: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// Installs the handlers. Signals that end the program then remove its
/// temporary files first, and a file that grows past the limit is an ordinary
/// error.
pub fn handle() {
    // With a handler for this signal, write(2) returns EFBIG.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
    // Start the thread before the handlers: without it, signals keep their
    // default effect.
    let (sender, receiver) = mpsc::channel::<Signals>();
    let thread = std::thread::Builder::new().name("signals".into());
    let wait = move || {
        let signals = receiver.recv().ok();
        if let Some(signal) = signals.and_then(|mut signals| signals.forever().next()) {
            end(signal);
        }
    };
    if thread.spawn(wait).is_ok()
        && let Ok(signals) = ending()
    {
        let _ = sender.send(signals);
    }
}

/// Begins to receive the signals that end the program, but for those that are ignored.
pub fn ending() -> io::Result<Signals> {
    Signals::new(ENDING.into_iter().filter(|signal| !is_ignored(*signal)))
}

/// Ends the program as the signal would have done.
pub fn end(signal: i32) {
    clean_up();
    let _ = emulate_default_handler(signal);
}

/// Ends the program at once, with the status of a fault in it.
pub fn end_with_a_fault() {
    clean_up();
    // Other threads are at work: nothing may be taken down below them.
    low_level::exit(exit::status(ErrorKind::Io).into())
}

fn clean_up() {
    let _none = remove_temporaries();
    if let Some(terminal) = &*terminal() {
        let _ = restore(terminal);
    }
}

/// Returns whether this signal was already ignored when the program started, as
/// by `nohup` and shells. If that is unknown, all but SIGTERM count as ignored.
fn is_ignored(signal: i32) -> bool {
    let ignored = || {
        let status = callseal::files::input::open("/proc/self/status".as_ref()).ok()?;
        let status = io::read_to_string(status).ok()?;
        let mask = status
            .lines()
            .find_map(|line| line.strip_prefix("SigIgn:"))?;
        let mask = u64::from_str_radix(mask.trim(), 16).ok()?;
        Some(mask & (1 << (signal - 1)) != 0)
    };
    ignored().unwrap_or(signal != SIGTERM)
}

/// The terminal's attributes from before the present question.
static TERMINAL: Mutex<Option<Termios>> = Mutex::new(None);

fn terminal() -> std::sync::MutexGuard<'static, Option<Termios>> {
    TERMINAL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks a question without echo. A signal that ends the program meanwhile
/// restores the terminal.
pub fn while_asking<T>(ask: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    *terminal() = open_terminal()
        .and_then(|terminal| Ok(tcgetattr(terminal)?))
        .ok();
    let answer = ask();
    *terminal() = None;
    // Ctrl-C was read as a character: end as by its signal.
    if answer
        .as_ref()
        .is_err_and(|error| error.kind() == io::ErrorKind::Interrupted)
    {
        end(SIGINT);
    }
    answer
}

fn restore(attributes: &Termios) -> io::Result<()> {
    Ok(tcsetattr(
        open_terminal()?,
        OptionalActions::Now,
        attributes,
    )?)
}

fn open_terminal() -> io::Result<std::os::fd::OwnedFd> {
    use rustix::fs::{Mode, OFlags, open};
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(open("/dev/tty", flags, Mode::empty())?)
}
