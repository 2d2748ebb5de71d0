//! What an archive shows of its members.

use std::time::SystemTime;

use crate::archive::{MemberName, NameFault};
use crate::index::is_reserved;
use crate::message::name_binding::{is_hash_name, literal_name};

/// What an archive shows of its members.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Layout {
    /// Whether it gets an index, if its members are OpenPGP messages.
    pub index: bool,
    /// The time that all members have, whose names are numbers.
    pub hidden_at: Option<SystemTime>,
}

impl Layout {
    /// Returns the same for an archive of that many members: one member costs one
    /// private key operation in any case.
    pub fn of(self, members: usize) -> Self {
        Self {
            index: self.index && members > 1,
            ..self
        }
    }

    /// Returns why a member can't have that name.
    pub fn fault(&self, name: &MemberName) -> Option<NameFault> {
        let is_hash = || is_hash_name(literal_name(name.as_str()).as_bytes());
        if is_reserved(name) {
            Some(NameFault::Reserved)
        } else if self.hidden_at.is_some() && !self.index && is_hash() {
            Some(NameFault::TooLongToHide)
        } else {
            None
        }
    }
}
