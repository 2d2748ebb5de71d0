//! The keys of whoever is taken out.

use std::path::Path;

use callseal::keys::{KeyHandle, Recipient, RecipientError};

use super::super::error::Error;
use super::super::failure::Failure;

/// Returns whatever a message may name a certificate by, or the key with that fingerprint.
pub fn of(given: &str) -> Result<Vec<KeyHandle>, Failure> {
    let path = Path::new(given);
    if !path.exists() && is_hexadecimal(given) {
        return match KeyHandle::parse(digits(given)) {
            Some(handle) => Ok(vec![handle]),
            None => Err(Failure::usage(
                format!("{given}: no such file, and no fingerprint"),
                "a fingerprint has 40 or 64 hexadecimal digits, a key ID 16; `callseal list ARCHIVE` shows those of the recipients, and `callseal inspect CERT` those of a certificate",
            )),
        };
    }
    let found = Recipient::load_any_age(path).map_err(|refusal| {
        let path = path.to_owned();
        Error::from(RecipientError::Refused { path, refusal })
    })?;
    Ok(found.iter().flat_map(Recipient::handles).collect())
}

/// Returns a fingerprint as other programs write it without what they put in
/// front of it.
fn digits(given: &str) -> &str {
    let digits = given.strip_prefix("0x");
    digits.or(given.strip_prefix("0X")).unwrap_or(given)
}

/// Returns whether a text is rather a fingerprint, or a part of one, than the name
/// of a file.
fn is_hexadecimal(given: &str) -> bool {
    let digits = digits(given);
    let is_digit = |c: char| c.is_ascii_hexdigit();
    digits.contains(is_digit) && digits.chars().all(|c| is_digit(c) || c == ' ' || c == ':')
}
