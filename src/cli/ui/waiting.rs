//! A sign of life while something takes long.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Ui;

/// The time before anything is shown.
const PATIENCE: Duration = Duration::from_secs(1);

/// The time between two movements.
const TICK: Duration = Duration::from_millis(120);

/// Whether one has the terminal.
static IS_TURNING: AtomicBool = AtomicBool::new(false);

/// Shows on a terminal that work goes on, once it takes more than a second.
/// Dropping it clears the line. Within the work of another one, it shows
/// nothing.
pub struct Waiting {
    spinner: ProgressBar,
    /// Its thread ends when this is gone.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Waiting {
    /// Begins. `what` names the work, such as `opening calls.zip`.
    pub fn new(ui: &Ui, what: String) -> Self {
        let spinner = ProgressBar::hidden();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            spinner.set_style(style.tick_chars("|/-\\ "));
        }
        spinner.set_message(what);
        let (stop, stopped) = mpsc::channel();
        let turning = spinner.clone();
        let turn = move || {
            let is_over = |time| stopped.recv_timeout(time) != Err(RecvTimeoutError::Timeout);
            if is_over(PATIENCE) {
                return;
            }
            turning.set_draw_target(ProgressDrawTarget::stderr());
            while !is_over(TICK) {
                turning.tick();
            }
            turning.finish_and_clear();
        };
        // Without a thread, nothing turns.
        let thread = match ui.shows_progress() && !IS_TURNING.swap(true, Ordering::Relaxed) {
            true => thread::Builder::new().spawn(turn).ok(),
            false => None,
        };
        Self {
            spinner,
            stop: Some(stop),
            thread,
        }
    }

    /// Returns the spinner itself, to hide it during a question.
    pub fn handle(&self) -> ProgressBar {
        self.spinner.clone()
    }

    /// Ends when the first data is written to the sink.
    pub fn until_written<W: Write>(self, sink: W) -> UntilWritten<W> {
        UntilWritten {
            waiting: Some(self),
            sink,
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
            IS_TURNING.store(false, Ordering::Relaxed);
        }
    }
}

/// A sink that ends the waiting.
pub struct UntilWritten<W> {
    waiting: Option<Waiting>,
    sink: W,
}

impl<W: Write> Write for UntilWritten<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.waiting = None;
        self.sink.write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}
