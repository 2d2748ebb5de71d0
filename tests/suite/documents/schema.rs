//! The part of JSON Schema that docs/json.md uses.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Schemas with the definitions that they share.
pub struct Schemas {
    definitions: Map<String, Value>,
}

/// The findings about a document.
#[derive(Default)]
pub struct Findings {
    /// The mismatches.
    pub faults: Vec<String>,
    /// The properties that were present, by the places of their schemas.
    pub seen: BTreeSet<String>,
}

impl Schemas {
    /// Takes the schema that holds the definitions.
    pub fn new(definitions: &Value) -> Self {
        let definitions = definitions["$defs"].as_object().unwrap().clone();
        Self { definitions }
    }

    /// Checks whether a value matches a schema. `place` is where the schema is,
    /// and `at` where the value is.
    pub fn check(&self, schema: &Value, place: &str, value: &Value, at: &str) -> Findings {
        let mut findings = Findings::default();
        let mut fault = |what: &str| findings.faults.push(format!("{at}: {what}"));
        let schema = schema.as_object().unwrap();
        let mut parts: Vec<Findings> = Vec::new();
        for (keyword, argument) in schema {
            match keyword.as_str() {
                "$ref" => {
                    let (place, definition) = self.definition(argument);
                    parts.push(self.check(definition, &place, value, at));
                }
                "type" => {
                    let types = match argument {
                        Value::Array(several) => several.as_slice(),
                        one => std::slice::from_ref(one),
                    };
                    if !types
                        .iter()
                        .any(|name| has_type(value, name.as_str().unwrap()))
                    {
                        fault(&format!("{value} is not of the type {argument}"));
                    }
                }
                "enum" => {
                    if !argument.as_array().unwrap().contains(value) {
                        fault(&format!("{value} is none of {argument}"));
                    }
                }
                "const" => {
                    if argument != value {
                        fault(&format!("{value} is not {argument}"));
                    }
                }
                "required" => {
                    for name in argument.as_array().unwrap() {
                        if value.get(name.as_str().unwrap()).is_none() {
                            fault(&format!("{name} is missing"));
                        }
                    }
                }
                "items" => {
                    for (n, item) in value.as_array().into_iter().flatten().enumerate() {
                        let (place, at) = (format!("{place}[]"), format!("{at}[{n}]"));
                        parts.push(self.check(argument, &place, item, &at));
                    }
                }
                "properties" => {
                    for (name, schema) in argument.as_object().unwrap() {
                        let Some(property) = value.get(name) else {
                            continue;
                        };
                        let (place, at) = (format!("{place}.{name}"), format!("{at}.{name}"));
                        let mut part = self.check(schema, &place, property, &at);
                        part.seen.insert(place);
                        parts.push(part);
                    }
                }
                "additionalProperties" => {
                    let known = schema.get("properties").and_then(Value::as_object);
                    for (name, property) in value.as_object().into_iter().flatten() {
                        if known.is_some_and(|known| known.contains_key(name)) {
                            continue;
                        }
                        match argument {
                            Value::Bool(false) => fault(&format!("nothing is said of {name:?}")),
                            schema => {
                                let (place, at) = (format!("{place}.*"), format!("{at}.{name}"));
                                parts.push(self.check(schema, &place, property, &at));
                            }
                        }
                    }
                }
                "anyOf" => {
                    let several = argument.as_array().unwrap().iter().enumerate();
                    let mut tried = several.map(|(n, schema)| {
                        let place = format!("{place}/{n}");
                        (schema, self.check(schema, &place, value, at))
                    });
                    let fits = tried.find(|(_, findings)| findings.faults.is_empty());
                    match fits {
                        Some((_, findings)) => parts.push(findings),
                        None => fault(&format!("{value} fits nothing of {argument:#}")),
                    }
                }
                "$defs" => {}
                other => panic!("{place}: the keyword {other} is not known here"),
            }
        }
        for part in parts {
            findings.faults.extend(part.faults);
            findings.seen.extend(part.seen);
        }
        findings
    }

    /// Returns all properties of a schema and of the schemas it refers to, by
    /// their places. Every schema of an object must say which other properties
    /// are allowed.
    pub fn properties(&self, schema: &Value, place: &str, found: &mut BTreeSet<String>) {
        let schema = schema.as_object().unwrap();
        if schema.get("type").is_some_and(|name| name == "object") {
            let is_closed = schema.contains_key("additionalProperties");
            assert!(is_closed, "{place}: anything else may be there");
        }
        if let Some(reference) = schema.get("$ref") {
            let (place, definition) = self.definition(reference);
            self.properties(definition, &place, found);
        }
        if let Some(items) = schema.get("items") {
            self.properties(items, &format!("{place}[]"), found);
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, schema) in properties.into_iter().flatten() {
            let place = format!("{place}.{name}");
            self.properties(schema, &place, found);
            found.insert(place);
        }
        if let Some(others @ Value::Object(_)) = schema.get("additionalProperties") {
            self.properties(others, &format!("{place}.*"), found);
        }
        let several = schema.get("anyOf").and_then(Value::as_array);
        for (n, schema) in several.into_iter().flatten().enumerate() {
            self.properties(schema, &format!("{place}/{n}"), found);
        }
    }

    fn definition(&self, reference: &Value) -> (String, &Value) {
        let reference = reference.as_str().unwrap();
        let name = reference.strip_prefix("#/$defs/").unwrap();
        let definition = self.definitions.get(name);
        let definition = definition.unwrap_or_else(|| panic!("{reference} leads nowhere"));
        (format!("${name}"), definition)
    }
}

fn has_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the type {other} is not known here"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn mismatches_with_the_schema_are_found() {
        let definitions = json!({ "$defs": { "name": { "type": "string" } } });
        let schemas = Schemas::new(&definitions);
        let schema = json!({
            "type": "object",
            "properties": {
                "names": { "type": "array", "items": { "$ref": "#/$defs/name" } },
                "kind": { "enum": ["a", null] },
                "more": { "anyOf": [{ "const": 1 }, { "type": ["boolean", "null"] }] },
            },
            "required": ["names"],
            "additionalProperties": false,
        });
        for (value, faults) in [
            (json!({ "names": [] }), 0),
            (json!({ "names": ["x"], "kind": null, "more": 1 }), 0),
            (json!({ "names": ["x"], "kind": "a", "more": false }), 0),
            (json!({}), 1),
            (json!([]), 2),
            (json!({ "names": [1, "x", null] }), 2),
            (json!({ "names": [], "kind": "b" }), 1),
            (json!({ "names": [], "more": 2 }), 1),
            (json!({ "names": [], "other": 2 }), 1),
        ] {
            let found = schemas.check(&schema, "", &value, "").faults;
            assert_eq!(found.len(), faults, "{value}: {found:?}");
        }
    }
}
