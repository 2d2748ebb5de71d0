//! The number of descriptors, which every process may have only so many of.

use std::io;

/// Returns how many descriptors one purpose may take: as many as it wants, if
/// that's an eighth of those that the process may have, and always one.
pub(super) fn share(wanted: usize) -> usize {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit};
        let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        usize::try_from(limit / 8)
            .unwrap_or(wanted)
            .clamp(1, wanted.max(1))
    }
    #[cfg(not(unix))]
    wanted
}

/// Returns whether nothing could be opened since the process, or the system,
/// has no descriptor left.
pub(crate) fn is_lack_of_descriptors(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        matches!(
            Errno::from_io_error(error),
            Some(Errno::MFILE | Errno::NFILE)
        )
    }
    #[cfg(not(unix))]
    {
        let _ = error;
        false
    }
}
