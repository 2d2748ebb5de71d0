//! Whether a file is worth compressing.

use std::io::Write;

use flate2::write::DeflateEncoder;

use crate::options::Compression;

/// How hard Deflate tries, of 0 to 9. Call logs shrink nearly as much at 4 as
/// at 6, in half the time.
pub(super) const LEVEL: flate2::Compression = flate2::Compression::new(4);

/// How much of a file's start is looked at: 32 KiB, the window of Deflate.
const SAMPLE: usize = 32 * 1024;

/// Whether to compress the file that starts with `head`.
///
/// On its own judgement callseal compresses what shrinks by a fifth or more,
/// but never audio: what a recording's size tells is its length already, and
/// how well speech compresses tells of its content.
pub(super) fn worthwhile(choice: Compression, head: &[u8]) -> bool {
    match choice {
        Compression::None => false,
        Compression::Deflate => true,
        Compression::Auto => {
            let sample = head.get(..SAMPLE).unwrap_or(head);
            !is_audio(sample) && shrinks(sample)
        }
    }
}

fn shrinks(sample: &[u8]) -> bool {
    let mut encoder = DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    let compressed = encoder.write_all(sample).and_then(|()| encoder.finish());
    // 32 KiB times 4: no overflow.
    compressed.is_ok_and(|compressed| compressed.len() * 5 < sample.len() * 4)
}

/// Whether the file starts as one of the usual audio formats.
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
    fn what_does_not_shrink_is_left_as_it_is() {
        let mut noise = vec![0; 8192];
        openssl::rand::rand_bytes(&mut noise).unwrap();
        assert!(!worthwhile(Compression::Auto, &noise));
        assert!(!worthwhile(Compression::Auto, b""));
        assert!(!worthwhile(Compression::Auto, b"short"));
    }
}
