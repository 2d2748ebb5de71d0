//! Parts: several containers under one session key, whose PKESKs are kept
//! separately. The PKESKs and any one of the containers are a complete message
//! of version 2; its salt gives each container another key
//! ([RFC 9580, section 5.13.2](https://www.rfc-editor.org/rfc/rfc9580#section-5.13.2)).

use std::io::{self, BufRead, Read, Write};
use std::time::UNIX_EPOCH;

use sequoia_openpgp::crypto::SessionKey;
use sequoia_openpgp::packet::Tag;
use zeroize::Zeroizing;

use super::container::Container;
use super::encrypt::ContainerWriter;
use super::framing::PacketWriter;
use super::front::{MAX_PKESK_BYTES, MAX_PKESKS, OpenPgpFront};
use super::open::literal_header;
use super::packet::{Body, Header};
use super::seal::{literal_header as new_literal_header, new_session_key, write_pkesks};
use crate::keys::{Keyring, MessageVersion, Passphrases, Recipients, Trials};
use crate::message::fault::{MessageFault, OpenError};
use crate::message::{Format, SealError};

/// Seals parts under a new session key.
pub(crate) struct PartsSealer {
    session_key: SessionKey,
}

impl PartsSealer {
    /// Makes a new session key, and returns its PKESKs for the recipients, all
    /// of whom must read version 2.
    pub fn new(recipients: &Recipients) -> Result<(Self, Vec<u8>), SealError> {
        let session_key = new_session_key().map_err(SealError::Write)?;
        let mut pkesks = Vec::new();
        let version = MessageVersion::V2;
        write_pkesks(recipients, &session_key, version, false, &mut pkesks)?;
        Ok((Self { session_key }, pkesks))
    }

    /// Seals one part: a container that holds only one literal packet.
    pub fn seal(&self, name: &str, content: &[u8]) -> Result<Vec<u8>, SealError> {
        let part = Vec::with_capacity(content.len() + 512);
        ContainerWriter::new(part, MessageVersion::V2, &self.session_key)
            .and_then(|container| {
                let mut literal = PacketWriter::new(container, Tag::Literal);
                literal.write_all(&new_literal_header(name, UNIX_EPOCH))?;
                literal.write_all(content)?;
                let (part, _) = literal.finish()?.finish()?;
                Ok(part)
            })
            .map_err(SealError::Write)
    }
}

/// Checks that these are PKESKs, each of them whole, and nothing else.
/// Otherwise their faults would be reported for the part after them.
pub(crate) fn check_pkesks(mut packets: &[u8]) -> Result<(), OpenError> {
    let malformed = |what: &str| OpenError::from(MessageFault::Malformed(what.into()));
    let length = packets.len() as u64;
    let mut count = 0;
    while let Some(header) = Header::read(&mut packets)? {
        if header.tag != Tag::PKESK {
            return Err(malformed("data after the keys"));
        }
        let mut body = Body::new(packets, header);
        io::copy(&mut body, &mut io::sink())?;
        packets = body.into_inner();
        count += 1;
    }
    match count {
        0 => Err(malformed("it names no recipient")),
        1..=MAX_PKESKS if length <= MAX_PKESK_BYTES => Ok(()),
        _ => Err(malformed("it has too many recipients")),
    }
}

/// A part, opened and authentic.
pub(crate) struct Part {
    pub name: Vec<u8>,
    pub content: Zeroizing<Vec<u8>>,
}

/// Opens parts under the session key of the first one.
pub(crate) struct PartsOpener {
    session_key: SessionKey,
}

impl PartsOpener {
    /// Finds the session key in PKESKs, and opens the first part with it.
    pub fn begin(
        pkesks: &[u8],
        first: &[u8],
        keyring: &Keyring,
        passphrases: &dyn Passphrases,
        trials: &Trials,
    ) -> Result<(Self, Part), OpenError> {
        let message = [pkesks, first].concat();
        let mut front = OpenPgpFront::read(&*message)?;
        let (session_key, _) = front.unlock(keyring, passphrases, trials, None)?;
        let part = read(front.container, first.len())?;
        Ok((Self { session_key }, part))
    }

    /// Opens another part.
    pub fn open(&self, mut part: &[u8]) -> Result<Part, OpenError> {
        let length = part.len();
        let malformed = || MessageFault::Malformed("no encrypted data".into());
        let header = Header::read(&mut part)?.ok_or_else(malformed)?;
        if header.tag != Tag::SEIP {
            return Err(malformed().into());
        }
        let mut container = Container::read(Body::new(part, header), header.tag)?;
        container.prepare()?;
        let cipher = container.cipher();
        if !container.unlock(cipher, &self.session_key)? {
            return Err(MessageFault::Altered.into());
        }
        read(container, length)
    }
}

/// Reads an unlocked container of at most `length` bytes to its end, and the
/// source with it.
fn read(mut container: Container<Body<&[u8]>>, length: usize) -> Result<Part, OpenError> {
    let malformed = |what: &str| OpenError::from(MessageFault::Malformed(what.into()));
    if container.format() != Format::Rfc9580 {
        return Err(malformed("a container of another version than 2"));
    }
    let header = Header::read(&mut container)?;
    let header = header.filter(|header| header.tag == Tag::Literal);
    let header = header.ok_or_else(|| malformed("there is no literal packet in it"))?;
    let mut literal = Body::new(container, header);
    let name = literal_header(&mut literal)?.header.name;
    // Growing would leave copies that nobody wipes.
    let mut content = Zeroizing::new(Vec::with_capacity(length));
    literal.read_to_end(&mut content)?;
    let mut container = literal.into_inner();
    if !container.fill_buf()?.is_empty() {
        return Err(malformed("data after the literal packet"));
    }
    let mut body = container.into_inner();
    if !body.fill_buf()?.is_empty() {
        return Err(MessageFault::Altered.into());
    }
    if !body.into_inner().is_empty() {
        return Err(malformed("data after the encrypted data"));
    }
    Ok(Part { name, content })
}
