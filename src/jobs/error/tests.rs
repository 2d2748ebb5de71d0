//! Every error shows its cause once, in its sentence.

use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;

use super::*;
use crate::archive::{ArchiveFault, MemberFault};
use crate::config::ConfigError;
use crate::fields::legacy::AesCbcKeyError;
use crate::fields::{DocumentError, StreamError};
use crate::keys::KeyFault;
use crate::keys::{ChainFault, ExportError, NoIdentity, Refusal, TrustFault, UnlockFault};
use crate::message::MessageFault;
use crate::output::PlaceError;
use crate::sources::StayCause;

fn path() -> PathBuf {
    "calls".into()
}

fn cause() -> io::Error {
    io::Error::other("Nothing works")
}

/// Every public error with an operating system's error as its cause, and the
/// errors around it.
fn all() -> Vec<Box<dyn StdError>> {
    let open = || OpenError::Read(cause());
    let seal = || SealError::Write(cause());
    let place = || PlaceError::Io {
        path: path(),
        error: cause(),
    };
    let refusal = || Refusal::Unreadable(cause());
    let trust = || RecipientError::Trust {
        path: path(),
        fault: TrustFault::Unreadable(cause()),
    };
    let key = || KeyError {
        path: path(),
        fault: KeyFault::Unreadable(cause()),
    };
    let refused = || RecipientError::Refused {
        path: path(),
        refusal: refusal(),
    };
    let member = |cause| Error::Member {
        member: "a".into(),
        cause,
    };
    let (path, error) = (path(), cause());
    vec![
        Box::new(Error::reading(&path, cause())),
        Box::new(Error::NotFlushed {
            path: path.clone(),
            error,
        }),
        Box::new(Error::NotReadBack {
            path: path.clone(),
            cause: Some(Error::reading(&path, cause()).into()),
        }),
        Box::new(StayCause::from(cause())),
        Box::new(StayCause::NotPutBack {
            at: path.clone(),
            error: cause().into(),
        }),
        Box::new(ConfigError::Unreadable {
            file: path.clone(),
            error: cause(),
        }),
        Box::new(Error::from(refused())),
        Box::new(Error::from(trust())),
        Box::new(RecipientError::Search {
            party: "a".into(),
            path: path.clone(),
            error: cause(),
        }),
        Box::new(RecipientError::NoneValid {
            party: "a".into(),
            refusals: vec![(path.clone(), refusal())],
        }),
        Box::new(PlanError::from(refused())),
        Box::new(Error::from(key())),
        Box::new(ExportError::Key {
            path: path.clone(),
            fault: key().fault,
        }),
        Box::new(ExportError::Certificate {
            path: path.clone(),
            refusal: refusal(),
        }),
        Box::new(Error::from(SourceError::Io {
            path: path.clone(),
            error: cause(),
        })),
        Box::new(Error::Seal {
            path: path.clone(),
            error: seal(),
        }),
        Box::new(Error::Open {
            path: path.clone(),
            error: open(),
        }),
        Box::new(Error::Open {
            path: path.clone(),
            error: OpenError::Spool {
                directory: path.clone(),
                error: cause(),
            },
        }),
        Box::new(Error::Archive {
            path: path.clone(),
            error: cause().into(),
        }),
        Box::new(DocumentError::SessionKey(open())),
        Box::new(member(MemberCause::Bytes(cause().into()))),
        Box::new(member(MemberCause::Open(open()))),
        Box::new(member(place().into())),
        Box::new(member(MemberCause::Write {
            path: self::path(),
            error: cause(),
        })),
        Box::new(DocumentError::from(seal())),
        Box::new(DocumentError::Value {
            path: "a".into(),
            error: open(),
        }),
        Box::new(StreamError::Read(cause())),
        Box::new(AesCbcKeyError::Unreadable(cause())),
    ]
}

/// Some of the errors around an internal fault.
fn around_a_fault() -> Vec<(Box<dyn StdError>, String)> {
    let archive = ArchiveFault::NoEnd;
    let member = MemberFault::Encrypted;
    let message = MessageFault::Truncated;
    let unlock = UnlockFault::WrongPassphrase;
    let unlocked = NoIdentity::Locked {
        key: path(),
        fault: unlock.clone(),
    };
    let chain = ChainFault::SelfSigned;
    vec![
        (
            Box::new(ArchiveError::Malformed {
                fault: archive,
                member: None,
            }),
            archive.to_string(),
        ),
        (
            Box::new(ArchiveError::Member {
                fault: member,
                member: "a".into(),
            }),
            member.to_string(),
        ),
        (Box::new(MemberCause::from(member)), member.to_string()),
        (
            Box::new(OpenError::from(message.clone())),
            message.to_string(),
        ),
        (Box::new(OpenError::from(unlocked)), unlock.to_string()),
        (
            Box::new(Refusal::Untrusted {
                subject: "a".into(),
                fault: chain.clone(),
            }),
            chain.to_string(),
        ),
    ]
}

#[test]
fn every_error_says_its_cause_once_and_has_no_other_source() {
    let causes = all()
        .into_iter()
        .map(|error| (error, "nothing works".to_owned()));
    for (error, cause) in causes.chain(around_a_fault()) {
        let said = error.to_string();
        assert_eq!(said.matches(&cause).count(), 1, "{error:?}: {said}");
        assert!(error.source().is_none(), "{error:?}");
    }
}
