//! The checked bytes of one member.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use flate2::{Decompress, FlushDecompress, Status};

use super::extra::Extra;
use super::fault::{ArchiveError, ArchiveFault};
use super::member::Member;
use super::read_at::{ReadAt, read_exact_at, read_some_at};
use super::records::{
    FLAG_DESCRIPTOR, FLAG_ENCRYPTED, FLAG_MASKED_HEADERS, FLAG_STRONG_ENCRYPTION, FLAG_UTF8,
    Fields, LOCAL_BYTES, LocalHeader, METHOD_DEFLATED, parse_descriptor,
};

/// The flags in which both headers must agree. The others only say how hard the
/// compressor tried.
const FLAGS_THAT_MATTER: u16 =
    FLAG_ENCRYPTED | FLAG_DESCRIPTOR | FLAG_STRONG_ENCRYPTION | FLAG_UTF8 | FLAG_MASKED_HEADERS;

/// Deflated bytes that are read at once.
const INPUT_BYTES: u64 = 32 * 1024;

/// Reads a member's bytes: stored, or inflated if they were deflated.
///
/// The size and the CRC-32 are checked with the last byte. If they don't match,
/// the read that would return it fails with the kind `InvalidData` and an
/// [`ArchiveFault`] inside, and so does every read after it. Until then the
/// bytes are unchecked. Never more than [`Member::size`] bytes are returned.
pub struct MemberReader<'a, R> {
    source: &'a R,
    /// The position of the next stored byte.
    position: u64,
    /// The number of stored bytes from there on.
    stored_left: u64,
    /// The number of bytes of the member that are still to be returned.
    left: u64,
    inflater: Option<Box<Inflater>>,
    declared_crc: u32,
    crc: crc32fast::Hasher,
    /// Where it's noted that the checksum is wrong, if that isn't an error.
    wrong: Option<WrongChecksum>,
    state: ReadState,
}

/// Whether the checksum of a member has turned out to be wrong.
#[derive(Clone, Debug, Default)]
pub(crate) struct WrongChecksum(Arc<AtomicBool>);

impl WrongChecksum {
    /// Returns whether it was right, once the member has been read to its end.
    pub fn is_right(&self) -> bool {
        !self.0.load(Ordering::Relaxed)
    }
}

#[derive(Clone, Copy, Debug)]
enum ReadState {
    Reading,
    Checked,
    Malformed(ArchiveFault),
    /// The source's error: its kind, and its number if it is the system's.
    Unreadable(io::ErrorKind, Option<i32>),
}

/// The state after an impossible result: more bytes than there is room for.
const OUTSIDE: ReadState = ReadState::Unreadable(io::ErrorKind::Other, None);

impl ReadState {
    fn unreadable(error: &io::Error) -> Self {
        Self::Unreadable(error.kind(), error.raw_os_error())
    }
}

impl<'a, R: ReadAt> MemberReader<'a, R> {
    /// Checks the local header, and the data descriptor if there is one,
    /// against the central directory. Together with the data they must fill
    /// the member's extent.
    pub(super) fn new(source: &'a R, member: &Member) -> Result<Self, ArchiveError> {
        let malformed = |fault| ArchiveError::Malformed {
            fault,
            member: Some(member.stored_name().into()),
        };
        let (data, descriptor) = read_local_header(source, member)?.map_err(malformed)?;
        let mut bytes = [0; 24];
        if descriptor > 0 {
            let bytes = bytes
                .get_mut(..descriptor)
                .ok_or_else(|| malformed(ArchiveFault::Descriptor))?;
            read_exact_at(source, bytes, data.saturating_add(member.stored_size))?;
            let expected = (member.crc, member.stored_size, member.size);
            if parse_descriptor(bytes) != Some(expected) {
                return Err(malformed(ArchiveFault::Descriptor));
            }
        }
        Ok(Self {
            source,
            position: data,
            stored_left: member.stored_size,
            left: member.size,
            inflater: (member.method == METHOD_DEFLATED).then(Box::default),
            declared_crc: member.crc,
            crc: crc32fast::Hasher::new(),
            wrong: None,
            state: ReadState::Reading,
        })
    }

    /// Notes a wrong checksum instead of failing.
    pub(super) fn noting(self, wrong: WrongChecksum) -> Self {
        Self {
            wrong: Some(wrong),
            ..self
        }
    }

    /// Reads some bytes of the member, not yet checked.
    fn produce(&mut self, buf: &mut [u8]) -> Result<usize, ReadState> {
        let Some(inflater) = &mut self.inflater else {
            let read = read_some_at(self.source, buf, self.position)
                .map_err(|error| ReadState::unreadable(&error))?;
            self.position = self.position.saturating_add(read as u64);
            self.stored_left = self.stored_left.saturating_sub(read as u64);
            return Ok(read);
        };
        loop {
            if inflater.is_drained() && self.stored_left > 0 {
                let read = inflater
                    .fill(self.source, self.position, self.stored_left)
                    .map_err(|error| ReadState::unreadable(&error))?;
                self.position = self.position.saturating_add(read);
                self.stored_left = self.stored_left.saturating_sub(read);
            }
            match inflater.step(buf, self.stored_left == 0) {
                Ok(Step::Stuck) => {}
                Ok(Step::Made(made)) => return Ok(made),
                Ok(Step::Ended) => return Ok(0),
                Err(fault) => return Err(ReadState::Malformed(fault)),
            }
        }
    }

    /// Checks the end of the deflated data and the checksum, after the last
    /// byte.
    fn check(&mut self) -> Result<(), ReadState> {
        if self.inflater.is_some() {
            // This also refills the input, so stored bytes that are left over
            // show in it.
            let surplus = self.produce(&mut [0])?;
            let drained = self
                .inflater
                .as_ref()
                .is_none_or(|inflater| inflater.is_drained());
            if surplus > 0 || !drained {
                return Err(ReadState::Malformed(ArchiveFault::DeflateSize));
            }
        }
        let (declared, actual) = (self.declared_crc, self.crc.clone().finalize());
        if let Some(wrong) = &self.wrong {
            wrong.0.fetch_or(declared != actual, Ordering::Relaxed);
        } else if declared != actual {
            return Err(ReadState::Malformed(ArchiveFault::Checksum {
                declared,
                actual,
            }));
        }
        Ok(())
    }

    fn produce_and_check(&mut self, buf: &mut [u8]) -> Result<usize, ReadState> {
        let most = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(buf.len());
        let mut made = 0;
        if let Some(buf) = buf.get_mut(..most).filter(|buf| !buf.is_empty()) {
            made = self.produce(buf)?;
            if made == 0 {
                return Err(ReadState::Malformed(ArchiveFault::DeflateSize));
            }
            let (bytes, _) = buf.split_at_checked(made).ok_or(OUTSIDE)?;
            self.crc.update(bytes);
            self.left = self.left.saturating_sub(made as u64);
        }
        if self.left == 0 {
            self.check()?;
            self.state = ReadState::Checked;
        }
        Ok(made)
    }
}

impl<R: ReadAt> Read for MemberReader<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if let (ReadState::Reading, false) = (self.state, buf.is_empty()) {
            match self.produce_and_check(buf) {
                Ok(made) => return Ok(made),
                // The error discards what was produced, so reading can't
                // continue.
                Err(failure) => self.state = failure,
            }
        }
        match self.state {
            ReadState::Reading | ReadState::Checked => Ok(0),
            ReadState::Malformed(fault) => Err(io::Error::new(io::ErrorKind::InvalidData, fault)),
            ReadState::Unreadable(kind, None) => Err(kind.into()),
            ReadState::Unreadable(_, Some(number)) => Err(io::Error::from_raw_os_error(number)),
        }
    }
}

impl<R> fmt::Debug for MemberReader<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemberReader")
            .field("left", &self.left)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Returns the start of the data, and the length of the data descriptor after
/// it.
///
/// The outer error is the source's.
fn read_local_header(
    source: &impl ReadAt,
    member: &Member,
) -> io::Result<Result<(u64, usize), ArchiveFault>> {
    let slack = usize::try_from(member.slack).unwrap_or(usize::MAX);
    // One read is enough: the extra field is no longer than the slack, and this
    // much is within the member's extent.
    let most = LOCAL_BYTES
        .saturating_add(member.name.len())
        .saturating_add(slack);
    let mut bytes = vec![0; most];
    read_exact_at(source, &mut bytes, member.offset)?;
    Ok(check_local_header(&bytes, member))
}

fn check_local_header(bytes: &[u8], member: &Member) -> Result<(u64, usize), ArchiveFault> {
    let offset = member.offset;
    let missing = ArchiveFault::NoLocalHeader { offset };
    let mut fields = Fields::new(bytes);
    let header = LocalHeader::parse(&mut fields).ok_or(missing)?;
    if (header.flags ^ member.flags) & FLAGS_THAT_MATTER != 0 {
        return Err(ArchiveFault::LocalFlags);
    }
    if header.method != member.method {
        return Err(ArchiveFault::LocalMethod);
    }
    let name = member.name.bytes();
    if fields.bytes(header.name_bytes.into()) != Some(&*name) {
        return Err(ArchiveFault::LocalName);
    }

    let data = [
        LOCAL_BYTES as u64,
        header.name_bytes.into(),
        header.extra_bytes.into(),
    ]
    .into_iter()
    .fold(offset, u64::saturating_add);
    let Some(rest) = member.slack.checked_sub(header.extra_bytes.into()) else {
        let next = data.saturating_add(member.stored_size);
        return Err(ArchiveFault::Overlap { offset, next });
    };
    let has_descriptor = header.flags & FLAG_DESCRIPTOR != 0;
    if !has_descriptor && rest > 0 {
        return Err(ArchiveFault::Gap {
            offset,
            bytes: rest.into(),
        });
    }
    if has_descriptor && !matches!(rest, 12 | 16 | 20 | 24) {
        return Err(ArchiveFault::Descriptor);
    }

    let extra = fields.bytes(header.extra_bytes.into()).ok_or(missing)?;
    let extra = Extra::parse(extra)?;
    if extra.contradicts(&name) {
        return Err(ArchiveFault::LocalName);
    }
    // A writer of streams may reserve the ZIP64 values and leave them zero.
    let narrow = [header.size, header.stored_size];
    let ([size, stored_size], _) = extra.widen(narrow, 0, has_descriptor)?;
    let same = |local: u64, central: u64| local == central || (has_descriptor && local == 0);
    if !same(header.crc.into(), member.crc.into()) {
        return Err(ArchiveFault::LocalChecksum);
    }
    if !same(size, member.size) || !same(stored_size, member.stored_size) {
        return Err(ArchiveFault::LocalSizes);
    }
    Ok((data, usize::try_from(rest).unwrap_or(usize::MAX)))
}

/// The state of inflating one member (APPNOTE 4.4.5, method 8).
struct Inflater {
    engine: Decompress,
    input: Vec<u8>,
    /// The number of input bytes that are done.
    done: usize,
    ended: bool,
}

enum Step {
    /// That many bytes were produced.
    Made(usize),
    /// The deflated data ended before that.
    Ended,
    /// More input is needed.
    Stuck,
}

impl Default for Inflater {
    fn default() -> Self {
        Self {
            engine: Decompress::new(false),
            input: Vec::new(),
            done: 0,
            ended: false,
        }
    }
}

impl Inflater {
    fn is_drained(&self) -> bool {
        self.done >= self.input.len()
    }

    /// Reads the next input, and returns its length.
    fn fill(&mut self, source: &impl ReadAt, position: u64, left: u64) -> io::Result<u64> {
        let most = usize::try_from(left.min(INPUT_BYTES)).map_err(io::Error::other)?;
        self.done = 0;
        self.input.resize(most, 0);
        let read = read_some_at(source, &mut self.input, position)?;
        self.input.truncate(read);
        Ok(read as u64)
    }

    /// Inflates the input. `is_last` means that no input follows it.
    fn step(&mut self, buf: &mut [u8], is_last: bool) -> Result<Step, ArchiveFault> {
        if self.ended {
            return Ok(Step::Ended);
        }
        let (_, input) = self
            .input
            .split_at_checked(self.done)
            .ok_or(ArchiveFault::Deflate)?;
        let (before_in, before_out) = (self.engine.total_in(), self.engine.total_out());
        let status = self
            .engine
            .decompress(input, buf, FlushDecompress::None)
            .map_err(|_| ArchiveFault::Deflate)?;
        let count = |after: u64, before: u64| {
            usize::try_from(after.saturating_sub(before)).map_err(|_| ArchiveFault::Deflate)
        };
        let taken = count(self.engine.total_in(), before_in)?;
        let made = count(self.engine.total_out(), before_out)?;
        self.done = self.done.saturating_add(taken);
        self.ended = status == Status::StreamEnd;
        if made > 0 {
            Ok(Step::Made(made))
        } else if self.ended {
            Ok(Step::Ended)
        } else if taken > 0 || (self.is_drained() && !is_last) {
            Ok(Step::Stuck)
        } else {
            // No input used and no output made: it needs input that isn't
            // there.
            Err(ArchiveFault::DeflateSize)
        }
    }
}
