//! The lines of an index.

use std::borrow::Cow;
use std::time::SystemTime;

use serde::Deserialize;

use crate::message::{MessageId, MessageKey, Session};
use crate::timestamp::Timestamp;

/// The version of the format.
const VERSION: u32 = 1;

/// The first line. No key may come twice, and no other may be there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    #[serde(rename = "callseal-index")]
    version: u32,
    /// The number of the lines that follow.
    pub members: u64,
    /// Whether the members' stored names are numbers.
    #[serde(rename = "hidden-names", default)]
    pub hides_names: bool,
}

impl Head {
    pub fn parse(line: &[u8]) -> Option<Self> {
        let head: Self = object(line)?;
        (head.version == VERSION).then_some(head)
    }

    pub fn push(members: u64, hides_names: bool, text: &mut String) {
        let hidden = match hides_names {
            true => ",\"hidden-names\":true",
            false => "",
        };
        text.push_str(&format!(
            "{{\"callseal-index\":{VERSION},\"members\":{members}{hidden}}}\n"
        ));
    }
}

/// The line of a member. No key may come twice, and no other may be there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line<'a> {
    /// Its stored name.
    #[serde(borrow)]
    pub member: Cow<'a, str>,
    /// Its path, as it is extracted.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// The length of its content in bytes.
    pub size: u64,
    modified: Option<&'a str>,
    id: &'a str,
    #[serde(rename = "session-key")]
    session_key: &'a str,
}

impl<'a> Line<'a> {
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        object(line)
    }

    /// Returns when the file was last changed; `None` if that is malformed, and
    /// `Some(None)` if it isn't said.
    pub fn modified(&self) -> Option<Option<SystemTime>> {
        match self.modified {
            None => Some(None),
            Some(text) => {
                let Timestamp(time) = text.parse().ok()?;
                Some(Some(time))
            }
        }
    }

    pub fn id(&self) -> Option<MessageId> {
        MessageId::from_hex(self.id)
    }

    pub fn session_key(&self) -> Option<MessageKey> {
        MessageKey::parse(self.session_key)
    }

    /// Appends the line of a member.
    pub fn push(
        member: &str,
        name: &str,
        size: u64,
        modified: SystemTime,
        session: &Session,
        text: &mut String,
    ) {
        text.push_str("{\"member\":");
        push_json(member, text);
        text.push_str(",\"name\":");
        push_json(name, text);
        text.push_str(&format!(",\"size\":{size}"));
        let modified = Timestamp(modified).to_string();
        // Some files have times beyond any calendar, or before 1970.
        if modified.parse::<Timestamp>().is_ok() {
            text.push_str(",\"modified\":\"");
            text.push_str(&modified);
            text.push('"');
        }
        text.push_str(",\"id\":\"");
        text.push_str(&session.id.to_hex());
        text.push_str("\",\"session-key\":\"");
        session.key.push_text(text);
        text.push_str("\"}\n");
    }
}

/// Reads a JSON object. A list of its values in their order would do for serde.
fn object<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Option<T> {
    let is_object = line.trim_ascii_start().starts_with(b"{");
    serde_json::from_slice(line).ok().filter(|_| is_object)
}

/// Appends a JSON string.
fn push_json(value: &str, text: &mut String) {
    if value
        .bytes()
        .all(|octet| octet >= b' ' && octet != b'"' && octet != b'\\')
    {
        text.push('"');
        text.push_str(value);
        text.push('"');
    } else {
        text.push_str(&serde_json::Value::from(value).to_string());
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn session() -> Session {
        Session {
            id: MessageId([0xAB; 32]),
            key: MessageKey::parse(&format!("9:{}", "0F".repeat(32))).unwrap(),
        }
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let modified = UNIX_EPOCH + Duration::from_secs(1_773_480_413);
        for name in ["calls/a.wav", "a \"quoted\" \\ name", "Gespräch 1"] {
            let mut text = String::new();
            let stored = format!("{name}.pgp");
            Line::push(&stored, name, 16384, modified, &session(), &mut text);
            let line = Line::parse(text.as_bytes()).expect("well-formed");
            assert_eq!(line.member, stored);
            assert_eq!(line.name, name);
            assert_eq!(line.size, 16384);
            assert_eq!(line.modified(), Some(Some(modified)));
            assert_eq!(line.id(), Some(session().id));
            assert!(line.session_key() == Some(session().key));
        }
    }

    #[test]
    fn a_time_that_no_calendar_has_is_left_out() {
        let mut text = String::new();
        let before = UNIX_EPOCH - Duration::from_secs(1);
        Line::push("a.pgp", "a", 1, before, &session(), &mut text);
        assert!(!text.contains("modified"), "{text}");
        let line = Line::parse(text.as_bytes()).expect("well-formed");
        assert_eq!(line.modified(), Some(None));
    }

    #[test]
    fn a_key_that_comes_twice_is_refused() {
        let mut text = String::new();
        Line::push("a.pgp", "a", 1, UNIX_EPOCH, &session(), &mut text);
        assert!(Line::parse(text.as_bytes()).is_some());
        for twice in ["\"size\":1,\"size\":", "\"other\":1,\"size\":"] {
            let text = text.replace("\"size\":", twice);
            assert!(Line::parse(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn only_the_first_version_is_read() {
        let mut text = String::new();
        Head::push(2, true, &mut text);
        let head = Head::parse(text.as_bytes()).expect("well-formed");
        assert_eq!((head.members, head.hides_names), (2, true));
        let other = text.replace("index\":1", "index\":2");
        assert!(Head::parse(other.as_bytes()).is_none());
    }
}
