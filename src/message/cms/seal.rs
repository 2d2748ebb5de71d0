//! Sealing: one file to one CMS message.

use std::io::{self, Read};

use bcder::OctetString;
use bcder::encode::PrimitiveContent;
use openssl::cipher_ctx::CipherCtx;
use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::rand::rand_priv_bytes;
use zeroize::{Zeroize, Zeroizing};

use super::encode::{CmsFront, ends, octet_string};
use super::kind::{BLOCK, CmsKind, TAG};
use super::wrap::{Method, Wrapper};
use crate::der::{der, set_of};
use crate::keys::{Recipient, RecipientError, Recipients, Refusal, openssl_reason};
use crate::message::fault::internal;
use crate::message::io::fill;
use crate::message::sink::MessageSink;
use crate::message::{Format, SealError};
use crate::oids::DATA;

/// The key of AES-256, in bytes.
const SESSION_KEY: usize = 32;

/// The amount that is encrypted at a time, in bytes: whole blocks.
const PIECE: usize = 256 * 1024;

/// How CMS messages are sealed.
#[derive(Clone, Debug)]
pub(in crate::message) struct CmsPlan {
    kind: CmsKind,
    wrappers: Vec<Wrapper>,
}

impl CmsPlan {
    /// Fixes the format for recipients who can all open such messages.
    ///
    /// # Errors
    ///
    /// The first recipient that can't.
    pub fn new(recipients: &Recipients, kind: CmsKind) -> Result<Self, RecipientError> {
        let mut all = Vec::new();
        for recipient in recipients.iter() {
            let wrappers = wrappers(recipient, kind);
            all.extend(wrappers.map_err(|refusal| RecipientError::Refused {
                path: recipient.source().to_owned(),
                refusal,
            })?);
        }
        Ok(Self {
            kind,
            wrappers: all,
        })
    }

    /// Returns the kind of message.
    pub fn kind(&self) -> CmsKind {
        self.kind
    }

    /// Returns an upper estimate of the recipients' size in a message, in
    /// bytes.
    pub fn recipients_at_most(&self) -> u64 {
        self.wrappers.iter().map(Wrapper::at_most).sum()
    }
}

/// Returns the ways to seal session keys to a recipient, under each of its
/// names: its reader may look for any of its certificates.
pub(super) fn wrappers(recipient: &Recipient, kind: CmsKind) -> Result<Vec<Wrapper>, Refusal> {
    let format = Format::from(kind).name();
    let subject = || recipient.label().to_owned();
    let names = recipient.issuers_and_serials();
    if names.is_empty() {
        return Err(Refusal::NotX509 {
            subject: subject(),
            format,
        });
    }
    let malformed = |e: ErrorStack| Refusal::Malformed(openssl_reason(&e));
    let ec = recipient.ec().map_err(malformed)?;
    let method = match (kind, recipient.rsa(), ec) {
        (CmsKind::Enveloped, Some(rsa), _) => Method::Pkcs1(rsa.clone()),
        (CmsKind::AuthEnveloped, Some(rsa), _) => {
            Method::Oaep(PKey::from_rsa(rsa.clone()).map_err(malformed)?)
        }
        (CmsKind::AuthEnveloped, None, Some(ec)) => Method::Ecdh(ec),
        // `openssl smime` knows no key agreement, and rejects a message in
        // which any recipient uses it.
        (_, None, _) => {
            return Err(Refusal::NotRsa {
                subject: subject(),
                algorithm: recipient.algorithm(),
                format,
            });
        }
    };
    let wrapper = |name| Wrapper::new(recipient.label(), name, method.clone());
    Ok(names.iter().map(wrapper).collect())
}

/// Seals files one after the other.
pub(in crate::message) struct CmsSealer<'a> {
    plan: &'a CmsPlan,
    /// A piece, with room for what the cipher adds to the last one.
    buffer: Vec<u8>,
}

impl<'a> CmsSealer<'a> {
    pub fn new(plan: &'a CmsPlan) -> Self {
        Self {
            plan,
            buffer: vec![0; PIECE + 2 * BLOCK],
        }
    }

    /// Returns the label of a message as text. `openssl smime` reads only its
    /// own, and `openssl cms` both; but PKCS#7 has no AuthEnvelopedData.
    pub fn pem_label(&self) -> &'static str {
        match self.plan.kind {
            CmsKind::Enveloped => "PKCS7",
            CmsKind::AuthEnveloped => "CMS",
        }
    }

    /// Reads a file to its end and writes it as one message: as DER if its
    /// `length` is known, else with indefinite lengths as BER. Returns the
    /// plaintext's length in bytes.
    ///
    /// # Errors
    ///
    /// Reading, writing or OpenSSL fails; or the file has another length, or
    /// one that the cipher doesn't allow.
    pub fn seal(
        &mut self,
        source: &mut dyn Read,
        length: Option<u64>,
        mut sink: impl MessageSink,
    ) -> Result<u64, SealError> {
        let kind = self.plan.kind;
        kind.check_length(length.unwrap_or(0))?;
        let mut session_key = Zeroizing::new([0; SESSION_KEY]);
        rand_priv_bytes(&mut *session_key).map_err(openssl)?;
        let iv = kind.fresh_iv().map_err(openssl)?;
        let mut context = CipherCtx::new().map_err(openssl)?;
        context
            .encrypt_init(Some(kind.cipher()), Some(&*session_key), Some(&iv))
            .map_err(openssl)?;
        let (recipients, sealed) = self.front(&*session_key, &iv, length)?;
        sink.write_all(&recipients).map_err(SealError::Write)?;
        // Without authentication, another session key makes other content of them.
        if kind == CmsKind::AuthEnveloped {
            sink.begin_sealed();
        }
        sink.write_all(&sealed).map_err(SealError::Write)?;

        let mut total = 0u64;
        loop {
            let (piece, _) = self.buffer.split_at_mut_checked(PIECE).ok_or_else(short)?;
            let filled = fill(source, piece).map_err(SealError::Read)?;
            let is_last = filled < PIECE;
            total = total.saturating_add(filled as u64);
            kind.check_length(total)?;
            // No message is completed if its front states a wrong length.
            let as_said = |said| total == said || (!is_last && total < said);
            if !length.is_none_or(as_said) {
                return Err(SealError::OtherLength);
            }
            let mut encrypted = context
                .cipher_update_inplace(&mut self.buffer, filled)
                .map_err(openssl)?;
            if is_last {
                let rest = self.buffer.split_at_mut_checked(encrypted);
                let (_, rest) = rest.ok_or_else(short)?;
                encrypted += context.cipher_final(rest).map_err(openssl)?;
            }
            if length.is_none() && encrypted > 0 {
                let header = octet_string(encrypted as u64);
                sink.write_all(&header).map_err(SealError::Write)?;
            }
            let (encrypted, _) = self.buffer.split_at_checked(encrypted).ok_or_else(short)?;
            sink.write_all(encrypted).map_err(SealError::Write)?;
            if is_last {
                break;
            }
        }
        let end = self.end(&context, length).map_err(openssl)?;
        sink.write_all(&end).map_err(SealError::Write)?;
        Ok(total)
    }

    /// Returns the octets to the end of the RecipientInfos, and those from there to
    /// the encrypted content.
    fn front(
        &self,
        session_key: &[u8],
        iv: &[u8],
        length: Option<u64>,
    ) -> Result<(Vec<u8>, Vec<u8>), SealError> {
        let kind = self.plan.kind;
        let recipient_infos = self.plan.wrappers.iter().map(|wrapper| {
            let info = wrapper.recipient_info(session_key);
            info.map_err(|e| SealError::Recipient {
                label: wrapper.label().to_owned(),
                reason: openssl_reason(&e),
            })
        });
        let recipient_infos = set_of(recipient_infos.collect::<Result<_, _>>()?);
        // RFC 5652, section 6.1, and RFC 5083, section 2.1: version 0 in both.
        let version = der(0u8.encode());
        let sealed = CmsFront::of_content(length.map(|n| kind.encrypted_length(n)))
            .after(&kind.algorithm(iv))
            .after(&der(DATA.encode()))
            .in_sequence()
            .before(kind.mac_length());
        let length = sealed.octets().len();
        let mut front = sealed
            .after(&recipient_infos)
            .after(&version)
            .in_sequence()
            .in_context_0()
            .after(&der(kind.content_type().encode()))
            .in_sequence()
            .into_octets();
        let sealed = front.split_off(front.len().saturating_sub(length));
        Ok((front, sealed))
    }

    /// Returns the octets after the encrypted content.
    fn end(&self, context: &CipherCtx, length: Option<u64>) -> Result<Vec<u8>, ErrorStack> {
        // Content and EncryptedContentInfo end before the mac, and the elements
        // around them after it.
        let (inner, outer) = match length {
            Some(_) => (0, 0),
            None => (2, 3),
        };
        let mut end = ends(inner);
        if self.plan.kind == CmsKind::AuthEnveloped {
            let mut tag = [0; TAG];
            context.tag(&mut tag)?;
            end.extend(der(OctetString::encode_slice(tag)));
        }
        end.extend(ends(outer));
        Ok(end)
    }
}

impl Drop for CmsSealer<'_> {
    fn drop(&mut self) {
        self.buffer.zeroize();
    }
}

/// Returns the error for a piece that is missing: it is neither the last one
/// nor empty.
fn short() -> SealError {
    SealError::Write(internal("a piece is longer than the buffer"))
}

fn openssl(e: ErrorStack) -> SealError {
    SealError::Write(io::Error::other(openssl_reason(&e)))
}
