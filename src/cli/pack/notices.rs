//! What is said of the files to pack before they are packed.

use std::path::Path;

use callseal::config::TimeSpan;
use callseal::sources::{SourceNotice, Sources};

use crate::cli::ui::{Ui, count};

/// Shows which files are packed under another name or left out. Returns those
/// left out without a request.
pub fn show_notices<'a>(found: &'a Sources, min_age: Option<TimeSpan>, ui: &Ui) -> Vec<&'a Path> {
    let mut left_out = Vec::new();
    for notice in &found.notices {
        match notice {
            SourceNotice::Renamed { path, name } => {
                ui.notice(&format!("{} is packed as {name:?}", path.display()));
            }
            SourceNotice::Output { path } => {
                let path = path.display();
                ui.notice(&format!("{path}: the archive of an earlier run, left out"));
            }
            SourceNotice::Unmatched { pattern, included } => ui.warning(&format!(
                "--{} {pattern:?} matches nothing",
                if *included { "include" } else { "exclude" }
            )),
            SourceNotice::Link { path } => {
                ui.warning(&format!("{}: a symbolic link, left out", path.display()));
                left_out.push(path.as_path());
            }
            SourceNotice::Special { path, kind } => {
                ui.warning(&format!("{}: {kind}, left out", path.display()));
                left_out.push(path.as_path());
            }
            SourceNotice::Claimed { path } => {
                ui.warning(&format!(
                    "{}: files that another run with --move has claimed, left out; if it was killed, the next one puts them back",
                    path.display()
                ));
                left_out.push(path.as_path());
            }
            SourceNotice::Young { files } => {
                let are = if *files == 1 { "is" } else { "are" };
                let age = min_age.map(|age| age.to_string()).unwrap_or_default();
                let files = count(*files as u64, "file");
                ui.notice(&format!("{files} {are} younger than {age}, left out"));
            }
            _ => {}
        }
    }
    left_out
}

/// Returns the number of files that were left out because they are too young.
pub fn young(found: &Sources) -> usize {
    let young = found.notices.iter().filter_map(|notice| match notice {
        SourceNotice::Young { files } => Some(*files),
        _ => None,
    });
    young.sum()
}

/// Returns the patterns that match nothing.
pub fn unmatched(found: &Sources) -> Vec<&str> {
    let patterns = found.notices.iter().filter_map(|notice| match notice {
        SourceNotice::Unmatched { pattern, .. } => Some(pattern.as_str()),
        _ => None,
    });
    patterns.collect()
}
