//! What a user may do with a file or a directory, and through which group.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use callseal::files::input;
use rustix::fs::getxattr;

use crate::cli::ui::shell_word;

/// What is to be done with a file: bits of the mode, as for its others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Access(u32);

impl Access {
    /// To read it.
    pub const READ: Self = Self(0o4);
    /// To go through a directory.
    const SEARCH: Self = Self(0o1);
    /// To do everything in a directory.
    pub const ALL: Self = Self(0o7);
}

/// A user and its group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    user: u32,
    group: u32,
}

impl Default for Account {
    /// Nobody.
    fn default() -> Self {
        Self {
            user: 65534,
            group: 65534,
        }
    }
}

/// A right that no group gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lack {
    path: PathBuf,
    access: Access,
}

impl Lack {
    pub fn sentence(&self, user: &str) -> String {
        let what = match self.access {
            Access::READ => "can't read it",
            Access::SEARCH => "can't get through it",
            _ => "can't read and write in it",
        };
        format!("{}: the user “{user}” {what}", self.path.display())
    }

    pub fn remedy(&self, user: &str) -> String {
        let path = self.path.to_string_lossy();
        let path = shell_word(&path);
        match self.access {
            Access::READ => format!("setfacl -m u:{user}:r {path}"),
            Access::SEARCH => format!("setfacl -m u:{user}:x {path}"),
            _ => format!("setfacl -R -m u:{user}:rwX,d:u:{user}:rwX {path}"),
        }
    }
}

impl Account {
    /// Finds a user of this system; `None` if there is none of this name.
    pub fn of(name: &str) -> Option<Self> {
        let passwd = lines("/etc/passwd");
        let found = passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            let is_it = fields.next() == Some(name);
            let (user, group) = (fields.nth(1)?, fields.next()?);
            is_it.then(|| Some((user.parse().ok()?, group.parse().ok()?)))?
        });
        found.map(|(user, group)| Self { user, group })
    }

    /// Returns the groups that it has to be in to get at something, which are none if it
    /// gets there anyway.
    pub fn groups_for(&self, path: &Path, access: Access) -> Result<BTreeSet<u32>, Lack> {
        let mut groups = BTreeSet::new();
        let above = path
            .ancestors()
            .skip(1)
            .map(|above| (above, Access::SEARCH));
        for (path, access) in [(path, access)].into_iter().chain(above) {
            let Ok(found) = path.metadata() else {
                // What isn't there yet needs no right.
                continue;
            };
            let access = match found.is_dir() && access == Access::READ {
                true => Access(Access::READ.0 | Access::SEARCH.0),
                false => access,
            };
            match self.way(path, &found, access) {
                Way::Open => {}
                Way::Group(group) => {
                    groups.insert(group);
                }
                Way::None => {
                    return Err(Lack {
                        path: path.to_owned(),
                        access,
                    });
                }
            }
        }
        Ok(groups)
    }

    fn way(&self, path: &Path, found: &Metadata, access: Access) -> Way {
        let has = |bits: u32| bits & access.0 == access.0;
        let mode = found.mode();
        if found.uid() == self.user {
            return match has(mode >> 6) {
                true => Way::Open,
                false => Way::None,
            };
        }
        let mut list = [0; 4096];
        let length = getxattr(path, "system.posix_acl_access", &mut list);
        let list = length.ok().and_then(|length| list.get(..length));
        if let Some(granted) = list.and_then(|list| granted_to(self.user, list)) {
            return match has(granted) {
                true => Way::Open,
                false => Way::None,
            };
        }
        match (has(mode >> 3), has(mode)) {
            (true, _) if found.gid() == self.group => Way::Open,
            (_, true) => Way::Open,
            (true, false) => Way::Group(found.gid()),
            (false, false) => Way::None,
        }
    }
}

/// How somebody gets at something.
enum Way {
    Open,
    Group(u32),
    None,
}

/// Returns what an access control list grants to a user that it names: the bits of the
/// entry, as far as the mask has them. The form of the list is Linux': a version, then for
/// each entry its tag, its bits and a number.
fn granted_to(user: u32, list: &[u8]) -> Option<u32> {
    const USER: u16 = 0x02;
    const MASK: u16 = 0x10;
    let (_, entries) = list.split_at_checked(4)?;
    let (mut granted, mut mask) = (None, 0o7);
    for entry in entries.chunks_exact(8) {
        let [t0, t1, b0, b1, n0, n1, n2, n3] = *entry else {
            continue;
        };
        let bits = u32::from(u16::from_le_bytes([b0, b1]));
        match u16::from_le_bytes([t0, t1]) {
            USER if u32::from_le_bytes([n0, n1, n2, n3]) == user => granted = Some(bits),
            MASK => mask = bits,
            _ => {}
        }
    }
    granted.map(|bits| bits & mask)
}

/// Returns the name of a group, or its number.
pub(super) fn name_of(group: u32) -> String {
    let number = group.to_string();
    let groups = lines("/etc/group");
    let found = groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == number).then(|| name.to_owned())
    });
    found.unwrap_or(number)
}

fn lines(path: &str) -> String {
    let mut text = String::new();
    // Without the file, nobody is known.
    if let Ok(file) = input::open(Path::new(path)) {
        let _ = file.take(1 << 20).read_to_string(&mut text);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_grants_a_user_what_its_entry_and_the_mask_have() {
        // u::rwx, u:7:rwx, g::---, m::r-x, o::---
        let list = [
            &2_u32.to_le_bytes()[..],
            &[0x01, 0, 7, 0, 255, 255, 255, 255],
            &[0x02, 0, 7, 0, 7, 0, 0, 0],
            &[0x04, 0, 0, 0, 255, 255, 255, 255],
            &[0x10, 0, 5, 0, 255, 255, 255, 255],
            &[0x20, 0, 0, 0, 255, 255, 255, 255],
        ];
        assert_eq!(granted_to(7, &list.concat()), Some(5));
        assert_eq!(granted_to(8, &list.concat()), None);
        assert_eq!(granted_to(7, &[]), None);
    }
}
