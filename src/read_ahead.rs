//! Reading on a thread of its own, ahead of what works on the bytes.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// The bytes that are read at a time.
const PIECE: usize = 256 * 1024;

/// The number of pieces that are read ahead at most: 1 MiB together.
const PIECES: usize = 4;

/// A source that is read ahead, or by whoever asks for its bytes if the system
/// grants no thread.
pub(crate) enum Ahead<R> {
    Apart(Pieces),
    Here(BufReader<R>),
}

/// What another thread reads.
pub(crate) struct Pieces {
    filled: Mutex<Receiver<io::Result<Vec<u8>>>>,
    spent: SyncSender<Vec<u8>>,
    piece: Vec<u8>,
    start: usize,
    has_ended: bool,
}

/// Passes the source to `work`. Meanwhile it is read ahead.
pub(crate) fn reading_ahead<R, T>(source: R, work: impl FnOnce(Ahead<R>) -> T) -> T
where
    R: Read + Send,
{
    let source = Mutex::new(Some(source));
    let take = &|| source.lock().unwrap_or_else(PoisonError::into_inner).take();
    let (spent, empty) = sync_channel(PIECES);
    let (full, filled) = sync_channel(PIECES);
    thread::scope(|scope| {
        let reader = move || {
            if let Some(source) = take() {
                read_pieces(source, empty, &full);
            }
        };
        let reader = thread::Builder::new().spawn_scoped(scope, reader);
        // If there is no thread, the source is still here.
        let source = reader.err().and_then(|_| take());
        work(match source {
            Some(source) => Ahead::Here(BufReader::with_capacity(PIECE, source)),
            None => Ahead::Apart(Pieces::new(filled, spent)),
        })
    })
}

/// Fills the empty pieces until the source ends or fails, or nobody asks for more.
fn read_pieces(
    mut source: impl Read,
    empty: Receiver<Vec<u8>>,
    full: &SyncSender<io::Result<Vec<u8>>>,
) {
    for mut piece in empty {
        piece.resize(PIECE, 0);
        let read = loop {
            match source.read(&mut piece) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        let is_last = !read.as_ref().is_ok_and(|read| *read > 0);
        let filled = read.map(|read| {
            piece.truncate(read);
            piece
        });
        if full.send(filled).is_err() || is_last {
            return;
        }
    }
}

impl Pieces {
    fn new(filled: Receiver<io::Result<Vec<u8>>>, spent: SyncSender<Vec<u8>>) -> Self {
        for _ in 0..PIECES {
            // There is room for them.
            let _ = spent.send(Vec::with_capacity(PIECE));
        }
        Self {
            filled: Mutex::new(filled),
            spent,
            piece: Vec::new(),
            start: 0,
            has_ended: false,
        }
    }

    fn next(&mut self) -> io::Result<()> {
        let spent = std::mem::take(&mut self.piece);
        if spent.capacity() > 0 {
            // It's of no use to a thread that has ended.
            let _ = self.spent.send(spent);
        }
        let filled = self.filled.get_mut();
        let filled = filled.unwrap_or_else(PoisonError::into_inner).recv();
        self.piece = filled.map_err(|_| io::Error::from(ErrorKind::BrokenPipe))??;
        self.start = 0;
        self.has_ended = self.piece.is_empty();
        Ok(())
    }

    /// Returns what is left of a piece; nothing at the end.
    fn left(&mut self) -> io::Result<&[u8]> {
        if self.start >= self.piece.len() && !self.has_ended {
            self.next()?;
        }
        Ok(self.piece.get(self.start..).unwrap_or_default())
    }
}

impl<R: Read> BufRead for Ahead<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Self::Apart(pieces) => pieces.left(),
            Self::Here(source) => source.fill_buf(),
        }
    }

    fn consume(&mut self, amount: usize) {
        match self {
            Self::Apart(pieces) => pieces.start = pieces.start.saturating_add(amount),
            Self::Here(source) => source.consume(amount),
        }
    }
}

impl<R: Read> Read for Ahead<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at / 7) as u8).collect()
    }

    #[test]
    fn all_of_a_source_is_read() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 9 * PIECE + 5] {
            let content = content(length);
            let mut read = Vec::new();
            reading_ahead(&*content, |mut ahead| ahead.read_to_end(&mut read)).unwrap();
            assert!(read == content, "{length}");
        }
    }

    #[test]
    fn a_source_need_not_be_read_to_its_end() {
        let content = content(20 * PIECE);
        let mut first = [0; 100];
        reading_ahead(&*content, |mut ahead| ahead.read_exact(&mut first)).unwrap();
        assert_eq!(first, content[..100]);
        reading_ahead(&*content, drop);
    }

    #[test]
    fn an_error_comes_after_what_was_read_before_it_and_stays() {
        struct Failing(usize);
        impl Read for Failing {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                match self.0.checked_sub(buffer.len()) {
                    Some(left) => self.0 = left,
                    None => return Err(ErrorKind::PermissionDenied.into()),
                }
                Ok(buffer.len())
            }
        }
        reading_ahead(Failing(3 * PIECE), |mut ahead| {
            ahead.read_exact(&mut vec![0; 2 * PIECE]).unwrap();
            let error = io::copy(&mut ahead, &mut io::sink()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PermissionDenied);
            assert!(ahead.read(&mut [0]).is_err());
        });
    }
}
