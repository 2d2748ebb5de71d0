//! Beginning to open single members.

use std::io::{self, BufReader, Read};

use super::archive_file::{ArchiveFile, bytes_cause, expands, open_cause};
use super::error::MemberCause;
use super::evidence::Check;
use super::progress::{Counted, NoProgress, Progress};
use crate::archive::{Member, MemberName, WrongChecksum};
use crate::index::{is_number, is_sealed_list};
use crate::message::name_binding;
use crate::message::{MessageFault, MessageKey, OpenError, OpenMessage, Opener, SharedMessage};

/// A member's message, before its content is read.
pub(super) struct Begun<'a> {
    pub message: OpenMessage<'a>,
    /// The member's name, if it is hidden and known from its message alone.
    pub own_name: Option<MemberName>,
    /// What has to follow before anything of it is published.
    pub check: Check<'a>,
}

impl<'a> Begun<'a> {
    /// Returns the message of a member that was chosen by its number. The message
    /// has to fit that number: nobody knows which one it should be.
    pub fn chosen_by_number(
        self,
        opener: &Opener<'_>,
    ) -> Result<(OpenMessage<'a>, Check<'a>), MemberCause> {
        let Self {
            message,
            own_name,
            check,
        } = self;
        match own_name {
            None => Ok((message, check)),
            Some(name) if opener.accepts_renamed() => {
                Ok((message.renamed_from(name.as_str().to_owned()), check))
            }
            Some(name) => Err(MemberCause::Moved {
                sealed: name.as_str().to_owned(),
            }),
        }
    }
}

impl ArchiveFile {
    /// Opens a member's message up to its content: by the session key in the
    /// index, if that has been opened and lists it. Checks that the name sealed
    /// in it is the member's, unless the opener accepts others or the member's
    /// name is hidden.
    pub(super) fn begin<'a>(
        &'a self,
        member: &Member,
        name: &MemberName,
        opener: &Opener<'_>,
        progress: &'a dyn Progress,
    ) -> Result<Begun<'a>, MemberCause> {
        // What ZIP has compressed expands as well: the maker of a message, who
        // picks its session key, can make its ciphertext as regular as they
        // like.
        opener
            .limits()
            .spend(0, expands(member))
            .map_err(|fault| open_cause(fault.into()))?;
        let source = self.read(member)?;
        let check = source.check();
        self.begin_from(source, check, member, name, opener, progress)
    }

    /// Does the same with the bytes of a member from this source. Nothing of the
    /// content may be published: they aren't compared with what was signed.
    pub(super) fn begin_unchecked<'a>(
        &'a self,
        source: impl Read + Send + Sync + 'a,
        member: &Member,
        name: &MemberName,
        opener: &Opener<'_>,
    ) -> Result<OpenMessage<'a>, MemberCause> {
        let check = Check::default();
        let begun = self.begin_from(source, check, member, name, opener, &NoProgress)?;
        begun.chosen_by_number(opener).map(|(message, _)| message)
    }

    fn begin_from<'a>(
        &'a self,
        source: impl Read + Send + Sync + 'a,
        check: Check<'a>,
        member: &Member,
        name: &MemberName,
        opener: &Opener<'_>,
        progress: &'a dyn Progress,
    ) -> Result<Begun<'a>, MemberCause> {
        let begun = |message, own_name| Begun {
            message,
            own_name,
            check,
        };
        let reader = Counted { source, progress };
        let message = match self.listed_key(member, opener) {
            Some(key) => begin_listed(reader, &key, self.index.kind(), opener)?,
            None => OpenMessage::begin(reader, opener).map_err(open_cause)?,
        };
        let literal = message.name();
        if is_sealed_list(literal) {
            return Err(refused(message, MemberCause::SealedIndex));
        }
        // Whoever knows the session keys can make an index and a grant. What was
        // signed are the stored name, and the one that is sealed with the content.
        if member.hides_name() && self.is_compared() && !name_binding::binds(literal, name.as_str())
        {
            return Err(refused(message, MemberCause::UnconfirmedName));
        }
        if name_binding::fits(literal, name.as_str()) {
            return Ok(begun(message, None));
        }
        if self.may_hide_name(name)
            && let Some(path) = name_binding::path_of(literal)
            && let Ok(own_name) = MemberName::parse(path)
        {
            return Ok(begun(message, Some(own_name)));
        }
        let sealed = String::from_utf8_lossy(literal).into_owned();
        match opener.accepts_renamed() {
            true => Ok(begun(message.renamed_from(sealed), None)),
            false => Err(refused(message, MemberCause::Moved { sealed })),
        }
    }

    /// Returns whether a name is one of the numbers that callseal hides names
    /// behind: from one on, with at least six digits.
    fn may_hide_name(&self, name: &MemberName) -> bool {
        let members = self.archive.members().len();
        let is_small = |number: &str| {
            let number = number.parse::<usize>();
            number.is_ok_and(|number| number <= members)
        };
        is_number(name) && (name.as_str().starts_with('0') || is_small(name.as_str()))
    }

    /// Reads the content of a member. A wrong checksum is noted, and no error.
    pub(super) fn read_leniently(
        &self,
        member: &Member,
    ) -> Result<(impl Read + Send + Sync + '_, WrongChecksum), MemberCause> {
        self.archive.read_leniently(member).map_err(bytes_cause)
    }

    /// Reads a member's message, to change its recipients.
    pub(super) fn shared_message<'a>(
        &'a self,
        member: &Member,
    ) -> Result<(SharedMessage<'a>, WrongChecksum), MemberCause> {
        let (source, checksum) = self.read_leniently(member)?;
        let message = SharedMessage::open(BufReader::new(source)).map_err(open_cause)?;
        Ok((message, checksum))
    }
}

/// Returns why a message is refused for the name that is sealed in it. Of version 1
/// the name is authentic only if the whole message is: one that was altered says
/// nothing of what its session key has made of it.
fn refused(message: OpenMessage<'_>, cause: MemberCause) -> MemberCause {
    if message.format().is_chunked() {
        return cause;
    }
    match message.copy_to(&mut io::sink()) {
        Ok(_) => cause,
        Err(error) => open_cause(error),
    }
}

/// Opens a message by the session key that the index or a grant lists for it.
fn begin_listed<'a>(
    source: impl Read + Send + Sync + 'a,
    key: &MessageKey,
    list: &'static str,
    opener: &Opener<'_>,
) -> Result<OpenMessage<'a>, MemberCause> {
    match OpenMessage::begin_for(source, key, opener) {
        Ok(Some(message)) => Ok(message),
        // A false session key may seem to fit version 1, and yields nonsense then.
        Ok(None)
        | Err(OpenError::Fault(
            MessageFault::NotAMessage
            | MessageFault::NotEncrypted
            | MessageFault::Mail
            | MessageFault::Malformed(_)
            | MessageFault::Truncated
            | MessageFault::Altered
            | MessageFault::Unsupported(_),
        )) => Err(MemberCause::Replaced(list)),
        Err(error) => Err(open_cause(error)),
    }
}
