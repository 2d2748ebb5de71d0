//! The passphrases of messages that are sealed with one.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::fault::OpenError;
use crate::keys::{Passphrase, Passphrases, UnlockFault};

/// The passphrases that were given for messages of a job, shared by all its
/// threads. Most archives have one for all members.
#[derive(Debug, Default)]
pub(super) struct MessagePassphrases {
    /// Held while a passphrase is asked for, so that there is one question at a
    /// time.
    given: Mutex<Given>,
}

#[derive(Debug, Default)]
struct Given {
    passphrases: Vec<Passphrase>,
    /// Set once there are no more: nobody is asked again.
    ended: Option<UnlockFault>,
}

impl MessagePassphrases {
    /// Tries the passphrases that were given for other messages, then more from
    /// `passphrases`, until `opens` says that one opens this message. The inner
    /// result says why none does.
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
        let mut given = self.lock();
        // Other threads may have got some meanwhile.
        for passphrase in given.passphrases.iter().skip(tried.len()) {
            if opens(passphrase)? {
                return Ok(Ok(()));
            }
        }
        if let Some(fault) = &given.ended {
            return Ok(Err(fault.clone()));
        }
        for attempt in 1.. {
            match passphrases.ask_for_message(attempt) {
                Ok(Some(passphrase)) => {
                    if given.passphrases.contains(&passphrase) {
                        continue;
                    }
                    // It may be another message's.
                    given.passphrases.push(passphrase.clone());
                    if opens(&passphrase)? {
                        return Ok(Ok(()));
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    given.ended = Some(UnlockFault::Passphrase(error.to_string()));
                    break;
                }
            }
        }
        let fault = match given.passphrases.is_empty() {
            true => UnlockFault::NoPassphrase,
            false => UnlockFault::WrongPassphrase,
        };
        Ok(Err(given.ended.get_or_insert(fault).clone()))
    }

    fn lock(&self) -> MutexGuard<'_, Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
