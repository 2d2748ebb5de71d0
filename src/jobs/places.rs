//! The paths of the members that are opened, each of which belongs to one of them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::archive::{Member, MemberFault, MemberName, NameHashes};
use crate::jobs::error::MemberCause;

/// The paths of the chosen members: each path belongs to one of them.
pub(crate) struct Places<'a> {
    /// The number of members at each path; empty if all paths differ.
    members_at: HashMap<&'a MemberName, usize>,
    hashes: NameHashes,
    /// The offsets of the members whose names were known only when they were
    /// opened.
    claimed: Mutex<HashMap<MemberName, u64>>,
}

impl<'a> Places<'a> {
    pub fn of(members: &[&'a Member]) -> Self {
        let mut members_at = HashMap::new();
        let hashes = NameHashes::of(members.iter(), |member, path| {
            let name = member.name().map(MemberName::as_str);
            path.extend_from_slice(name.unwrap_or_default().as_bytes());
        });
        if hashes.may_repeat() {
            for name in members.iter().filter_map(|member| member.name().ok()) {
                *members_at.entry(name).or_insert(0) += 1;
            }
        }
        Self {
            members_at,
            hashes,
            claimed: Mutex::default(),
        }
    }

    /// Takes the path of a member whose name is known only now.
    pub fn claim(&self, name: &MemberName, member: &Member) -> Result<(), MemberCause> {
        let claimed = self.claimed.lock();
        let mut claimed = claimed.unwrap_or_else(PoisonError::into_inner);
        let offset = member.offset();
        let owner = *claimed.entry(name.clone()).or_insert(offset);
        let is_taken = self.hashes.may_have(name.as_str().as_bytes());
        match owner == offset && !is_taken {
            true => Ok(()),
            false => Err(MemberCause::SamePath),
        }
    }

    /// Takes away the claims of files that won't be extracted. They are looked
    /// at only where they stand in the way of a member.
    pub fn leave_out(&mut self, members: &[&'a Member], is_left_out: &dyn Fn(&Member) -> bool) {
        for member in members {
            let claims = member
                .name()
                .ok()
                .and_then(|name| self.members_at.get_mut(name));
            if let Some(claims @ 2..) = claims
                && is_left_out(member)
            {
                *claims -= 1;
            }
        }
    }

    pub fn name<'m>(&self, member: &'m Member) -> Result<&'m MemberName, MemberCause> {
        if let Some(fault) = member.fault() {
            return Err(fault.into());
        }
        let name = member
            .name()
            .map_err(|fault| MemberCause::Archive(MemberFault::Name(fault)))?;
        match self.members_at.get(name) {
            None | Some(1) => Ok(name),
            Some(_) => Err(MemberCause::SamePath),
        }
    }
}
