//! Reading an entry that has to be what was signed.

use std::io::{self, BufReader, Read};

use openssl::sha::Sha256;

use super::expected::ExpectedHash;
use super::fault::SignedFault;
use crate::jobs::archive_file::open_cause;
use crate::jobs::error::{ErrorKind, MemberCause};
use crate::message::{OpenError, SharedMessage};

/// The bytes that are read at a time.
const BUFFER: usize = 64 * 1024;

/// What is read of an entry. If it has to be what was signed, reading its end
/// fails with a [`SignedFault`] if it isn't, and so does every read after that:
/// what is published only at the end is what was signed.
pub(in crate::jobs) struct Checked<'a> {
    source: Box<dyn Read + Send + Sync + 'a>,
    check: Check,
}

enum Check {
    /// Nothing was signed.
    None,
    Running {
        hash: Sha256,
        /// The octets in front of the sealed data, which aren't hashed.
        front: usize,
        expected: [u8; 32],
        fault: SignedFault,
    },
    Passed,
    Failed(SignedFault),
}

impl<'a> Checked<'a> {
    /// Reads an entry that has to have that hash, if any.
    ///
    /// # Errors
    ///
    /// It can't be read, or should be a message and isn't one.
    pub fn new(
        source: impl Read + Send + Sync + 'a,
        expected: Option<ExpectedHash>,
    ) -> Result<Self, MemberCause> {
        match expected {
            None => Ok(Self::of_entry(source, None)),
            Some(ExpectedHash::Entry(expected)) => Ok(Self::of_entry(source, Some(expected))),
            Some(ExpectedHash::Sealed(expected)) => {
                let source = BufReader::with_capacity(BUFFER, source);
                let message = SharedMessage::open(source).map_err(|error| {
                    let cause = open_cause(error);
                    match cause.kind() {
                        ErrorKind::Io => cause,
                        _ => SignedFault::OtherSealed.into(),
                    }
                })?;
                let (front, source) = message.into_octets();
                Ok(Self {
                    source,
                    check: Check::Running {
                        hash: Sha256::new(),
                        front,
                        expected,
                        fault: SignedFault::OtherSealed,
                    },
                })
            }
        }
    }

    /// Reads an entry all of which has to have that hash, if any.
    pub fn of_entry(source: impl Read + Send + Sync + 'a, expected: Option<[u8; 32]>) -> Self {
        let check = expected.map(|expected| Check::Running {
            hash: Sha256::new(),
            front: 0,
            expected,
            fault: SignedFault::Altered,
        });
        Self {
            source: Box::new(source),
            check: check.unwrap_or(Check::None),
        }
    }
}

impl Read for Checked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Check::Failed(fault) = self.check {
            return Err(io::Error::new(io::ErrorKind::InvalidData, fault));
        }
        let length = self.source.read(buffer)?;
        let is_end = length == 0 && !buffer.is_empty();
        let (read, _) = buffer
            .split_at_checked(length)
            .ok_or_else(|| io::Error::other("more was read than there is room for"))?;
        if let Check::Running { hash, front, .. } = &mut self.check {
            let skipped = read.len().min(*front);
            *front -= skipped;
            hash.update(read.get(skipped..).unwrap_or_default());
        }
        if is_end {
            self.check = match std::mem::replace(&mut self.check, Check::Passed) {
                Check::Running {
                    hash,
                    expected,
                    fault,
                    ..
                } if hash.clone().finish() != expected => Check::Failed(fault),
                Check::None => Check::None,
                _ => Check::Passed,
            };
            return match self.check {
                Check::Failed(_) => self.read(buffer),
                _ => Ok(0),
            };
        }
        Ok(length)
    }
}

/// Returns the fault of an error that comes from here.
pub(in crate::jobs) fn signed_fault(error: &OpenError) -> Option<SignedFault> {
    let OpenError::Read(error) = error else {
        return None;
    };
    error.get_ref()?.downcast_ref::<SignedFault>().copied()
}
