//! The checks of what a job has written.

use std::fs;

use super::place::{Entry, Place, Tree, tree};
use crate::index_support::{INDEX, lines};

/// Files with their content, by names such as `calls/a.txt`.
pub type Files = Vec<(String, Vec<u8>)>;

pub fn read(place: &Place, name: &str) -> Vec<u8> {
    fs::read(place.work().join(name)).unwrap()
}

pub fn file(tree: &Tree, name: &str) -> Vec<u8> {
    match &tree[name] {
        Entry::File { content, .. } => content.clone(),
        other => panic!("{name}: {other:?}"),
    }
}

/// Returns the files below a directory.
pub fn below(tree: &Tree, directory: &str) -> Files {
    let files = tree.iter().filter_map(|(name, entry)| match entry {
        Entry::File { content, .. } if name.starts_with(directory) => {
            Some((name.clone(), content.clone()))
        }
        _ => None,
    });
    files.collect()
}

pub fn same(found: &[u8], expected: &[u8]) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    let alike = found.iter().zip(expected).take_while(|(a, b)| a == b);
    Err(format!(
        "{} bytes instead of {}, of which the first {} are right",
        found.len(),
        expected.len(),
        alike.count()
    ))
}

/// Checks that an extraction with these arguments gives these calls and no
/// others.
pub fn extracts(place: &Place, arguments: &str, calls: &Files) -> Result<(), String> {
    place.callseal(&format!("extract -q {arguments} -C check"))?;
    let extracted = tree(&place.file("check"));
    fs::remove_dir_all(place.file("check")).unwrap();
    match below(&extracted, "calls/") == *calls {
        true => Ok(()),
        false => Err(format!("extract {arguments} gives other calls")),
    }
}

/// Checks that the key opens the index of an archive, which lists these calls.
pub fn lists(place: &Place, archive: &str, key: &str, calls: &Files) -> Result<(), String> {
    let entry = place.entry(archive, INDEX);
    let index = entry.ok_or_else(|| format!("{archive} has no index"))?;
    fs::write(place.file("index.pgp"), index).unwrap();
    let text = place.callseal(&format!("open index.pgp -k scene/{key} -o -"))?;
    let text = String::from_utf8(text).unwrap();
    let listed = lines(&text).into_iter().map(|line| line["name"].clone());
    let names = calls.iter().map(|(name, _)| name.as_str());
    match listed.eq(names) {
        true => Ok(()),
        false => Err(format!("the index of {archive} lists other calls: {text}")),
    }
}

/// Checks that no key of a run opens anything.
pub fn opens_nothing(place: &Place, line: &str) -> Result<(), String> {
    const NO_KEY: Option<i32> = Some(4);
    match place.status(line) {
        NO_KEY => Ok(()),
        status => Err(format!("{line} ends with {status:?}")),
    }
}

/// Checks for a whole PEM block.
pub fn pem(place: &Place, name: &str) -> Result<(), String> {
    let text = String::from_utf8(read(place, name)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let begins = lines
        .first()
        .is_some_and(|line| line.starts_with("-----BEGIN "));
    let ends = lines
        .last()
        .is_some_and(|line| line.starts_with("-----END "));
    match begins && ends && text.ends_with('\n') {
        true => Ok(()),
        false => Err(format!("{name} is not whole")),
    }
}
