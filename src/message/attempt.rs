//! Several session keys for one message.
//!
//! Anybody can put a recipient of their own in front of a message. Version 1
//! checks two octets of a session key before the whole message has been read:
//! some 65,536 tries yield a false one that passes. A session key counts only
//! when the message proves it at its end; else the next one is tried.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sequoia_openpgp::crypto::SessionKey;

use super::Opener;

/// The session keys that are tried on one message. Each takes as long as
/// reading the whole message does.
const MOST: usize = 8;

/// One of the session keys that seem to fit a message.
#[derive(Debug, Default)]
pub(crate) struct Attempt {
    /// Those that have turned out to be wrong.
    wrong: Vec<SessionKey>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    used: Option<SessionKey>,
    /// Whether there may be another one.
    has_others: bool,
}

impl Attempt {
    /// Returns whether a session key is the one to use: the first that isn't
    /// known to be wrong, and then that one again.
    pub(super) fn uses(&self, session_key: &SessionKey) -> bool {
        if self.wrong.contains(session_key) {
            return false;
        }
        let mut state = self.state();
        state.used.get_or_insert_with(|| session_key.clone()) == session_key
    }

    pub(super) fn note_others(&self) {
        self.state().has_others = true;
    }

    pub(super) fn has_others(&self) -> bool {
        self.state().has_others
    }

    /// Returns the attempt after this one, which has failed; `None` if there is
    /// no other session key.
    fn next(self) -> Option<Self> {
        let State { used, has_others } = self
            .state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let mut wrong = self.wrong;
        wrong.push(used.filter(|_| has_others)?);
        (wrong.len() < MOST).then(|| Self {
            wrong,
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens a message that can be read several times. If the session key turns out
/// to be wrong while `open` reads the message, it is called again with the next
/// one. If none is right, the first error is returned.
///
/// `is_fault` says whether an error may be due to a wrong session key.
pub fn with_proven_key<T, E>(
    opener: &Opener<'_>,
    is_fault: impl Fn(&E) -> bool,
    mut open: impl FnMut(&Opener<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let mut attempt = Attempt::default();
    let first = open(&opener.attempting(&attempt));
    if !first.as_ref().is_err_and(&is_fault) {
        return first;
    }
    while let Some(next) = attempt.next() {
        match open(&opener.attempting(&next)) {
            Err(error) if is_fault(&error) => attempt = next,
            // There is no further session key.
            Err(_) => break,
            opened => return opened,
        }
    }
    first
}
