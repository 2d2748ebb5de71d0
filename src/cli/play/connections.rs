//! The open connections: not too many, and room for those that know the token.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;

/// The most connections at the same time. A browser opens six.
const MOST: usize = 256;

/// The open connections, the oldest first.
#[derive(Default)]
pub struct Connections(Mutex<List>);

#[derive(Default)]
struct List {
    open: Vec<Open>,
    /// How many there have been.
    count: u64,
}

struct Open {
    number: u64,
    since: Instant,
    knows_the_token: bool,
    task: AbortHandle,
}

/// One end of a connection. It ends when it's dropped.
pub struct Guest {
    number: u64,
    connections: Arc<Connections>,
}

impl Connections {
    /// Takes in a new connection. If there are too many, it ends the oldest one that hasn't
    /// shown the token; if all have, the new one is turned away.
    pub fn take_in(self: &Arc<Self>, serve: impl FnOnce(Guest) -> AbortHandle) {
        if self.list().open.len() >= MOST && !self.end_a_stranger(Duration::ZERO) {
            return;
        }
        let mut list = self.list();
        let number = list.count;
        list.count += 1;
        let connections = Arc::clone(self);
        // It begins when this one waits for others.
        let task = serve(Guest {
            number,
            connections,
        });
        list.open.push(Open {
            number,
            since: Instant::now(),
            knows_the_token: false,
            task,
        });
    }

    /// Returns whether no connection is open.
    pub fn are_none(&self) -> bool {
        self.list().open.is_empty()
    }

    /// Ends the oldest connection that hasn't shown the token, if it had this time for that.
    /// Returns whether there is one.
    pub fn end_a_stranger(&self, time: Duration) -> bool {
        let mut list = self.list();
        let is_strange = |open: &Open| !open.knows_the_token && open.since.elapsed() >= time;
        let found = list.open.iter().position(is_strange);
        let found = found.map(|place| list.open.remove(place));
        drop(list);
        let Some(stranger) = found else {
            return false;
        };
        stranger.task.abort();
        true
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guest {
    /// Notes that it has shown the token.
    pub fn knows_the_token(&self) {
        let mut list = self.connections.list();
        let own = list.open.iter_mut().find(|open| open.number == self.number);
        if let Some(own) = own {
            own.knows_the_token = true;
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut list = self.connections.list();
        list.open.retain(|open| open.number != self.number);
    }
}
