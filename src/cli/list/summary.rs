//! Members by directory and by kind.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use callseal::{ArchiveFile, Members, Timestamp};
use serde::Serialize;

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
        let tables = [
            ("DIRECTORY", &self.directories, "./"),
            ("KIND", &self.kinds, "(no ending)"),
        ];
        for (title, table, unnamed) in tables {
            let column = match self.total.listed > 0 {
                true => format!("{:>14}", "BYTES"),
                false => String::new(),
            };
            writeln!(
                f,
                "{:>9}{:>14}{column}  {:<20}  {:<20}  {title}",
                "MEMBERS", "SEALED BYTES", "OLDEST", "NEWEST"
            )?;
            for (name, totals) in table {
                let name = match name.is_empty() {
                    true => unnamed.into(),
                    false => safe(name),
                };
                self.write_row(f, totals, [totals.sealed, totals.plain], &name)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }

    /// Writes the line of all members together.
    pub fn write_total(&self, f: &mut Formatter<'_>, counted: &str) -> fmt::Result {
        let sizes = [self.total.sealed, self.total.plain].map(bytes);
        self.write_row(f, &self.total, sizes, counted)
    }

    fn write_row(
        &self,
        f: &mut Formatter<'_>,
        totals: &Totals,
        [sealed, plain]: [impl Display; 2],
        name: &str,
    ) -> fmt::Result {
        write!(f, "{:>9}{sealed:>14}", totals.members)?;
        match (self.total.listed, totals.listed) {
            (0, _) => {}
            // The sum of some of them would pass for that of all.
            (_, listed) if listed < totals.members => write!(f, "{:>14}", "")?,
            (_, _) => write!(f, "{plain:>14}")?,
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
