//! What is certain of a member before it is shared.

use std::io;
use std::time::SystemTime;

use crate::archive::{Member, MemberFault, MemberName};
use crate::index::is_reserved;
use crate::jobs::archive_file::{ArchiveFile, open_cause};
use crate::jobs::error::{Error, ErrorKind, MemberCause};
use crate::jobs::same_bytes::{Notes, Noting, Seen, changed};
use crate::keys::{Fingerprint, KeyHandle};
use crate::message::name_binding::is_hash_name;
use crate::message::{
    Format, FrontKind, MessageKey, OpenError, OpenMessage, Opener, PackedKey, form_of,
    with_proven_key,
};
use zeroize::Zeroizing;

/// A member that has been opened, as far as is needed to be certain of it.
pub(super) struct Proof {
    /// The session key: proven by the first chunk, and by the final tag when the
    /// sealed data are copied; or if there are no chunks, by all of them.
    key: Zeroizing<PackedKey>,
    /// The bytes that have shown all this. What is copied has to begin with them,
    /// unless it proves the session key again and nothing more is required.
    pub seen: Option<Seen>,
    /// The key that opened it, if not by the index.
    pub opened_by: Option<Fingerprint>,
    /// How a CMS message names that key.
    pub opened_as: Option<KeyHandle>,
    pub format: Format,
    pub name: MemberName,
    /// The length of its content in bytes.
    pub size: u64,
    pub modified: SystemTime,
    /// Whether there is nothing in the member but its message.
    pub is_whole: bool,
}

/// What is believed of a member without proof, if its message doesn't state it.
#[derive(Clone, Copy, Default)]
pub(super) struct Believed {
    /// The size in the index; else all of the message is read.
    pub sizes: bool,
    /// The time in the archive's directory; else it's 1970.
    pub times: bool,
}

impl Proof {
    /// Opens a member. Its name must be known: whoever shares an archive has to
    /// see what is shared.
    pub fn of(
        archive: &ArchiveFile,
        member: &Member,
        opener: &Opener<'_>,
        believed: Believed,
    ) -> Result<Self, MemberCause> {
        if let Some(fault) = member.fault() {
            return Err(fault.into());
        }
        let name = member
            .name()
            .map_err(|fault| MemberCause::Archive(MemberFault::Name(fault)))?;
        // The index of another archive may be there, as a call.
        if is_reserved(name) {
            return Err(MemberCause::SealedIndex);
        }
        // It is refused before a key is used: else the sender could find out by the
        // error what the key has done.
        let proves_itself = match archive.envelope(member, opener.limits()) {
            Ok(envelope) if !envelope.format.is_authenticated() => {
                return Err(no_key(envelope.format));
            }
            Err(Error::Member { cause, .. }) if cause.kind() == ErrorKind::Io => return Err(cause),
            Ok(envelope) => envelope.format.is_chunked(),
            // What it isn't, or lacks, is said when it's opened.
            Err(_) => false,
        };
        let listed = archive.listed(member).filter(|_| believed.sizes);
        let listed = listed.map(|listed| listed.size);
        let shown = match believed.times {
            true => member.modified(),
            false => SystemTime::UNIX_EPOCH,
        };
        let is_noted = !proves_itself || archive.is_compared();
        let prove = |opener: &Opener<'_>| {
            with_proven_key(opener, MemberCause::is_of_message, |opener| {
                // Packets in front of the sealed data may be damaged.
                let (source, _) = archive.read_leniently(member)?;
                let (source, notes) = Noting::new(source, is_noted);
                let message = archive.begin_unchecked(source, member, name, opener)?;
                if !is_noted && !message.format().is_chunked() {
                    return Err(open_cause(changed().into()));
                }
                if may_be_a_field(&message) {
                    return Err(MemberCause::NotShareable("it may be a field of a document"));
                }
                let proof = Self::of_message(message, name, shown, listed)?;
                let seen = notes.as_ref().map(Notes::seen);
                Ok(Self { seen, ..proof })
            })
        };
        let (source, _) = archive.read_leniently(member)?;
        let form = form_of(source).map_err(|error| open_cause(error.into()))?;
        let is_whole = |proof| Self {
            is_whole: form.is_whole,
            ..proof
        };
        // Whether the key is one of the hidden recipients, only the key itself
        // can tell, and the index can't.
        if hides_recipients(archive, member)? {
            match prove(&opener.clone().ignoring_index()) {
                Err(MemberCause::Open(OpenError::NoIdentity(_))) => {}
                proven => return proven.map(is_whole),
            }
        }
        prove(opener).map(is_whole)
    }

    fn of_message(
        message: OpenMessage<'_>,
        name: &MemberName,
        modified: SystemTime,
        listed: Option<u64>,
    ) -> Result<Self, MemberCause> {
        let format = message.format();
        let Some(key) = message.key().map(MessageKey::pack) else {
            return Err(no_key(format));
        };
        // An index may be anybody's. The literal header is authentic in chunks.
        let size = message.stated_length().or(listed);
        let proof = Self {
            key: Zeroizing::new(key),
            seen: None,
            opened_by: message.key_fingerprint().cloned(),
            opened_as: message.own_handle().cloned(),
            format,
            name: name.clone(),
            modified: message.modified().unwrap_or(modified),
            size: size.unwrap_or(0),
            is_whole: true,
        };
        if format.is_chunked() && size.is_some() {
            return Ok(proof);
        }
        // All of it is read, and nothing is kept.
        let opened = message.copy_to(&mut io::sink()).map_err(open_cause)?;
        Ok(Self {
            size: opened.length,
            ..proof
        })
    }

    /// Returns the session key.
    pub fn key(&self) -> Result<MessageKey, MemberCause> {
        let key = MessageKey::unpack(&self.key);
        key.ok_or(MemberCause::NotShareable("its session key is lost"))
    }
}

fn hides_recipients(archive: &ArchiveFile, member: &Member) -> Result<bool, MemberCause> {
    let is_hidden = |kind: &FrontKind| *kind == FrontKind::Recipient(Some(KeyHandle::Hidden));
    match archive.shared_message(member) {
        Ok((message, _)) => Ok(message.front().into_iter().any(is_hidden)),
        // It may be readable when it's opened.
        Err(cause) if cause.kind() == ErrorKind::Io => Err(cause),
        // It's said when it's opened.
        Err(_) => Ok(false),
    }
}

/// Returns why a message has no session key that is certain.
pub(super) fn no_key(format: Format) -> MemberCause {
    MemberCause::NotShareable(match format.is_authenticated() {
        true => "it was opened with a passphrase",
        false => "it is not authenticated, and nothing proves its session key",
    })
}

/// Returns whether a message may be one field of a JSON document: all fields of a
/// document have one session key, which opens the others as well. Their literals
/// have a bare name or a hash, and no date.
pub(super) fn may_be_a_field(message: &OpenMessage<'_>) -> bool {
    let literal = message.name();
    message.format() == Format::Rfc9580
        && message.modified().is_none()
        && (!literal.contains(&b'/') || is_hash_name(literal))
}
