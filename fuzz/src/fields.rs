//! A selection on the first line, and JSON documents below it.

use std::num::NonZeroUsize;

use callseal::fields::legacy::{AesCbcKey, AesCbcOpener, AesCbcSealer, KeyForm};
use callseal::fields::{
    ATTRIBUTE, Convert, DocumentError, FieldOpener, FieldSealer, Missing, Selection,
    StreamConverter,
};

use super::sealed::{KEYRINGS, PLAN};

pub fn check(input: &[u8]) {
    let line = input.iter().position(|octet| *octet == b'\n');
    let (first, documents) = input.split_at(line.map_or(input.len(), |at| at + 1));
    let Ok(first) = std::str::from_utf8(first) else {
        return;
    };
    let selection = match first.trim_end_matches('\n').strip_prefix('~') {
        Some(pattern) => Selection::key_names(pattern),
        None => Selection::paths(first.trim_end_matches('\n')),
    };
    let Ok(selection) = selection else { return };
    let opener = FieldOpener::new(&KEYRINGS[0], ATTRIBUTE);
    if let Ok(text) = std::str::from_utf8(documents) {
        check_document(text, &selection, &opener);
        check_legacy(text, &selection);
    }
    check_stream(documents, &selection, &opener);
}

fn check_document(text: &str, selection: &Selection, opener: &FieldOpener<'_>) {
    let open = |text: &str| opener.open(text).map_err(|error| error.to_string());
    assert_eq!(open(text), open(text));
    for missing in [Missing::Ignore, Missing::Error] {
        let sealer = FieldSealer::new(&PLAN, selection, missing);
        let Ok(sealed) = sealer.seal(text) else {
            continue;
        };
        let opened = opener.open(sealed.text()).unwrap();
        assert_eq!(opened.text(), text, "it was sealed as {:?}", sealed.text());
        assert_eq!(opened.fields(), sealed.fields());
        if sealed.fields() > 0 {
            assert!(matches!(
                sealer.seal(sealed.text()),
                Err(DocumentError::Sealed { .. })
            ));
            // All selected fields are on the list of sealed fields.
            let strict = FieldOpener::new(&KEYRINGS[0], ATTRIBUTE);
            let strict = strict.requiring(selection, missing);
            assert_eq!(strict.open(sealed.text()).unwrap().text(), text);
        }
    }
}

fn check_legacy(text: &str, selection: &Selection) {
    let key = AesCbcKey::new(&[7; 32], KeyForm::Raw).unwrap();
    let opener = AesCbcOpener::new(&key, selection, Missing::Ignore);
    let open = |text: &str| opener.open(text).map_err(|error| error.to_string());
    assert_eq!(open(text), open(text));
    let sealer = AesCbcSealer::new(&key, selection, Missing::Ignore);
    if let Ok(sealed) = sealer.seal(text) {
        let opened = opener.open(sealed.text()).unwrap();
        assert_eq!(opened.fields(), sealed.fields());
        // What comes out are strings, and their text is sealed as it is.
        let again = sealer.seal(opened.text()).unwrap();
        assert_eq!(opener.open(again.text()).unwrap(), opened);
    }
}

/// Checks that documents come back unchanged after sealing and opening as a
/// stream.
fn check_stream(documents: &[u8], selection: &Selection, opener: &FieldOpener<'_>) {
    let sealer = FieldSealer::new(&PLAN, selection, Missing::Ignore);
    let [one, two] = [1, 2].map(|jobs| converted(documents, &sealer, jobs));
    assert_eq!(one.1, two.1);
    for (sealed, failures) in [one, two] {
        if failures.is_empty() {
            let (opened, failures) = converted(&sealed, opener, 1);
            assert_eq!(failures, Vec::<String>::new());
            assert_eq!(opened, documents);
        }
    }
}

/// Returns the output of a stream, and its failures.
fn converted(documents: &[u8], converter: &dyn Convert, jobs: usize) -> (Vec<u8>, Vec<String>) {
    let mut result = Vec::new();
    let mut failures = Vec::new();
    let converter = StreamConverter::new(converter).workers(NonZeroUsize::new(jobs).unwrap());
    let done = converter.convert(&mut &*documents, &mut result, &mut |line, error| {
        failures.push(format!("{line}: {error}"));
    });
    assert_eq!(done.unwrap().failed, failures.len() as u64);
    (result, failures)
}
