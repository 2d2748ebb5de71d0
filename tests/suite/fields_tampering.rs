//! Altered sealed documents: nothing of them comes out.

use std::time::UNIX_EPOCH;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callseal::ErrorKind;
use callseal::fields::{ATTRIBUTE, DocumentError};
use callseal::message::{Compression, Format};
use callseal::message::{SealOptions, SealPlan, SealedFile};
use serde_json::{Value, json};

use crate::support::Office;

const CALL: &str = r#"{"caller":{"number":"+43 1"},"cards":[{"pan":1},{"pan":2}],"id":7}"#;
const FIELDS: &str = "caller.number,cards[*].pan";

/// Returns the parts of a sealed call.
fn sealed(office: &Office) -> Value {
    serde_json::from_str(&office.seal(FIELDS, CALL)).unwrap()
}

/// Checks that a document doesn't open, with an error that begins like this.
#[track_caller]
fn refused(office: &Office, document: &Value, begins: &str) {
    let error = match office.try_open(&document.to_string()) {
        Err(error) => error,
        Ok(opened) => panic!("it opens: {opened}"),
    };
    assert!(error.to_string().starts_with(begins), "{error}");
    assert_eq!(ErrorKind::from(&error), ErrorKind::Integrity, "{error}");
}

/// Changes the bytes that a JSON string encodes.
fn alter(string: &mut Value, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = STANDARD.decode(string.as_str().unwrap()).unwrap();
    change(&mut bytes);
    *string = STANDARD.encode(bytes).into();
}

#[test]
fn it_opens_as_long_as_nobody_alters_it() {
    let office = Office::new();
    let opened = office.open(&sealed(&office).to_string());
    let opened: Value = serde_json::from_str(&opened).unwrap();
    assert_eq!(opened, serde_json::from_str::<Value>(CALL).unwrap());
}

#[test]
fn values_swapped_between_fields_are_named() {
    let office = Office::new();
    let mut document = sealed(&office);
    let one = document["cards"][0]["pan"].take();
    let two = std::mem::replace(&mut document["cards"][1]["pan"], one);
    document["cards"][0]["pan"] = two;
    refused(
        &office,
        &document,
        "cards[0].pan: it was sealed as \"cards[1].pan\", and has been moved or swapped",
    );
}

#[test]
fn a_value_copied_to_another_field_is_named() {
    let office = Office::new();
    let mut document = sealed(&office);
    document["cards"][1]["pan"] = document["cards"][0]["pan"].clone();
    refused(&office, &document, "cards[1].pan: it was sealed as");
    // With the list changed as well.
    let mut document = sealed(&office);
    document["id"] = document["cards"][0]["pan"].clone();
    document[ATTRIBUTE]["sealed"]
        .as_array_mut()
        .unwrap()
        .push(json!("id"));
    refused(&office, &document, "id: it was sealed as \"cards[0].pan\"");
}

#[test]
fn a_value_from_another_document_is_named() {
    let office = Office::new();
    for path in ["/caller/number", "/cards/0/pan", "/cards/1/pan"] {
        let mut document = sealed(&office);
        let mut other = sealed(&office);
        *document.pointer_mut(path).unwrap() = other.pointer_mut(path).unwrap().take();
        let error = office.try_open(&document.to_string()).unwrap_err();
        let shown = error.to_string();
        assert!(shown.contains("it was altered or damaged"), "{shown}");
        let name = path.trim_start_matches('/').replace("/pan", "].pan");
        let name = name.replace("cards/", "cards[").replace('/', ".");
        assert!(shown.starts_with(&name), "{shown}");
    }
}

#[test]
fn keys_from_another_document_open_nothing() {
    let office = Office::new();
    let mut document = sealed(&office);
    document[ATTRIBUTE]["keys"] = sealed(&office)[ATTRIBUTE]["keys"].take();
    refused(&office, &document, "caller.number: it was altered");
}

#[test]
fn every_bit_of_a_value_counts() {
    let office = Office::new();
    let document = sealed(&office);
    let length = STANDARD
        .decode(document["cards"][1]["pan"].as_str().unwrap())
        .unwrap()
        .len();
    for at in 0..length {
        let mut altered = document.clone();
        alter(&mut altered["cards"][1]["pan"], |bytes| {
            bytes[at] ^= 1 << (at % 8)
        });
        refused(&office, &altered, "cards[1].pan: ");
    }
}

#[test]
fn a_value_cut_off_or_added_to_is_refused() {
    let office = Office::new();
    let document = sealed(&office);
    let field = |value: &mut Value| value["caller"]["number"].take();
    let whole = STANDARD
        .decode(field(&mut document.clone()).as_str().unwrap())
        .unwrap();
    for length in 0..whole.len() {
        let mut altered = document.clone();
        altered["caller"]["number"] = STANDARD.encode(&whole[..length]).into();
        refused(&office, &altered, "caller.number: ");
    }
    for more in [&whole[..], b"\0", b"\xCA\x03PGP", b"\xD5\x01x"] {
        let mut altered = document.clone();
        altered["caller"]["number"] = STANDARD.encode([&whole, more].concat()).into();
        refused(&office, &altered, "caller.number: it is malformed");
        // Of a value that isn't the first, too.
        let mut altered = document.clone();
        alter(&mut altered["cards"][1]["pan"], |bytes| {
            bytes.extend_from_slice(more)
        });
        refused(&office, &altered, "cards[1].pan: it is malformed");
    }
}

#[test]
fn a_removed_value_is_named() {
    let office = Office::new();
    let mut removed = sealed(&office);
    removed["caller"].as_object_mut().unwrap().remove("number");
    refused(
        &office,
        &removed,
        "caller.number: it was sealed, and has been removed",
    );
    let mut removed = sealed(&office);
    removed["cards"].as_array_mut().unwrap().remove(1);
    refused(
        &office,
        &removed,
        "cards[1].pan: it was sealed, and has been removed",
    );
    for other in [
        json!("+43 1"),
        json!(3),
        json!(null),
        json!(["x"]),
        json!("****"),
    ] {
        let mut replaced = sealed(&office);
        replaced["cards"][1]["pan"] = other;
        refused(
            &office,
            &replaced,
            "cards[1].pan: it does not hold a sealed value",
        );
    }
    for other in ["", "AAAA"] {
        let mut replaced = sealed(&office);
        replaced["cards"][1]["pan"] = json!(other);
        refused(&office, &replaced, "cards[1].pan: ");
    }
}

#[test]
fn a_wrong_list_of_sealed_fields_is_refused() {
    let office = Office::new();
    for (list, begins) in [
        (json!([]), "_callseal: it is malformed"),
        (json!("caller.number"), "_callseal: it is malformed"),
        (json!([7]), "_callseal: it is malformed"),
        (
            json!(["caller.number", "caller.number"]),
            "_callseal: it is malformed",
        ),
        (
            json!(["caller", "caller.number"]),
            "_callseal: it is malformed",
        ),
        (
            json!(["caller.number", "caller"]),
            "_callseal: it is malformed",
        ),
        (json!(["_callseal.keys"]), "_callseal: it is malformed"),
        (json!(["cards[*].pan"]), "_callseal: it is malformed"),
        (json!(["**.pan"]), "_callseal: it is malformed"),
        (json!(["[\"caller\"].number"]), "_callseal: it is malformed"),
        (json!(["cards[01].pan"]), "_callseal: it is malformed"),
        (json!(["caller.number,id"]), "_callseal: it is malformed"),
        (json!([" caller.number"]), "_callseal: it is malformed"),
        (
            json!(["caller.number", "nothing"]),
            "nothing: it was sealed, and has been removed",
        ),
        (json!(["caller"]), "caller: it does not hold a sealed value"),
        (json!(["id"]), "id: it does not hold a sealed value"),
        (
            json!(vec!["a"; 100_001]),
            "_callseal: it lists more than 100000 fields",
        ),
    ] {
        let mut document = sealed(&office);
        document[ATTRIBUTE]["sealed"] = list;
        refused(&office, &document, begins);
    }
}

#[test]
fn a_list_that_would_take_much_memory_is_refused() {
    let office = Office::new();
    let deep = ".a".repeat(120);
    let list: Vec<String> = (0..9_000).map(|n| format!("k{n}{deep}")).collect();
    let mut document = sealed(&office);
    document[ATTRIBUTE]["sealed"] = json!(list);
    refused(&office, &document, "_callseal: it is malformed");
    document[ATTRIBUTE]["sealed"] = json!(list[..5_000]);
    refused(&office, &document, "k0.a.a");
}

#[test]
fn a_field_left_out_of_the_list_stays_sealed() {
    let office = Office::new();
    let mut document = sealed(&office);
    document[ATTRIBUTE]["sealed"] = json!(["cards[1].pan"]);
    let opened: Value = serde_json::from_str(&office.open(&document.to_string())).unwrap();
    assert_eq!(opened["cards"][1]["pan"], 2);
    assert_eq!(opened["cards"][0]["pan"], document["cards"][0]["pan"]);
}

#[test]
fn a_malformed_attribute_is_refused() {
    let office = Office::new();
    let good = sealed(&office)[ATTRIBUTE].take();
    let with = |key: &str, value: Value| {
        let mut attribute = good.clone();
        attribute[key] = value;
        attribute
    };
    for (attribute, begins) in [
        (json!(null), "_callseal: it is malformed"),
        (json!({}), "_callseal: it is malformed"),
        (
            with("version", json!(2)),
            "_callseal: it is of version 2, which is not supported",
        ),
        (with("version", json!("1")), "_callseal: it is malformed"),
        (with("more", json!(1)), "_callseal: it is malformed"),
        (with("keys", json!("?")), "_callseal: it is malformed"),
        (
            with("keys", json!("")),
            "_callseal.keys: it is malformed: it names no recipient",
        ),
        (
            with("keys", json!("AAAA")),
            "_callseal.keys: it is neither an OpenPGP nor a CMS message",
        ),
    ] {
        let mut document = sealed(&office);
        document[ATTRIBUTE] = attribute;
        refused(&office, &document, begins);
    }
    let twice = office.seal("id", CALL);
    let twice = twice.replacen('{', "{\"_callse\\u0061l\":1,", 1);
    let error = office.try_open(&twice).unwrap_err();
    assert_eq!(error.to_string(), "_callseal: it exists more than once");
}

#[test]
fn keys_hold_nothing_but_keys() {
    let office = Office::new();
    let mut document = sealed(&office);
    let value = STANDARD
        .decode(document["caller"]["number"].as_str().unwrap())
        .unwrap();
    // A complete message instead of the keys.
    alter(&mut document[ATTRIBUTE]["keys"], |keys| keys.extend(&value));
    refused(
        &office,
        &document,
        "_callseal.keys: it is malformed: data after",
    );
}

#[test]
fn truncated_keys_are_distinguished_from_truncated_values() {
    let office = Office::new();
    for by in [1, 30, 200] {
        let mut document = sealed(&office);
        alter(&mut document[ATTRIBUTE]["keys"], |keys| {
            keys.truncate(keys.len() - by);
        });
        refused(&office, &document, "_callseal.keys: it is truncated");
        let mut document = sealed(&office);
        alter(&mut document["caller"]["number"], |value| {
            value.truncate(value.len().saturating_sub(by));
        });
        refused(&office, &document, "caller.number: it ");
    }
}

#[test]
fn a_duplicate_sealed_field_is_refused() {
    let office = Office::new();
    let sealed = office.seal("id", CALL);
    let twice = sealed.replacen('{', "{\"id\":1,", 1);
    let error = office.try_open(&twice).unwrap_err();
    assert!(matches!(error, DocumentError::Ambiguous { path } if path == "id"));
}

#[test]
fn too_many_recipients_are_refused() {
    let office = Office::new();
    let mut document = sealed(&office);
    alter(&mut document[ATTRIBUTE]["keys"], |keys| {
        *keys = keys.repeat(1001)
    });
    refused(
        &office,
        &document,
        "_callseal.keys: it is malformed: it has too many recipients",
    );
}

/// Makes a document whose field `id` holds a whole forged message, with its
/// PKESKs instead of the keys.
fn crafted(
    office: &Office,
    format: Option<Format>,
    compression: Compression,
    name: &str,
    content: &str,
) -> Value {
    let recipients = office.plan.recipients().clone();
    let plan = SealPlan::new(
        recipients,
        SealOptions {
            format,
            compression,
            ..SealOptions::default()
        },
    )
    .unwrap();
    let file = SealedFile {
        name,
        modified: UNIX_EPOCH,
        length: None,
    };
    let mut message = Vec::new();
    let mut sealer = plan.sealer();
    sealer
        .seal(&mut content.as_bytes(), &file, &mut message)
        .unwrap();
    // RFC 9580, section 4.2.1.1: PKESKs for these keys are shorter than 192.
    let mut rest = &message[..];
    while rest[0] == 0xC1 {
        assert!(rest[1] < 192);
        rest = &rest[2 + usize::from(rest[1])..];
    }
    let keys = &message[..message.len() - rest.len()];
    json!({
        "id": STANDARD.encode(rest),
        ATTRIBUTE: {"version": 1, "keys": STANDARD.encode(keys), "sealed": ["id"]},
    })
}

#[test]
fn a_sealed_value_has_one_form() {
    let office = Office::new();
    let auto = |name, content| crafted(&office, None, Compression::None, name, content);
    for value in ["7", "\"a\"", "{\"a\": [1 ,2]}", "1e999"] {
        let opened = office.open(&auto("id", value).to_string());
        assert_eq!(opened, format!("{{\"id\":{value}}}"));
    }
    for value in ["", " 7", "7\n", "7,8", "7}", "{", "text", "7//", "\"a"] {
        refused(
            &office,
            &auto("id", value),
            "id: the sealed content is not a JSON value",
        );
    }
    for name in ["", "ID", "id ", "x.id", "[\"id\"]"] {
        refused(&office, &auto(name, "7"), "id: it was sealed as");
    }
    refused(
        &office,
        &crafted(&office, Some(Format::Rfc4880), Compression::None, "id", "7"),
        "id: it is malformed: a container of another version than 2",
    );
    refused(
        &office,
        &crafted(&office, None, Compression::Deflate, "id", "7"),
        "id: it is malformed: there is no literal packet in it",
    );
}
