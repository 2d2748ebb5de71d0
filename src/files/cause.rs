//! The wording of the operating system's errors.

use std::io;

/// Returns the text of `error` as the end of a sentence: "permission denied"
/// instead of the standard library's "Permission denied (os error 13)".
#[doc(hidden)]
pub fn cause(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error ").next().unwrap_or_default();
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::cause;
    use std::io;

    #[test]
    fn a_system_error_reads_as_the_end_of_a_sentence() {
        let missing = std::fs::File::open("/no/such/file").unwrap_err();
        assert_eq!(cause(&missing).split(' ').next_back(), Some("directory"));
        assert!(!cause(&missing).contains("os error"));
        assert!(cause(&missing).starts_with(char::is_lowercase));
        assert_eq!(cause(&io::Error::other("Full")), "full");
        assert_eq!(cause(&io::Error::other("")), "");
    }
}
