//! A message of any kind.

use std::collections::HashSet;
use std::sync::LazyLock;

use openssl::sha::sha256;

use super::opening::{assert_same_again, envelope, open};
use super::pieces::Pieces;
use super::sealed::MESSAGES;

/// The SHA-256 of all that was ever sealed to these keys: what the index of
/// the test vectors lists, what is in `sealed/`, and these.
static SEALED: LazyLock<HashSet<String>> = LazyLock::new(|| {
    // Of `text-mode.pgp` with line ends as it has them, and as GnuPG writes
    // them, which is also in `packet-20.pgp` and `quoted-printable.eml`; of
    // both messages in `two.asc`; of `line-end-behind.pgp`.
    const OTHERS: &str = "
        d98f3f426e03417d6ee481631078614525cbefb7985407ac1688ddded152dd7e
        7485ab514fa0371e7b564495f95bab491b049e9a439d4852dded1b156666ba4d
        0d97962731e0e92f2418ab580d382248456d5c0f986e56263b6466d8bb5819ef
        696036d421b435ccaf6f83be22ac5298282bce615d359d96a6b7ae91bc9500b2
        5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
    let index = include_str!("../../testdata/vectors/0.1.0/index.toml");
    let listed = index.split('"').chain(OTHERS.split_whitespace());
    let hashes = listed.filter(|word| word.len() == 64).map(str::to_owned);
    let here = MESSAGES
        .iter()
        .map(|message| hash(message.content.as_bytes()));
    hashes.chain(here).collect()
});

fn hash(content: &[u8]) -> String {
    sha256(content)
        .iter()
        .map(|octet| format!("{octet:02x}"))
        .collect()
}

pub fn check(input: &[u8]) {
    let shown = envelope(input);
    assert_eq!(shown, envelope(Pieces::new(input, 3)));
    let opened = open(|| input);
    assert_same_again(input, &opened);
    let Ok(plain) = opened else { return };
    let shown = shown.expect("what opens has an envelope");
    assert_eq!(shown.format, plain.opened.format);
    assert!(
        !plain.opened.format.is_authenticated() || SEALED.contains(&hash(&plain.content)),
        "it opened to what was never sealed: {plain:?}"
    );
}
