//! Sharing: other RecipientInfos in front of the same encrypted content.
//!
//! The lengths of what encloses them change with them. All the rest is copied
//! byte for byte, and never decrypted here.

use std::io::{self, BufRead, Cursor, Read};
use std::slice;

use super::ber::{Header, INTEGER, OID, Reader, SEQUENCE, SET, context, malformed};
use super::front::{AGREEMENT, CmsFront, OTHER, PASSWORD, TRANSPORT};
use super::kind::CmsKind;
use super::recipient_info::{AgreementParts, RecipientInfo};
use super::seal::wrappers;
use crate::der::{header, set_of};
use crate::keys::{Recipient, Refusal, openssl_reason};
use crate::message::copied::Copied;
use crate::message::fault::{OpenError, internal};
use crate::message::format::Format;
use crate::message::front_limit::FrontLimit;
use crate::message::open::Source;
use crate::message::session::MessageKey;
use crate::message::share::FrontKind;
use crate::message::sink::MessageSink;

/// A CMS message whose recipients can be changed.
pub(crate) struct CmsShared<'a> {
    format: Format,
    /// What encloses the RecipientInfos, from the outside in.
    enclosing: [Enclosing; 3],
    elements: Vec<Element>,
    /// What follows the RecipientInfos: the rest of the front, and the source.
    rest: io::Chain<Cursor<Vec<u8>>, Source<'a>>,
}

/// An element that encloses the RecipientInfos.
struct Enclosing {
    tag: u8,
    /// Its octets before the next one, or before the RecipientInfos.
    before: Vec<u8>,
    /// The number of its octets behind the RecipientInfos; `None` if its length
    /// is indefinite.
    after: Option<u64>,
}

/// A RecipientInfo, byte for byte.
enum Element {
    One {
        bytes: Vec<u8>,
        kind: FrontKind,
    },
    /// Key agreement, with any number of recipients.
    Agreement {
        bytes: Vec<u8>,
        kinds: Vec<FrontKind>,
        parts: AgreementParts,
    },
}

impl<'a> CmsShared<'a> {
    /// Reads a message up to its encrypted content.
    pub fn read(source: Source<'a>) -> Result<Self, OpenError> {
        let front = CmsFront::read(Copied::new(source, Vec::new()))?;
        let format = front.format();
        let (source, octets) = front.into_source().finish()?;
        let taken = |from, to| taken(&octets, from, to);
        let mut reader = Reader::new(octets.as_slice());

        let info = Entered::next(&mut reader, SEQUENCE)?;
        skip(&mut reader, OID)?;
        let content = Entered::next(&mut reader, context(0))?;
        let data = Entered::next(&mut reader, SEQUENCE)?;
        skip(&mut reader, INTEGER)?;
        let mut set = Entered::any(&mut reader)?;
        // originatorInfo: certificates and CRLs.
        if set.tag == context(0) {
            while let Some(element) = reader.next()? {
                reader.skip(element)?;
            }
            set = Entered::next(&mut reader, SET)?;
        }
        let mut elements = Vec::new();
        loop {
            let begin = reader.position();
            let Some(element) = reader.next()? else {
                break;
            };
            let tag = element.tag();
            let decodable = reader.collect(element)?;
            let bytes = taken(begin, reader.position())?;
            elements.push(Element::read(tag, &decodable, bytes)?);
        }
        let end = reader.position();

        let enclosing = |outer: &Entered, inner: &Entered| {
            Ok::<_, OpenError>(Enclosing {
                tag: outer.tag,
                before: taken(outer.content, inner.begin)?,
                after: outer.end.map(|its_end| its_end.saturating_sub(end)),
            })
        };
        let rest = taken(end, octets.len() as u64)?;
        Ok(Self {
            format,
            enclosing: [
                enclosing(&info, &content)?,
                enclosing(&content, &data)?,
                enclosing(&data, &set)?,
            ],
            elements,
            rest: Cursor::new(rest).chain(source),
        })
    }

    /// Returns its recipients and passphrases, in their order.
    pub fn front(&self) -> Vec<&FrontKind> {
        self.elements.iter().flat_map(Element::kinds).collect()
    }

    /// Returns the number of octets that precede the encrypted content, or a few
    /// more.
    pub fn front_length(&self) -> usize {
        self.front_octets().len() + self.rest.get_ref().0.get_ref().len()
    }

    /// Returns whether its front can be read.
    pub fn has_room(&self) -> bool {
        let (rest, _) = self.rest.get_ref();
        let front = [self.front_octets().as_slice(), rest.get_ref()].concat();
        FrontLimit::has_room(front.len()) && CmsFront::read(front.as_slice()).is_ok()
    }

    /// Refuses a recipient that can't read such a message.
    pub fn check(&self, recipient: &Recipient) -> Result<(), Refusal> {
        wrappers(recipient, CmsKind::AuthEnveloped).map(drop)
    }

    /// Takes recipients and passphrases away.
    pub fn remove(&mut self, is_removed: impl Fn(&FrontKind) -> bool) {
        let elements = std::mem::take(&mut self.elements).into_iter();
        let left = elements.filter_map(|element| element.without(&is_removed));
        self.elements = left.collect();
    }

    /// Adds a recipient, under each of its names.
    ///
    /// # Errors
    ///
    /// The session key can't be encrypted to it.
    pub fn add(&mut self, recipient: &Recipient, key: &MessageKey) -> Result<(), String> {
        let wrappers = wrappers(recipient, CmsKind::AuthEnveloped);
        for wrapper in wrappers.map_err(|refusal| refusal.to_string())? {
            let bytes = wrapper.recipient_info(key.octets());
            self.elements.push(Element::One {
                bytes: bytes.map_err(|error| openssl_reason(&error))?,
                kind: FrontKind::Recipient(None),
            });
        }
        Ok(())
    }

    /// Returns the kind of message.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Returns the sealed data: what follows the RecipientInfos.
    pub fn into_sealed(self) -> impl BufRead + 'a {
        self.rest
    }

    /// Writes the message. Its encrypted content is what was read.
    pub fn write_to(mut self, mut sink: impl MessageSink) -> Result<(), OpenError> {
        let front = self.front_octets();
        sink.write_all(&front).map_err(OpenError::Write)?;
        sink.begin_sealed();
        loop {
            let octets = self.rest.fill_buf()?;
            let length = octets.len();
            if length == 0 {
                return Ok(());
            }
            sink.write_all(octets).map_err(OpenError::Write)?;
            self.rest.consume(length);
        }
    }

    /// Returns the octets up to the end of the RecipientInfos. Lengths stay
    /// definite or indefinite as they were.
    fn front_octets(&self) -> Vec<u8> {
        let elements = self.elements.iter().map(Element::octets);
        let mut octets = set_of(elements.collect());
        for Enclosing { tag, before, after } in self.enclosing.iter().rev() {
            octets = [before.as_slice(), &octets].concat();
            let length = after.map(|after| after.saturating_add(octets.len() as u64));
            octets = [header(*tag, length), octets].concat();
        }
        octets
    }
}

/// An element that has been entered, and where it is.
struct Entered {
    tag: u8,
    begin: u64,
    content: u64,
    /// `None` if its end is marked.
    end: Option<u64>,
}

impl Entered {
    fn next(reader: &mut Reader<&[u8]>, tag: u8) -> io::Result<Self> {
        let begin = reader.position();
        let header = reader.expect(tag)?;
        Self::enter(reader, begin, header)
    }

    fn any(reader: &mut Reader<&[u8]>) -> io::Result<Self> {
        let begin = reader.position();
        let header = reader
            .next()?
            .ok_or_else(|| malformed("it has no recipients"))?;
        Self::enter(reader, begin, header)
    }

    fn enter(reader: &mut Reader<&[u8]>, begin: u64, header: Header) -> io::Result<Self> {
        reader.enter(header)?;
        Ok(Self {
            tag: header.tag(),
            begin,
            content: reader.position(),
            end: reader.end(),
        })
    }
}

fn skip(reader: &mut Reader<&[u8]>, tag: u8) -> io::Result<()> {
    let header = reader.expect(tag)?;
    reader.skip(header)
}

fn taken(octets: &[u8], from: u64, to: u64) -> io::Result<Vec<u8>> {
    let part = octets.get(from as usize..to as usize);
    let part = part.ok_or_else(|| internal("an element outside of what was read"))?;
    Ok(part.to_vec())
}

impl Element {
    /// Takes an element. `decodable` is the same in a form that can be decoded.
    fn read(tag: u8, decodable: &[u8], bytes: Vec<u8>) -> Result<Self, OpenError> {
        let named = |info: &RecipientInfo| FrontKind::Recipient(Some(info.handle().clone()));
        let kind = match tag {
            TRANSPORT => named(&RecipientInfo::transport(decodable)?),
            AGREEMENT => {
                let infos = RecipientInfo::agreement(decodable)?;
                return Ok(Self::Agreement {
                    kinds: infos.iter().map(named).collect(),
                    parts: AgreementParts::read(decodable)?,
                    bytes,
                });
            }
            PASSWORD => FrontKind::Passphrase,
            OTHER => match RecipientInfo::encapsulation(decodable)? {
                Some(info) => named(&info),
                None => FrontKind::Recipient(None),
            },
            _ => FrontKind::Recipient(None),
        };
        Ok(Self::One { bytes, kind })
    }

    /// Returns what is left of it; `None` if nothing is.
    fn without(self, is_removed: impl Fn(&FrontKind) -> bool) -> Option<Self> {
        match self {
            Self::One { ref kind, .. } => (!is_removed(kind)).then_some(self),
            Self::Agreement {
                bytes,
                mut kinds,
                mut parts,
            } => {
                let stays: Vec<bool> = kinds.iter().map(|kind| !is_removed(kind)).collect();
                if stays.iter().all(|stays| *stays) {
                    return Some(Self::Agreement {
                        bytes,
                        kinds,
                        parts,
                    });
                }
                retain(&mut kinds, &stays);
                retain(&mut parts.keys, &stays);
                (!kinds.is_empty()).then(|| Self::Agreement {
                    bytes: parts.encode(),
                    kinds,
                    parts,
                })
            }
        }
    }

    fn kinds(&self) -> &[FrontKind] {
        match self {
            Self::One { kind, .. } => slice::from_ref(kind),
            Self::Agreement { kinds, .. } => kinds,
        }
    }

    fn octets(&self) -> Vec<u8> {
        let (Self::One { bytes, .. } | Self::Agreement { bytes, .. }) = self;
        bytes.clone()
    }
}

fn retain<T>(list: &mut Vec<T>, stays: &[bool]) {
    let mut stays = stays.iter();
    list.retain(|_| stays.next().is_none_or(|stays| *stays));
}
