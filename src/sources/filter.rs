//! The include and exclude lists.

use std::cell::Cell;
use std::path::Path;

use globset::{GlobBuilder, GlobSet};

use super::SourceError;

/// The choice of members by the lists.
pub(super) struct Filter {
    /// `None` lets everything through.
    include: Option<Patterns>,
    exclude: Patterns,
}

impl Filter {
    pub(super) fn new(include: &[String], exclude: &[String]) -> Result<Self, SourceError> {
        let include = match include {
            [] => None,
            patterns => Some(Patterns::new(patterns)?),
        };
        let exclude = Patterns::new(exclude)?;
        Ok(Self { include, exclude })
    }

    /// Returns whether the file `member` is on the include list, if there is
    /// one.
    pub(super) fn includes(&self, member: &Path) -> bool {
        self.include
            .as_ref()
            .is_none_or(|patterns| patterns.match_path(member))
    }

    /// Returns whether `member`, a file or a directory, is on the exclude list
    /// itself.
    pub(super) fn excludes(&self, member: &Path) -> bool {
        self.exclude.match_path(member)
    }

    /// Returns the patterns that have matched nothing so far, and whether they
    /// are of the include list.
    pub(super) fn unmatched(&self) -> Vec<(String, bool)> {
        let included = self.include.iter().flat_map(Patterns::unmatched);
        let included = included.map(|pattern| (pattern, true));
        let excluded = self.exclude.unmatched().map(|pattern| (pattern, false));
        included.chain(excluded).collect()
    }

    /// Returns whether `member` or a directory above it is on the exclude list.
    pub(super) fn excludes_tree_of(&self, member: &Path) -> bool {
        member.ancestors().any(|path| self.excludes(path))
    }
}

/// A pattern without `/` matches the last component of a member path, one with
/// `/` all of it.
struct Patterns {
    patterns: Vec<Pattern>,
    names: GlobSet,
    paths: GlobSet,
}

struct Pattern {
    /// As it was given.
    text: String,
    /// Whether it is about the last component alone.
    is_name: bool,
    has_matched: Cell<bool>,
}

impl Patterns {
    fn new(patterns: &[String]) -> Result<Self, SourceError> {
        let mut names = GlobSet::builder();
        let mut paths = GlobSet::builder();
        let mut kept = Vec::new();
        for pattern in patterns {
            let error = |reason: String| SourceError::Glob {
                pattern: pattern.clone(),
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
                text: pattern.clone(),
                is_name,
                has_matched: Cell::new(false),
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
        let error = |invalid: globset::Error| SourceError::Glob {
            pattern: patterns.join(" "),
            reason: invalid.kind().to_string(),
        };
        Ok(Self {
            patterns: kept,
            names: names.build().map_err(error)?,
            paths: paths.build().map_err(error)?,
        })
    }

    fn match_path(&self, member: &Path) -> bool {
        // Without a name it is the root of the archive, which is not a member.
        let Some(name) = member.file_name() else {
            return false;
        };
        let (names, paths) = (self.names.matches(name), self.paths.matches(member));
        for (is_name, matched) in [(true, &names), (false, &paths)] {
            let of_kind = self.patterns.iter().filter(|p| p.is_name == is_name);
            for (number, pattern) in of_kind.enumerate() {
                if matched.contains(&number) {
                    pattern.has_matched.set(true);
                }
            }
        }
        !names.is_empty() || !paths.is_empty()
    }

    fn unmatched(&self) -> impl Iterator<Item = String> + '_ {
        let unmatched = self.patterns.iter().filter(|p| !p.has_matched.get());
        unmatched.map(|pattern| pattern.text.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{Filter, Patterns};
    use crate::sources::SourceError;
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
    fn an_exclusion_covers_everything_below_it() {
        let filter = Filter::new(&[], &["old".to_owned()]).unwrap();
        assert!(filter.excludes_tree_of(Path::new("a/old/b/c.wav")));
        assert!(!filter.excludes_tree_of(Path::new("a/older/c.wav")));
        assert!(filter.includes(Path::new("a")));
    }

    #[test]
    fn a_bad_pattern_is_an_error_that_names_it() {
        for bad in ["a[", "{a", "", "/", "b/[z-a]"] {
            let result = Filter::new(&[], &["fine".to_owned(), bad.to_owned()]);
            assert!(
                matches!(&result, Err(SourceError::Glob { pattern, reason })
                    if pattern == bad && !reason.is_empty()),
                "{bad:?}"
            );
        }
    }
}
