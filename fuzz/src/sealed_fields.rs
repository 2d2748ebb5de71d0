//! Changes to a sealed document.

use callseal::fields::{ATTRIBUTE, FieldOpener, Missing, Selection};
use serde_json::Value;

use super::edits::edited;
use super::sealed::{DOCUMENTS, FIELDS, KEYRINGS};

/// Checks an input. The first octet chooses the document.
pub fn check(input: &[u8]) {
    let Some((choice, edits)) = input.split_first() else {
        return;
    };
    let (original, _) = DOCUMENTS[usize::from(*choice) % DOCUMENTS.len()];
    let sources = DOCUMENTS.map(|(document, _)| document.as_bytes());
    let text = edited(original.as_bytes(), edits, &sources);
    let Ok(text) = String::from_utf8(text) else {
        return;
    };
    let selection = Selection::paths(FIELDS).unwrap();
    let opener = FieldOpener::new(&KEYRINGS[0], ATTRIBUTE);
    let opener = opener.requiring(&selection, Missing::Error);
    let opened = opener.open(&text).map_err(|error| error.to_string());
    assert_eq!(
        opened,
        opener.open(&text).map_err(|error| error.to_string())
    );
    let Ok(opened) = opened else {
        assert_ne!(text, original, "{opened:?}");
        return;
    };
    let value: Value = serde_json::from_str(opened.text()).unwrap();
    let is_it = |(_, fields): &(&str, &[(&str, &str)])| {
        let same = |(path, content): &(&str, &str)| {
            let content: Value = serde_json::from_str(content).unwrap();
            value.pointer(path) == Some(&content)
        };
        fields.len() == opened.fields() && fields.iter().all(same)
    };
    assert!(
        DOCUMENTS.iter().any(is_it),
        "it opened to what was never sealed: {:?}",
        opened.text()
    );
}
