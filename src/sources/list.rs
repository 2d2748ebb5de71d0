//! Lists of paths, as `find` and editors write them.

use std::path::PathBuf;

use super::SourceError;
use crate::files::BYTE_ORDER_MARK;

/// Returns the paths in `text`: one a line (ended by LF or CRLF), or with
/// `nul_separated` one before each NUL byte, as `find -print0` writes them.
/// Blank lines are skipped. A path that is all blanks, starts with a byte order
/// mark, or has a line break in it needs a NUL-separated list.
///
/// # Errors
///
/// [`SourceError::NulInFileList`] for a NUL byte in a line, and on systems
/// other than Unix, [`SourceError::NotUtf8`].
pub fn read_file_list(text: &[u8], nul_separated: bool) -> Result<Vec<PathBuf>, SourceError> {
    if nul_separated {
        let entries = text.split(|&byte| byte == b'\0');
        return entries
            .filter(|entry| !entry.is_empty())
            .map(path)
            .collect();
    }
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut paths = Vec::new();
    for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
        if line.contains(&b'\0') {
            return Err(SourceError::NulInFileList { line: index + 1 });
        }
        if !line.trim_ascii().is_empty() {
            paths.push(path(line.strip_suffix(b"\r").unwrap_or(line))?);
        }
    }
    Ok(paths)
}

/// On Unix a path may have any bytes.
#[cfg(unix)]
fn path(bytes: &[u8]) -> Result<PathBuf, SourceError> {
    use std::os::unix::ffi::OsStrExt;
    Ok(PathBuf::from(std::ffi::OsStr::from_bytes(bytes)))
}

#[cfg(not(unix))]
fn path(bytes: &[u8]) -> Result<PathBuf, SourceError> {
    match std::str::from_utf8(bytes) {
        Ok(path) => Ok(PathBuf::from(path)),
        Err(_) => Err(SourceError::NotUtf8 {
            path: PathBuf::from(String::from_utf8_lossy(bytes).into_owned()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::read_file_list;
    use crate::sources::SourceError;
    use proptest::prelude::*;
    use std::path::{Path, PathBuf};

    fn lines(text: &str) -> Vec<PathBuf> {
        read_file_list(text.as_bytes(), false).unwrap()
    }

    #[test]
    fn a_list_is_one_path_a_line_whatever_ends_the_lines() {
        let expected = [Path::new("a b.wav"), Path::new(" c")];
        assert_eq!(lines("a b.wav\n c\n"), expected);
        assert_eq!(lines("a b.wav\r\n\r\n\n \t\n c"), expected);
        assert_eq!(lines("\u{FEFF}a b.wav\n c"), expected);
        assert!(lines("").is_empty());
    }

    #[test]
    fn a_nul_separated_list_may_have_any_path() {
        let paths = read_file_list(b"a\nb\r\0 \0\0c", true).unwrap();
        assert_eq!(paths, [Path::new("a\nb\r"), Path::new(" "), Path::new("c")]);
    }

    #[test]
    fn a_nul_separated_list_read_as_lines_is_an_error() {
        let error = read_file_list(b"a\nb\0c\0", false).unwrap_err();
        assert!(matches!(error, SourceError::NulInFileList { line: 2 }));
    }

    #[cfg(unix)]
    #[test]
    fn a_path_in_a_list_need_not_be_utf8() {
        let paths = read_file_list(b"\xFFa\n", false).unwrap();
        assert!(paths[0].to_str().is_none());
    }

    proptest! {
        #[test]
        fn every_nul_separated_path_comes_back(
            paths in prop::collection::vec("[^\0]{1,8}", 0..8)
        ) {
            let text = paths.join("\0");
            let read = read_file_list(text.as_bytes(), true).unwrap();
            let expected: Vec<_> = paths.iter().map(PathBuf::from).collect();
            prop_assert_eq!(read, expected);
        }
    }
}
