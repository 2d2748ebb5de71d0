//! Hexadecimal digits.

use std::fmt::Write;

/// Returns two lower-case digits for each octet.
pub(crate) fn lower(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut digits, octet| {
        // Writing to a string doesn't fail.
        let _ = write!(digits, "{octet:02x}");
        digits
    })
}

/// Returns two upper-case digits for each octet.
pub(crate) fn upper(octets: &[u8]) -> String {
    lower(octets).to_ascii_uppercase()
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
}
