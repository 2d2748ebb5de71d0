//! The browser, and the file that leads it to the address.
//!
//! The address has a secret in it, and everybody can read the arguments of a process. So the
//! browser is started with the name of a file that only its owner can read.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread::Builder;
use std::time::Duration;

use callseal::files::cause;
use tempfile::TempDir;

/// The variables of which one is set where a browser can open.
#[cfg(all(unix, not(target_os = "macos")))]
const DESKTOPS: [&str; 4] = ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"];

/// How long a failure to open it is waited for.
const LAUNCH: Duration = Duration::from_secs(10);

/// The file that leads to an address. It's removed when this is dropped.
pub struct Redirect {
    directory: TempDir,
}

/// Returns whether there may be a browser, or why not. On a terminal alone, one would take
/// the terminal.
pub fn is_there() -> Result<(), String> {
    #[cfg(all(unix, not(target_os = "macos")))]
    {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if !DESKTOPS.into_iter().any(is_set) {
            return Err("there is no desktop here".into());
        }
    }
    Ok(())
}

impl Redirect {
    /// Writes the file.
    pub fn write(address: &str) -> Result<Self, String> {
        let directory = directory().map_err(|error| {
            let place = std::env::temp_dir();
            format!("{}: {}", place.display(), cause(&error))
        })?;
        let redirect = Self { directory };
        let path = redirect.path();
        let written = write(&path, address);
        written.map_err(|error| format!("{}: {}", path.display(), cause(&error)))?;
        Ok(redirect)
    }

    /// Opens the file in the browser, and calls this with the reason if it doesn't open.
    pub fn open(&self, not_opened: impl FnOnce(String) + Clone + Send + 'static) {
        let path = self.path();
        let failed = not_opened.clone();
        let launch = move || {
            if open::that_detached_with_timeout(path, LAUNCH).is_err() {
                failed("none can be started".into());
            }
        };
        let thread = Builder::new().name("browser".into()).spawn(launch);
        if let Err(error) = thread {
            not_opened(format!("no thread can be started: {}", cause(&error)));
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("play.html")
    }
}

/// Makes a directory that only its owner can look into.
fn directory() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("callseal-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o700));
    }
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").filter(|path| !path.is_empty());
    match runtime.map(|runtime| builder.tempdir_in(runtime)) {
        Some(Ok(directory)) => Ok(directory),
        _ => builder.tempdir(),
    }
}

/// Writes a page that leads to the address, readable only by its owner.
fn write(path: &Path, address: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    // The address has no character that means anything in HTML.
    let page = format!(
        "<!doctype html>\n<meta charset=\"utf-8\">\n<title>callseal</title>\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta http-equiv=\"refresh\" content=\"0; url={address}\">\n\
         <a href=\"{address}\">play</a>\n"
    );
    options.open(path)?.write_all(page.as_bytes())
}
