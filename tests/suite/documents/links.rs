//! Every link between the documents works.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::{in_docs, read, repository};

fn documents() -> Vec<String> {
    let root = ["README", "ARCHITECTURE", "CONTRIBUTING", "SECURITY"];
    let root = root.into_iter().map(|name| format!("{name}.md"));
    root.chain(in_docs().into_iter().map(|name| format!("docs/{name}")))
        .collect()
}

/// Returns the text without fenced blocks and code between backticks.
fn prose(text: &str) -> String {
    let mut prose = String::new();
    let mut is_fenced = false;
    for line in text.lines() {
        if line.starts_with("```") {
            is_fenced = !is_fenced;
        } else if !is_fenced {
            prose += line;
            prose.push('\n');
        }
    }
    let mut is_code = false;
    let mut kept = String::new();
    for part in prose.split('`') {
        if !is_code {
            kept += part;
        }
        is_code = !is_code;
    }
    kept
}

/// Returns the targets of the links of a text.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let targets = prose.split("](").skip(1);
    let targets = targets.map(|rest| rest.split_once(')').unwrap().0.to_owned());
    targets.collect()
}

/// Returns the anchors of the headings of a text: in lower case, with hyphens
/// for blanks, and without punctuation.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut is_fenced = false;
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut anchors = BTreeSet::new();
    for line in text.lines() {
        if line.starts_with("```") {
            is_fenced = !is_fenced;
        }
        let heading = line.trim_start_matches('#');
        if is_fenced || heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let plain = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let anchor: String = heading
            .trim()
            .to_lowercase()
            .chars()
            .filter(plain)
            .collect();
        let anchor = anchor.replace(' ', "-");
        let again = seen.entry(anchor.clone()).or_default();
        anchors.insert(match *again {
            0 => anchor,
            n => format!("{anchor}-{n}"),
        });
        *again += 1;
    }
    anchors
}

/// Returns a path in the repository, without `..` in it.
fn resolved(document: &str, target: &str) -> PathBuf {
    let mut path = PathBuf::new();
    let beneath = Path::new(document).parent().unwrap().join(target);
    for component in beneath.components() {
        match component {
            Component::ParentDir => assert!(path.pop(), "{document}: {target} leads outside"),
            other => path.push(other),
        }
    }
    path
}

#[test]
fn no_link_is_broken() {
    let mut wrong = Vec::new();
    let mut number = 0;
    for document in documents() {
        let text = read(&document);
        for link in links(&text) {
            if link.starts_with("https://") {
                continue;
            }
            number += 1;
            let (target, anchor) = match link.split_once('#') {
                Some((target, anchor)) => (target, Some(anchor)),
                None => (&*link, None),
            };
            let path = match target {
                "" => PathBuf::from(&document),
                target => resolved(&document, target),
            };
            let leads = match anchor {
                None => repository().join(&path).exists(),
                Some(anchor) => {
                    repository().join(&path).is_file()
                        && anchors(&read(path.to_str().unwrap())).contains(anchor)
                }
            };
            if !leads {
                wrong.push(format!("{document}: {link}"));
            }
        }
    }
    assert!(number > 50, "{number}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_document_is_linked_from_the_readme() {
    let readme = links(&read("README.md"));
    for document in documents() {
        let is_linked = |link: &String| link.split('#').next() == Some(&document);
        assert!(
            document == "README.md" || readme.iter().any(is_linked),
            "{document}"
        );
    }
}

#[test]
fn the_readme_is_short_and_lines_are_not_long() {
    assert!(read("README.md").lines().count() <= 150);
    for document in documents() {
        for line in read(&document).lines() {
            // A table's row can't be broken.
            let length = line.chars().count();
            assert!(length < 100 || line.starts_with('|'), "{document}: {line}");
        }
    }
}
