//! Hexadecimal digits.

/// Returns two lower-case digits for each octet.
pub(crate) fn lower(octets: &[u8]) -> String {
    let mut digits = String::with_capacity(2 * octets.len());
    push(octets, b'a', &mut digits);
    digits
}

/// Returns two upper-case digits for each octet.
pub(crate) fn upper(octets: &[u8]) -> String {
    let mut digits = String::with_capacity(2 * octets.len());
    push_upper(octets, &mut digits);
    digits
}

/// Appends two upper-case digits for each octet.
pub(crate) fn push_upper(octets: &[u8], digits: &mut String) {
    push(octets, b'A', digits);
}

fn push(octets: &[u8], ten: u8, digits: &mut String) {
    let digit = |value: u8| match value {
        0..=9 => char::from(b'0' + value),
        _ => char::from(ten + value - 10),
    };
    digits.extend(
        octets
            .iter()
            .flat_map(|octet| [digit(octet >> 4), digit(octet & 0x0F)]),
    );
}

/// Reads exactly as many octets as there is room for, from digits of either
/// case.
pub(crate) fn read(digits: &str, octets: &mut [u8]) -> Option<()> {
    let value = |digit: &u8| char::from(*digit).to_digit(16);
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else {
        return None;
    };
    if pairs.len() != octets.len() {
        return None;
    }
    for ([high, low], octet) in pairs.iter().zip(octets) {
        *octet = u8::try_from(value(high)? << 4 | value(low)?).ok()?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_octet_has_two_digits() {
        assert_eq!(lower(&[0, 0xAB, 0x0F]), "00ab0f");
        assert_eq!(upper(&[0, 0xAB, 0x0F]), "00AB0F");
        assert_eq!(lower(&[]), "");
    }

    #[test]
    fn digits_of_either_case_are_read_and_nothing_else() {
        let mut octets = [0; 3];
        assert_eq!(read("00aB0F", &mut octets), Some(()));
        assert_eq!(octets, [0, 0xAB, 0x0F]);
        for wrong in [
            "", "00aB0", "00aB0F0", "00aB0F00", "00aB0G", "+0aB0F", "00aBé",
        ] {
            assert_eq!(read(wrong, &mut octets), None, "{wrong}");
        }
    }
}
