//! Patterns for the paths of files and members: one language everywhere.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use globset::{GlobBuilder, GlobSet};

/// A pattern that means nothing.
#[derive(Debug)]
pub(crate) struct BadPattern {
    pub pattern: String,
    pub reason: String,
}

/// Patterns in which `*` and `?` match within one name, and `**` any
/// directories.
///
/// A pattern without `/` matches the last component of a member path, one with
/// `/` all of it.
pub(crate) struct Patterns {
    patterns: Vec<Pattern>,
    names: GlobSet,
    paths: GlobSet,
}

struct Pattern {
    /// As it was given.
    text: String,
    /// Whether it is about the last component alone.
    is_name: bool,
    has_matched: AtomicBool,
}

impl Patterns {
    pub fn new(patterns: &[impl AsRef<str>]) -> Result<Self, BadPattern> {
        let mut names = GlobSet::builder();
        let mut paths = GlobSet::builder();
        let mut kept = Vec::new();
        for pattern in patterns.iter().map(AsRef::as_ref) {
            let error = |reason: String| BadPattern {
                pattern: pattern.to_owned(),
                reason,
            };
            // The shell completes a directory so. A member path never ends in
            // "/", so the pattern would otherwise match nothing.
            let trimmed = pattern.trim_end_matches('/');
            if trimmed.is_empty() {
                return Err(error("it is empty".to_owned()));
            }
            let is_name = !trimmed.contains('/');
            let set = match is_name {
                true => &mut names,
                false => &mut paths,
            };
            kept.push(Pattern {
                text: pattern.to_owned(),
                is_name,
                has_matched: AtomicBool::new(false),
            });
            // Member paths don't start so either, but given paths do, and users
            // copy them.
            let start = trimmed.strip_prefix("./").unwrap_or(trimmed);
            let glob = GlobBuilder::new(start.trim_start_matches('/'))
                .literal_separator(true)
                .build()
                .map_err(|invalid| error(invalid.kind().to_string()))?;
            set.add(glob);
        }
        // Only the size of all patterns together can fail here.
        let error = |invalid: globset::Error| BadPattern {
            pattern: kept
                .iter()
                .map(|p| p.text.as_str())
                .collect::<Vec<_>>()
                .join(" "),
            reason: invalid.kind().to_string(),
        };
        let (names, paths) = (names.build().map_err(error)?, paths.build().map_err(error)?);
        Ok(Self {
            patterns: kept,
            names,
            paths,
        })
    }

    /// Returns whether a file or directory matches.
    pub fn match_path(&self, member: &Path) -> bool {
        // Without a name it is the root of the archive, which is not a member.
        let Some(name) = member.file_name() else {
            return false;
        };
        let (names, paths) = (self.names.matches(name), self.paths.matches(member));
        for (is_name, matched) in [(true, &names), (false, &paths)] {
            let of_kind = self.patterns.iter().filter(|p| p.is_name == is_name);
            for (number, pattern) in of_kind.enumerate() {
                if matched.contains(&number) {
                    pattern.has_matched.store(true, Ordering::Relaxed);
                }
            }
        }
        !names.is_empty() || !paths.is_empty()
    }

    /// Returns whether a file or a directory above it matches.
    pub fn match_tree_of(&self, member: &Path) -> bool {
        member.ancestors().any(|path| self.match_path(path))
    }

    /// Returns the patterns that have matched nothing so far.
    pub fn unmatched(&self) -> impl Iterator<Item = String> + '_ {
        let unmatched = self
            .patterns
            .iter()
            .filter(|p| !p.has_matched.load(Ordering::Relaxed));
        unmatched.map(|pattern| pattern.text.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::Patterns;
    use std::path::Path;

    fn matches(pattern: &str, member: &str) -> bool {
        Patterns::new(&[pattern.to_owned()])
            .unwrap()
            .match_path(Path::new(member))
    }

    #[test]
    fn a_pattern_without_a_slash_matches_the_file_name_anywhere() {
        assert!(matches("*.wav", "a/b/c.wav"));
        assert!(matches("c.wav", "a/b/c.wav"));
        assert!(matches(".*", "a/.hidden"));
        assert!(matches("*", ".hidden"));
        assert!(!matches("*.wav", "a.wav/b"));
        assert!(!matches("*.wav", "A.WAV"));
    }

    #[test]
    fn a_pattern_with_a_slash_matches_the_whole_member_path() {
        assert!(matches("a/*.wav", "a/c.wav"));
        assert!(!matches("a/*.wav", "a/b/c.wav"));
        assert!(!matches("b/*.wav", "a/b/c.wav"));
        assert!(matches("a/**/*.wav", "a/c.wav"));
        assert!(matches("a/**/*.wav", "a/b/b/c.wav"));
        assert!(matches("**/b/*.wav", "a/b/c.wav"));
        assert!(matches("./a/*.wav", "a/c.wav"));
        assert!(matches("/c.wav", "c.wav"));
        assert!(!matches("/c.wav", "a/c.wav"));
        assert!(matches("b/", "a/b"));
        assert!(!matches("**", ""));
    }

    #[test]
    fn a_directory_means_what_is_below_it() {
        let below = |pattern: &str| {
            let patterns = Patterns::new(&[pattern]).unwrap();
            patterns.match_tree_of(Path::new("calls/2026-11-01/a/c.wav"))
        };
        for pattern in [
            "calls",
            "calls/",
            "./calls",
            "calls/2026-11-01/",
            "a",
            "2026-*",
            "calls/*",
        ] {
            assert!(below(pattern), "{pattern}");
        }
        for pattern in ["call", "2026-11-01/a", "calls/a", "calls/2026-11"] {
            assert!(!below(pattern), "{pattern}");
        }
    }
}
