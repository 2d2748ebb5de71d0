//! Hints for paths at which nothing is.

use std::path::{Path, PathBuf};

use super::{Hint, some};
use crate::cli::ui::shell_word;

/// The most names that are compared with the one that is missing.
const MOST: usize = 10_000;

/// Returns what is there under a similar name, or where the file was looked for.
pub fn of_missing(path: &Path) -> Hint {
    if path.as_os_str() == "-" {
        return some("standard input can't be read here; save it to a file first");
    }
    if path.is_symlink() {
        return some("it is a link to a file that doesn't exist");
    }
    let directory = match path.parent() {
        Some(here) if here.as_os_str().is_empty() => Path::new("."),
        Some(directory) => directory,
        None => return None,
    };
    if !directory.exists() {
        let word = shell_word(&directory.display().to_string()).into_owned();
        return some(format!(
            "there is no directory {word}; check the path, or make it with `mkdir -p {word}`"
        ));
    }
    if let Some(similar) = similar(directory, path) {
        let similar = similar.display().to_string();
        return some(format!("did you mean {}?", shell_word(&similar)));
    }
    let directory = directory.canonicalize().ok()?;
    some(format!("it was looked for in {}", directory.display()))
}

/// Returns the path of the entry whose name is most like that of a path.
fn similar(directory: &Path, path: &Path) -> Option<PathBuf> {
    let wanted = path.file_name()?.to_str()?.to_lowercase();
    let entries = std::fs::read_dir(directory).ok()?.flatten().take(MOST);
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let rated = names.filter_map(|name| Some((distance(&wanted, &name.to_lowercase())?, name)));
    let (_, name) = rated.min()?;
    Some(path.with_file_name(name))
}

/// Returns how different two names are, if they are similar: by how many
/// characters to insert, delete or replace, at most two of them and fewer than
/// half of the name.
fn distance(a: &str, b: &str) -> Option<usize> {
    let most = 2.min(a.chars().count().saturating_sub(1) / 2);
    Some(edits(a, b)).filter(|edits| *edits <= most)
}

/// Returns the Levenshtein distance.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (number, a) in a.chars().enumerate() {
        let mut above_left = number;
        let mut left = number + 1;
        for (above, b) in row.iter_mut().skip(1).zip(&b) {
            let replaced = above_left + usize::from(a != *b);
            above_left = *above;
            left = replaced.min(left + 1).min(*above + 1);
            *above = left;
        }
        if let Some(first) = row.first_mut() {
            *first = number + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar_names_are_near() {
        for (a, b, expected) in [
            ("call", "calls", Some(1)),
            ("calls.zip", "clals.zip", Some(2)),
            ("customer.cer", "customer.crt", Some(2)),
            ("customer.pem", "customer.crt", None),
            ("a", "b", None),
            ("ab", "abc", None),
            ("", "a", None),
            ("vendor.key", "customer.key", None),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("abc", ""), 3);
    }
}
