//! Members by directory and by kind.

use std::collections::BTreeMap;
use std::fmt::{self, Formatter};

use callseal::{ArchiveFile, Members, Timestamp};
use serde::Serialize;

use super::folded::folded;
use super::totals::{TotalFacts, Totals};
use crate::cli::printing::Each;
use crate::cli::ui::{bytes, safe};

/// Sums over the members of each directory, without those below it, and over those with
/// the same ending.
pub struct Summary {
    directories: BTreeMap<String, Totals>,
    kinds: BTreeMap<String, Totals>,
    total: Totals,
}

impl Summary {
    pub fn of(archive: &ArchiveFile, members: &Members<'_>) -> Self {
        let mut summary = Self {
            directories: BTreeMap::new(),
            kinds: BTreeMap::new(),
            total: Totals::default(),
        };
        for member in members.iter() {
            let name = member.shown_name();
            let (directory, file) = divided(&name);
            let totals = Totals::of(archive, member);
            add(&mut summary.directories, directory, &totals);
            add(&mut summary.kinds, &ending(file), &totals);
            summary.total.add(&totals);
        }
        summary
    }

    /// Writes the tables.
    pub fn write(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write_head(f, "DIRECTORY")?;
        for row in folded(&self.directories) {
            let below = if row.is_folded { "**" } else { "" };
            let name = named(row.name, "./") + below;
            self.write_row(f, &row.totals, |size| size.to_string(), &name)?;
        }
        writeln!(f)?;
        self.write_head(f, "KIND")?;
        for (kind, totals) in &self.kinds {
            let name = named(kind, "(no ending)");
            self.write_row(f, totals, |size| size.to_string(), &name)?;
        }
        writeln!(f)
    }

    fn write_head(&self, f: &mut Formatter<'_>, title: &str) -> fmt::Result {
        let column = match self.total.listed > 0 {
            true => format!("{:>14}", "BYTES"),
            false => String::new(),
        };
        writeln!(
            f,
            "{:>9}{:>14}{column}  {:<20}  {:<20}  {title}",
            "MEMBERS", "SEALED BYTES", "OLDEST", "NEWEST"
        )
    }

    /// Writes the line of all members together.
    pub fn write_total(&self, f: &mut Formatter<'_>, counted: &str) -> fmt::Result {
        self.write_row(f, &self.total, |size| bytes(size).to_string(), counted)
    }

    fn write_row(
        &self,
        f: &mut Formatter<'_>,
        totals: &Totals,
        shown: impl Fn(u64) -> String,
        name: &str,
    ) -> fmt::Result {
        write!(f, "{:>9}{:>14}", totals.members, shown(totals.sealed))?;
        if self.total.listed > 0 {
            write!(f, "{:>14}", totals.plain().map(shown).unwrap_or_default())?;
        }
        let time = |time: Option<_>| time.map(|time| Timestamp(time).to_string());
        writeln!(
            f,
            "  {:<20}  {:<20}  {name}",
            time(totals.oldest).unwrap_or_default(),
            time(totals.newest).unwrap_or_default()
        )
    }

    pub fn facts(&self) -> impl Serialize + '_ {
        SummaryFacts {
            directories: Each(|| facts(&self.directories)),
            kinds: Each(|| facts(&self.kinds)),
            total: self.total.facts(),
        }
    }
}

/// Returns a name as it's safe on a terminal.
fn named(name: &str, unnamed: &str) -> String {
    match name.is_empty() {
        true => unnamed.to_owned(),
        false => safe(name).into_owned(),
    }
}

#[derive(Serialize)]
struct SummaryFacts<D, K> {
    directories: D,
    kinds: K,
    total: TotalFacts,
}

#[derive(Serialize)]
struct NamedFacts<'a> {
    name: &'a str,
    #[serde(flatten)]
    totals: TotalFacts,
}

fn facts(table: &BTreeMap<String, Totals>) -> impl Iterator<Item = NamedFacts<'_>> {
    table.iter().map(|(name, totals)| NamedFacts {
        name,
        totals: totals.facts(),
    })
}

fn add(table: &mut BTreeMap<String, Totals>, name: &str, totals: &Totals) {
    match table.get_mut(name) {
        Some(sum) => sum.add(totals),
        None => {
            table.insert(name.to_owned(), *totals);
        }
    }
}

/// Returns the directory, with its `/`, and the file in it.
fn divided(name: &str) -> (&str, &str) {
    let at = name.rfind('/').map_or(0, |slash| slash + 1);
    name.split_at(at)
}

/// Returns the ending of a file's name, with its dot and in small letters; or nothing.
fn ending(file: &str) -> String {
    match file.rfind('.') {
        None | Some(0) => String::new(),
        Some(dot) => file.split_at(dot).1.to_lowercase(),
    }
}
