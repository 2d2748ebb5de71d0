//! Sealing what comes piece by piece, secrets among it.

use std::io::{self, Write};
use std::time::SystemTime;

use sequoia_openpgp::packet::Tag;
use zeroize::Zeroizing;

use super::encrypt::ContainerWriter;
use super::framing::{PART, PacketWriter};
use super::seal::{OpenPgpPlan, literal_header, new_session_key, write_pkesks};
use crate::keys::Recipients;
use crate::message::SealError;

/// Seals what is written to it as one message, uncompressed. What waits to be
/// encrypted is wiped afterwards.
pub(crate) struct MessageWriter<W: Write> {
    /// Only whole parts are written to it before the end: it copies nothing.
    literal: PacketWriter<ContainerWriter<W>>,
    /// The next part.
    waiting: Zeroizing<Vec<u8>>,
}

impl<W: Write> MessageWriter<W> {
    /// Begins a message with a new session key.
    pub(in crate::message) fn new(
        recipients: &Recipients,
        plan: &OpenPgpPlan,
        name: &str,
        modified: SystemTime,
        mut sink: W,
    ) -> Result<Self, SealError> {
        let session_key = new_session_key().map_err(SealError::Write)?;
        write_pkesks(
            recipients,
            &session_key,
            plan.version,
            plan.hidden,
            &mut sink,
        )?;
        let container =
            ContainerWriter::new(sink, plan.version, &session_key).map_err(SealError::Write)?;
        let mut waiting = Zeroizing::new(Vec::with_capacity(PART));
        waiting.extend_from_slice(&literal_header(name, modified));
        Ok(Self {
            literal: PacketWriter::new(container, Tag::Literal),
            waiting,
        })
    }

    /// Ends the message and returns the sink.
    pub fn finish(self) -> io::Result<W> {
        let container = self.literal.finish_with(&self.waiting)?;
        let (sink, _) = container.finish()?;
        Ok(sink)
    }
}

impl<W: Write> Write for MessageWriter<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let mut rest = data;
        while let Some((now, later)) = rest.split_at_checked(PART - self.waiting.len()) {
            self.waiting.extend_from_slice(now);
            self.literal.write_all(&self.waiting)?;
            self.waiting.clear();
            rest = later;
        }
        self.waiting.extend_from_slice(rest);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
