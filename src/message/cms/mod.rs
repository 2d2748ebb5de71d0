//! CMS messages ([RFC 5652](https://www.rfc-editor.org/rfc/rfc5652)), formerly
//! PKCS#7.

mod front;
mod open;

pub(super) use front::Front;
pub(super) use open::{begin, starts};
