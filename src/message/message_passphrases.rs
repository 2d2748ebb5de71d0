//! The passphrases of messages that are sealed with one.

use std::sync::{Mutex, PoisonError};

use super::fault::OpenError;
use crate::keys::{Passphrase, Passphrases, UnlockFault};

/// The passphrases that have opened messages of a job, shared by all its
/// threads. Most archives have one for all members.
#[derive(Debug, Default)]
pub(super) struct MessagePassphrases {
    /// Held while a passphrase is asked for, so that there is one question at a
    /// time.
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    passphrases: Vec<Passphrase>,
    /// Why there are no more: nobody is asked again.
    refused: Option<UnlockFault>,
}

impl MessagePassphrases {
    /// Tries the known passphrases on a message, then others from
    /// `passphrases`, until `opens` says that one opens it. The inner result
    /// says why none does.
    pub fn open(
        &self,
        passphrases: &dyn Passphrases,
        mut opens: impl FnMut(&Passphrase) -> Result<bool, OpenError>,
    ) -> Result<Result<(), UnlockFault>, OpenError> {
        let tried = self.lock().passphrases.clone();
        for passphrase in &tried {
            if opens(passphrase)? {
                return Ok(Ok(()));
            }
        }
        let mut known = self.lock();
        // Other threads may have got some meanwhile.
        for passphrase in known.passphrases.iter().skip(tried.len()) {
            if opens(passphrase)? {
                return Ok(Ok(()));
            }
        }
        if let Some(fault) = &known.refused {
            return Ok(Err(fault.clone()));
        }
        let mut fault = UnlockFault::NoPassphrase;
        for attempt in 1.. {
            match passphrases.ask_for_message(attempt) {
                Ok(Some(passphrase)) => {
                    if opens(&passphrase)? {
                        known.passphrases.push(passphrase);
                        return Ok(Ok(()));
                    }
                    fault = UnlockFault::WrongPassphrase;
                }
                Ok(None) => break,
                Err(error) => {
                    fault = UnlockFault::Passphrase(error.to_string());
                    break;
                }
            }
        }
        known.refused = Some(fault.clone());
        Ok(Err(fault))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
