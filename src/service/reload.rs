//! Taking over settings that were changed.

use std::collections::HashSet;

use super::batch_id::BatchId;
use super::error::ServiceError;
use super::report::Event;
use super::{Loaded, Loader, Service, Settings};

impl Service<'_> {
    /// Loads what calls are sealed with, and takes over the present settings.
    pub(super) fn load(&mut self, loader: &mut dyn Loader) -> Result<Loaded, ServiceError> {
        let loaded = loader.load();
        let loaded = loaded.and_then(|loaded| {
            self.apply(loaded.settings.clone())?;
            Ok(loaded)
        });
        self.is_loaded = loaded.is_ok();
        loaded
    }

    /// Takes over the present settings.
    fn apply(&mut self, new: Settings) -> Result<(), ServiceError> {
        if new == self.loaded {
            return Ok(());
        }
        // All of them are taken over, or none.
        let filter = super::filter(&new)?;
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
        let is_same_choice =
            new.include == self.settings.include && new.exclude == self.settings.exclude;
        self.loaded = new.clone();
        self.filter = filter;
        self.settings = Settings {
            spool: self.settings.spool.clone(),
            outbox: self.settings.outbox.clone(),
            then: self.settings.then.clone(),
            name: self.settings.name.clone(),
            ..new
        };
        if !is_same_choice {
            self.choose_anew();
        }
        Ok(())
    }

    /// Leaves alone what isn't meant any more, and looks for what is meant now.
    fn choose_anew(&mut self) {
        self.let_large_go_on();
        let filter = self.filter.clone();
        self.settling.retain(|file| {
            // What was claimed is to be sealed.
            let path = &file.path;
            file.claimed.is_some() || filter.includes(path) && !filter.excludes_tree_of(path)
        });
        self.scan_soon();
    }

    /// Forgets until when claims wait that aren't kept for a grace: they are looked at
    /// anew.
    pub(super) fn forget_waits(&mut self) {
        self.let_large_go_on();
        let kept: HashSet<BatchId> = self.waiting_ids().cloned().collect();
        let is_kept = |id: &BatchId| kept.contains(id);
        self.settling
            .retain(|file| file.claimed.as_ref().is_none_or(is_kept));
    }
}
