//! How CMS messages name their recipients: by X.509 certificate
//! ([RFC 5652, section 6.2.1](https://www.rfc-editor.org/rfc/rfc5652#section-6.2.1)).

use std::fmt;

use openssl::asn1::Asn1IntegerRef;
use openssl::error::ErrorStack;
use openssl::x509::{X509Name, X509Ref};

use super::x509;

use crate::hex;

/// The issuer of a certificate and its serial number (RFC 5652, section
/// 10.2.4).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IssuerAndSerial {
    issuer: Box<[u8]>,
    serial: Box<[u8]>,
}

impl IssuerAndSerial {
    /// Creates it from a DER-encoded name and the content octets of an INTEGER.
    pub(crate) fn new(issuer: &[u8], serial: &[u8]) -> Self {
        Self {
            issuer: issuer.into(),
            serial: minimal(serial).into(),
        }
    }

    /// Returns those of a certificate.
    pub(crate) fn of(certificate: &X509Ref) -> Result<Self, ErrorStack> {
        let issuer = certificate.issuer_name().to_der()?;
        Ok(Self::new(&issuer, &octets(certificate.serial_number())?))
    }

    /// Returns the issuer's distinguished name, DER-encoded.
    pub(crate) fn issuer_der(&self) -> &[u8] {
        &self.issuer
    }

    /// Returns the content octets of the serial number, as an INTEGER has them.
    pub(crate) fn serial_octets(&self) -> &[u8] {
        &self.serial
    }

    /// Returns the issuer's common name, or all of its name. Not sanitised for
    /// a terminal.
    pub fn issuer(&self) -> String {
        X509Name::from_der(&self.issuer).map_or_else(
            |_| "a name that can't be decoded".into(),
            |n| x509::name(&n),
        )
    }

    /// Returns the serial number in upper-case hexadecimal digits, as
    /// `openssl x509 -serial` shows it.
    pub fn serial(&self) -> String {
        let positive = match &*self.serial {
            [0, rest @ ..] if !rest.is_empty() => rest,
            all => all,
        };
        hex::upper(positive)
    }

    /// Returns whether both name the same certificate: issuers are compared as
    /// names, however they are encoded.
    pub fn names(&self, other: &Self) -> bool {
        if self.serial != other.serial {
            return false;
        }
        if self.issuer == other.issuer {
            return true;
        }
        let names = X509Name::from_der(&self.issuer).and_then(|a| {
            let b = X509Name::from_der(&other.issuer)?;
            Ok(x509::same_name(&a, &b))
        });
        names.unwrap_or(false)
    }
}

impl fmt::Display for IssuerAndSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "serial {} of {}", self.serial(), self.issuer())
    }
}

/// The subject key identifier of a certificate (RFC 5280, section 4.2.1.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectKeyId(Box<[u8]>);

impl SubjectKeyId {
    pub(crate) fn new(octets: &[u8]) -> Self {
        Self(octets.into())
    }
}

impl fmt::Display for SubjectKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::upper(&self.0))
    }
}

/// Returns the content octets of an INTEGER, which is in two's complement.
fn octets(number: &Asn1IntegerRef) -> Result<Vec<u8>, ErrorStack> {
    let number = number.to_bn()?;
    let mut octets = vec![0];
    octets.extend(number.to_vec());
    if number.is_negative() {
        for octet in &mut octets {
            *octet = !*octet;
        }
        for octet in octets.iter_mut().rev() {
            *octet = octet.wrapping_add(1);
            if *octet != 0 {
                break;
            }
        }
    }
    Ok(octets)
}

/// Strips the leading octets that only repeat the sign.
fn minimal(mut octets: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = octets
        && let [second, ..] = rest
        && matches!((*first, second & 0x80), (0, 0) | (0xFF, 0x80))
    {
        octets = rest;
    }
    octets
}

#[cfg(test)]
mod tests {
    use openssl::asn1::Asn1Integer;
    use openssl::bn::BigNum;

    use super::*;

    #[test]
    fn serial_numbers_have_the_octets_of_an_integer() {
        for (number, expected) in [
            ("0", &[0][..]),
            ("7F", &[0x7F]),
            ("80", &[0, 0x80]),
            ("0100", &[1, 0]),
            ("-1", &[0xFF]),
            ("-80", &[0x80]),
            ("-81", &[0xFF, 0x7F]),
            ("-0100", &[0xFF, 0]),
        ] {
            let bn = BigNum::from_hex_str(number).unwrap();
            let integer = Asn1Integer::from_bn(&bn).unwrap();
            assert_eq!(minimal(&octets(&integer).unwrap()), expected, "{number}");
        }
    }

    #[test]
    fn leading_zeros_do_not_change_a_serial_number() {
        let short = IssuerAndSerial::new(b"", &[0x12]);
        assert_eq!(short, IssuerAndSerial::new(b"", &[0, 0, 0x12]));
        assert_ne!(short, IssuerAndSerial::new(b"", &[0xFF, 0x12]));
    }
}
