//! Changes to an original, described by the bytes of an input.
//!
//! One change is an octet for its kind, two for a place, and what the kind
//! takes: so libFuzzer's own mutations of the input make small changes to
//! large originals, checksums and all.

/// More changes would only make garbage.
const MOST: usize = 64;

/// A longer result teaches nothing.
const LONGEST: usize = 1 << 18;

struct Edits<'a>(&'a [u8]);

impl Edits<'_> {
    fn octet(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// Returns a place between the bytes of something of this length.
    fn place(&mut self, length: usize) -> Option<usize> {
        let place = u16::from_le_bytes([self.octet()?, self.octet()?]);
        Some(usize::from(place) % (length + 1))
    }

    /// Returns some bytes from one of the sources.
    fn copied(&mut self, sources: &[&[u8]]) -> Option<Vec<u8>> {
        let source = sources[usize::from(self.octet()?) % sources.len()];
        let from = self.place(source.len())?;
        let to = self.place(source.len())?;
        source.get(from..to).map(<[u8]>::to_vec)
    }

    fn given(&mut self) -> Option<Vec<u8>> {
        let length = usize::from(self.octet()? % 64).min(self.0.len());
        let (given, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(given.to_vec())
    }
}

/// Returns the changed original; the changes may copy from `sources`.
pub fn edited(original: &[u8], edits: &[u8], sources: &[&[u8]]) -> Vec<u8> {
    let mut edits = Edits(edits);
    let mut bytes = original.to_vec();
    for _ in 0..MOST {
        if bytes.len() > LONGEST || change(&mut bytes, &mut edits, sources).is_none() {
            break;
        }
    }
    bytes
}

/// Makes the next change. `None` if the edits are used up.
fn change(bytes: &mut Vec<u8>, edits: &mut Edits<'_>, sources: &[&[u8]]) -> Option<()> {
    let kind = edits.octet()?;
    let at = edits.place(bytes.len())?;
    match kind % 8 {
        0 => {
            let value = edits.octet()?;
            bytes.iter_mut().skip(at).take(1).for_each(|b| *b = value);
        }
        1 => {
            let bits = edits.octet()?;
            bytes.iter_mut().skip(at).take(1).for_each(|b| *b ^= bits);
        }
        2 => {
            let to = (at + usize::from(edits.octet()?)).min(bytes.len());
            bytes.drain(at..to);
        }
        3 => {
            let to = edits.place(bytes.len())?;
            bytes.drain(at.min(to)..at.max(to));
        }
        4 => {
            bytes.splice(at..at, edits.given()?);
        }
        5 => {
            let given = edits.given()?;
            let to = (at + given.len()).min(bytes.len());
            bytes.splice(at..to, given);
        }
        6 => {
            let copied = edits.copied(sources)?;
            bytes.splice(at..at, copied);
        }
        _ => {
            let copied = edits.copied(sources)?;
            let to = (at + copied.len()).min(bytes.len());
            bytes.splice(at..to, copied);
        }
    }
    Some(())
}
