//! One record of the log, and its fields.

use std::fmt;

use serde_json::{Map, Value};
use tracing::Event;
use tracing::field::{Field, Visit};

use crate::cli::ui::cut;

/// What stands between the items of a list: a field has one value.
pub(super) const BETWEEN: &str = ",";

/// The longest message and the longest value, in bytes: the journal divides longer lines, and
/// takes what follows for a line of its own. A path that can be sealed is shorter.
const LONGEST_MESSAGE: usize = 2048;
const LONGEST_VALUE: usize = 4096;

/// The field that is a list.
const LIST: &str = "recipients";

/// A record.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// The name of the `[[watch]]` that it's about.
    pub watch: Option<String>,
    pub message: String,
    /// The remedy.
    pub hint: Option<String>,
    /// What else is known.
    pub fields: Map<String, Value>,
}

impl Record {
    pub fn of(event: &Event<'_>) -> Self {
        let mut record = Self::default();
        event.record(&mut record);
        record
    }

    /// Returns the message for people.
    pub fn sentence(&self) -> String {
        match &self.watch {
            Some(watch) => format!("{watch}: {}", self.message),
            None => self.message.clone(),
        }
    }

    fn add(&mut self, field: &Field, value: Value) {
        self.fields.insert(field.name().to_owned(), value);
    }
}

impl Visit for Record {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "watch" => self.watch = Some(value.to_owned()),
            "hint" => self.hint = Some(value.to_owned()),
            LIST => {
                let items = value.split(BETWEEN).map(Value::from);
                self.add(field, items.collect());
            }
            _ => self.add(field, cut(value, LONGEST_VALUE).into()),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Paths are shown, and so is the message: their `Debug` is what they show.
        let value = format!("{value:?}");
        match field.name() {
            "message" => self.message = cut(&value, LONGEST_MESSAGE).into_owned(),
            _ => self.add(field, cut(&value, LONGEST_VALUE).into()),
        }
    }
}
