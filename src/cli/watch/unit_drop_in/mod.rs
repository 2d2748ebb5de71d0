//! `callseal watch --unit-drop-in`: what the packaged unit lacks for a config.
//!
//! The unit closes the whole file system but the service's own directory
//! (`ProtectSystem=strict` of systemd.exec(5)).

mod rights;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use callseal::config::{Config, Then, Trust, Watch};

use super::choose;
use crate::cli::failure::{Ended, Failure};
use crate::cli::global::{Global, SYSTEM_CONFIG};
use crate::cli::printing::print_text;
use crate::cli::ui::{SHOWN, Ui};
use rights::{Access, Account, Lack};

/// The user of the packaged unit.
const USER: &str = "callseal";

/// The directories that `ProtectHome=yes` closes.
const HOMES: [&str; 3] = ["/home", "/root", "/run/user"];

/// The directories that `PrivateTmp=yes` replaces.
const TEMPORARY: [&str; 2] = ["/tmp", "/var/tmp"];

/// Prints the drop-in.
pub(super) fn run(names: &[String], global: &Global, ui: &Ui) -> Result<Ended, Failure> {
    if global.json {
        return Err(Failure::usage(
            "a drop-in is no JSON document",
            "leave out --json",
        ));
    }
    let config = global.some_config()?;
    let chosen = choose(&config, names)?;
    let mut needs = Needs::of(&config, &chosen);
    needs.resolve(ui)?;
    let account = Account::of(USER);
    if account.is_none() {
        ui.warning(&format!(
            "there is no user “{USER}” here: its rights are those of everybody"
        ));
        ui.hint("install the package first, then print the drop-in again");
    }
    let drop_in = DropIn {
        config: &config,
        names,
        needs,
        account: account.unwrap_or_default(),
    };
    let (text, lacks) = drop_in.text();
    print_text(&text)?;
    for lack in lacks.iter().take(SHOWN) {
        ui.warning(&lack.sentence(USER));
        ui.hint(&lack.remedy(USER));
    }
    if let more @ 1.. = lacks.len().saturating_sub(SHOWN) {
        ui.warning(&format!("{more} more like these"));
    }
    if !lacks.is_empty() {
        ui.notice("give these rights, then print this again: a group may be needed then");
    }
    Ok(None)
}

/// What the service needs.
#[derive(Default)]
struct Needs {
    /// Directories that are written to.
    written: BTreeSet<PathBuf>,
    /// Files and directories that are read.
    read: BTreeSet<PathBuf>,
}

impl Needs {
    fn of(config: &Config, watches: &[&Watch]) -> Self {
        let mut needs = Self::default();
        needs.read.insert(config.source.clone());
        needs.read.extend(config.sign.iter().cloned());
        for watch in watches {
            needs.written.insert(watch.spool.clone());
            needs.written.insert(watch.outbox.clone());
            if let Then::Move(directory) = &watch.then {
                needs.written.insert(directory.clone());
            }
            needs.read.extend(watch.sign.iter().cloned());
            let Ok((_, profile)) = config.profile(watch.profile.as_deref()) else {
                continue;
            };
            let certificates = profile.parties.iter().flat_map(|party| party.places());
            needs.read.extend(certificates);
            if let Trust::Ca {
                ca_files,
                crl_files,
            } = &profile.trust
            {
                let files = ca_files.iter().chain(crl_files);
                needs.read.extend(files.cloned());
            }
        }
        if let Some(path) = &config.metrics_file {
            let directory = path.parent().filter(|path| !path.as_os_str().is_empty());
            needs
                .written
                .insert(real(directory.unwrap_or(Path::new("."))));
        }
        needs
    }

    /// Makes all paths absolute, and follows their links.
    ///
    /// # Errors
    ///
    /// A path can't be in a unit file: whoever may make a link there could write into it.
    fn resolve(&mut self, ui: &Ui) -> Result<(), Failure> {
        for paths in [&mut self.written, &mut self.read] {
            let mut resolved = BTreeSet::new();
            for path in std::mem::take(paths) {
                let leads_to = real(&path);
                for path in [&path, &leads_to] {
                    if path
                        .to_str()
                        .is_none_or(|path| path.chars().any(char::is_control))
                    {
                        return Err(Failure::usage(
                            format!("{}: a unit file can't have this path", leads_to.display()),
                            "give the directory a name of printable characters in UTF-8",
                        ));
                    }
                }
                if std::path::absolute(&path).is_ok_and(|path| path != leads_to) {
                    let (path, leads_to) = (path.display(), leads_to.display());
                    ui.warning(&format!("{path} leads to {leads_to}, which is opened"));
                }
                resolved.insert(leads_to);
            }
            *paths = resolved;
        }
        Ok(())
    }

    /// Returns whether anything of it is below one of some directories.
    fn is_in(&self, directories: &[&str]) -> bool {
        let all = self.written.iter().chain(&self.read);
        let is_below = |path: &PathBuf| directories.iter().any(|above| path.starts_with(above));
        all.into_iter().any(is_below)
    }
}

/// Returns the absolute path, without links if it's there.
fn real(path: &Path) -> PathBuf {
    let resolved = path.canonicalize().or_else(|_| std::path::absolute(path));
    resolved.unwrap_or_else(|_| path.to_owned())
}

struct DropIn<'a> {
    config: &'a Config,
    names: &'a [String],
    needs: Needs,
    account: Account,
}

impl DropIn<'_> {
    /// Returns the text, and which rights no drop-in can give.
    fn text(&self) -> (String, Vec<Lack>) {
        let config = real(&self.config.source);
        let (mut text, needs) = (String::new(), &self.needs);
        let mut line = |line: String| {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{line}");
        };
        line(format!(
            "# For callseal.service, with {}.",
            comment(&config)
        ));
        line(
            "# Save this as /etc/systemd/system/callseal.service.d/directories.conf, then:".into(),
        );
        line("#   systemctl daemon-reload && systemctl restart callseal".into());
        line("[Unit]".into());
        line(setting("RequiresMountsFor", "", &needs.written));
        line(String::new());
        line("[Service]".into());
        if config != Path::new(SYSTEM_CONFIG) || !self.names.is_empty() {
            let config = path_word(&config);
            let names = match self.names {
                [] => String::new(),
                names => format!(" -- {}", names.join(" ")),
            };
            line("ExecStart=".into());
            line(format!(
                "ExecStart=/usr/bin/callseal watch --config {}{names}",
                // A variable would be replaced here.
                config.replace('$', "$$")
            ));
        }
        // One that is missing keeps the service from starting, which then says so.
        line(setting("ReadWritePaths", "-", &needs.written));
        let (groups, lacks) = self.groups();
        let mut open = Vec::new();
        if needs.is_in(&HOMES) {
            open.push("ProtectHome=read-only".to_owned());
        }
        if needs.is_in(&TEMPORARY) {
            open.push("PrivateTmp=no".to_owned());
        }
        if !groups.is_empty() {
            let groups: Vec<String> = groups.iter().map(|group| rights::name_of(*group)).collect();
            open.push(format!("SupplementaryGroups={}", groups.join(" ")));
        }
        if !open.is_empty() {
            line(
                "# If certificates need one of these, callseal-check.service needs it, too.".into(),
            );
            open.into_iter().for_each(line);
        }
        (text, lacks)
    }

    /// Returns the groups through which the service gets at everything, and what it
    /// doesn't get at through any.
    fn groups(&self) -> (BTreeSet<u32>, Vec<Lack>) {
        let (mut groups, mut lacks) = (BTreeSet::new(), Vec::new());
        let written = self.needs.written.iter().map(|path| (path, Access::ALL));
        let read = self.needs.read.iter().map(|path| (path, Access::READ));
        let below = self
            .needs
            .written
            .iter()
            .flat_map(|path| directories_below(path));
        let below: Vec<PathBuf> = below.collect();
        let below = below.iter().map(|path| (path, Access::ALL));
        for (path, access) in written.chain(read).chain(below) {
            match self.account.groups_for(path, access) {
                Ok(needed) => groups.extend(needed),
                Err(lack) if lacks.contains(&lack) => {}
                Err(lack) => lacks.push(lack),
            }
        }
        (groups, lacks)
    }
}

/// The most directories that are looked at.
const MOST: usize = 10_000;

/// Returns the directories below one, without those of the service.
fn directories_below(path: &Path) -> Vec<PathBuf> {
    let mut found = vec![path.to_owned()];
    let mut next = 0;
    while let Some(path) = found.get(next).cloned() {
        next += 1;
        // One that can't be read is looked at itself.
        for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_directory && entry.file_name() != ".callseal" && found.len() < MOST {
                found.push(entry.path());
            }
        }
    }
    found
}

/// Returns a setting whose value is a list of paths.
fn setting(name: &str, before: &str, paths: &BTreeSet<PathBuf>) -> String {
    let words = paths.iter().map(|path| path_word_after(before, path));
    format!("{name}={}", words.collect::<Vec<_>>().join(" "))
}

fn path_word(path: &Path) -> String {
    path_word_after("", path)
}

/// Returns a path as a word of a unit file (systemd.syntax(7)): its specifiers and
/// backslashes are doubled, and it's in quotes if it has to be.
fn path_word_after(before: &str, path: &Path) -> String {
    let path = path.to_string_lossy();
    let word = format!("{before}{}", path.replace('%', "%%"));
    match word
        .chars()
        .any(|c| c.is_whitespace() || "\"'\\;$".contains(c))
    {
        true => format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")),
        false => word,
    }
}

/// Returns a path for a comment, which ends with the line.
fn comment(path: &Path) -> String {
    crate::cli::ui::safe(&path.to_string_lossy()).into_owned()
}
