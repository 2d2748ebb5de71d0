//! Whether a file is worth compressing.

use flate2::{Compress, FlushCompress, Status};
use zeroize::Zeroize;

use crate::message::Compression;

/// The level of Deflate, of 0 to 9. At 2, call logs come within an eighth of
/// their size at 6, in a third of the time.
pub(super) const LEVEL: flate2::Compression = flate2::Compression::new(2);

/// The sample size, in bytes: that much of the file's start, which may be a
/// header, and of the middle of its first part.
const SAMPLE: usize = 2 * 1024;

/// Room for a sample that doesn't shrink at all. The stream is always
/// completed, as zlib-rs panics if an incomplete one is reset.
const ROOM: usize = 2 * SAMPLE;

/// Decides for each file.
pub(super) struct Judge {
    choice: Compression,
    /// Kept from file to file: setting one up takes as long as using it.
    deflate: Compress,
    room: [u8; ROOM],
}

impl Judge {
    pub fn new(choice: Compression) -> Self {
        Self {
            choice,
            deflate: Compress::new(LEVEL, false),
            room: [0; ROOM],
        }
    }

    /// Returns whether to compress the file that starts with `head`.
    ///
    /// By default callseal compresses files that shrink by a fifth or more, but
    /// never audio: a recording's size already reveals its length, and how well
    /// speech compresses reveals something of its content.
    pub fn worthwhile(&mut self, head: &[u8]) -> bool {
        match self.choice {
            Compression::None => false,
            Compression::Deflate => true,
            Compression::Auto => {
                let middle = (head.len() / 2).max(SAMPLE).min(head.len());
                let (start, rest) = head.split_at(middle);
                !is_audio(head) && self.shrinks(start) && (rest.is_empty() || self.shrinks(rest))
            }
        }
    }

    fn shrinks(&mut self, part: &[u8]) -> bool {
        let sample = part.get(..SAMPLE).unwrap_or(part);
        self.deflate.reset();
        let outcome = self
            .deflate
            .compress(sample, &mut self.room, FlushCompress::Finish);
        self.room.zeroize();
        // 2 KiB times 5: no overflow.
        matches!(outcome, Ok(Status::StreamEnd))
            && self.deflate.total_out() * 5 < sample.len() as u64 * 4
    }
}

/// Returns whether the file starts as one of the usual audio formats.
fn is_audio(head: &[u8]) -> bool {
    const SIGNATURES: [&[u8]; 7] = [b"RIFF", b"RIFX", b"RF64", b"OggS", b"fLaC", b".snd", b"ID3"];
    SIGNATURES
        .iter()
        .any(|signature| head.starts_with(signature))
        || head.get(4..8) == Some(b"ftyp")
        || (head.starts_with(b"FORM") && head.get(8..11) == Some(b"AIF"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worthwhile(choice: Compression, head: &[u8]) -> bool {
        Judge::new(choice).worthwhile(head)
    }

    #[test]
    fn text_is_compressed_and_audio_is_not() {
        let log = b"2026-03-14 09:26:53 recognised yes confidence 0.93\n".repeat(100);
        assert!(worthwhile(Compression::Auto, &log));
        assert!(!worthwhile(Compression::None, &log));
        let silence = [&b"RIFF\0\0\0\0WAVE"[..], &[0; 4096]].concat();
        assert!(!worthwhile(Compression::Auto, &silence));
        assert!(worthwhile(Compression::Deflate, &silence));
    }

    #[test]
    fn noise_after_a_text_header_is_not_compressed() {
        let mut file = b"key: value\n".repeat(100);
        file.resize(60_000, 0);
        openssl::rand::rand_bytes(&mut file[1100..]).unwrap();
        assert!(!worthwhile(Compression::Auto, &file));
    }

    #[test]
    fn one_judge_judges_any_number_of_files() {
        let mut judge = Judge::new(Compression::Auto);
        let log = b"2026-03-14 09:26:53 recognised yes confidence 0.93\n".repeat(100);
        let mut noise = vec![0; 8192];
        for _ in 0..300 {
            openssl::rand::rand_bytes(&mut noise).unwrap();
            assert!(!judge.worthwhile(&noise));
            assert!(judge.worthwhile(&log));
            assert!(!judge.worthwhile(b"x"));
        }
    }

    #[test]
    fn data_that_does_not_shrink_is_left_as_it_is() {
        let mut noise = vec![0; 8192];
        openssl::rand::rand_bytes(&mut noise).unwrap();
        assert!(!worthwhile(Compression::Auto, &noise));
        assert!(!worthwhile(Compression::Auto, b""));
        assert!(!worthwhile(Compression::Auto, b"short"));
    }
}
