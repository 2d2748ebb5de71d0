//! `callseal player`

use std::path::PathBuf;

use callseal::output::Access;
use clap::Args;
use serde::Serialize;

use super::args::OverwriteArgs;
use super::facts::{Facts, PathFact};
use super::failure::{Failure, Report};
use super::global::Global;
use super::origin::Origin;
use super::player_page::{Archives, page};
use super::sink::Sink;
use super::streams::is_stream;
use super::ui::Ui;

/// Write the page that plays calls in the browser as one file, which needs no
/// server
#[derive(Debug, Args)]
#[command(after_help = "\
Archives and keys are dropped into the page, and stay on the machine that shows
it: the page can't connect to anything. With --origin, it fetches archives from
that one store, which has to allow it: docs/listening.md says how.

Examples:
  callseal player -o player.html
  callseal player -o player.html --origin https://store.example")]
pub struct Arguments {
    /// The file to write; - is standard output
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// The store to fetch archives from, such as https://store.example
    #[arg(long, value_name = "URL")]
    origin: Option<String>,
    #[command(flatten)]
    overwrite: OverwriteArgs,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Report, Failure> {
    let output = Some(arguments.output.as_path()).filter(|output| !is_stream(output));
    if output.is_none() {
        global.refuse_json()?;
    }
    let origin = arguments.origin.as_deref().map(parse).transpose()?;
    let archives = origin.as_ref().map_or(Archives::Dropped, Archives::From);
    let sink = Sink::open(output, Access::Shared, &arguments.overwrite)?;
    sink.write(page(archives).as_bytes())?;
    if let Some(output) = output {
        let from = match &origin {
            Some(origin) => format!("fetches archives from {origin}"),
            None => "plays archives that are dropped into it".into(),
        };
        ui.summary(&format!("wrote {}: a page that {from}", output.display()));
    }
    Ok(Report {
        facts: Some(Facts::of(&PlayerFacts {
            page: output.map(PathFact),
            origin: origin.map(|origin| origin.to_string()),
        })),
        ..Report::default()
    })
}

fn parse(text: &str) -> Result<Origin, Failure> {
    Origin::parse(text).map_err(|fault| {
        Failure::usage(
            format!("{text:?} isn't an origin: {fault}"),
            "give a scheme, a host and perhaps a port, such as https://store.example or https://store.example:8443",
        )
    })
}

/// The file that was written.
#[derive(Serialize)]
struct PlayerFacts<'a> {
    page: Option<PathFact<'a>>,
    /// Null if the page connects to nothing.
    origin: Option<String>,
}
