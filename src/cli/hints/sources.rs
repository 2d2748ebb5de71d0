//! Hints for files to pack.

use std::io;

use callseal::BundleFault;
use callseal::files::input::is_same_file;
use callseal::sources::SourceError;

use super::{Hint, paths, some};

pub const RENAME_ONE: &str = "rename one of them, or leave it out with --exclude";

pub fn of_source(error: &SourceError) -> Hint {
    some(match error {
        SourceError::Io { path, error }
            if path.as_os_str() == "base64" && error.kind() == io::ErrorKind::NotFound =>
        {
            "to seal as base64, write --armor=base64 (with \"=\")"
        }
        SourceError::Io { path, .. } if path.is_symlink() && !path.exists() => {
            "it is a symbolic link to a file that doesn't exist; remove it, or leave it out with --exclude"
        }
        SourceError::Io { path, error } if error.kind() == io::ErrorKind::NotFound => {
            return paths::of_missing(path);
        }
        SourceError::Link { .. } => "name the file it points to, or use --follow-links",
        SourceError::Loop { .. } => "remove the link, or leave it out with --exclude",
        SourceError::Special { .. } => "only regular files and directories can be packed",
        SourceError::IsOutput { .. } | SourceError::WouldReplace { .. } => {
            "choose another name for the output"
        }
        SourceError::NotUtf8 { .. } => "rename it, or leave it out with --exclude",
        SourceError::Name { .. } => "rename the file, or leave it out with --exclude",
        SourceError::SameName { first, second } if is_same_file(first, second) => {
            "leave out paths that are inside of another one, or the same"
        }
        SourceError::SameName { .. } => RENAME_ONE,
        SourceError::ChangedWhileRead { .. } => "pack it again when nothing writes to it",
        SourceError::NulInFileList { .. } => "use -0 for a list that is separated by NUL bytes",
        SourceError::Nothing { young: 1.., .. } => {
            "they are packed when they are older than --min-age; with --allow-empty, this is no failure"
        }
        SourceError::Nothing {
            filtered: false, ..
        } => "give paths that contain regular files, or --allow-empty if there may be none",
        SourceError::Nothing { filtered: true, .. } => {
            "give paths that contain regular files, and check --include and --exclude; with --allow-empty, this is no failure"
        }
        _ => return None,
    })
}

/// Returns the remedy for a file that is not the kind of message that is expected.
pub fn of_sealed(fault: &BundleFault) -> Hint {
    some(match fault {
        BundleFault::Ending => {
            "rename it if it is a message, or choose the messages with --include or --exclude"
        }
        BundleFault::OtherEnding(_) => {
            "rename it: OpenPGP messages end in .pgp, CMS messages in .p7m"
        }
        BundleFault::Text => {
            "`gpg --dearmor FILE` writes an OpenPGP message in octets, `openssl cms -cmsout -inform PEM -in FILE -outform DER -out NEW.p7m` a CMS message"
        }
        BundleFault::OtherRecipients { .. } => {
            "name its recipients, and nobody else, with -r or -p; `callseal inspect FILE` shows them, and `callseal share` changes them"
        }
        BundleFault::HiddenRecipient => "seal it without --hidden-recipients",
        BundleFault::Passphrase => "seal it anew, to its recipients alone",
        _ => return None,
    })
}
