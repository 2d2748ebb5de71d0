//! The content of an answer: a text, or a part of an archive that is read while it's sent.

use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::{cmp, io};

use hyper::body::{Body, Bytes, Frame, SizeHint};

use super::archive::ServedArchive;

/// What is read of an archive at once. A connection holds hardly more.
const CHUNK: u64 = 64 * 1024;

pub enum Content {
    /// What is left of a text.
    Text(Bytes),
    /// What is left of a range.
    Part(Arc<ServedArchive>, Range<u64>),
}

impl Content {
    fn left(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Part(_, range) => range.end.saturating_sub(range.start),
        }
    }

    fn next(&mut self) -> io::Result<Bytes> {
        let left = self.left();
        match self {
            Self::Text(text) => Ok(std::mem::take(text)),
            Self::Part(archive, range) => {
                // At most 64 KiB.
                let mut chunk = vec![0; cmp::min(left, CHUNK) as usize];
                let read = archive.read(range.start, &mut chunk)?;
                chunk.truncate(read);
                range.start = range.start.saturating_add(read as u64);
                Ok(chunk.into())
            }
        }
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = io::Error;

    /// Reads the next bytes. That waits for the disk, and all connections with it: they are
    /// those of one person. An error closes the connection before its end.
    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(match self.left() {
            0 => None,
            _ => Some(self.next().map(Frame::data)),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left())
    }
}
