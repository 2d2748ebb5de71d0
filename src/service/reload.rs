//! Taking over settings that were changed.

use super::error::ServiceError;
use super::report::Event;
use super::{Service, Settings};

impl Service<'_> {
    /// Takes over the present settings.
    pub(super) fn apply(&mut self, new: Settings) -> Result<(), ServiceError> {
        if new == self.loaded {
            return Ok(());
        }
        self.loaded = new.clone();
        for (is_same, setting) in [
            (new.spool == self.settings.spool, "spool"),
            (new.outbox == self.settings.outbox, "outbox"),
            (new.then == self.settings.then, "then"),
            (new.name == self.settings.name, "name"),
        ] {
            if !is_same {
                self.observer.note(&Event::NeedsRestart { setting });
            }
        }
        self.filter = super::filter(&new)?;
        self.settings = Settings {
            spool: self.settings.spool.clone(),
            outbox: self.settings.outbox.clone(),
            then: self.settings.then.clone(),
            name: self.settings.name.clone(),
            ..new
        };
        Ok(())
    }
}
