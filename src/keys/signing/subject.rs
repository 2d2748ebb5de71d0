//! The subjects by which signers are named.

use openssl::asn1::Asn1Object;
use openssl::nid::Nid;
use openssl::x509::X509NameRef;

use super::SignerError;
use crate::keys::forget_openssl_errors;

/// The subject that a signer's certificate must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SubjectName {
    /// This common name, whatever else there is.
    Common(String),
    /// These attributes and no others, in any order.
    Whole(Vec<(String, String)>),
}

impl SubjectName {
    /// Reads a subject as `openssl x509 -subject` shows it: attributes by their
    /// short names, with commas between them. A comma in a value follows a
    /// backslash. A text without `=` is a common name.
    pub fn read(text: &str) -> Result<Self, SignerError> {
        let refused = || SignerError::Subject {
            subject: text.to_owned(),
        };
        if !text.contains('=') {
            let name = text.trim();
            return match name {
                "" => Err(refused()),
                _ => Ok(Self::Common(name.to_owned())),
            };
        }
        let mut attributes = Vec::new();
        for part in parts(text) {
            let (key, value) = part.split_once('=').ok_or_else(refused)?;
            let kind = kind(key.trim()).ok_or_else(refused)?;
            match value.trim() {
                "" => return Err(refused()),
                value => attributes.push((kind, value.to_owned())),
            }
        }
        attributes.sort();
        Ok(Self::Whole(attributes))
    }

    /// Returns whether a certificate has that subject. Upper and lower case
    /// differ.
    pub fn fits(&self, subject: &X509NameRef) -> bool {
        // An attribute that has no name or no text can't be compared.
        let Some(mut attributes) = attributes(subject) else {
            return false;
        };
        match self {
            Self::Common(name) => {
                let mut names = attributes.iter().filter(|(kind, _)| kind == "CN");
                match (names.next(), names.next()) {
                    (Some((_, only)), None) => only == name,
                    _ => false,
                }
            }
            Self::Whole(wanted) => {
                attributes.sort();
                attributes == *wanted
            }
        }
    }
}

fn attributes(subject: &X509NameRef) -> Option<Vec<(String, String)>> {
    let attributes = subject.entries().map(|entry| {
        let kind = entry.object().nid().short_name().ok()?;
        let value = entry.data().to_string().ok()?;
        Some((kind.to_owned(), value))
    });
    attributes.collect()
}

/// Returns the short name of an attribute, which may be written in lower case
/// or in full.
fn kind(text: &str) -> Option<String> {
    let texts = [text.to_owned(), text.to_ascii_uppercase()];
    let mut kinds = texts.iter().filter_map(|text| {
        // The crate panics on a text that can't be a C string.
        let text = text.as_str();
        let object = (!text.contains('\0')).then(|| Asn1Object::from_str(text).ok())?;
        object.map(|object| object.nid())
    });
    let kind = kinds.find(|kind| *kind != Nid::UNDEF);
    forget_openssl_errors();
    kind?.short_name().ok().map(str::to_owned)
}

/// Splits a text at its commas, and drops the backslashes.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ',' => parts.push(String::new()),
            letter => {
                let letter = match letter {
                    '\\' => letters.next(),
                    other => Some(other),
                };
                if let Some(part) = parts.last_mut() {
                    part.extend(letter);
                }
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use openssl::x509::{X509Name, X509NameBuilder};

    use super::*;

    fn name(attributes: &[(Nid, &str)]) -> X509Name {
        let mut name = X509NameBuilder::new().unwrap();
        for (kind, text) in attributes {
            name.append_entry_by_nid(*kind, text).unwrap();
        }
        name.build()
    }

    #[track_caller]
    fn fits(text: &str, name: &X509Name) -> bool {
        SubjectName::read(text).unwrap().fits(name)
    }

    #[test]
    fn a_whole_subject_fits_in_any_order_and_with_nothing_left_over() {
        let subject = name(&[
            (Nid::COUNTRYNAME, "US"),
            (Nid::ORGANIZATIONNAME, "Acme, Inc."),
            (Nid::COMMONNAME, "ivr-1"),
        ]);
        assert!(fits(r"C = US, O = Acme\, Inc., CN = ivr-1", &subject));
        assert!(fits(r"cn=ivr-1,o=Acme\, Inc.,c=US", &subject));
        let long = r"commonName=ivr-1, organizationName=Acme\, Inc., countryName=US";
        assert!(fits(long, &subject));
        assert!(!fits("CN=ivr-1, C=US", &subject));
        assert!(!fits(r"CN=ivr-1, O=Acme\, Inc., C=US, OU=x", &subject));
        assert!(!fits(r"CN=ivr-2, O=Acme\, Inc., C=US", &subject));
        assert!(!fits(r"CN=IVR-1, O=Acme\, Inc., C=US", &subject));
        assert!(!fits("CN=ivr-1", &subject));
    }

    #[test]
    fn a_common_name_alone_fits_the_only_one() {
        let organization = (Nid::ORGANIZATIONNAME, "Acme");
        let subject = name(&[organization, (Nid::COMMONNAME, "ivr-1")]);
        assert!(fits("ivr-1", &subject));
        assert!(!fits("ivr-10", &subject));
        assert!(!fits("Acme", &subject));
        let both = name(&[(Nid::COMMONNAME, "ivr-1"), (Nid::COMMONNAME, "ivr-2")]);
        assert!(!fits("ivr-1", &both));
        assert!(!fits("ivr-2", &both));
    }

    /// Cut off at the zero it'd be somebody else's.
    #[test]
    fn a_zero_in_a_name_belongs_to_it() {
        let subject = name(&[(Nid::COMMONNAME, "ivr-1\0.evil")]);
        assert!(!fits("ivr-1", &subject));
    }

    #[test]
    fn a_text_that_is_no_subject_is_refused() {
        for text in [
            "",
            "  ",
            "=x",
            "CN=",
            "CN=a,",
            "CN=a,b",
            ",CN=a",
            "/O=Acme/CN=a",
            "X=a",
            "C\0N=a",
        ] {
            assert!(SubjectName::read(text).is_err(), "{text}");
        }
    }
}
