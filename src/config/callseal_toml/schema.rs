//! The shape of `callseal.toml`, each value with its place.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use toml::Spanned;

/// The file, before it is checked.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    pub default_profile: Option<Spanned<String>>,
    pub keys: Vec<Spanned<String>>,
    pub sign: Option<Spanned<Paths>>,
    pub compress: Option<Spanned<String>>,
    pub format: Option<Spanned<String>>,
    pub index: Option<Spanned<String>>,
    pub min_rsa_bits: Option<Spanned<i64>>,
    pub metrics_file: Option<Spanned<String>>,
    pub profiles: BTreeMap<String, Spanned<Profile>>,
    pub watch: Vec<Spanned<Watch>>,
}

/// One `[profiles.NAME]`.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Profile {
    pub recipients: Option<Spanned<Vec<Spanned<RecipientEntry>>>>,
    pub trust: Option<Spanned<String>>,
    pub ca_file: Option<Spanned<OneOrMany>>,
    pub crl_file: Option<Spanned<OneOrMany>>,
    pub signers: Option<Spanned<Vec<Spanned<SignerEntry>>>>,
    pub require_signature: Option<Spanned<bool>>,
    pub signing_time: Option<Spanned<String>>,
}

/// One `[[watch]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Watch {
    pub name: Spanned<String>,
    pub spool: Spanned<String>,
    pub outbox: Spanned<String>,
    pub profile: Option<Spanned<String>>,
    pub include: Option<Spanned<OneOrMany>>,
    pub exclude: Option<Spanned<OneOrMany>>,
    pub settle: Option<Spanned<String>>,
    pub grace: Option<Spanned<String>>,
    pub then: Option<Spanned<ThenEntry>>,
    pub bundle: Option<Spanned<BundleEntry>>,
    pub sign: Option<Spanned<Paths>>,
}

/// The value of `then`.
pub(super) enum ThenEntry {
    Word(String),
    Move(MoveTable),
}

/// `{ move = "…" }`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MoveTable {
    #[serde(rename = "move")]
    pub to: Spanned<String>,
}

/// The value of `bundle`.
pub(super) enum BundleEntry {
    Word(String),
    Number(i64),
}

/// One entry of `recipients`.
pub(super) enum RecipientEntry {
    /// The path of a certificate.
    Certificate(String),
    /// A party with certificates of several ages.
    Party(PartyTable),
}

/// `{ name = "…", certificates = […] }`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartyTable {
    pub name: String,
    pub certificates: Spanned<OneOrMany>,
    pub fingerprint: Option<Spanned<OneOrMany>>,
}

/// One entry of `signers`.
pub(super) enum SignerEntry {
    /// A fingerprint, or the path of a certificate.
    Name(String),
    /// The subject of a certificate.
    Subject(SubjectTable),
}

/// `{ subject = "…" }`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SubjectTable {
    pub subject: String,
}

/// A string, or a list of them.
pub(super) struct OneOrMany(pub Vec<String>);

/// A path, or a list of them, each with its place.
pub(super) enum Paths {
    One(String),
    Many(Vec<Spanned<String>>),
}

impl<'de> Deserialize<'de> for RecipientEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Kinds;
        impl<'de> Visitor<'de> for Kinds {
            type Value = RecipientEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a certificate's path, or a table with name and certificates")
            }

            fn visit_str<E>(self, path: &str) -> Result<RecipientEntry, E> {
                Ok(RecipientEntry::Certificate(path.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RecipientEntry, A::Error> {
                PartyTable::deserialize(MapAccessDeserializer::new(map)).map(RecipientEntry::Party)
            }
        }
        deserializer.deserialize_any(Kinds)
    }
}

impl<'de> Deserialize<'de> for SignerEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Kinds;
        impl<'de> Visitor<'de> for Kinds {
            type Value = SignerEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a fingerprint, a certificate's path, or a table with a subject")
            }

            fn visit_str<E>(self, name: &str) -> Result<SignerEntry, E> {
                Ok(SignerEntry::Name(name.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SignerEntry, A::Error> {
                SubjectTable::deserialize(MapAccessDeserializer::new(map)).map(SignerEntry::Subject)
            }
        }
        deserializer.deserialize_any(Kinds)
    }
}

impl<'de> Deserialize<'de> for ThenEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Kinds;
        impl<'de> Visitor<'de> for Kinds {
            type Value = ThenEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(r#""delete", or a table with move"#)
            }

            fn visit_str<E>(self, word: &str) -> Result<ThenEntry, E> {
                Ok(ThenEntry::Word(word.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ThenEntry, A::Error> {
                MoveTable::deserialize(MapAccessDeserializer::new(map)).map(ThenEntry::Move)
            }
        }
        deserializer.deserialize_any(Kinds)
    }
}

impl<'de> Deserialize<'de> for BundleEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Kinds;
        impl<'de> Visitor<'de> for Kinds {
            type Value = BundleEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text in quotes, or a number")
            }

            fn visit_str<E>(self, word: &str) -> Result<BundleEntry, E> {
                Ok(BundleEntry::Word(word.to_owned()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<BundleEntry, E> {
                Ok(BundleEntry::Number(number))
            }
        }
        deserializer.deserialize_any(Kinds)
    }
}

impl<'de> Deserialize<'de> for Paths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Kinds;
        impl<'de> Visitor<'de> for Kinds {
            type Value = Paths;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, or a list of strings")
            }

            fn visit_str<E>(self, one: &str) -> Result<Paths, E> {
                Ok(Paths::One(one.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Paths, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Paths::Many)
            }
        }
        deserializer.deserialize_any(Kinds)
    }
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Kinds;
        impl<'de> Visitor<'de> for Kinds {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, or a list of strings")
            }

            fn visit_str<E>(self, one: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![one.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<OneOrMany, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(OneOrMany)
            }
        }
        deserializer.deserialize_any(Kinds)
    }
}
