//! Writing an index while its members are written.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use tempfile::SpooledTempFile;
use zeroize::{Zeroize, Zeroizing};

use super::line::{Head, Line};
use crate::message::{MessageWriter, SealError, SealPlan, Session};

/// The amount of the sealed index that is kept in memory, in bytes; more is kept
/// in an unnamed temporary file.
const IN_MEMORY: usize = 1024 * 1024;

/// The room for a line without its names, in bytes.
const LINE: usize = 1024;

/// What an index says of a member besides its names.
pub(crate) struct Listed {
    /// The length of its content in bytes.
    pub size: u64,
    /// When the file was last changed.
    pub modified: SystemTime,
    pub session: Session,
}

/// Seals an index line by line. The session keys of the members are held no
/// longer than it takes to seal their lines.
pub(crate) struct IndexWriter {
    message: MessageWriter<SpooledTempFile>,
    line: Zeroizing<String>,
}

impl IndexWriter {
    /// Begins an index of that many members for the recipients of the plan, or
    /// by its name a grant; `None` if it's a plan for CMS messages. What doesn't fit in memory goes
    /// to an unnamed file in `directory`, sealed.
    pub fn new(
        plan: &SealPlan,
        name: &str,
        members: u64,
        hides_names: bool,
        directory: &Path,
    ) -> Result<Option<Self>, SealError> {
        let spool = tempfile::spooled_tempfile_in(IN_MEMORY, directory);
        let Some(mut message) = plan.message_writer(name, UNIX_EPOCH, spool)? else {
            return Ok(None);
        };
        let mut line = Zeroizing::new(String::with_capacity(LINE));
        Head::push(members, hides_names, &mut line);
        message
            .write_all(line.as_bytes())
            .map_err(SealError::Write)?;
        Ok(Some(Self { message, line }))
    }

    /// Adds the line of the next member, with its stored name and its path.
    pub fn push(&mut self, stored: &str, name: &str, listed: &Listed) -> io::Result<()> {
        let Listed {
            size,
            modified,
            session,
        } = listed;
        // Growing would leave copies that nobody wipes.
        self.line.zeroize();
        self.line.reserve(LINE + 6 * (stored.len() + name.len()));
        Line::push(stored, name, *size, *modified, session, &mut self.line);
        self.message.write_all(self.line.as_bytes())
    }

    /// Ends the index. Returns it, sealed, and its length in bytes.
    pub fn finish(self) -> io::Result<(impl Read, u64)> {
        let mut spool = self.message.finish()?;
        let length = spool.stream_position()?;
        spool.seek(SeekFrom::Start(0))?;
        Ok((spool, length))
    }
}
