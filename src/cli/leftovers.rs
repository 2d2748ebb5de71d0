//! Files that a killed run left.

use callseal::files::record;

use super::ui::{SHOWN, Ui, shell_word};

/// Warns of files that a killed run left where this run has written.
pub fn warn_of_leftovers(ui: &Ui) {
    let leftovers = record::leftovers();
    for path in leftovers.iter().take(SHOWN) {
        ui.warning(&format!(
            "{}: left by a callseal run that was killed; it may hold plaintext",
            path.display()
        ));
    }
    if let Some(more @ 1..) = leftovers.len().checked_sub(SHOWN) {
        ui.warning(&format!("{more} more like these"));
    }
    if let Some(path) = leftovers.first() {
        let word = path.display().to_string();
        ui.hint(&format!(
            "remove it with `rm {}`; nothing uses it any more",
            shell_word(&word)
        ));
    }
}
