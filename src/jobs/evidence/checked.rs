//! Reading an entry that has to be what was signed.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use openssl::sha::Sha256;

use super::fault::SignedFault;
use crate::message::OpenError;

/// What is read of an entry. If it has to be what was signed, reading its end
/// fails with a [`SignedFault`] if it isn't. Whoever reads it may stop before its
/// end: then its [`Check`] reads on.
pub(in crate::jobs) struct Checked<'a>(Reading<'a>);

enum Reading<'a> {
    /// Nothing is expected of it.
    Plain(Box<dyn Read + Send + Sync + 'a>),
    Hashed(Shared<'a>),
}

type Shared<'a> = Arc<Mutex<Hashed<'a>>>;

/// The check of an entry that has been read.
#[derive(Default)]
#[must_use = "what was read may be something else than what was signed"]
pub(in crate::jobs) struct Check<'a>(Option<Shared<'a>>);

/// A source that is hashed while it's read. What is passed on are the bytes that
/// are hashed, whatever they hold: who opens them decides that once.
struct Hashed<'a> {
    source: Box<dyn Read + Send + Sync + 'a>,
    /// `None` when the end was reached.
    hash: Option<Sha256>,
    expected: [u8; 32],
    is_other: bool,
}

impl<'a> Checked<'a> {
    /// Reads an entry all of which has to have that hash, if any.
    pub fn new(source: impl Read + Send + Sync + 'a, expected: Option<[u8; 32]>) -> Self {
        let source = Box::new(source);
        Self(match expected {
            None => Reading::Plain(source),
            Some(expected) => Reading::Hashed(Arc::new(Mutex::new(Hashed {
                source,
                hash: Some(Sha256::new()),
                expected,
                is_other: false,
            }))),
        })
    }

    /// Returns the check that has to follow when it has been read.
    pub fn check(&self) -> Check<'a> {
        match &self.0 {
            Reading::Plain(_) => Check(None),
            Reading::Hashed(shared) => Check(Some(Arc::clone(shared))),
        }
    }
}

impl Check<'_> {
    /// Reads what is left of the entry, and compares all of it with what was
    /// signed.
    pub fn finish(self) -> io::Result<()> {
        let Some(shared) = self.0 else {
            return Ok(());
        };
        let mut hashed = shared.lock().unwrap_or_else(PoisonError::into_inner);
        io::copy(&mut *hashed, &mut io::sink()).map(drop)
    }
}

impl Read for Checked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Reading::Plain(source) => source.read(buffer),
            Reading::Hashed(shared) => {
                let mut hashed = shared.lock().unwrap_or_else(PoisonError::into_inner);
                hashed.read(buffer)
            }
        }
    }
}

impl Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut length = 0;
        if let Some(hash) = &mut self.hash {
            length = self.source.read(buffer)?;
            let (read, _) = buffer
                .split_at_checked(length)
                .ok_or_else(|| io::Error::other("more was read than there is room for"))?;
            hash.update(read);
        }
        if length == 0
            && !buffer.is_empty()
            && let Some(hash) = self.hash.take()
        {
            self.is_other = hash.finish() != self.expected;
        }
        match self.is_other {
            true => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                SignedFault::Altered,
            )),
            false => Ok(length),
        }
    }
}

/// Returns the fault of an error that comes from here.
pub(in crate::jobs) fn signed_fault(error: &OpenError) -> Option<SignedFault> {
    let OpenError::Read(error) = error else {
        return None;
    };
    error.get_ref()?.downcast_ref::<SignedFault>().copied()
}
