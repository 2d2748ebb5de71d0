//! AlgorithmIdentifiers
//! ([RFC 5280, section 4.1.1.2](https://www.rfc-editor.org/rfc/rfc5280#section-4.1.1.2)),
//! and other helpers with which bcder reads BER of any origin.

use bcder::decode::{BytesSource, Constructed, Content, DecodeError, Source};
use bcder::{Captured, Oid, Tag};
use openssl::asn1::Asn1Object;
use openssl::nid::Nid;

use super::MAX_NESTING;

/// The result of bcder's closures.
pub(crate) type Decoded<T, S> = Result<T, DecodeError<<S as Source>::Error>>;

/// The limit of object identifiers, in octets: nobody's are longer.
const MAX_OID: usize = 64;

/// An algorithm with its parameters.
pub(crate) struct Algorithm {
    pub oid: Oid,
    parameters: Option<Captured>,
}

impl Algorithm {
    pub fn take_from<S: Source>(cons: &mut Constructed<S>) -> Decoded<Self, S> {
        cons.take_sequence(Self::from_parts)
    }

    /// Takes it from the parts of the SEQUENCE, whatever that is tagged as.
    pub fn from_parts<S: Source>(cons: &mut Constructed<S>) -> Decoded<Self, S> {
        Ok(Self {
            oid: take_oid(cons)?,
            parameters: take_any(cons)?,
        })
    }

    /// Returns the identifier in dotted decimal notation.
    pub fn dotted(&self) -> String {
        self.oid.to_string()
    }

    /// Returns its name, if OpenSSL knows one, else its identifier.
    pub fn name(&self) -> String {
        let dotted = self.dotted();
        let nid = Asn1Object::from_str(&dotted).map_or(Nid::UNDEF, |object| object.nid());
        match nid.long_name() {
            Ok(name) if nid != Nid::UNDEF => name.to_owned(),
            _ => format!("the algorithm {dotted}"),
        }
    }

    /// Returns what `read` makes of the parameters; `None` if they are missing
    /// or something else.
    pub fn parameters<T>(
        &self,
        read: impl FnOnce(&mut Constructed<BytesSource>) -> Decoded<T, BytesSource>,
    ) -> Option<T> {
        self.parameters.clone()?.decode(read).ok()
    }

    pub fn has_no_parameters(&self) -> bool {
        self.parameters.is_none()
    }

    /// Returns whether the parameters are NULL.
    pub fn has_null(&self) -> bool {
        self.parameters(|cons| cons.take_null()).is_some()
    }

    /// Returns whether it needs no parameters: they are NULL or absent, as for
    /// many.
    pub fn is_plain(&self) -> bool {
        self.has_no_parameters() || self.has_null()
    }

    /// Returns the hash that it stands for
    /// ([RFC 5754, section 2](https://www.rfc-editor.org/rfc/rfc5754#section-2)).
    pub fn hash(&self) -> Option<Nid> {
        let hash = match self.dotted().as_str() {
            "1.3.14.3.2.26" => Nid::SHA1,
            "2.16.840.1.101.3.4.2.4" => Nid::SHA224,
            "2.16.840.1.101.3.4.2.1" => Nid::SHA256,
            "2.16.840.1.101.3.4.2.2" => Nid::SHA384,
            "2.16.840.1.101.3.4.2.3" => Nid::SHA512,
            _ => return None,
        };
        self.is_plain().then_some(hash)
    }
}

pub(crate) fn take_oid<S: Source>(cons: &mut Constructed<S>) -> Decoded<Oid, S> {
    let oid = Oid::take_from(cons)?;
    if oid.0.len() > MAX_OID {
        return Err(cons.content_err("a very long object identifier"));
    }
    Ok(oid)
}

/// Returns the next element as it is, of whatever kind, if there is one.
pub(crate) fn take_any<S: Source>(cons: &mut Constructed<S>) -> Decoded<Option<Captured>, S> {
    let mut found = false;
    let element = cons.capture(|cons| {
        found = skip_any(cons)?;
        Ok(())
    })?;
    Ok(found.then_some(element))
}

/// Skips the next element, if there is one.
pub(crate) fn skip_any<S: Source>(cons: &mut Constructed<S>) -> Decoded<bool, S> {
    let shallow = |_, _, depth| {
        if depth < MAX_NESTING {
            Ok(())
        } else {
            Err("elements that are nested too deep".into())
        }
    };
    Ok(cons.skip_opt(shallow)?.is_some())
}

/// Returns the next element as an OCTET STRING, which may be in segments.
pub(crate) fn take_octets<S: Source>(cons: &mut Constructed<S>, tag: Tag) -> Decoded<Vec<u8>, S> {
    cons.take_value_if(tag, octets)
}

/// Does the same if the next element has that tag.
pub(crate) fn take_opt_octets<S: Source>(
    cons: &mut Constructed<S>,
    tag: Tag,
) -> Decoded<Option<Vec<u8>>, S> {
    cons.take_opt_value_if(tag, octets)
}

fn octets<S: Source>(content: &mut Content<S>) -> Decoded<Vec<u8>, S> {
    let mut octets = Vec::new();
    gather(content, MAX_NESTING, &mut octets)?;
    Ok(octets)
}

fn gather<S: Source>(
    content: &mut Content<S>,
    depth: usize,
    octets: &mut Vec<u8>,
) -> Decoded<(), S> {
    match content {
        Content::Primitive(piece) => {
            octets.extend_from_slice(&piece.take_all()?);
            Ok(())
        }
        Content::Constructed(_) if depth == 0 => {
            Err(content.content_err("segments that are nested too deep"))
        }
        Content::Constructed(segments) => {
            let mut next = |content: &mut Content<S>| gather(content, depth - 1, octets);
            while segments
                .take_opt_value_if(Tag::OCTET_STRING, &mut next)?
                .is_some()
            {}
            Ok(())
        }
    }
}
