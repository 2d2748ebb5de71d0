//! The derivation of keys from passphrases in OpenPGP
//! ([RFC 9580, section 3.7](https://www.rfc-editor.org/rfc/rfc9580#section-3.7)),
//! within bounds.

use std::sync::{Mutex, MutexGuard, PoisonError};

use openpgp::crypto::S2K;
use sequoia_openpgp as openpgp;

/// The most memory that Argon2 may ask for, as an exponent: 2 GiB. RFC 9106,
/// section 4, recommends it for machines that have enough.
const MAX_MEMORY: u8 = 21;

/// The most passes over 2 GiB. Smaller amounts may have more.
const MAX_PASSES: u64 = 2;

/// Held while a key is derived: two at a time would take twice the memory.
static DERIVING: Mutex<()> = Mutex::new(());

/// Returns the memory that the derivation takes, in bytes, if that is a choice of
/// whoever locked something.
pub(crate) fn memory(s2k: &S2K) -> Option<u64> {
    match s2k {
        S2K::Argon2 { m, .. } if *m <= MAX_MEMORY => Some(1024 << *m),
        _ => None,
    }
}

/// Returns a guard to hold while a key is derived like this.
///
/// # Errors
///
/// It would take too much memory or time, or isn't known. The text names it.
pub(crate) fn begin_derivation(s2k: &S2K) -> Result<Option<MutexGuard<'static, ()>>, String> {
    match s2k {
        S2K::Argon2 { t, m, .. } => {
            let most = MAX_PASSES << MAX_MEMORY;
            let blocks = 1_u64.checked_shl((*m).into());
            let work = blocks.and_then(|blocks| blocks.checked_mul((*t).into()));
            if *m > MAX_MEMORY || work.is_none_or(|work| work > most) {
                return Err(
                    "a passphrase by Argon2 with more than 2 GiB of memory, or too many passes"
                        .into(),
                );
            }
            Ok(Some(
                DERIVING.lock().unwrap_or_else(PoisonError::into_inner),
            ))
        }
        s2k if s2k.is_supported() => Ok(None),
        _ => Err("an unknown way of deriving a key from a passphrase".into()),
    }
}
