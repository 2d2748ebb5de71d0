//! The line ends of text as it is signed.

/// Text in which every line ends with CR LF, as signatures of text take it
/// ([RFC 9580, section 5.2.4](https://www.rfc-editor.org/rfc/rfc9580#section-5.2.4)).
/// A CR alone is no line end here, nor is it one for
/// [`NativeLines`](super::native_lines::NativeLines): two texts that are equal
/// in this form are equal as they are written to a file.
#[derive(Clone, Debug, Default)]
pub(super) struct CanonicalLines {
    is_after_cr: bool,
}

impl CanonicalLines {
    /// Hands on the next piece of the text.
    pub fn push(&mut self, piece: &[u8], mut hand_on: impl FnMut(&[u8])) {
        let mut start = 0;
        for (place, octet) in piece.iter().enumerate() {
            if *octet == b'\n' && !self.is_after_cr {
                hand_on(piece.get(start..place).unwrap_or_default());
                hand_on(b"\r");
                start = place;
            }
            self.is_after_cr = *octet == b'\r';
        }
        hand_on(piece.get(start..).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use proptest::prelude::*;

    use super::super::native_lines::NativeLines;
    use super::*;

    fn canonical(text: &[u8], piece: usize) -> Vec<u8> {
        let mut lines = CanonicalLines::default();
        let mut canonical = Vec::new();
        for piece in text.chunks(piece) {
            lines.push(piece, |octets| canonical.extend_from_slice(octets));
        }
        canonical
    }

    fn native(text: &[u8]) -> Vec<u8> {
        let mut native = Vec::new();
        NativeLines::new(text).read_to_end(&mut native).unwrap();
        native
    }

    #[test]
    fn every_line_ends_with_cr_lf_once() {
        assert_eq!(canonical(b"a\nb\r\nc\rd\n\n", 3), b"a\r\nb\r\nc\rd\r\n\r\n");
    }

    proptest! {
        #[test]
        fn what_is_signed_as_the_same_text_is_written_as_the_same_file(
            text in "[\r\na]{0,48}", piece in 1_usize..9
        ) {
            let signed = canonical(text.as_bytes(), piece);
            prop_assert_eq!(&signed, &canonical(text.as_bytes(), 100));
            prop_assert_eq!(native(&signed), native(text.as_bytes()));
        }
    }
}
