//! The times at which CRLs are current.

use std::time::SystemTime;

use openssl::x509::X509Crl;

use crate::keys::x509;

/// Returns the time of issue.
pub(super) fn issued(crl: &X509Crl) -> Option<SystemTime> {
    x509::moment(crl.last_update()).ok()
}

/// Returns the end of validity, where it has one.
pub(super) fn expires(crl: &X509Crl) -> Option<SystemTime> {
    x509::moment(crl.next_update()?).ok()
}

/// Returns the time at which none of an issuer's CRLs (the newest first) is
/// current any more. One that was issued ahead counts if it begins before the
/// others end. Returns none if one has no end, or none is current.
pub(super) fn end(newest_first: &[&X509Crl], at: SystemTime) -> Option<SystemTime> {
    let mut end = at;
    for crl in newest_first.iter().rev() {
        if issued(crl).is_some_and(|issued| issued <= end) {
            end = end.max(expires(crl)?);
        }
    }
    (end > at).then_some(end)
}
