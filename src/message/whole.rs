//! Whole messages, which are copied and never opened: all of their structure is
//! checked that shows without a key.

use std::io::{self, BufRead, Cursor, Read, Write};

use super::cms;
use super::copied::Copied;
use super::envelope::Envelope;
use super::fault::OpenError;
use super::front_limit::FrontLimit;
use super::open::Source;
use super::openpgp;
use super::sink::MessageSink;

/// A message in octets, and not as text, whose front has been read.
pub(crate) struct WholeMessage<'a> {
    envelope: Envelope,
    /// What was read of it.
    octets: Vec<u8>,
    /// How many of them precede the sealed data.
    front: usize,
    source: Source<'a>,
}

impl<'a> WholeMessage<'a> {
    /// Reads a message up to its sealed data.
    ///
    /// # Errors
    ///
    /// It is not an encrypted message, or an OpenPGP message without integrity
    /// protection.
    pub fn read(source: impl BufRead + Send + Sync + 'a) -> Result<Self, OpenError> {
        let (limit, source) = FrontLimit::new(source);
        let mut copied = Copied::new(source, Vec::new());
        let is_cms = cms::starts(copied.fill_buf()?);
        let (envelope, front) = match is_cms {
            true => {
                cms::read_front(&mut copied).map(|(envelope, front)| (envelope, Some(front)))?
            }
            false => (openpgp::read_front(&mut copied)?, None),
        };
        let (source, octets) = copied.finish()?;
        limit.lift();
        let front = match front {
            Some(front) => usize::try_from(front).map_err(io::Error::other)?,
            None => openpgp::front_length(&octets)?,
        };
        Ok(Self {
            envelope,
            octets,
            front,
            source: Box::new(source),
        })
    }

    /// Returns what it shows to everybody.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Writes it byte for byte, and reads it to its end.
    ///
    /// # Errors
    ///
    /// It is truncated or malformed, or something follows it: then what was written
    /// is not a message.
    pub fn copy_to(self, sink: impl MessageSink) -> Result<(), OpenError> {
        let source = Cursor::new(self.octets).chain(self.source);
        let sink = Divided {
            sink,
            front: Some(self.front),
        };
        let mut copied = Copied::new(source, sink);
        let read = match self.envelope.format.is_open_pgp() {
            true => openpgp::read_whole(&mut copied),
            false => cms::read_whole(&mut copied),
        };
        copied.finish()?;
        read
    }
}

/// Tells a sink where the sealed data begin.
struct Divided<S> {
    sink: S,
    /// The number of octets up to there, until they have been written.
    front: Option<usize>,
}

impl<S: MessageSink> Write for Divided<S> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let mut rest = data;
        if let Some(front) = self.front {
            let (before, after) = data.split_at(front.min(data.len()));
            self.sink.write_all(before)?;
            self.front = front.checked_sub(before.len()).filter(|left| *left > 0);
            if self.front.is_none() {
                self.sink.begin_sealed();
            }
            rest = after;
        }
        self.sink.write_all(rest)?;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;
    use std::path::Path;
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::keys::{Party, Recipients, Requirements};
    use crate::message::{Format, SealOptions, SealPlan, SealedFile};

    /// Notes where the sealed data begin.
    #[derive(Default)]
    struct Noting {
        written: Vec<u8>,
        sealed: Vec<usize>,
    }

    impl Write for Noting {
        fn write(&mut self, data: &[u8]) -> io::Result<usize> {
            self.written.write(data)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MessageSink for Noting {
        fn begin_sealed(&mut self) {
            self.sealed.push(self.written.len());
        }
    }

    const FORMATS: [Format; 4] = [
        Format::Rfc4880,
        Format::Rfc9580,
        Format::Cms,
        Format::CmsGcm,
    ];

    /// Seals so many octets to the RSA key of the vectors. Returns the message, and
    /// where its sealed data begin.
    fn sealed(format: Format, length: usize) -> (Vec<u8>, Vec<usize>) {
        let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/vectors/0.1.0");
        let parties = [Party::with_certificate(vectors.join("rsa.crt"))];
        // The certificate is valid then.
        let at = UNIX_EPOCH + Duration::from_secs(2_000_000_000);
        let recipients = Recipients::load(&parties, &Requirements::listed(at)).unwrap();
        let options = SealOptions {
            format: Some(format),
            ..SealOptions::default()
        };
        let plan = SealPlan::new(recipients, options).unwrap();
        let file = SealedFile {
            name: "a.wav",
            modified: at,
            length: Some(length as u64),
        };
        let mut sink = Noting::default();
        let content = vec![7; length];
        plan.sealer()
            .seal_member(&mut content.as_slice(), &file, &mut sink)
            .unwrap();
        (sink.written, sink.sealed)
    }

    /// Copies a message that is read in pieces of this size.
    fn copied(message: &[u8], piece: usize) -> Result<Noting, OpenError> {
        let message = WholeMessage::read(BufReader::with_capacity(piece, message))?;
        let mut sink = Noting::default();
        message.copy_to(&mut sink)?;
        Ok(sink)
    }

    #[test]
    fn a_whole_message_is_copied_byte_for_byte() {
        for format in FORMATS {
            for length in [0, 1, 1000, 700_000] {
                let (message, begins) = sealed(format, length);
                for piece in [1, 37, 64 * 1024] {
                    let copy = copied(&message, piece).unwrap();
                    assert!(copy.written == message, "{format:?} {length} {piece}");
                    // Nothing of an unauthenticated one is called sealed.
                    if format.is_authenticated() {
                        assert_eq!(copy.sealed, begins, "{format:?} {length} {piece}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_message_that_is_cut_off_anywhere_is_none() {
        for format in FORMATS {
            let (message, _) = sealed(format, 1000);
            for length in 0..message.len() {
                assert!(
                    copied(&message[..length], 4096).is_err(),
                    "{format:?} {length}"
                );
            }
            // In parts.
            let (message, _) = sealed(format, 700_000);
            for length in (1000..message.len()).step_by(9973) {
                assert!(
                    copied(&message[..length], 4096).is_err(),
                    "{format:?} {length}"
                );
            }
        }
    }

    #[test]
    fn nothing_may_follow_a_message() {
        for format in FORMATS {
            let (message, _) = sealed(format, 1000);
            for rest in [&b"\n"[..], b"\0", b"PK\x03\x04", b"\xCA\x03PGP", &message] {
                let longer = [&message, rest].concat();
                let error = copied(&longer, 4096).err().unwrap().to_string();
                assert!(error.contains("follow"), "{format:?} {rest:?}: {error}");
            }
        }
    }

    #[test]
    fn sealed_data_have_a_length_that_chunks_can_have() {
        let (message, begins) = sealed(Format::Rfc9580, 100);
        let (front, sealed) = message.split_at(begins[0]);
        let header = 2 + 36;
        for length in 0..60 {
            // One octet of length, and the container's own header.
            let body = [&sealed[2..header], &vec![0; length]].concat();
            let message = [front, &[0xD2, body.len() as u8], &body].concat();
            let is_possible = length == 16 || length > 32;
            assert_eq!(copied(&message, 4096).is_ok(), is_possible, "{length}");
        }
    }

    #[test]
    fn recipients_are_of_the_version_of_the_sealed_data() {
        let (old, begins) = sealed(Format::Rfc4880, 100);
        let (new, _) = sealed(Format::Rfc9580, 100);
        let message = [&old[..begins[0]], &new].concat();
        let error = copied(&message, 4096).err().unwrap().to_string();
        assert!(error.contains("another version"), "{error}");
    }
}
