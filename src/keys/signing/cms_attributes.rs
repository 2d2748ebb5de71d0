//! The signed attributes of a CMS signature
//! ([RFC 5652, sections 5.3 and 11](https://www.rfc-editor.org/rfc/rfc5652#section-5.3)).

use std::time::SystemTime;

use bcder::decode::{Constructed, SliceSource, Source};
use bcder::{Mode, OctetString, Oid};

use super::cms_time;
use crate::der::{Decoded, GENERALIZED_TIME, SET, UTC_TIME, take_any, take_oid};
use crate::oids;

/// The signed attributes.
pub(super) struct SignedAttributes {
    /// As they are signed: DER, with the tag of a SET.
    pub octets: Vec<u8>,
    pub content_type: Oid,
    pub message_digest: Vec<u8>,
    pub signing_time: Option<SystemTime>,
}

/// An attribute, and its values as elements.
struct Attribute {
    kind: Oid,
    values: Vec<Vec<u8>>,
}

impl SignedAttributes {
    /// Reads them from a SignerInfo. The error says what is wrong.
    pub fn read(tagged: &[u8]) -> Result<Self, &'static str> {
        // What is signed has the tag of a SET (RFC 5652, section 5.4).
        let octets = [&[SET], tagged.get(1..).unwrap_or_default()].concat();
        // Each of them signs what it was written for, in one form.
        let attributes = Mode::Der
            .decode(SliceSource::new(&octets), attributes)
            .map_err(|_| "its signed attributes are not in DER")?;
        let one = |kind: &bcder::ConstOid| {
            let mut found = attributes.iter().filter(|found| found.kind == *kind);
            let values = match (found.next(), found.next()) {
                (_, Some(_)) => return Err("a signed attribute is there twice"),
                (None, None) => return Ok(None),
                (Some(found), None) => found.values.as_slice(),
            };
            match values {
                [value] => Ok(Some(value.as_slice())),
                _ => Err("a signed attribute hasn't exactly one value"),
            }
        };
        let content_type = one(&oids::CONTENT_TYPE)?
            .and_then(|value| decode(value, Oid::take_from))
            .ok_or("it doesn't sign the type of the content")?;
        let message_digest = one(&oids::MESSAGE_DIGEST)?
            .and_then(|value| decode(value, OctetString::take_from))
            .ok_or("it doesn't sign the hash of the content")?;
        let signing_time = match one(&oids::SIGNING_TIME)? {
            Some(value) => Some(time(value).ok_or("its signing time can't be read")?),
            None => None,
        };
        Ok(Self {
            content_type,
            message_digest: message_digest.to_bytes().to_vec(),
            signing_time,
            octets,
        })
    }
}

/// Reads the attributes, which have to be in the order that DER requires
/// (X.690, section 11.6).
fn attributes<S: Source>(cons: &mut Constructed<S>) -> Decoded<Vec<Attribute>, S> {
    cons.take_set(|cons| {
        let mut attributes = Vec::new();
        let mut last = Vec::new();
        while let Some(element) = take_any(cons)? {
            let element = element.as_slice().to_vec();
            if element < last {
                return Err(cons.content_err("attributes out of order"));
            }
            let attribute = decode(&element, attribute);
            attributes.push(attribute.ok_or_else(|| cons.content_err("not an attribute"))?);
            last = element;
        }
        Ok(attributes)
    })
}

fn attribute<S: Source>(cons: &mut Constructed<S>) -> Decoded<Attribute, S> {
    cons.take_sequence(|cons| {
        let kind = take_oid(cons)?;
        let values = cons.take_set(|cons| {
            let mut values = Vec::new();
            while let Some(value) = take_any(cons)? {
                values.push(value.as_slice().to_vec());
            }
            Ok(values)
        })?;
        Ok(Attribute { kind, values })
    })
}

fn decode<'a, T>(
    element: &'a [u8],
    read: impl FnOnce(&mut Constructed<SliceSource<'a>>) -> Decoded<T, SliceSource<'a>>,
) -> Option<T> {
    Mode::Der.decode(SliceSource::new(element), read).ok()
}

fn time(element: &[u8]) -> Option<SystemTime> {
    let [tag @ (UTC_TIME | GENERALIZED_TIME), length, content @ ..] = element else {
        return None;
    };
    (usize::from(*length) == content.len()).then(|| cms_time::decoded(*tag, content))?
}
