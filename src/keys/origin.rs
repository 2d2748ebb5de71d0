//! The file that a private key came from, and the certificate beside it.

use std::path::{Path, PathBuf};

use super::recipient::Recipient;
use super::{certificate, file};

/// The file that a private key came from.
pub(super) struct Origin {
    pub path: PathBuf,
    /// Whether every user of the machine can read or change it.
    pub exposed: bool,
}

impl Origin {
    /// The certificate or public key that belongs to a locked key: in the same
    /// file, or beside it under the same name with another ending.
    pub fn beside(&self, whole: &[u8]) -> Option<Recipient> {
        let source: &Path = &self.path;
        let within = file::blocks(whole).find(|block| !block.is_private());
        if let Some(block) = within {
            let found = certificate::recipients(block.text, source, None);
            return found.ok()?.into_iter().next();
        }
        ["crt", "pem", "cer", "der", "pub"]
            .iter()
            .map(|ending| source.with_extension(ending))
            .filter(|candidate| candidate != source)
            .find_map(|candidate| Recipient::load_any_age(&candidate).ok()?.into_iter().next())
    }
}
