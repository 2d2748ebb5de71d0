//! Opening: one CMS message to one file.

use std::collections::HashSet;

use sequoia_openpgp::types::PublicKeyAlgorithm;

use super::front::CmsFront;
use super::recipient_info::{ContentKey, RecipientInfo};
use crate::keys::{Fingerprint, KeyHandle, NotOpened, OpenedBy};
use crate::message::envelope::Envelope;
use crate::message::fault::{MessageFault, OpenError};
use crate::message::open::{LiteralHeader, OpenMessage, Source};
use crate::message::opener::Opener;
use crate::message::session::MessageKey;

/// Returns whether these octets may start a CMS message: a SEQUENCE.
pub(in crate::message) fn starts(octets: &[u8]) -> bool {
    octets.first() == Some(&0x30)
}

/// Unlocks a key for a message, if necessary.
#[expect(
    clippy::mutable_key_type,
    reason = "OpenSSL's ciphers are constants, and no part of the hash"
)]
pub(in crate::message) fn begin<'a>(
    front: CmsFront<Source<'a>>,
    opener: &Opener<'_>,
) -> Result<OpenMessage<'a>, OpenError> {
    if front.recipients.is_empty() {
        let fault = match (front.passphrases, front.others.first()) {
            (0, None) => MessageFault::Malformed("it names no recipient".into()),
            (0, Some(other)) => MessageFault::Unsupported(other.clone()),
            _ => MessageFault::Unsupported("a passphrase".into()),
        };
        return Err(fault.into());
    }
    let (format, cipher) = (front.format(), front.cipher());
    let mut seen = HashSet::new();
    let different = front.recipients.iter();
    let different = different.filter(|recipient| seen.insert(*recipient));
    let named: Vec<(KeyHandle, PublicKeyAlgorithm, &RecipientInfo)> = different
        .map(|recipient| (recipient.handle().clone(), recipient.algorithm(), recipient))
        .collect();
    let mut found = None;
    let mut unsupported = None;
    let opened_by = opener.keyring.open_named(
        &named,
        opener.passphrases,
        opener.try_all_keys,
        opener.limits.trials(),
        &mut |recipient, key| {
            if let Some(name) = recipient.unsupported() {
                unsupported.get_or_insert_with(|| name.to_owned());
            }
            let content_key = recipient.open(key, cipher);
            let is_next = |content_key: &ContentKey| {
                let attempt = opener.attempt;
                attempt.is_none_or(|attempt| attempt.uses(content_key.session_key()))
            };
            let content_key = content_key.filter(is_next);
            found = content_key.map(|content_key| {
                let fingerprint = Fingerprint::of(key.public().fingerprint());
                (content_key, fingerprint, recipient.handle().clone())
            });
            found.is_some()
        },
    );
    // Anybody can name a recipient once more, with another key.
    let may_fit = |(handle, algorithm, _): &&(KeyHandle, PublicKeyAlgorithm, &RecipientInfo)| {
        opener.try_all_keys || opener.keyring.may_open(handle, *algorithm)
    };
    if let Some(attempt) = opener.attempt
        && named.iter().filter(may_fit).nth(1).is_some()
    {
        attempt.note_others();
    }
    // The key fits, but how it was used isn't supported.
    let opened_by = opened_by.map_err(|error| match (unsupported, error) {
        (Some(name), NotOpened::NoSessionKey) => MessageFault::Unsupported(name).into(),
        (_, error) => OpenError::from(error),
    })?;
    let (content_key, own_key, own_handle) = found.ok_or(MessageFault::Altered)?;
    let padding = front.padding.clone();
    let plaintext = front.decrypt(&content_key)?;
    let literal = LiteralHeader::default();
    let message = OpenMessage::new(format, literal, Box::new(plaintext), padding);
    let message = message.by_trying(match opened_by {
        OpenedBy::Named => None,
        OpenedBy::Tried(key) => Some(key),
    });
    Ok(match cipher.proven() {
        None => message,
        Some(cipher) => {
            let key = content_key.session_key().clone();
            message
                .opened_by(MessageKey::new(cipher, key), Some(own_key))
                .opened_as(own_handle)
        }
    })
}

impl<R: std::io::BufRead> CmsFront<R> {
    /// Returns what it shows to everybody.
    pub(in crate::message) fn envelope(&self) -> Envelope {
        let recipients = self.recipients.iter();
        Envelope {
            recipients: recipients.clone().map(|r| r.handle().clone()).collect(),
            algorithms: recipients.clone().map(|r| r.algorithm()).collect(),
            unsupported: recipients
                .map(|r| r.unsupported().map(str::to_owned))
                .collect(),
            others: self.others.clone(),
            passphrases: self.passphrases,
            format: self.format(),
            cipher: Some(self.cipher().to_string()),
        }
    }
}
