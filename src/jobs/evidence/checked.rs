//! Reading an entry that has to be what was signed.

use std::io::{self, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};

use openssl::sha::Sha256;

use super::expected::ExpectedHash;
use super::fault::SignedFault;
use crate::jobs::archive_file::open_cause;
use crate::jobs::error::{ErrorKind, MemberCause};
use crate::message::{OpenError, SharedMessage};

/// The bytes that are read at a time.
const BUFFER: usize = 64 * 1024;

/// What is read of an entry. If it has to be what was signed, reading its end
/// fails with a [`SignedFault`] if it isn't. Whoever reads it may stop before its
/// end: then its [`Check`] reads on.
pub(in crate::jobs) struct Checked<'a> {
    source: Box<dyn Read + Send + Sync + 'a>,
    check: Check<'a>,
}

type Shared<'a> = Arc<Mutex<Hashed<'a>>>;

/// The check of an entry that has been read.
#[derive(Clone, Default)]
#[must_use = "what was read may be something else than what was signed"]
pub(in crate::jobs) struct Check<'a> {
    /// Each reads from the one before.
    hashed: Vec<Shared<'a>>,
}

/// A source that is hashed while it's read.
struct Hashed<'a> {
    source: Box<dyn Read + Send + Sync + 'a>,
    /// `None` when the end was reached.
    hash: Option<Sha256>,
    /// The octets in front of the sealed data, which aren't hashed.
    front: usize,
    expected: [u8; 32],
    fault: SignedFault,
    is_other: bool,
}

/// What is read through a check that others have as well.
struct Through<'a>(Shared<'a>);

impl<'a> Checked<'a> {
    /// Reads an entry of which nothing is expected.
    pub fn new(source: impl Read + Send + Sync + 'a) -> Self {
        Self {
            source: Box::new(source),
            check: Check::default(),
        }
    }

    /// Expects what the manifest says of it, and the origin.
    ///
    /// # Errors
    ///
    /// It can't be read, or should be a message and isn't one.
    pub fn expecting(
        self,
        manifest: Option<[u8; 32]>,
        origin: Option<ExpectedHash>,
    ) -> Result<Self, MemberCause> {
        let checked = self.expecting_all(manifest);
        match origin {
            None => Ok(checked),
            Some(ExpectedHash::Entry(expected)) => Ok(checked.expecting_all(Some(expected))),
            Some(ExpectedHash::Sealed(expected)) => checked.sealed(expected),
        }
    }

    /// Expects all of it to have that hash, if any.
    pub fn expecting_all(self, expected: Option<[u8; 32]>) -> Self {
        match expected {
            Some(expected) => self.hashed(0, expected, SignedFault::Altered),
            None => self,
        }
    }

    fn sealed(self, expected: [u8; 32]) -> Result<Self, MemberCause> {
        let Self { source, check } = self;
        let source = BufReader::with_capacity(BUFFER, source);
        let message = SharedMessage::open(source).map_err(|error| {
            let cause = open_cause(error);
            match cause.kind() {
                ErrorKind::Io => cause,
                _ => SignedFault::OtherSealed.into(),
            }
        })?;
        if !message.is_authenticated() {
            return Err(SignedFault::OtherSealed.into());
        }
        let (front, source) = message.into_octets();
        let checked = Self { source, check };
        Ok(checked.hashed(front, expected, SignedFault::OtherSealed))
    }

    fn hashed(self, front: usize, expected: [u8; 32], fault: SignedFault) -> Self {
        let Self { source, mut check } = self;
        let hashed = Arc::new(Mutex::new(Hashed {
            source,
            hash: Some(Sha256::new()),
            front,
            expected,
            fault,
            is_other: false,
        }));
        check.hashed.push(Arc::clone(&hashed));
        Self {
            source: Box::new(Through(hashed)),
            check,
        }
    }

    /// Returns the check that has to follow when it has been read.
    pub fn check(&self) -> Check<'a> {
        self.check.clone()
    }
}

impl Check<'_> {
    /// Reads what is left of the entry, and compares all of it with what was
    /// signed.
    pub fn finish(self) -> io::Result<()> {
        // The last one reads through all others.
        for shared in self.hashed.iter().rev() {
            let mut hashed = shared.lock().unwrap_or_else(PoisonError::into_inner);
            io::copy(&mut *hashed, &mut io::sink())?;
        }
        Ok(())
    }
}

impl Read for Checked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.source.read(buffer)
    }
}

impl Read for Through<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut hashed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hashed.read(buffer)
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
            let skipped = read.len().min(self.front);
            self.front -= skipped;
            hash.update(read.get(skipped..).unwrap_or_default());
        }
        if length == 0
            && !buffer.is_empty()
            && let Some(hash) = self.hash.take()
        {
            self.is_other = hash.finish() != self.expected;
        }
        match self.is_other {
            true => Err(io::Error::new(io::ErrorKind::InvalidData, self.fault)),
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
