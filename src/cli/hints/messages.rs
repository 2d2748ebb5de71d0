//! Hints for messages that don't open.

use callseal::keys::{KeyHandle, NoIdentity, UnlockFault};
use callseal::message::{MessageFault, OpenError};

use super::{Hint, signers, some};

pub fn of_open(error: &OpenError) -> Hint {
    match error {
        OpenError::NoIdentity(error) => of_identity(error),
        OpenError::Fault(fault) => of_fault(fault),
        OpenError::Spool { .. } => some(
            "set TMPDIR to a directory that exists, can be written to, and has room for the file",
        ),
        _ => None,
    }
}

fn of_identity(error: &NoIdentity) -> Hint {
    let hint = match error {
        NoIdentity::NoneFits { keys: 0, .. } => GIVE_KEY,
        NoIdentity::NoneFits {
            tried: false,
            presumed: Some(key),
            ..
        } => {
            return some(format!(
                "give the key of one of these recipients with -k KEY; {} was judged by the certificate next to it: if that is the certificate of another key, give a copy of the key in another directory",
                key.display()
            ));
        }
        NoIdentity::NoneFits {
            tried: false,
            uncertified: Some(_),
            ..
        } => {
            "put the key's certificate into its directory, or give the certificate with another -k; if it is lost, --try-all-keys of extract, cat, open, convert and share tries every key"
        }
        NoIdentity::NoneFits { handles, .. } if handles.iter().all(is_hidden) => {
            "its recipients are hidden: ask its sender whose key opens it, and give that key with -k KEY"
        }
        NoIdentity::NoneFits {
            handles,
            tried: true,
            ..
        } if handles.iter().any(KeyHandle::names_a_certificate) => {
            "give the key of one of these certificates with -k KEY, and put the certificate next to it; `openssl x509 -noout -issuer -serial -in CERT` shows a certificate's serial number"
        }
        NoIdentity::NoneFits { handles, .. }
            if handles.iter().any(KeyHandle::names_a_certificate) =>
        {
            "give the key of one of these certificates with -k KEY, and put the certificate next to it (`openssl x509 -noout -issuer -serial -in CERT` shows its serial number); if the certificate is lost, --try-all-keys of extract, cat, open, convert and share tries every key"
        }
        NoIdentity::NoneFits { .. } => {
            "give the key of one of these recipients with -k KEY; `callseal inspect KEY` shows a key's fingerprint"
        }
        NoIdentity::Locked { fault, .. } => return of_unlock(fault),
        NoIdentity::OtherCertificate { .. } => {
            "replace that certificate with the one for this key, or remove it"
        }
        NoIdentity::PassphraseOnly => {
            "`callseal extract` asks for the passphrase, or takes it with --passphrase-file"
        }
        NoIdentity::TooManyTrials { .. } => {
            "don't trust it; if you know its sender, give only its recipient's key with -k"
        }
        NoIdentity::TrialsUsedUp => {
            "name the members that you trust, and give only their recipient's key with -k"
        }
        NoIdentity::Unsupported { .. } => {
            "`gpg --decrypt FILE` may open it, with the key imported into GnuPG"
        }
        NoIdentity::Passphrase(fault) => return of_unlock(fault),
        _ => return None,
    };
    some(hint)
}

pub const INSPECT: &str = "`callseal inspect FILE` shows what a file is";

pub const GIVE_KEY: &str = "give it with -k KEY, or list `keys` in the config";

fn is_hidden(handle: &KeyHandle) -> bool {
    *handle == KeyHandle::Hidden
}

const FROM_ITS_SOURCE: &str = "get it again from its source";

fn of_fault(fault: &MessageFault) -> Hint {
    some(match fault {
        MessageFault::TooLarge { .. } => {
            "if you trust its sender, allow more with --max-member-size"
        }
        MessageFault::TotalTooLarge { .. } => {
            "if you trust its sender, allow more with --max-total-size"
        }
        MessageFault::Truncated | MessageFault::Altered => FROM_ITS_SOURCE,
        MessageFault::SecondMessage(what) if !what.starts_with("-----") => {
            "put each message into a separate file; save each attachment of a mail"
        }
        MessageFault::SecondMessage(_) => {
            "put each message into a separate file (save each attachment of a mail); `csplit -z FILE '/^-----BEGIN /' '{*}'` splits a text"
        }
        MessageFault::Unsupported(what) if what == "a passphrase" => {
            "open it with `openssl cms -decrypt -inform DER -in FILE -pwri_password PASSPHRASE`"
        }
        MessageFault::Mail => "save the attachment in your mail program, and open that",
        MessageFault::NoIntegrityProtection => {
            "anybody may have changed it: ask its sender for one that callseal or GnuPG 2.1 or newer has made"
        }
        MessageFault::NotEncrypted => {
            "it needs no key: `gpg --decrypt FILE` shows what OpenPGP has signed, `openssl cms -verify -noverify -inform DER -in FILE` what CMS has"
        }
        MessageFault::Unsupported(what) if !what.contains('`') => {
            "`gpg --decrypt FILE` may open it, or if it is a CMS message `openssl cms -decrypt -inform DER -in FILE -inkey KEY`"
        }
        MessageFault::NotAMessage => INSPECT,
        MessageFault::NotSigned { .. }
        | MessageFault::Signature { .. }
        | MessageFault::Forwarded { .. }
        | MessageFault::Signatures(_)
        | MessageFault::CarriesNoSignatures => return signers::of_signatures(fault),
        _ => return None,
    })
}

pub fn of_unlock(fault: &UnlockFault) -> Hint {
    some(match fault {
        UnlockFault::NoPassphrase => {
            "run callseal in a terminal to be asked, or give --passphrase-file or --passphrase-fd"
        }
        UnlockFault::Lock(_) => {
            "lock it anew: a PEM key with `openssl pkcs8 -provider legacy -provider default -topk8 -in KEY -out NEW`, an OpenPGP key with GnuPG"
        }
        UnlockFault::WrongPassphrase => {
            "check the passphrase; a file may have several, one on each line"
        }
        _ => return None,
    })
}
