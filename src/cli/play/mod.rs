//! `callseal play`

mod answer;
mod archive;
mod body;
mod browser;
mod connections;
mod ending;
mod patience;
mod range;
mod sender;
mod server;
mod site;
mod token;

use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use callseal::files::cause;
use clap::Args;

use super::error::Error;
use super::failure::{Ended, Failure};
use super::global::Global;
use super::printing::print_text;
use super::ui::{Ui, count};
use archive::ServedArchive;
use browser::Redirect;
use site::Site;

/// Play calls in the browser: a server on this machine alone, which never sees
/// a key
#[derive(Debug, Args)]
#[command(after_help = "\
The browser gets a page and ranges of the archives' bytes. Keys are given to the
page, which opens the calls. The address has a random part, and holds until
Ctrl-C or SIGTERM ends the server. Other machines can't reach it: for a browser
elsewhere, run `ssh -L PORT:127.0.0.1:PORT HOST` there, and open the same
address.

Examples:
  callseal play calls.zip
  callseal play --no-browser --port 8765 calls.zip")]
pub struct Arguments {
    /// The archives to play from
    #[arg(required = true, value_name = "ARCHIVE")]
    archives: Vec<PathBuf>,
    /// The port to listen on; 0 is a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,
    /// Print the address, and don't open it in a browser
    #[arg(long)]
    no_browser: bool,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Ended, Failure> {
    if global.json {
        return Err(Failure::usage(
            "a server has no result for --json: it prints its address",
            "leave out --json",
        ));
    }
    let archives = opened(&arguments.archives)?;
    let what = match (arguments.archives.as_slice(), archives.len()) {
        ([archive, ..], 1) => archive.display().to_string(),
        (_, number) => count(number as u64, "archive"),
    };
    let site = Site::new(archives)?;
    let ending = ending::listen()?;
    let failed = |error| Error::Port {
        port: arguments.port,
        error,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(failed)?;
    runtime.block_on(async {
        let listener = server::listen(arguments.port).map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let address = format!("http://{}:{port}{}", Ipv4Addr::LOCALHOST, site.path());
        print_text(&format!("{address}\n"))?;
        // It's removed at the end.
        let _redirect = announce(&what, !arguments.no_browser, &address, port, *ui);
        let ui = *ui;
        let say = move |error: io::Error| {
            ui.warning(&format!("nobody can be served: {}", cause(&error)));
            ui.hint("end it with Ctrl-C, and raise the limit: `ulimit -n 1024`");
        };
        let serving = tokio::spawn(server::serve(listener, Arc::new(site), say));
        ending.notified().await;
        serving.abort();
        Ok(None)
    })
}

/// Opens the archives, each file once.
fn opened(paths: &[PathBuf]) -> Result<Vec<ServedArchive>, Error> {
    let mut archives: Vec<(&Path, ServedArchive)> = Vec::new();
    for path in paths {
        let archive = ServedArchive::open(path)?;
        if !archives
            .iter()
            .any(|(_, other)| other.is_same_file(&archive))
        {
            archives.push((path, archive));
        }
    }
    let names: Vec<String> = archives
        .iter()
        .map(|(_, archive)| archive.name.clone())
        .collect();
    let called = archives.into_iter().map(|(path, mut archive)| {
        // Two of one name are told apart by their directories.
        if names.iter().filter(|name| **name == archive.name).count() > 1 {
            archive.name = path.display().to_string();
        }
        archive
    });
    Ok(called.collect())
}

/// Says what is served, and opens it in the browser. What it returns has to last as long as
/// the server.
fn announce(what: &str, opens_browser: bool, address: &str, port: u16, ui: Ui) -> Option<Redirect> {
    ui.summary(&format!("serving {what} until Ctrl-C ends it"));
    let say_where = move || {
        ui.notice(&format!(
            "for a browser on another machine, run `ssh -L {port}:127.0.0.1:{port} HOST` there, and open the same address"
        ));
    };
    if !opens_browser {
        say_where();
        return None;
    }
    let not_opened = move |reason: String| {
        ui.notice(&format!(
            "no browser is opened: {reason}; open the address yourself"
        ));
        say_where();
    };
    let redirect = browser::is_there().and_then(|()| Redirect::write(address));
    match redirect {
        Ok(redirect) => {
            redirect.open(not_opened);
            Some(redirect)
        }
        Err(reason) => {
            not_opened(reason);
            None
        }
    }
}
