//! Certification of a new key: a self-signed certificate, or a request to a CA.

use std::time::{SystemTime, UNIX_EPOCH};

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::stack::Stack;
use openssl::x509::extension::{
    BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier,
};
use openssl::x509::{X509Builder, X509Extension, X509ReqBuilder};

use super::{GenerateError, KeyPurpose, Kind, NewKey, Subject, by_openssl};

/// Version 3 of X.509 and version 1 of PKCS#10, which both count from 0.
const X509_V3: i32 = 2;
const PKCS10_V1: i32 = 0;

const DAY: i64 = 24 * 60 * 60;

impl NewKey {
    /// Makes a self-signed certificate over the key as PEM. It is valid for
    /// that many days from `at` on, for its purpose alone.
    ///
    /// # Errors
    ///
    /// OpenSSL fails, for example for times after the year 9999.
    pub fn certificate(
        &self,
        subject: &Subject,
        at: SystemTime,
        days: u32,
    ) -> Result<Vec<u8>, GenerateError> {
        by_openssl(|| {
            let mut certificate = X509Builder::new()?;
            certificate.set_version(X509_V3)?;
            let number = serial_number()?;
            certificate.set_serial_number(&number)?;
            let name = subject.x509_name()?;
            certificate.set_subject_name(&name)?;
            certificate.set_issuer_name(&name)?;
            let start = seconds(at);
            let end = start.saturating_add(DAY * i64::from(days));
            let (start, end) = (Asn1Time::from_unix(start)?, Asn1Time::from_unix(end)?);
            certificate.set_not_before(&start)?;
            certificate.set_not_after(&end)?;
            certificate.set_pubkey(&self.key)?;
            let mut constraints = BasicConstraints::new();
            let constraints = constraints.critical().build()?;
            certificate.append_extension2(&constraints)?;
            for usage in self.usages()? {
                certificate.append_extension2(&usage)?;
            }
            let identifier = {
                let context = certificate.x509v3_context(None, None);
                SubjectKeyIdentifier::new().build(&context)?
            };
            certificate.append_extension2(&identifier)?;
            certificate.sign(&self.key, self.hash())?;
            certificate.build().to_pem()
        })
    }

    /// Makes a certificate signing request (PKCS#10) for the key as PEM.
    ///
    /// # Errors
    ///
    /// OpenSSL fails.
    pub fn signing_request(&self, subject: &Subject) -> Result<Vec<u8>, GenerateError> {
        by_openssl(|| {
            let mut request = X509ReqBuilder::new()?;
            request.set_version(PKCS10_V1)?;
            let name = subject.x509_name()?;
            request.set_subject_name(&name)?;
            request.set_pubkey(&self.key)?;
            let mut extensions = Stack::new()?;
            for usage in self.usages()? {
                extensions.push(usage)?;
            }
            request.add_extensions(&extensions)?;
            request.sign(&self.key, self.hash())?;
            request.build().to_pem()
        })
    }

    /// Returns the key usage (RFC 5280, section 4.2.1.3): the key decrypts
    /// session keys, or agrees on the key that does, or it signs. Signers of CMS
    /// have an extended one (section 4.2.1.12).
    fn usages(&self) -> Result<Vec<X509Extension>, ErrorStack> {
        let mut usage = KeyUsage::new();
        usage.critical();
        match (self.purpose, self.kind) {
            (KeyPurpose::Sign, _) => usage.digital_signature(),
            (KeyPurpose::Open, Kind::Rsa { .. }) => usage.key_encipherment(),
            (KeyPurpose::Open, Kind::Ec(_)) => usage.key_agreement(),
        };
        let mut usages = vec![usage.build()?];
        if self.purpose == KeyPurpose::Sign {
            usages.push(ExtendedKeyUsage::new().email_protection().build()?);
        }
        Ok(usages)
    }

    /// Returns a hash no weaker than the key.
    fn hash(&self) -> MessageDigest {
        match self.kind {
            Kind::Ec(Nid::SECP384R1) => MessageDigest::sha384(),
            Kind::Ec(Nid::SECP521R1) => MessageDigest::sha512(),
            _ => MessageDigest::sha256(),
        }
    }
}

/// Returns a serial number: random, positive and of at most 20 octets (RFC
/// 5280, section 4.1.2.2).
fn serial_number() -> Result<Asn1Integer, ErrorStack> {
    let mut number = BigNum::new()?;
    number.rand(127, MsbOption::ONE, false)?;
    number.to_asn1_integer()
}

fn seconds(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::KeyKind;
    use super::*;
    use openssl::x509::X509;
    use std::time::Duration;

    fn made(at: u64, days: u32) -> X509 {
        let key = NewKey::generate(KeyKind::P256, KeyPurpose::Open).unwrap();
        let subject = Subject::new("a").unwrap();
        let at = UNIX_EPOCH + Duration::from_secs(at);
        let pem = key.certificate(&subject, at, days).unwrap();
        X509::from_pem(&pem).unwrap()
    }

    #[test]
    fn a_certificate_is_valid_from_the_given_time_for_the_given_days() {
        // The form of the dates changes with the year 2050.
        for (at, days, from, until) in [
            (
                1_790_000_000,
                730,
                "Sep 21 14:13:20 2026 GMT",
                "Sep 20 14:13:20 2028 GMT",
            ),
            (
                2_524_607_999,
                1,
                "Dec 31 23:59:59 2049 GMT",
                "Jan  1 23:59:59 2050 GMT",
            ),
            (
                1_790_000_000,
                36_500,
                "Sep 21 14:13:20 2026 GMT",
                "Aug 28 14:13:20 2126 GMT",
            ),
            (0, 1, "Jan  1 00:00:00 1970 GMT", "Jan  2 00:00:00 1970 GMT"),
        ] {
            let certificate = made(at, days);
            assert_eq!(certificate.not_before().to_string(), from);
            assert_eq!(certificate.not_after().to_string(), until);
        }
    }

    #[test]
    fn serial_numbers_are_positive_long_and_unique() {
        let numbers: std::collections::BTreeSet<Vec<u8>> = (0..50)
            .map(|_| serial_number().unwrap().to_bn().unwrap())
            .inspect(|number| assert!(!number.is_negative() && number.num_bits() == 127))
            .map(|number| number.to_vec())
            .collect();
        assert_eq!(numbers.len(), 50);
    }
}
