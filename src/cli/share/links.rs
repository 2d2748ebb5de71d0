//! The other names of a file that is replaced.

use std::path::Path;

/// Returns the number of other names that a file has: hard links. They keep the
/// old file when a new one takes this name.
pub fn other_names(path: &Path) -> u64 {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let links = std::fs::metadata(path).map_or(1, |file| file.nlink());
        links.saturating_sub(1)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        0
    }
}
