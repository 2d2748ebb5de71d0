//! Members in order, from workers that finish them out of order.

use std::collections::BTreeMap;
use std::io::{self, Seek, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::assembly::{Assembly, NextMember, OpenMember, Sealed};
use crate::index::Listed;
use crate::jobs::written_entry::EntryHasher;
use crate::message::MessageSink;

/// The largest message that is sealed into memory, so that workers don't wait
/// for each other: 9 MiB, some minutes of telephone speech.
const BUFFER: usize = 9 * 1024 * 1024;

/// The limit of finished messages that wait for their turn, together, in bytes.
const WAITING: usize = 32 * 1024 * 1024;

/// The number of buffers that are kept for reuse: fresh memory costs more than
/// the cipher.
const SPARE: usize = 2;

/// Puts the members into the archive in the order of their numbers, whatever
/// the order in which they are finished.
pub(crate) struct Queue<W> {
    state: Mutex<QueueState<W>>,
    turn: Condvar,
    /// What hashes each member, as far as that is needed.
    hasher: EntryHasher,
}

struct QueueState<W> {
    /// Absent while a thread writes.
    writer: Option<Assembly<W>>,
    next: usize,
    waiting: BTreeMap<usize, Waiting>,
    waiting_bytes: usize,
    spare: Vec<Vec<u8>>,
    failed: bool,
}

impl<W: Write + Seek> Queue<W> {
    pub fn new(writer: Assembly<W>) -> Self {
        Self {
            hasher: writer.hasher(),
            state: Mutex::new(QueueState {
                writer: Some(writer),
                next: 0,
                waiting: BTreeMap::new(),
                waiting_bytes: 0,
                spare: Vec::new(),
                failed: false,
            }),
            turn: Condvar::new(),
        }
    }

    /// Returns the sink for the member with that number. Each number from 0 on
    /// must come, and be finished, once.
    pub fn sink(&self, number: usize, entry: NextMember) -> MemberSink<'_, W> {
        let buffer = self.state().spare.pop().unwrap_or_default();
        MemberSink {
            queue: self,
            number,
            entry,
            target: Target::Memory(buffer),
            crc: crc32fast::Hasher::new(),
            hasher: self.hasher.clone(),
        }
    }

    /// Gives up: threads that wait for their turn get an error. Returns whether
    /// this was the first failure.
    pub fn fail(&self) -> bool {
        let first = !std::mem::replace(&mut self.state().failed, true);
        self.turn.notify_all();
        first
    }

    /// Returns whether a thread has given up.
    pub fn has_failed(&self) -> bool {
        self.state().failed
    }

    /// Returns the archive with all members in it; `None` if one is missing.
    pub fn into_writer(self) -> Option<Assembly<W>> {
        let state = self
            .state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        state
            .writer
            .filter(|_| state.waiting.is_empty() && !state.failed)
    }

    fn state(&self) -> MutexGuard<'_, QueueState<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it's this member's turn, and takes the archive.
    fn wait_for_turn(&self, number: usize) -> io::Result<Assembly<W>> {
        let mut state = self.state();
        loop {
            if state.failed {
                // Not `Interrupted`: `write_all` would try again.
                return Err(io::Error::other("given up after another failure"));
            }
            if state.next == number
                && let Some(writer) = state.writer.take()
            {
                return Ok(writer);
            }
            state = self
                .turn
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Hands over a finished message. It is written now if it's its turn, else
    /// left to the thread that has the turn before it, if there is room to
    /// wait.
    fn submit(&self, number: usize, mut waiting: Waiting) -> io::Result<()> {
        {
            let mut state = self.state();
            let its_turn = state.next == number;
            let message = &mut waiting.message;
            if !its_turn && message.capacity() / 2 > message.len() {
                message.shrink_to_fit();
            }
            let cost = waiting.cost();
            if !its_turn && state.waiting_bytes.saturating_add(cost) <= WAITING {
                state.waiting_bytes += cost;
                state.waiting.insert(number, waiting);
                return Ok(());
            }
        }
        let mut writer = self.wait_for_turn(number)?;
        waiting.add_to(&mut writer)?;
        self.pass_on(writer, waiting.message)
    }

    /// Writes the members that wait for the one just written, and releases the
    /// archive for the next one.
    fn pass_on(&self, mut writer: Assembly<W>, used: Vec<u8>) -> io::Result<()> {
        let mut used = used;
        loop {
            let mut state = self.state();
            used.clear();
            if state.spare.len() < SPARE {
                state.spare.push(used);
            }
            state.next += 1;
            let next = state.next;
            let Some(waiting) = state.waiting.remove(&next) else {
                state.writer = Some(writer);
                self.turn.notify_all();
                return Ok(());
            };
            state.waiting_bytes -= waiting.cost();
            drop(state);
            waiting.add_to(&mut writer)?;
            used = waiting.message;
        }
    }
}

/// A finished message that waits for its turn.
struct Waiting {
    entry: NextMember,
    sealed: Sealed,
    message: Vec<u8>,
    crc: u32,
}

impl Waiting {
    /// Returns the memory that it takes, with its place in the map.
    fn cost(&self) -> usize {
        self.message.capacity() + 2 * size_of::<(usize, Self)>()
    }

    fn add_to<W: Write + Seek>(&self, archive: &mut Assembly<W>) -> io::Result<()> {
        archive.add(&self.entry, &self.sealed, &self.message, self.crc)
    }
}

/// Gives up for the other workers when one panics: they would wait for ever.
pub(super) struct PanicGuard<'q, W: Write + Seek>(pub &'q Queue<W>);

impl<W: Write + Seek> Drop for PanicGuard<'_, W> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail();
        }
    }
}

/// The sink of one message: memory, or if it grows too large for that, the
/// archive itself once it's its turn.
pub(crate) struct MemberSink<'q, W> {
    queue: &'q Queue<W>,
    number: usize,
    entry: NextMember,
    target: Target<W>,
    /// Of a message in memory: each piece is hashed while the processor's cache
    /// still holds it, and before the turn comes, in which others wait.
    crc: crc32fast::Hasher,
    hasher: EntryHasher,
}

enum Target<W> {
    Memory(Vec<u8>),
    Archive(Box<OpenMember<W>>),
    /// After an error.
    Nowhere,
}

impl<W: Write + Seek> MemberSink<'_, W> {
    /// Completes the member, with what the index says of it.
    pub fn finish(mut self, listed: Option<Listed>) -> io::Result<()> {
        if let Target::Memory(message) = &self.target {
            self.hasher.update_digest(message);
        }
        let sealed = Sealed {
            listed,
            hashes: self.hasher.finish(),
        };
        match self.target {
            Target::Memory(message) => {
                let waiting = Waiting {
                    entry: self.entry,
                    sealed,
                    message,
                    crc: self.crc.finalize(),
                };
                self.queue.submit(self.number, waiting)
            }
            Target::Archive(member) => {
                let archive = member.end(&self.entry, &sealed)?;
                self.queue.pass_on(archive, Vec::new())
            }
            Target::Nowhere => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl<W: Write + Seek> Write for MemberSink<'_, W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.hasher.update_manifest(data);
        match std::mem::replace(&mut self.target, Target::Nowhere) {
            Target::Memory(mut buffer) if buffer.len().saturating_add(data.len()) <= BUFFER => {
                if buffer.capacity() == 0 {
                    let expected = usize::try_from(self.entry.at_most).unwrap_or(BUFFER);
                    buffer.reserve_exact(expected.min(BUFFER));
                }
                buffer.extend_from_slice(data);
                self.crc.update(data);
                self.target = Target::Memory(buffer);
            }
            Target::Memory(buffer) => {
                let archive = self.queue.wait_for_turn(self.number)?;
                let mut member = archive.begin(&self.entry)?;
                self.hasher.update_digest(&buffer);
                member.writer.write_all(&buffer)?;
                self.hasher.update_digest(data);
                member.writer.write_all(data)?;
                self.target = Target::Archive(Box::new(member));
            }
            Target::Archive(mut member) => {
                self.hasher.update_digest(data);
                member.writer.write_all(data)?;
                self.target = Target::Archive(member);
            }
            Target::Nowhere => return Err(io::ErrorKind::BrokenPipe.into()),
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: Write + Seek> MessageSink for MemberSink<'_, W> {
    fn begin_sealed(&mut self) {
        self.hasher.begin_sealed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::Archive;
    use crate::archive::MemberName;
    use std::io::{Cursor, Read};
    use std::time::UNIX_EPOCH;

    fn names(count: usize) -> Vec<MemberName> {
        (0..count)
            .map(|i| MemberName::parse(&format!("{i:03}")).unwrap())
            .collect()
    }

    fn entry(name: &MemberName) -> NextMember {
        NextMember {
            name: name.clone(),
            modified: UNIX_EPOCH,
            at_most: 1 << 20,
        }
    }

    #[test]
    fn members_finished_in_any_order_are_archived_in_theirs() {
        let names = names(60);
        let queue = Queue::new(Assembly::bare(Cursor::new(Vec::new())));
        let taken = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    loop {
                        let i = taken.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        let Some(name) = names.get(i) else { return };
                        let mut sink = queue.sink(i, entry(name));
                        // Every seventh is too large to be held in memory.
                        let size = if i % 7 == 3 { BUFFER + i } else { i * 1000 };
                        for part in vec![i as u8; size].chunks(1 << 20) {
                            sink.write_all(part).unwrap();
                        }
                        sink.finish(None).unwrap();
                    }
                });
            }
        });
        let archive = queue.into_writer().unwrap();
        let (archive, _) = archive.finish(&[], "a.zip".as_ref()).unwrap();
        let archive = Archive::open(archive.into_inner()).unwrap();
        assert_eq!(archive.members().len(), 60);
        for (i, member) in archive.members().iter().enumerate() {
            assert_eq!(member.name().unwrap(), &names[i]);
            let mut content = Vec::new();
            archive
                .read(member)
                .unwrap()
                .read_to_end(&mut content)
                .unwrap();
            assert!(content.iter().all(|&octet| octet == i as u8));
        }
    }

    #[test]
    fn a_failure_wakes_waiting_threads_and_leaves_no_archive() {
        let names = names(2);
        let queue = Queue::new(Assembly::bare(Cursor::new(Vec::new())));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let mut sink = queue.sink(1, entry(&names[1]));
                sink.write_all(&vec![0; BUFFER])
                    .and_then(|()| sink.write_all(b"more"))
            });
            assert!(queue.fail());
            assert!(!queue.fail());
            assert!(waiting.join().unwrap().is_err());
        });
        assert!(queue.into_writer().is_none());
    }
}
