//! What was found, as a JSON document that is printed while the search goes on: it takes
//! no more memory than the text.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::io;
use std::path::Path;

use callseal::{Evidence, Found};
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use super::lines::Shown;
use super::{Searched, Searching};
use crate::cli::evidence_report::EvidenceFacts;
use crate::cli::facts::PathFact;
use crate::cli::failure::Failure;
use crate::cli::printing::{Document, print_json};
use crate::cli::ui::Waiting;

/// Searches, and prints the document. Returns what became of both.
pub fn print(
    archive: &Path,
    evidence: Option<&Evidence>,
    waiting: Waiting,
    searching: &Searching<'_>,
) -> Result<(Searched, io::Result<()>), Failure> {
    let done = OnceCell::new();
    let mut waiting = Some(waiting);
    let search = |show: &mut dyn FnMut(&MemberFacts<'_>) -> bool| {
        let searched = searching.run(|name, found| {
            waiting = None;
            let is_shown = match searching.shown {
                Shown::Nothing => false,
                Shown::Counts => true,
                _ => found.matches() > 0,
            };
            !is_shown || show(&MemberFacts::of(name, found, searching.shown))
        });
        // This is called once.
        let _ = done.set(searched);
    };
    let facts = GrepFacts {
        archive: PathFact(archive),
        members: WhileSearching(Cell::new(Some(search))),
        rest: Afterwards(|| {
            done.get().map(|searched: &Searched| SearchedFacts {
                searched: searched.members,
                plain_bytes: searched.plain,
                opened: searched.opened.facts(),
            })
        }),
        evidence: EvidenceFacts::of(evidence),
    };
    let failures = || {
        let done = done.get().into_iter();
        done.flat_map(|searched| searched.failures.iter().chain(&searched.outcome))
    };
    let printed = print_json(&Document::of(&Some(facts), &None, failures));
    match done.into_inner() {
        Some(searched) => Ok((searched, printed)),
        // It failed before the search.
        None => Err(printed.map_or_else(Failure::from, |()| Failure::ClosedPipe)),
    }
}

#[derive(Serialize)]
struct GrepFacts<'a, M, R> {
    archive: PathFact<'a>,
    members: M,
    #[serde(flatten)]
    rest: R,
    #[serde(flatten)]
    evidence: EvidenceFacts,
}

#[derive(Serialize)]
struct SearchedFacts<F> {
    searched: usize,
    plain_bytes: u64,
    #[serde(flatten)]
    opened: F,
}

/// A member in which something was found, or, if lines are counted, any member.
#[derive(Serialize)]
struct MemberFacts<'a> {
    name: &'a str,
    /// Null if it's only known that there is one.
    matches: Option<u64>,
    binary: bool,
    lines: Vec<LineFacts<'a>>,
}

#[derive(Serialize)]
struct LineFacts<'a> {
    number: u64,
    matches: bool,
    text: Cow<'a, str>,
}

impl<'a> MemberFacts<'a> {
    fn of(name: &'a str, found: &'a Found, shown: Shown) -> Self {
        let is_counted = match shown {
            Shown::Counts => true,
            Shown::Lines { .. } => !found.is_binary(),
            Shown::Names | Shown::Nothing => false,
        };
        let lines = found.lines().map(|line| LineFacts {
            number: line.number,
            matches: line.is_match,
            text: String::from_utf8_lossy(line.text),
        });
        Self {
            name,
            matches: is_counted.then(|| found.matches()),
            binary: found.is_binary(),
            lines: lines.collect(),
        }
    }
}

/// A list whose items are found while it's printed.
struct WhileSearching<F>(Cell<Option<F>>);

impl<F> Serialize for WhileSearching<F>
where
    F: FnOnce(&mut dyn FnMut(&MemberFacts<'_>) -> bool),
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        let mut printed = Ok(());
        if let Some(search) = self.0.take() {
            search(&mut |member| {
                printed = list.serialize_element(member);
                printed.is_ok()
            });
        }
        printed?;
        list.end()
    }
}

/// Facts that are known when those before them have been printed.
struct Afterwards<F>(F);

impl<F, T> Serialize for Afterwards<F>
where
    F: Fn() -> Option<T>,
    T: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.0)().serialize(serializer)
    }
}
