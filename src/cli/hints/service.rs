//! Remedies of the service.

use std::io::ErrorKind;
use std::path::Path;

use callseal::service::ServiceError;

use super::{Hint, paths, some};
use crate::cli::ui::shell_word;
use crate::cli::watch::NotLoaded;

/// Returns the remedy for an error of the service, if there is one.
pub fn of_service(error: &ServiceError) -> Hint {
    let hint = match error {
        ServiceError::Locked { .. } => {
            "end the other service first, or give each its own spool and outbox".into()
        }
        ServiceError::OtherOwner { owner, .. } => format!(
            "run it as user {owner}. Don't move it away: it may hold calls"
        ),
        ServiceError::Foreign { .. } => {
            "if a setfacl or chmod for the whole spool has done that, restart the service, which takes \
             the rights away again. Otherwise find out who made it"
                .into()
        }
        ServiceError::Replaced { .. } => {
            "put the one from before back, or mount it again; the service goes on then".into()
        }
        ServiceError::Remote { .. } => {
            "use a directory on a local file system as the spool; the outbox may be elsewhere".into()
        }
        ServiceError::Replaces { .. } => {
            "use a directory on another local file system as the spool, such as ext4, XFS or Btrfs"
                .into()
        }
        ServiceError::Mount { path } => format!(
            "watch {} as a spool of its own, or list it under exclude",
            path.display()
        ),
        ServiceError::Nested { .. } => {
            "use directories of which none is within another, links resolved".into()
        }
        ServiceError::Unusable { path, error, .. } => return of_unusable(path, error),
        ServiceError::NoRename { path } => {
            let user = rustix::process::geteuid().as_raw();
            let path = path.to_string_lossy();
            let path = shell_word(&path);
            format!("give this user the right: setfacl -R -m u:{user}:rwX,d:u:{user}:rwX {path}")
        }
        ServiceError::OtherFileSystem { .. } => {
            "move sealed calls to a directory on the file system of the spool, or use then = \"delete\"".into()
        }
        ServiceError::NotLoaded { error, .. } => {
            return error.downcast_ref::<NotLoaded>()?.hint.clone().map(Into::into);
        }
        ServiceError::Job(error) if has_no_room(error) => {
            "free some space there; files that fit are sealed meanwhile, and the others are tried again each minute".into()
        }
        ServiceError::Job(callseal::Error::NotReadBack { .. }) => {
            "check the disk of the outbox; all calls are where they were".into()
        }
        ServiceError::Job(error) => return super::of_library(error),
    };
    Some(hint.into())
}

/// Returns the remedy for a directory that can't be used.
fn of_unusable(path: &Path, error: &std::io::Error) -> Hint {
    match error.kind() {
        ErrorKind::NotFound => paths::of_missing(path),
        ErrorKind::PermissionDenied => {
            let closed = path.ancestors().find(|above| above.exists())?;
            // Its own directory is made in the spool and in the outbox. Those above need
            // only be passed through.
            let is_its_own = closed == path || path.ends_with(".callseal");
            let rights = if is_its_own { "rwx" } else { "x" };
            let user = rustix::process::geteuid().as_raw();
            let closed = closed.to_string_lossy();
            some(format!(
                "give this user the right: setfacl -m u:{user}:{rights} {}",
                shell_word(&closed)
            ))
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => some("free some space there"),
        ErrorKind::NotADirectory => some("give a directory"),
        _ => None,
    }
}

/// Returns whether the disk or the quota is full.
fn has_no_room(error: &callseal::Error) -> bool {
    use callseal::Error::{Io, NotFlushed};
    let (Io { error, .. } | NotFlushed { error, .. }) = error else {
        return false;
    };
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded
    )
}

/// Returns the remedy for a damaged archive of the service.
pub fn of_damaged(archive: &Path) -> String {
    let path = archive.to_string_lossy();
    format!(
        "`callseal extract -k KEY {}` takes out the calls that are whole in it; then move it away. \
         The next start looks at it again",
        shell_word(&path)
    )
}
