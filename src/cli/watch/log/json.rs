//! Records as JSON, each on a line of its own.

use std::fmt::Write;
use std::time::SystemTime;

use callseal::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use tracing::Level;

use super::record::Record;
use crate::cli::ui::is_unsafe;

/// Returns the line of a record.
pub(super) fn line(record: &Record, level: &Level, at: SystemTime) -> String {
    let line = Line {
        time: time(at),
        level: name(level),
        watch: record.watch.as_deref(),
        message: &record.message,
        hint: record.hint.as_deref(),
        fields: &record.fields,
    };
    // Strings and numbers can always be written.
    escaped(&serde_json::to_string(&line).unwrap_or_default())
}

/// Escapes what could control a terminal or hide text, as the text for people does. All of it
/// is in strings.
fn escaped(line: &str) -> String {
    let mut escaped = String::with_capacity(line.len());
    for c in line.chars() {
        match is_unsafe(c) {
            false => escaped.push(c),
            true => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a string does not fail.
                    let _ = write!(escaped, "\\u{unit:04x}");
                }
            }
        }
    }
    escaped
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    watch: Option<&'a str>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(flatten)]
    fields: &'a Map<String, Value>,
}

/// Returns the time in UTC, to the millisecond.
fn time(at: SystemTime) -> String {
    let since = at.duration_since(SystemTime::UNIX_EPOCH);
    let milliseconds = since.unwrap_or_default().subsec_millis();
    let seconds = Timestamp(at).to_string();
    format!("{}.{milliseconds:03}Z", seconds.trim_end_matches('Z'))
}

fn name(level: &Level) -> &'static str {
    match *level {
        Level::ERROR => "error",
        Level::WARN => "warning",
        Level::INFO => "info",
        Level::DEBUG | Level::TRACE => "debug",
    }
}
