//! Changes to a sealed message.

use super::edits::edited;
use super::opening::{assert_same_again, assert_sealed, open};
use super::sealed::MESSAGES;

/// Checks an input. The first octet chooses the message.
pub fn check(input: &[u8]) {
    let Some((choice, edits)) = input.split_first() else {
        return;
    };
    let original = &MESSAGES[usize::from(*choice) % MESSAGES.len()];
    let sources = MESSAGES.map(|message| message.bytes);
    let message = edited(original.bytes, edits, &sources);
    let opened = open(|| &*message);
    if message == original.bytes {
        let plain = opened.as_ref().unwrap();
        assert_eq!(plain.name, original.name.as_bytes());
        assert_eq!(plain.content, original.content.as_bytes());
    }
    assert_sealed(&opened);
    assert_same_again(&message, &opened);
}
