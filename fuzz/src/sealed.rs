//! Sealed files, and the keys that open them. `tests/fuzz_corpus/` shows how
//! the files in `sealed/` were made. They stay as they are, since the kept
//! inputs are changes to them.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use callseal::fields::{ATTRIBUTE, FieldPlan};
use callseal::keys::{Keyring, Party, Recipients, Requirements};

use super::scratch::with_file;

/// A message and its content.
pub struct Message {
    /// As it was sealed.
    pub bytes: &'static [u8],
    /// Empty if it was sealed without one.
    pub name: &'static str,
    /// The file in it.
    pub content: &'static str,
}

/// A file, and its name.
pub const SHORT: (&str, &str) = ("calls/short.txt", "every word of this counts\n");
/// A file of several chunks.
pub const LONG: (&str, &str) = (
    "calls/day/long.txt",
    "Caller: hello. Agent: hello, how may I help? Caller: the line is bad, I say, the line is \
     bad. Agent: I hear you well. Caller: then read me the number of the card again, please. \
     Agent: I may not read it, and it's not in what is kept of this call. Caller: good, good.\n",
);
/// A file without content.
pub const EMPTY: (&str, &str) = ("calls/empty", "");

macro_rules! message {
    ($file:literal, $sealed:ident) => {
        Message {
            bytes: include_bytes!(concat!("../sealed/", $file)),
            name: $sealed.0,
            content: $sealed.1,
        }
    };
    ($file:literal, $sealed:ident, nameless) => {
        Message {
            name: "",
            ..message!($file, $sealed)
        }
    };
}

/// Add new ones at the end.
pub const MESSAGES: [Message; 12] = [
    message!("v1.pgp", SHORT),
    message!("v1-deflate.pgp", LONG),
    message!("v1-hidden.pgp", LONG),
    message!("v1-empty.pgp", EMPTY),
    message!("v2.pgp", SHORT),
    message!("v2-deflate.pgp", LONG),
    message!("v2-hidden.pgp", SHORT),
    message!("v2-empty.pgp", EMPTY),
    message!("v2-chunks.pgp", LONG, nameless),
    message!("cms-gcm.p7m", LONG, nameless),
    message!("cms-gcm-rsa.p7m", SHORT, nameless),
    message!("cms.p7m", LONG, nameless),
];

/// Archives of the three files.
pub const ARCHIVES: [&[u8]; 3] = [
    include_bytes!("../sealed/v1.zip"),
    include_bytes!("../sealed/v2.zip"),
    include_bytes!("../sealed/cms-gcm.zip"),
];

/// Documents, and their sealed fields with the content.
pub const DOCUMENTS: [(&str, &[(&str, &str)]); 2] = [
    (
        include_str!("../sealed/call.json"),
        &[
            ("/caller/number", r#""+43 1 5350""#),
            ("/cards/0/pan", r#""4111""#),
            ("/cards/1/pan", r#"{"of": [5500, null]}"#),
        ],
    ),
    (
        include_str!("../sealed/other.json"),
        &[
            ("/caller/number", r#""+1 555 0100""#),
            ("/cards/0/pan", "false"),
        ],
    ),
];

/// The selection of the sealed fields.
pub const FIELDS: &str = "caller.number,cards[*].pan";

macro_rules! vector {
    ($file:literal) => {
        include_bytes!(concat!("../../testdata/vectors/0.1.0/", $file)).as_slice()
    };
}

/// Private keys with their certificates.
const KEYS: [&[&[u8]]; 6] = [
    &[vector!("p256.key"), vector!("p256.crt")],
    &[vector!("rsa.key"), vector!("rsa.crt")],
    &[vector!("gpg-cv25519.key")],
    &[vector!("v6.key")],
    &[
        include_bytes!("../seeds/key_file/rsa-pkcs8.key"),
        include_bytes!("../seeds/certificate/rsa-pkcs8.crt"),
    ],
    &[include_bytes!("../seeds/key_file/gpg-user.key")],
];

/// A keyring for each key, P-256 first.
pub static KEYRINGS: LazyLock<Vec<Keyring>> = LazyLock::new(|| {
    let load =
        |files: &&[&[u8]]| with_file(&files.concat(), |path| Keyring::load(&[path]).unwrap());
    KEYS.iter().map(load).collect()
});

/// The recipients of fields: the first keyring opens them.
pub static PLAN: LazyLock<FieldPlan> = LazyLock::new(|| {
    let recipients = recipients(vector!("p256.crt"));
    FieldPlan::new(recipients, ATTRIBUTE).unwrap()
});

/// Returns the recipients of a certificate.
pub fn recipients(certificate: &[u8]) -> Recipients {
    with_file(certificate, |path| {
        let party = Party::with_certificate(path);
        Recipients::load(&[party], &Requirements::listed(now())).unwrap()
    })
}

/// Returns a time at which all certificates are valid: 2030.
pub fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_893_456_000)
}

/// Does the one-time work in advance, so that it doesn't count for any input.
pub fn prepare() {
    LazyLock::force(&KEYRINGS);
    LazyLock::force(&PLAN);
}
