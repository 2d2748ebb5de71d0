//! Files without a name: open(2), "O_TMPFILE".

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::PathBuf;

/// Returns the only path by which an unprivileged process can give such a file
/// a name: linkat(2), "AT_EMPTY_PATH".
pub(crate) fn path(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}
