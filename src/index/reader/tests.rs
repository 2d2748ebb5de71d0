use std::io::Cursor;
use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::archive::{Archive, ArchiveWriter};
use crate::message::{MessageId, Session};

/// The data of each member.
const DATA: &[u8] = b"no message";

/// Returns an archive of members of these names.
fn archive(names: &[impl AsRef<str>]) -> Archive<Vec<u8>> {
    let mut writer = ArchiveWriter::new(Cursor::new(Vec::new()));
    for name in names {
        let name = MemberName::parse(name.as_ref()).unwrap();
        writer.add(&name, UNIX_EPOCH, DATA).unwrap();
    }
    Archive::open(writer.finish().unwrap().into_inner()).unwrap()
}

/// Returns the session key of the member with this number.
fn key(number: usize) -> MessageKey {
    MessageKey::parse(&format!("9:{number:064X}")).unwrap()
}

/// Returns the line of the member with this number.
fn line(number: usize, stored: &str, name: &str) -> String {
    let mut line = String::new();
    let session = Session {
        id: MessageId([7; 32]),
        key: key(number),
    };
    let modified = UNIX_EPOCH + Duration::from_secs(number as u64);
    Line::push(stored, name, number as u64, modified, &session, &mut line);
    line
}

/// Returns the line of the member of that path.
fn own_line(number: usize, name: &str) -> String {
    line(number, &format!("{name}.pgp"), name)
}

/// Returns the text of an index with these lines.
fn text(lines: &[String]) -> String {
    let mut text = String::new();
    Head::push(lines.len() as u64, false, &mut text);
    text + &lines.concat()
}

/// Returns the same for an archive that hides its names.
fn hidden(lines: &[String]) -> String {
    let mut text = String::new();
    Head::push(lines.len() as u64, true, &mut text);
    text + &lines.concat()
}

fn read(text: &str, archive: &Archive<Vec<u8>>) -> Result<Index, IndexFault> {
    Index::from_text(text.as_bytes(), archive.members())
}

#[track_caller]
fn fault(text: &str, archive: &Archive<Vec<u8>>) -> String {
    read(text, archive).expect_err("it is refused").to_string()
}

#[test]
fn a_session_key_is_given_once() {
    let archive = archive(&["a", "b"]);
    let lines = [own_line(0, "a"), own_line(1, "b")];
    let index = read(&text(&lines), &archive).unwrap();
    for (number, member) in archive.members().iter().enumerate() {
        assert!(index.key(member) == Some(key(number)));
    }
}

#[test]
fn a_member_that_is_not_listed_has_no_session_key() {
    let archive = archive(&["a", "b", "c"]);
    let index = read(&text(&[own_line(1, "b")]), &archive).unwrap();
    let [a, b, c] = archive.members() else {
        panic!("three members")
    };
    assert!(index.entry(a).is_none() && index.key(a).is_none());
    assert_eq!(index.entry(b).unwrap().size, 1);
    assert!(index.entry(c).is_none() && index.key(c).is_none());
    assert!(index.missing.is_empty());
}

#[test]
fn a_hidden_name_is_that_of_the_index_and_others_are_their_own() {
    let archive = archive(&["000001", "notes.txt", "000002"]);
    let lines = [
        line(0, "000001.pgp", "calls/a"),
        own_line(1, "notes.txt"),
        line(2, "000002.pgp", "000002"),
    ];
    let mut index = read(&hidden(&lines), &archive).unwrap();
    let [a, notes, second] = archive.members() else {
        panic!("three members")
    };
    let mut name = |member| index.take_name(member).map(|name| name.as_str().to_owned());
    assert_eq!(name(a).as_deref(), Some("calls/a"));
    assert_eq!(name(notes), None);
    assert_eq!(name(second).as_deref(), Some("000002"));

    let renamed = [line(1, "notes.txt.pgp", "other.txt")];
    assert_eq!(
        fault(&hidden(&renamed), &archive),
        "line 2 has another name than its member"
    );
    let shown = [line(0, "000001.pgp", "calls/a")];
    assert_eq!(
        fault(&text(&shown), &archive),
        "line 2 has another name than its member"
    );
}

#[test]
fn the_names_of_missing_members_are_bounded() {
    let archive = archive(&["a"]);
    let too_many = "lists one more of too many missing members";
    let template = line(0, "NUMBER", "x");
    let gone = |number: usize| template.replace("NUMBER", &number.to_string());
    let many: Vec<String> = (0..MOST_MISSING + 2).map(gone).collect();
    let after_most = format!("line {} {too_many}", MOST_MISSING + 2);
    assert_eq!(fault(&text(&many), &archive), after_most);

    let long = "x".repeat(MOST_MISSING_BYTES / 32 - 2);
    let gone = |number: usize| template.replace("NUMBER", &format!("{number:02}{long}"));
    let lines: Vec<String> = (0..33).map(gone).collect();
    let index = read(&text(&lines[..32]), &archive).unwrap();
    assert_eq!(index.missing.len(), 32);
    assert_eq!(
        fault(&text(&lines), &archive),
        format!("line 34 {too_many}")
    );
}

#[test]
fn a_line_has_a_longest_length() {
    let archive = archive(&["a"]);
    let blanks = |length: usize| " ".repeat(length) + &own_line(0, "a");
    let room = LONGEST_LINE as usize - own_line(0, "a").len();
    assert!(read(&text(&[blanks(room)]), &archive).is_ok());
    assert_eq!(
        fault(&text(&[blanks(room + 1)]), &archive),
        "line 2 doesn't end, or is too long"
    );
}

#[test]
fn no_line_is_too_long_for_the_room_that_lines_have() {
    // Growing, the room could leave a copy of a session key behind.
    let long = line(1, "b.pgp", &"b".repeat(200_000));
    let endless = "x".repeat(LONGEST_LINE as usize + 1);
    let text = [long, endless].concat();
    let mut lines = Lines::new(text.as_bytes());
    let room = lines.line.capacity();
    assert!(lines.next().unwrap().is_some());
    assert!(lines.next().is_err());
    assert_eq!(lines.line.capacity(), room);
}

#[test]
fn an_index_of_nothing_lists_nothing() {
    let archive = archive(&["a"]);
    assert!(read(&text(&[]), &archive).is_ok());
    let beginning = "line 1 is not the beginning of an index";
    for nothing in ["", "\n", "{}\n", "[]\n"] {
        assert_eq!(fault(nothing, &archive), beginning, "{nothing:?}");
    }
}

/// The texts that the page is tested with as well.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    case: Vec<Case>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    shows: String,
    head: Option<String>,
    line: Option<String>,
    text: Option<String>,
    holds: bool,
}

impl Case {
    fn text(self) -> String {
        let head = r#"{"callseal-index":1,"members":1}"#.to_owned();
        let line =
            r#"{"member":"a.txt.pgp","name":"a.txt","size":1,"id":"ID","session-key":"KEY"}"#
                .to_owned();
        let lines = || {
            let (head, line) = (self.head.unwrap_or(head), self.line.unwrap_or(line));
            format!("{head}\n{line}\n")
        };
        let text = self.text.unwrap_or_else(lines);
        let id = format!("\"{}\"", "0123456789abcdef".repeat(4));
        let key = format!("\"9:{}\"", "0F".repeat(32));
        text.replace("\"ID\"", &id).replace("\"KEY\"", &key)
    }
}

#[test]
fn each_text_of_the_table_holds_or_is_refused() {
    let table = include_str!("../../../testdata/index_lines.toml");
    let texts: Texts = toml::from_str(table).unwrap();
    let archive = archive(&["a.txt"]);
    assert!(texts.case.len() > 100);
    for case in texts.case {
        let (shows, holds) = (case.shows.clone(), case.holds);
        let read = read(&case.text(), &archive);
        assert_eq!(read.is_ok(), holds, "{shows}: {:?}", read.err());
    }
}

/// Returns the session key in the line of a stored name.
fn key_in(text: &[u8], stored: &str) -> Option<MessageKey> {
    let lines = text.split(|octet| *octet == b'\n').skip(1);
    let mut lines = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let own = lines.find(|line| line["member"] == stored)?;
    MessageKey::parse(own["session-key"].as_str()?)
}

/// Some names, without a member for each of them, and in any order.
fn listed() -> impl Strategy<Value = (Vec<usize>, Vec<bool>)> {
    (1..12_usize).prop_flat_map(|members| {
        let order: Vec<usize> = (0..members).collect();
        (
            Just(order).prop_shuffle(),
            prop::collection::vec(any::<bool>(), members),
        )
    })
}

proptest! {
    #[test]
    fn keys_are_found_by_their_members_in_any_order((order, is_there) in listed()) {
        let name = |number: &usize| format!("calls/{number}");
        let there: Vec<usize> = (0..order.len()).filter(|number| is_there[*number]).collect();
        let names: Vec<String> = there.iter().map(name).collect();
        let archive = archive(&names);
        let lines: Vec<String> = order
            .iter()
            .map(|number| own_line(*number, &name(number)))
            .collect();
        let index = read(&text(&lines), &archive).unwrap();
        prop_assert_eq!(index.missing.len(), order.len() - there.len());
        for (member, number) in archive.members().iter().zip(there) {
            prop_assert_eq!(index.entry(member).unwrap().size, number as u64);
            prop_assert!(index.key(member) == Some(key(number)));
        }
    }

    #[test]
    fn a_line_again_is_found_wherever_it_is(
        (order, is_there) in listed(),
        from: prop::sample::Index,
        to: prop::sample::Index,
    ) {
        let name = |number: usize| format!("calls/{number}");
        let there = order.iter().filter(|number| is_there[**number]);
        let names: Vec<String> = there.map(|number| name(*number)).collect();
        let archive = archive(&names);
        let mut lines: Vec<String> = order
            .iter()
            .map(|number| own_line(*number, &name(*number)))
            .collect();
        let again = lines[from.index(lines.len())].clone();
        lines.insert(to.index(lines.len() + 1), again);
        prop_assert!(fault(&text(&lines), &archive).ends_with("lists a member again"));
    }

    #[test]
    fn changed_text_gives_each_member_the_key_of_its_own_line_or_an_error(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let archive = archive(&["a", "b", "c"]);
        let lines = [own_line(0, "a"), own_line(1, "b"), own_line(2, "c")];
        let mut bytes = text(&lines).into_bytes();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        // It may still be well-formed: that nobody changed it, its message shows.
        if let Ok(index) = Index::from_text(&*bytes, archive.members()) {
            for member in archive.members() {
                let own = index.key(member);
                prop_assert!(own == key_in(&bytes, &member.stored_name()));
            }
        }
    }

    #[test]
    fn arbitrary_text_never_panics(
        lines in prop::collection::vec("\\PC{0,80}", 0..6),
        octets in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let archive = archive(&["a", "b"]);
        let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let mut head = String::new();
        Head::push(2, false, &mut head);
        for text in [lines.as_bytes(), &octets] {
            let with_head = [head.as_bytes(), text].concat();
            prop_assert!(Index::from_text(text, archive.members()).is_err());
            prop_assert!(Index::from_text(&*with_head, archive.members()).is_err());
        }
    }
}
