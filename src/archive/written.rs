//! The members that were written, until the central directory is.

use std::io;

use super::encode::Stored;

/// The facts of the members of one archive, in little memory: some 15 bytes for
/// each, where a header of the central directory takes 60 and the name.
///
/// Of a name it holds what differs from the name before, of a number what
/// differs from the number before, in as few octets as it needs.
#[derive(Default)]
pub(super) struct WrittenMembers {
    bytes: Vec<u8>,
    count: u64,
    last: Last,
}

/// What the next member is compared with.
#[derive(Default)]
struct Last {
    name: Vec<u8>,
    modified: i64,
    offset: u64,
}

impl WrittenMembers {
    /// Returns their number.
    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn push(&mut self, member: &Stored) {
        let (last, out) = (&mut self.last, &mut self.bytes);
        let name = member.name.as_slice();
        let start = in_common(name.iter(), last.name.iter());
        let (_, rest) = name.split_at(start);
        let (_, last_rest) = last.name.split_at(start);
        let end = in_common(rest.iter().rev(), last_rest.iter().rev());
        let (middle, _) = rest.split_at(rest.len().saturating_sub(end));
        for length in [start, middle.len(), end] {
            push_number(out, length as u64);
        }
        out.extend_from_slice(middle);
        out.extend_from_slice(&member.crc.to_le_bytes());
        let later = member.modified.wrapping_sub(last.modified);
        // The sign goes to the lowest bit, so that small numbers stay short.
        push_number(out, (later.wrapping_shl(1) ^ (later >> 63)).cast_unsigned());
        push_number(out, member.offset.wrapping_sub(last.offset));
        push_number(out, member.size);
        out.push(member.zip64.into());
        last.name.clear();
        last.name.extend_from_slice(name);
        last.modified = member.modified;
        last.offset = member.offset;
        self.count = self.count.saturating_add(1);
    }

    /// Shows the members to `see`, in their order.
    pub fn for_each(&self, mut see: impl FnMut(&Stored) -> io::Result<()>) -> io::Result<()> {
        let mut rest = self.bytes.as_slice();
        let mut last = Last::default();
        while !rest.is_empty() {
            let member = take_member(&mut rest, &last)
                .ok_or_else(|| io::Error::other("the list of written members is damaged"))?;
            see(&member)?;
            last = Last {
                modified: member.modified,
                offset: member.offset,
                name: member.name,
            };
        }
        Ok(())
    }
}

/// Takes the next member off the front; `None` if it isn't as it was pushed.
fn take_member(rest: &mut &[u8], last: &Last) -> Option<Stored> {
    let mut length = || usize::try_from(take_number(rest)?).ok();
    let [start, middle, end] = [length()?, length()?, length()?];
    let mut name = last.name.get(..start)?.to_vec();
    name.extend_from_slice(take(rest, middle)?);
    let end_at = last.name.len().checked_sub(end)?;
    name.extend_from_slice(last.name.get(end_at..)?);
    let (crc, after) = rest.split_first_chunk()?;
    *rest = after;
    let later = take_number(rest)?;
    let later = (later >> 1).cast_signed() ^ -((later & 1).cast_signed());
    Some(Stored {
        name,
        modified: last.modified.wrapping_add(later),
        crc: u32::from_le_bytes(*crc),
        offset: last.offset.wrapping_add(take_number(rest)?),
        size: take_number(rest)?,
        zip64: take(rest, 1)? == [1],
    })
}

/// Returns how many items two sequences begin with in common.
fn in_common<T: PartialEq>(one: impl Iterator<Item = T>, other: impl Iterator<Item = T>) -> usize {
    one.zip(other)
        .take_while(|(one, other)| one == other)
        .count()
}

/// Appends a number, 7 bits in each octet, the low ones first.
fn push_number(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            out.push(low & 0x7F);
            return;
        }
        out.push(low | 0x80);
    }
}

fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (octet, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(octet & 0x7F) << shift;
        if octet & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(count)?;
    *rest = after;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Facts = (Vec<u8>, i64, u32, u64, u64, bool);

    fn facts(member: &Stored) -> Facts {
        let name = member.name.clone();
        let Stored {
            modified,
            crc,
            size,
            offset,
            zip64,
            ..
        } = *member;
        (name, modified, crc, size, offset, zip64)
    }

    fn stored((name, modified, crc, size, offset, zip64): Facts) -> Stored {
        Stored {
            name,
            modified,
            crc,
            size,
            offset,
            zip64,
        }
    }

    fn again(members: &[Facts]) -> (Vec<Facts>, usize) {
        let mut written = WrittenMembers::default();
        for member in members {
            written.push(&stored(member.clone()));
        }
        assert_eq!(written.count(), members.len() as u64);
        let mut seen = Vec::new();
        let all = written.for_each(|member| {
            seen.push(facts(member));
            Ok(())
        });
        all.unwrap();
        (seen, written.bytes.len())
    }

    proptest! {
        #[test]
        fn members_come_back_as_they_were(
            members: Vec<(String, i64, u32, u64, u64, bool)>,
            similar in proptest::collection::vec("[ab]{0,6}", 0..20),
        ) {
            let similar = similar.into_iter().map(|name| (name, 1, 2, 3, 4, false));
            let members = members.into_iter().chain(similar);
            let members: Vec<Facts> = members
                .map(|(name, a, b, c, d, e)| (name.into_bytes(), a, b, c, d, e))
                .collect();
            prop_assert_eq!(again(&members).0, members);
        }
    }

    #[test]
    fn a_member_among_similar_ones_takes_few_bytes() {
        let member = |i: u64| {
            let name = format!("calls/d{:04}/call{i:06}.callsre.pgp", i / 1000);
            (
                name.into_bytes(),
                1_800_000_000 + i as i64,
                u32::MAX,
                700,
                i * 800,
                false,
            )
        };
        let members: Vec<Facts> = (0..2000).map(member).collect();
        let (seen, bytes) = again(&members);
        assert_eq!(seen, members);
        assert!(bytes < 2000 * 17, "{bytes}");
    }
}
