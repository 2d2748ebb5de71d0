//! Members as a tree of directories.

use std::borrow::Cow;
use std::fmt::{self, Formatter};

use callseal::ArchiveFile;
use callseal::archive::Member;

use super::totals::Totals;
use crate::cli::ui::{count, safe};

/// A member in the tree.
pub struct Leaf<'a> {
    pub name: Cow<'a, str>,
    pub member: &'a Member,
    /// What isn't plain about it.
    pub mark: &'static str,
}

/// Members in the order of a tree.
pub struct Tree<'a> {
    archive: &'a ArchiveFile,
    leaves: Vec<Leaf<'a>>,
    has_sizes: bool,
}

/// A directory whose content is being written.
struct Open {
    /// The next leaf, and the first one that is not in the directory.
    next: usize,
    end: usize,
    /// How many bytes of the names are above.
    above: usize,
    /// How many bytes of the indent belong to it.
    indent: usize,
}

impl<'a> Tree<'a> {
    pub fn of(archive: &'a ArchiveFile, mut leaves: Vec<Leaf<'a>>) -> Self {
        leaves.sort_by(|a, b| a.name.split('/').cmp(b.name.split('/')));
        let is_listed = |leaf: &Leaf<'_>| archive.listed(leaf.member).is_some();
        Self {
            has_sizes: leaves.iter().any(is_listed),
            archive,
            leaves,
        }
    }

    /// Writes the tree. A directory in which there is nothing but another one has a line
    /// together with that: so the tree isn't deeper than there are members.
    pub fn write(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let column = match self.has_sizes {
            true => format!("{:>14}", "BYTES"),
            false => String::new(),
        };
        writeln!(f, "{:>14}{column}  NAME", "SEALED BYTES")?;
        let mut indent = String::new();
        let mut open = vec![Open {
            next: 0,
            end: self.leaves.len(),
            above: 0,
            indent: 0,
        }];
        while let Some(directory) = open.last_mut() {
            let is_top = directory.above == 0;
            let left = self.leaves.get(directory.next..directory.end);
            let left = left.unwrap_or_default();
            let Some(first) = left.first() else {
                indent.truncate(indent.len() - directory.indent);
                open.pop();
                continue;
            };
            let rest = below(first, directory.above);
            let (inside, own) = match rest.find('/') {
                None => (left.get(..1).unwrap_or_default(), 0),
                Some(slash) => {
                    let name = rest.split_at(slash + 1).0;
                    let is_inside =
                        |leaf: &&Leaf<'_>| below(leaf, directory.above).starts_with(name);
                    let inside = left.iter().take_while(is_inside).count();
                    let inside = left.get(..inside).unwrap_or_default();
                    let last = inside
                        .last()
                        .map_or(rest, |last| below(last, directory.above));
                    (inside, shared_directories(rest, last))
                }
            };
            let (begin, end) = (directory.next, directory.next + inside.len());
            let is_last = end == directory.end;
            directory.next = end;
            let (branch, more) = match (is_top, is_last) {
                (true, _) => ("", ""),
                (false, true) => ("└── ", "    "),
                (false, false) => ("├── ", "│   "),
            };
            let mut totals = Totals::default();
            for leaf in inside {
                totals.add(&Totals::of(self.archive, leaf.member));
            }
            self.write_sizes(f, &totals)?;
            if own == 0 {
                writeln!(f, "  {indent}{branch}{}{}", safe(rest), first.mark)?;
                continue;
            }
            let name = safe(rest.split_at(own).0);
            let members = count(totals.members, "member");
            writeln!(f, "  {indent}{branch}{name}  ({members})")?;
            indent.push_str(more);
            let above = directory.above + own;
            open.push(Open {
                next: begin,
                end,
                above,
                indent: more.len(),
            });
        }
        Ok(())
    }

    fn write_sizes(&self, f: &mut Formatter<'_>, totals: &Totals) -> fmt::Result {
        write!(f, "{:>14}", totals.sealed)?;
        if self.has_sizes {
            let plain = totals.plain().map(|plain| plain.to_string());
            write!(f, "{:>14}", plain.unwrap_or_default())?;
        }
        Ok(())
    }
}

fn below<'l>(leaf: &'l Leaf<'_>, above: usize) -> &'l str {
    leaf.name.get(above..).unwrap_or_default()
}

/// Returns how many bytes two names begin with that are directories of both.
fn shared_directories(one: &str, other: &str) -> usize {
    let pairs = one.bytes().zip(other.bytes()).enumerate();
    let same = pairs.take_while(|(_, (one, other))| one == other);
    let slashes = same.filter(|(_, (octet, _))| *octet == b'/');
    slashes.last().map_or(0, |(at, _)| at + 1)
}
