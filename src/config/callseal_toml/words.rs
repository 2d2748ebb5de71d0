//! The words of serde for users.

/// Returns what is wrong with a value, by serde's message and the line of it.
pub(super) fn wrong_type(message: &str, line: Option<&str>) -> String {
    let header = line.map(str::trim).unwrap_or_default();
    if header.starts_with("[[watch]]")
        && let Some(key) = message.strip_prefix("missing field ")
    {
        return format!("this [[watch]] has no {}", key.trim_matches('`'));
    }
    let types = message.strip_prefix("invalid type: ");
    let Some((found, expected)) = types.and_then(|types| types.split_once(", expected ")) else {
        return message.to_owned();
    };
    let expected = match expected {
        "i64" => "a whole number",
        "a boolean" => "true or false",
        "a string" => "text in quotes",
        "a string, or a list of strings" => "text in quotes, or a list of such texts",
        "a sequence" => "a list",
        "a map" => "a table",
        other if other.starts_with("struct ") => "a table",
        other => other,
    };
    let found = match found.split([' ', '`']).next() {
        Some("boolean") => "true or false",
        Some("integer" | "floating") => "a number",
        Some("string") => "text",
        Some("sequence") => "a list",
        Some("map") => "a table",
        _ => found,
    };
    if header.starts_with("[watch]") {
        return format!("expected [[watch]], found {header}");
    }
    let key = line.and_then(|line| line.split_once('='));
    let is_of_key = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    match key.map(|(key, _)| key.trim()) {
        Some(key) if !key.is_empty() && key.chars().all(is_of_key) => {
            format!("{key}: expected {expected}, found {found}")
        }
        _ => format!("expected {expected}, found {found}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_wrong_type_are_named_in_plain_words() {
        for (message, line, shown) in [
            (
                "invalid type: string, expected i64",
                "min-rsa-bits = '3072'",
                "min-rsa-bits: expected a whole number, found text",
            ),
            (
                "invalid type: integer `1`, expected a string",
                "  compress = 1",
                "compress: expected text in quotes, found a number",
            ),
            (
                "invalid type: string, expected a sequence",
                "recipients = 'a.crt'",
                "recipients: expected a list, found text",
            ),
            (
                "invalid type: string, expected a boolean",
                "require-signature = 'yes'",
                "require-signature: expected true or false, found text",
            ),
            (
                "invalid type: boolean `true`, expected struct Profile",
                "  true,",
                "expected a table, found true or false",
            ),
        ] {
            assert_eq!(wrong_type(message, Some(line)), shown);
        }
        let watch = wrong_type("missing field `spool`", Some("[[watch]]"));
        assert_eq!(watch, "this [[watch]] has no spool");
        let table = "invalid type: map, expected a sequence";
        let watch = wrong_type(table, Some("[watch]"));
        assert_eq!(watch, "expected [[watch]], found [watch]");
        assert_eq!(
            wrong_type("missing field `name`", None),
            "missing field `name`"
        );
    }
}
