//! Documents with sealed fields: what is sealed, what stays, and that
//! everything comes back byte for byte.

use callseal::fields::{
    ATTRIBUTE, DocumentError, FieldOpener, FieldSealer, Missing, Selection, SelectionError,
};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use serde_json::Value;

use crate::support::{Office, listed};

const CALL: &str = r#"{
  "id" : "20260314-102247-0118",
  "caller": {"number": "+43 1 234", "name":"Zo\u00eb \/ \ud83d\ude00"},
  "seconds": 30.50, "offset":1e999,
  "cards": [ {"pan": 4111111111111111, "cvc": [1, 2 ,3]}, {"pan":null} ],
  "a.b": {"": false}
}
"#;

#[test]
fn a_document_comes_back_byte_for_byte() {
    let office = Office::new();
    for fields in [
        "caller.number",
        "caller",
        "id,seconds,offset,cards,caller",
        "cards[*].pan",
        "cards[0].cvc[1]",
        "**.pan,offset",
        "*.number",
        r#"["a.b"][""]"#,
        r#"["a.b"]"#,
    ] {
        let sealed = office.seal(fields, CALL);
        assert_ne!(sealed, CALL, "{fields}");
        assert_eq!(office.open(&sealed), CALL, "{fields}");
    }
}

#[test]
fn the_rest_of_a_document_stays_byte_for_byte() {
    let office = Office::new();
    let sealed = office.seal("caller.number,cards[1].pan", CALL);
    let (before, rest) = sealed.split_once(r#""number": "0"#).unwrap();
    assert!(CALL.starts_with(before));
    let (_, rest) = rest.split_once('"').unwrap();
    let middle = r#", "name":"Zo\u00eb \/ \ud83d\ude00"},
  "seconds": 30.50, "offset":1e999,
  "cards": [ {"pan": 4111111111111111, "cvc": [1, 2 ,3]}, {"pan":"#;
    let rest = rest.strip_prefix(middle).unwrap();
    let (_, rest) = rest.strip_prefix('"').unwrap().split_once('"').unwrap();
    let (rest, attribute) = rest
        .split_once(r#","_callseal":{"version":1,"keys":""#)
        .unwrap();
    assert_eq!(rest, "} ],\n  \"a.b\": {\"\": false}");
    let (_, end) = attribute.split_once('"').unwrap();
    assert_eq!(
        end,
        ",\"sealed\":[\"caller.number\",\"cards[1].pan\"]}\n}\n"
    );
    assert!(!sealed.contains("+43 1 234"));
}

#[test]
fn sealed_fields_are_listed_in_the_order_of_the_document() {
    let office = Office::new();
    for (fields, paths) in [
        (
            "cards[*].pan,caller.number",
            &["caller.number", "cards[0].pan", "cards[1].pan"][..],
        ),
        // A field inside a sealed value is covered by it.
        ("**.pan,cards,cards[0].cvc", &["cards"]),
        (
            "cards[0].cvc[*]",
            &["cards[0].cvc[0]", "cards[0].cvc[1]", "cards[0].cvc[2]"],
        ),
        (r#"["caller"]["number"]"#, &["caller.number"]),
        (r#"**[""]"#, &[r#"["a.b"][""]"#]),
        (r#"*.number , ["\u0069d"]"#, &["id", "caller.number"]),
    ] {
        assert_eq!(office.sealed_paths(fields, CALL), paths, "{fields}");
    }
}

#[test]
fn keys_are_compared_by_value_and_not_by_spelling() {
    let office = Office::new();
    let text = r#"{"c\u0061ller":{"\u006eumber":1}}"#;
    assert_eq!(
        office.sealed_paths("caller.number", text),
        ["caller.number"]
    );
    assert_eq!(office.open(&office.seal("caller.number", text)), text);
}

#[test]
fn a_missing_field_is_named() {
    let office = Office::new();
    for (fields, missing) in [
        ("caller.numbers", "caller.numbers"),
        ("id,caler.number", "caler.number"),
        ("id.number", "id.number"),
        ("id[0]", "id[0]"),
        ("caller[*].number", "caller[*].number"),
        ("cards[*].cvc", "cards[1].cvc"),
        ("cards[2].pan", "cards[2].pan"),
        ("**.pin", "**.pin"),
        ("*.*.number", "*.*.number"),
        (r#"["a.b"]["c d"]"#, r#"["a.b"]["c d"]"#),
    ] {
        let error = office.try_seal(fields, CALL).unwrap_err();
        assert_eq!(error.to_string(), format!("{missing}: it is missing"));
    }
    let empty = r#"{"cards":[]}"#;
    assert_eq!(office.seal("cards[*].pan", empty), empty);
}

#[test]
fn if_fields_may_be_missing_the_present_ones_are_sealed() {
    let office = Office::new();
    let selection = Selection::paths("cards[*].cvc,caller.numbers,**.pin").unwrap();
    let sealer = FieldSealer::new(&office.plan, &selection, Missing::Ignore);
    let sealed = sealer.seal(CALL).unwrap();
    assert_eq!(sealed.fields(), 1);
    assert_eq!(office.open(sealed.text()), CALL);

    let selection = Selection::paths("pin").unwrap();
    let sealer = FieldSealer::new(&office.plan, &selection, Missing::Ignore);
    let sealed = sealer.seal(CALL).unwrap();
    assert_eq!((sealed.text(), sealed.fields()), (CALL, 0));
}

#[test]
fn keys_are_selected_by_their_names() {
    let office = Office::new();
    let by = |pattern: &str, missing| {
        let selection = Selection::key_names(pattern).unwrap();
        let sealed = FieldSealer::new(&office.plan, &selection, missing).seal(CALL)?;
        assert_eq!(office.open(sealed.text()), CALL);
        Ok::<_, DocumentError>(match sealed.fields() {
            0 => Vec::new(),
            _ => listed(sealed.text()),
        })
    };
    for (pattern, paths) in [
        ("^pan$", &["cards[0].pan", "cards[1].pan"][..]),
        ("(?i)CALL|cvc", &["caller", "cards[0].cvc"]),
        ("^$", &[r#"["a.b"][""]"#]),
    ] {
        assert_eq!(by(pattern, Missing::Error).unwrap(), paths);
    }
    let error = by("^pin$", Missing::Error).unwrap_err();
    assert_eq!(error.to_string(), "no key matches the pattern \"^pin$\"");
    assert!(by("^pin$", Missing::Ignore).unwrap().is_empty());
}

#[test]
fn a_duplicate_field_is_refused() {
    let office = Office::new();
    for (fields, text, path) in [
        ("a", r#"{"a":1,"a":2}"#, "a"),
        ("a.b", r#"{"a":{"b":1},"\u0061":3}"#, "a"),
        ("x[0].b", r#"{"x":[{"b":1,"c":2,"b":3}]}"#, "x[0].b"),
    ] {
        let selection = Selection::paths(fields).unwrap();
        let sealer = FieldSealer::new(&office.plan, &selection, Missing::Ignore);
        let error = sealer.seal(text).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{path}: it exists more than once")
        );
    }
    // Elsewhere it doesn't matter.
    let text = r#"{"a":1,"b":2,"b":{"c":1,"c":1}}"#;
    assert_eq!(office.open(&office.seal("**.a", text)), text);
}

#[test]
fn a_document_is_sealed_once() {
    let office = Office::new();
    let sealed = office.seal("id", CALL);
    for again in ["id", "caller.number"] {
        let error = office.try_seal(again, &sealed).unwrap_err();
        assert_eq!(error.to_string(), "_callseal: it is already sealed");
    }
}

#[test]
fn an_attribute_of_the_reserved_name_is_not_taken_for_a_sealing() {
    let office = Office::new();
    for attribute in ["7", "\"a\"", "{}", r#"{"version":1}"#] {
        let text = format!(r#"{{"id":1,"_callseal":{attribute}}}"#);
        let error = office.try_seal("id", &text).unwrap_err();
        assert_eq!(
            error.to_string(),
            "it already has an attribute \"_callseal\""
        );
    }
}

#[test]
fn a_document_that_is_not_an_object_is_refused() {
    let office = Office::new();
    for (text, why) in [
        ("[1]", "it is not a JSON object"),
        ("\"a\"", "it is not a JSON object"),
        (
            "{\"a\":1",
            "it is not JSON: it ends inside an object at column 6",
        ),
        (
            "{\"a\":1}}",
            "it is not JSON: there is more after its end at column 8",
        ),
        ("{\"a\":01}", "it is not JSON: invalid number at column 7"),
        (
            "{\n\"a\":1,\n}",
            "it is not JSON: expected a name in double quotes at its line 3, column 1",
        ),
        (
            "{\"a\":NaN}",
            "it is not JSON: expected a value at column 6",
        ),
        (
            "",
            "it is not JSON: it ends where a value is expected at column 0",
        ),
    ] {
        let error = office.try_seal("a", text).unwrap_err();
        assert_eq!(error.to_string(), why, "{text}");
    }
}

#[test]
fn nesting_has_a_limit() {
    let office = Office::new();
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
        format!(r#"{{"b":"[[[[\"[[[[","a":{open}{close}}}"#)
    };
    let deepest = nested(128);
    assert_eq!(office.open(&office.seal("**.a", &deepest)), deepest);
    for depth in [129, 1 << 20] {
        let error = office.try_seal("b", &nested(depth)).unwrap_err();
        assert_eq!(error.to_string(), "it is nested deeper than 128 levels");
        assert!(office.try_open(&nested(depth)).is_err());
    }
}

#[test]
fn a_path_longer_than_a_literal_name_is_bound_too() {
    let office = Office::new();
    let key = "k".repeat(300);
    let text = format!(r#"{{"{key}":1,"{key}2":2}}"#);
    let sealed = office.seal("*", &text);
    assert_eq!(office.open(&sealed), text);
    let value: Value = serde_json::from_str(&sealed).unwrap();
    let (one, two) = (
        value[&key].as_str().unwrap(),
        value[format!("{key}2")].as_str().unwrap(),
    );
    let swapped = sealed
        .replace(one, "<one>")
        .replace(two, one)
        .replace("<one>", two);
    let error = office.try_open(&swapped).unwrap_err();
    assert!(error.to_string().contains("moved or swapped"), "{error}");
}

#[test]
fn a_document_may_be_reformatted_between_sealing_and_opening() {
    let office = Office::new();
    let text = r#"{"b":{"x":[1.10]},"a":"A","c":true}"#;
    let sealed: Value = serde_json::from_str(&office.seal("b.x,a", text)).unwrap();
    let [attribute, a, b] = [ATTRIBUTE, "a", "b"].map(|key| sealed[key].to_string());
    let escaped = a.replace('/', "\\/").replace('+', "\\u002b");
    for (rewritten, opened) in [
        (
            format!(r#"{{ "_callseal" : {attribute} , "c":true, "a":{escaped},"b":{b}}}"#),
            r#"{ "c":true, "a":"A","b":{"x":[1.10]}}"#,
        ),
        (
            format!(r#"{{"a":{a} , "\u005fcallseal":{attribute},"b":{b}, "c":true}}"#),
            r#"{"a":"A","b":{"x":[1.10]}, "c":true}"#,
        ),
        (
            format!("{{\"b\":{b},\"a\":{a}\n, \"_callseal\":{attribute}\n}}"),
            "{\"b\":{\"x\":[1.10]},\"a\":\"A\"\n}",
        ),
    ] {
        assert_eq!(office.open(&rewritten), opened);
    }
}

#[test]
fn a_document_without_sealed_fields_passes_through() {
    let office = Office::new();
    for text in [CALL, "{}", "[1, 2]", " 1.0\n", r#"{"a":{"_callseal":1}}"#] {
        assert_eq!(office.open(text), text);
    }
}

#[test]
fn the_attribute_may_have_any_name() {
    let office = Office::new();
    let recipients = office.plan.recipients().clone();
    let selection = Selection::paths("id").unwrap();
    for name in ["sealed", "", "with \"quotes\" and\n", "_callseal.x"] {
        let plan = callseal::fields::FieldPlan::new(recipients.clone(), name).unwrap();
        let sealer = FieldSealer::new(&plan, &selection, Missing::Error);
        let sealed = sealer.seal(CALL).unwrap();
        let opener = FieldOpener::new(&office.keyring, name);
        assert_eq!(opener.open(sealed.text()).unwrap().text(), CALL);
        // With another attribute, nothing counts as sealed.
        assert_eq!(office.open(sealed.text()), sealed.text());
    }
}

#[test]
fn an_invalid_expression_is_shown_with_the_position() {
    for (paths, expression, place) in [
        ("", "", 1),
        ("a,", "", 1),
        ("a..b", "a..b", 3),
        ("x,a.$ref", "a.$ref", 3),
        ("é.b c", "é.b c", 5),
        ("a[", "a[", 3),
        ("a[1", "a[1", 4),
        ("a[x]", "a[x]", 3),
        ("a[\"b]", "a[\"b]", 3),
        ("a[\"b\"", "a[\"b\"", 6),
        ("a.**", "a.**", 5),
        ("**", "**", 3),
        ("a.[0]", "a.[0]", 3),
        ("a***", "a***", 2),
        ("[99999999999999999999999]", "[99999999999999999999999]", 2),
    ] {
        match Selection::paths(paths) {
            Err(SelectionError::Path {
                expression: shown,
                at,
                ..
            }) => assert_eq!((&*shown, at), (expression, place), "{paths}"),
            other => panic!("{paths}: {other:?}"),
        }
    }
    assert!(Selection::key_names("(").is_err());
}

/// JSON's white space.
fn space() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "", " ", "\t", "\n  ", "\r\n"])
}

fn scalar() -> impl Strategy<Value = String> {
    let string = prop::collection::vec(
        prop::sample::select(vec![
            "a", "é", "😀", "\\u0041", "\\n", "\\\"", "\\\\", "\\/", "\\ud800", "{", "]", ",",
            "\u{7f}",
        ]),
        0..6,
    );
    prop_oneof![
        prop::sample::select(vec![
            "null",
            "true",
            "false",
            "0",
            "-0",
            "-0.0",
            "1e999",
            "1E-2",
            "123456789012345678901234567890.10",
        ])
        .prop_map(str::to_owned),
        string.prop_map(|pieces| format!("\"{}\"", pieces.concat())),
    ]
}

/// Generates a key that ends in its number, so that it appears once.
fn key() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a",
        "",
        "c.d",
        "e f",
        "\\u0061x",
        "é",
        "sha256:",
        "*",
        "[",
        "\\\"",
        "_callseal",
    ])
}

fn object_of(value: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = String> {
    let member = (key(), space(), space(), value, space());
    prop::collection::vec(member, 0..5).prop_map(|members| {
        let members = members.iter().enumerate();
        let members = members.map(|(i, (key, before, between, value, after))| {
            format!("{before}\"{key}{i}\"{between}:{between}{value}{after}")
        });
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    })
}

fn value() -> impl Strategy<Value = String> {
    scalar().prop_recursive(4, 40, 5, |inner| {
        let array = prop::collection::vec((space(), inner.clone(), space()), 0..5);
        let array = array.prop_map(|elements| {
            let elements = elements
                .iter()
                .map(|(a, value, b)| format!("{a}{value}{b}"));
            format!("[{}]", elements.collect::<Vec<_>>().join(","))
        });
        prop_oneof![array, object_of(inner)]
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..Default::default()
    })]

    #[test]
    fn any_fields_of_any_document_come_back_byte_for_byte(
        (before, object, after) in (space(), object_of(value()), space()),
        pattern in prop::sample::select(vec!["0$", "1$", "[23]$", "", "a", "c.d|é"]),
    ) {
        static OFFICE: std::sync::LazyLock<Office> = std::sync::LazyLock::new(Office::new);
        let text = format!("{before}{object}{after}");
        let selection = Selection::key_names(pattern).unwrap();
        let sealer = FieldSealer::new(&OFFICE.plan, &selection, Missing::Ignore);
        let sealed = sealer.seal(&text).unwrap();
        prop_assert_eq!(sealed.fields() == 0, sealed.text() == text);
        prop_assert_eq!(OFFICE.open(sealed.text()), text);
    }

    #[test]
    fn arbitrary_text_never_panics(text in prop_oneof![any::<String>(), object_of(value())], at: usize) {
        static OFFICE: std::sync::LazyLock<Office> = std::sync::LazyLock::new(Office::new);
        // Truncated somewhere.
        let cut = text.char_indices().nth(at % text.len().max(1)).map_or(0, |(i, _)| i);
        for text in [&text[..], &text[..cut], &text[cut..]] {
            let _ = Selection::paths(text);
            let _ = OFFICE.try_seal("**.a", text);
            let _ = OFFICE.try_open(text);
            let _ = OFFICE.try_open(&format!("{{\"_callseal\":{text}}}"));
        }
    }
}
