//! The include and exclude lists.

use std::path::Path;

use super::SourceError;
use super::patterns::Patterns;

/// The choice of members by the lists.
pub(crate) struct Filter {
    /// `None` lets everything through.
    include: Option<Patterns>,
    exclude: Patterns,
}

impl Filter {
    pub(crate) fn new(include: &[String], exclude: &[String]) -> Result<Self, SourceError> {
        let patterns = |patterns| Patterns::new(patterns).map_err(SourceError::from);
        let include = match include {
            [] => None,
            include => Some(patterns(include)?),
        };
        let exclude = patterns(exclude)?;
        Ok(Self { include, exclude })
    }

    /// Returns whether the file `member` is on the include list, if there is
    /// one.
    pub(crate) fn includes(&self, member: &Path) -> bool {
        self.include
            .as_ref()
            .is_none_or(|patterns| patterns.match_path(member))
    }

    /// Returns whether `member`, a file or a directory, is on the exclude list
    /// itself.
    pub(crate) fn excludes(&self, member: &Path) -> bool {
        self.exclude.match_path(member)
    }

    /// Returns the patterns that have matched nothing so far, and whether they
    /// are of the include list.
    pub(crate) fn unmatched(&self) -> Vec<(String, bool)> {
        let included = self.include.iter().flat_map(Patterns::unmatched);
        let included = included.map(|pattern| (pattern, true));
        let excluded = self.exclude.unmatched().map(|pattern| (pattern, false));
        included.chain(excluded).collect()
    }

    /// Returns whether `member` or a directory above it is on the exclude list.
    pub(crate) fn excludes_tree_of(&self, member: &Path) -> bool {
        self.exclude.match_tree_of(member)
    }
}

#[cfg(test)]
mod tests {
    use super::Filter;
    use crate::sources::SourceError;
    use std::path::Path;

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
