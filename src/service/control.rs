//! What a service is told from outside.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{EventfdFlags, eventfd};

/// Tells a service to stop or to read its config anew. Any thread may use it.
#[derive(Debug)]
pub struct Control {
    is_stopped: AtomicBool,
    reloads: AtomicBool,
    /// Readable once there is something to be done.
    wake: OwnedFd,
}

impl Control {
    /// Creates one that asks for nothing.
    ///
    /// # Errors
    ///
    /// The system has no descriptors left.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            is_stopped: AtomicBool::new(false),
            reloads: AtomicBool::new(false),
            wake: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
        })
    }

    /// Makes the service end when the present step is done.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
        self.wake();
    }

    /// Makes the service read its config anew, and try again what failed.
    pub fn reload(&self) {
        self.reloads.store(true, Ordering::Release);
        self.wake();
    }

    /// Returns whether it was told to stop.
    pub fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }

    /// Returns whether it was told to stop or to reload.
    pub(super) fn is_asked(&self) -> bool {
        self.is_stopped() || self.reloads.load(Ordering::Acquire)
    }

    /// Returns whether it was told to reload since this was asked last.
    pub(super) fn takes_reload(&self) -> bool {
        let mut count = [0; 8];
        let _ = rustix::io::read(&self.wake, &mut count);
        self.reloads.swap(false, Ordering::AcqRel)
    }

    pub(super) fn wake_handle(&self) -> &OwnedFd {
        &self.wake
    }

    fn wake(&self) {
        // It can't fail for a counter of 1.
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }
}
