//! Directories that are too many to be read: those that lie deep are summed.

use std::collections::BTreeMap;

use super::totals::Totals;

/// The most directories that a summary shows, if those at the top aren't more.
const MOST: usize = 40;

/// The same if it would be a single one, which says nothing: the directories of the calls of a
/// day, say.
const MOST_BELOW_ONE: usize = 1000;

/// A directory, with its `/`, and its sums.
pub struct Row<'a> {
    pub name: &'a str,
    /// Whether directories below it are summed with it.
    pub is_folded: bool,
    pub totals: Totals,
}

/// Returns the directories to show: as deep as there aren't too many of them.
pub fn folded(directories: &BTreeMap<String, Totals>) -> Vec<Row<'_>> {
    let rows = at_most(MOST, directories);
    match rows.len() {
        1 => at_most(MOST_BELOW_ONE, directories),
        _ => rows,
    }
}

fn at_most(most: usize, directories: &BTreeMap<String, Totals>) -> Vec<Row<'_>> {
    let (mut depth, mut too_deep) = (1, deepest(directories) + 1);
    if directories.len() <= most {
        depth = too_deep;
    }
    // The deeper, the more directories there are.
    while too_deep - depth > 1 {
        let middle = depth + (too_deep - depth) / 2;
        match rows(directories, middle).take(most + 1).count() <= most {
            true => depth = middle,
            false => too_deep = middle,
        }
    }
    rows(directories, depth).collect()
}

fn deepest(directories: &BTreeMap<String, Totals>) -> usize {
    let depths = directories.keys().map(|name| name.matches('/').count());
    depths.max().unwrap_or(0)
}

/// Returns the directories of this depth, with those below them, and those above them.
fn rows(directories: &BTreeMap<String, Totals>, depth: usize) -> impl Iterator<Item = Row<'_>> {
    let mut left = directories.iter().peekable();
    std::iter::from_fn(move || {
        let (first, totals) = left.next()?;
        let name = top(first, depth);
        let mut row = Row {
            name,
            is_folded: name != first,
            totals: *totals,
        };
        // What begins with the same directory stands together.
        while name.matches('/').count() == depth
            && let Some((_, more)) = left.next_if(|(next, _)| next.starts_with(name))
        {
            row.is_folded = true;
            row.totals.add(more);
        }
        Some(row)
    })
}

/// Returns the first directories of a name, as many as `depth`.
fn top(name: &str, depth: usize) -> &str {
    let slash = name.match_indices('/').nth(depth.saturating_sub(1));
    let top = slash.and_then(|(at, _)| name.get(..=at));
    top.unwrap_or(name)
}
