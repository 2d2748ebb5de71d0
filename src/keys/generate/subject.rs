//! The subject of a certificate.

use std::collections::BTreeMap;

use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::x509::{X509Name, X509NameBuilder};
use thiserror::Error;

/// One attribute of a subject. The attributes are in their order in a subject,
/// from the largest to the smallest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attribute {
    /// C
    Country,
    /// ST
    State,
    /// L
    Locality,
    /// O
    Organization,
    /// OU
    OrganizationalUnit,
    /// CN
    CommonName,
}

impl Attribute {
    fn field(self) -> &'static str {
        match self {
            Self::Country => "country (C)",
            Self::State => "state (ST)",
            Self::Locality => "locality (L)",
            Self::Organization => "organization (O)",
            Self::OrganizationalUnit => "organizational unit (OU)",
            Self::CommonName => "common name (CN)",
        }
    }

    fn nid(self) -> Nid {
        match self {
            Self::Country => Nid::COUNTRYNAME,
            Self::State => Nid::STATEORPROVINCENAME,
            Self::Locality => Nid::LOCALITYNAME,
            Self::Organization => Nid::ORGANIZATIONNAME,
            Self::OrganizationalUnit => Nid::ORGANIZATIONALUNITNAME,
            Self::CommonName => Nid::COMMONNAME,
        }
    }

    /// Returns the upper bound, in characters (RFC 5280, appendix A.1).
    fn room(self) -> usize {
        match self {
            Self::Country => 2,
            Self::State | Self::Locality => 128,
            Self::Organization | Self::OrganizationalUnit | Self::CommonName => 64,
        }
    }
}

/// The subject of a certificate or signing request: the distinguished name.
#[derive(Clone, Debug)]
pub struct Subject(BTreeMap<Attribute, String>);

impl Subject {
    /// Creates a subject with only a common name.
    ///
    /// # Errors
    ///
    /// The name isn't allowed in a certificate.
    pub fn new(common_name: &str) -> Result<Self, SubjectError> {
        let mut subject = Self(BTreeMap::new());
        subject.set(Attribute::CommonName, common_name)?;
        Ok(subject)
    }

    /// Sets an attribute.
    ///
    /// # Errors
    ///
    /// The text isn't allowed in a certificate.
    pub fn set(&mut self, attribute: Attribute, text: &str) -> Result<(), SubjectError> {
        let fault = text_fault(text).or_else(|| match attribute {
            Attribute::Country if text.len() != 2 || !is_alphabetic(text) => {
                Some(SubjectFault::NotACountry)
            }
            _ if text.chars().count() > attribute.room() => {
                Some(SubjectFault::TooLong(attribute.room()))
            }
            _ => None,
        });
        if let Some(fault) = fault {
            let field = attribute.field();
            return Err(SubjectError { field, fault });
        }
        self.0.insert(attribute, text.to_owned());
        Ok(())
    }

    pub(super) fn x509_name(&self) -> Result<X509Name, ErrorStack> {
        let mut name = X509NameBuilder::new()?;
        for (attribute, text) in &self.0 {
            name.append_entry_by_nid(attribute.nid(), text)?;
        }
        Ok(name.build())
    }
}

const USER_ID: &str = "user ID";

/// The user ID of an OpenPGP certificate.
#[derive(Clone, Debug)]
pub struct UserId(String);

impl UserId {
    /// Takes a name, optionally with a mail address: `Ann <ann@example.org>`.
    ///
    /// # Errors
    ///
    /// The text isn't a valid user ID.
    pub fn new(text: &str) -> Result<Self, SubjectError> {
        match text_fault(text) {
            None => Ok(Self(text.to_owned())),
            Some(fault) => Err(SubjectError {
                field: USER_ID,
                fault,
            }),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that isn't allowed in a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the {field} {fault}")]
pub struct SubjectError {
    /// The field that it was meant for.
    pub field: &'static str,
    /// The cause.
    pub fault: SubjectFault,
}

impl SubjectError {
    /// Returns whether the text was meant to name the key's owner.
    #[doc(hidden)]
    pub fn is_of_owner(&self) -> bool {
        self.field == USER_ID || self.field == Attribute::CommonName.field()
    }
}

/// A fault of a text for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SubjectFault {
    /// The text is empty.
    #[error("is empty")]
    Empty,
    /// It is longer than certificates allow.
    #[error("is longer than {0} characters")]
    TooLong(usize),
    /// It has a line end or another invisible character.
    #[error("has a control character in it")]
    ControlCharacter,
    /// It isn't a country code of ISO 3166.
    #[error("is not two letters")]
    NotACountry,
}

fn text_fault(text: &str) -> Option<SubjectFault> {
    if text.trim().is_empty() {
        return Some(SubjectFault::Empty);
    }
    text.chars()
        .any(char::is_control)
        .then_some(SubjectFault::ControlCharacter)
}

fn is_alphabetic(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unfit_texts_are_refused_with_the_name_of_the_field() {
        let mut subject = Subject::new(&"ü".repeat(64)).unwrap();
        for (attribute, text, says) in [
            (
                Attribute::CommonName,
                "x".repeat(65),
                "(CN) is longer than 64",
            ),
            (
                Attribute::Organization,
                "x".repeat(65),
                "(O) is longer than 64",
            ),
            (
                Attribute::OrganizationalUnit,
                "x".repeat(65),
                "(OU) is longer",
            ),
            (
                Attribute::Locality,
                "x".repeat(129),
                "(L) is longer than 128",
            ),
            (Attribute::State, "x".repeat(129), "(ST) is longer than 128"),
            (Attribute::Country, "USA".into(), "(C) is not two letters"),
            (Attribute::Country, "ü".into(), "(C) is not two letters"),
            (Attribute::Country, "1x".into(), "(C) is not two letters"),
            (Attribute::Locality, " ".into(), "(L) is empty"),
            (Attribute::State, "a\nb".into(), "(ST) has a control"),
        ] {
            let error = subject.set(attribute, &text).unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
        }
        subject.set(Attribute::State, &"x".repeat(128)).unwrap();
        assert!(subject.x509_name().is_ok());
    }
}
