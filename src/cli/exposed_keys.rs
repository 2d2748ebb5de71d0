//! Keys that other users can access.

use std::collections::BTreeSet;
use std::path::Path;

use callseal::keys::Identity;

use super::ui::{Ui, shell_word};

/// Warns of key files that every user of the machine can read or change, once
/// for each file.
pub fn warn_of_exposed(identities: &[Identity], ui: &Ui) {
    let exposed: BTreeSet<_> = identities
        .iter()
        .filter(|identity| identity.is_exposed())
        .map(Identity::source)
        .collect();
    for file in exposed {
        warn_of_file(file, ui);
    }
}

/// Warns of one file that is known to be exposed.
pub fn warn_of_file(file: &Path, ui: &Ui) {
    let file = file.display().to_string();
    ui.warning(&format!(
        "{file}: other users can read or change this key; run `chmod 600 {}`",
        shell_word(&file)
    ));
}
