//! `client_property.conf`, the settings file of the LumenVox speech client.
//!
//! The platform encrypts its own call files to the certificates that one
//! setting of this file lists. Reading the same setting means that a batch
//! packed by hand opens for the same parties.
//!
//! The format is `PROPERTY_NAME = VALUE` in `[SECTIONS]`, with comment lines
//! that start with `#`. A value may start on the line after its name, and a
//! list continues on the next line after a comma. Only this one setting is
//! read; the others are the platform's business.

use std::collections::BTreeMap;
use std::path::Path;

use crate::keys::{MinRsaBits, Party, SigningTime};

use super::{Compression, Config, ConfigError, Profile, Trust, resolve};

/// The name of the only profile that such a file yields.
pub const PROFILE_NAME: &str = "client_property";

/// The setting that lists the certificates.
pub(super) const SETTING: &str = "LOGGING_ENCRYPTION_KEY";

/// The value of a setting that is not set.
const UNSET: &str = "default";

pub(super) fn parse(text: &str, source: &Path) -> Result<Config, ConfigError> {
    let (line, value) = find_setting(text, source)?;
    let file = source.to_owned();
    let paths = match value {
        Value::Empty => return Err(ConfigError::SettingEmpty { file, line }),
        Value::Unset => return Err(ConfigError::SettingDefault { file, line }),
        Value::Paths(paths) => paths,
    };
    let certificates = paths.iter().map(|path| resolve(path, source));
    let profile = Profile {
        parties: certificates.map(Party::with_certificate).collect(),
        trust: Trust::Listed,
        signers: Vec::new(),
        require_signature: false,
        signing_time: SigningTime::default(),
    };
    Ok(Config {
        source: file,
        default_profile: Some(PROFILE_NAME.to_owned()),
        keys: Vec::new(),
        sign: Vec::new(),
        compress: Compression::default(),
        format: None,
        without_index: false,
        min_rsa_bits: MinRsaBits::default(),
        profiles: BTreeMap::from([(PROFILE_NAME.to_owned(), profile)]),
        metrics_file: None,
        watches: Vec::new(),
    })
}

/// Returns the setting's line and value. It may be in any section, and may be
/// repeated with the same value.
fn find_setting(text: &str, source: &Path) -> Result<(usize, Value), ConfigError> {
    let mut found: Option<(usize, Value)> = None;
    let mut keep = |list: Option<List>| {
        let Some(list) = list else { return Ok(()) };
        let line = list.line;
        let value = list.finish()?;
        match &found {
            Some((first_line, first)) if *first != value => Err(ConfigError::SettingRepeated {
                file: source.to_owned(),
                line,
                first_line: *first_line,
            }),
            Some(_) => Ok(()),
            None => {
                found = Some((line, value));
                Ok(())
            }
        }
    };

    // The list to which lines are still being added.
    let mut open: Option<List> = None;
    for (number, line) in (1..).zip(text.lines()) {
        match Line::read(line) {
            Line::Blank => {}
            Line::Section => keep(open.take())?,
            Line::Setting { name, value } => {
                keep(open.take())?;
                if name.eq_ignore_ascii_case(SETTING) {
                    let mut list = List::new(source, number);
                    list.add(value, number)?;
                    open = Some(list);
                }
            }
            Line::Other(text) => {
                // Elsewhere this is the value of another setting.
                if let Some(list) = &mut open {
                    list.add(text, number)?;
                }
            }
        }
    }
    keep(open)?;
    found.ok_or_else(|| ConfigError::SettingMissing {
        file: source.to_owned(),
    })
}

/// One line of the file, without the space around it.
enum Line<'a> {
    /// An empty line, or a comment.
    Blank,
    /// `[SECTION]`
    Section,
    /// `NAME = VALUE`, where the value may be empty.
    Setting { name: &'a str, value: &'a str },
    /// Text that is only meaningful as a value begun on an earlier line.
    Other(&'a str),
}

impl<'a> Line<'a> {
    fn read(line: &'a str) -> Self {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Self::Blank;
        }
        if line.starts_with('[') && line.ends_with(']') {
            return Self::Section;
        }
        match line.split_once('=') {
            Some((name, value)) if is_name(name.trim_end()) => Self::Setting {
                name: name.trim_end(),
                value: value.trim_start(),
            },
            _ => Self::Other(line),
        }
    }
}

/// Returns whether this can be the name of a setting, and not a path with a `=`
/// in it.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The value of the setting.
#[derive(PartialEq)]
enum Value {
    Empty,
    Unset,
    Paths(Vec<String>),
}

/// A list of paths that may continue over several lines.
struct List<'a> {
    source: &'a Path,
    /// The line of the setting's name.
    line: usize,
    /// The paths so far, each with its line.
    paths: Vec<(usize, String)>,
    /// Whether a path must come next: at the start, or after a comma.
    wants_path: bool,
}

impl<'a> List<'a> {
    fn new(source: &'a Path, line: usize) -> Self {
        Self {
            source,
            line,
            paths: Vec::new(),
            wants_path: true,
        }
    }

    /// Adds the paths in `text`, which is on line `line`.
    ///
    /// A path that isn't understood is an error: skipping it would drop a
    /// recipient.
    fn add(&mut self, text: &str, line: usize) -> Result<(), ConfigError> {
        let file = || self.source.to_owned();
        if text.is_empty() {
            return Ok(());
        }
        if !self.wants_path {
            return Err(ConfigError::StrayLine { file: file(), line });
        }
        let mut rest = text;
        while self.wants_path && !rest.is_empty() {
            let path;
            if let Some(quoted) = rest.strip_prefix('"') {
                (path, rest) = quoted
                    .split_once('"')
                    .ok_or_else(|| ConfigError::UnclosedQuote { file: file(), line })?;
                rest = rest.trim_start();
                if !rest.is_empty() && !rest.starts_with(',') {
                    return Err(ConfigError::TextAfterQuote { file: file(), line });
                }
            } else {
                (path, rest) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
            }
            let path = path.trim();
            if path.is_empty() {
                return Err(ConfigError::EmptyPath { file: file(), line });
            }
            self.paths.push((line, path.to_owned()));
            match rest.strip_prefix(',') {
                Some(more) => rest = more.trim_start(),
                None => self.wants_path = false,
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Value, ConfigError> {
        let file = || self.source.to_owned();
        let is_unset = |path: &str| path.eq_ignore_ascii_case(UNSET);
        match self.paths.as_slice() {
            [] => return Ok(Value::Empty),
            [.., (line, _)] if self.wants_path => {
                return Err(ConfigError::UnfinishedList {
                    file: file(),
                    line: *line,
                });
            }
            [(_, only)] if is_unset(only) => return Ok(Value::Unset),
            paths => {
                if let Some((line, _)) = paths.iter().find(|(_, path)| is_unset(path)) {
                    return Err(ConfigError::DefaultInList {
                        file: file(),
                        line: *line,
                    });
                }
            }
        }
        let paths = self.paths.into_iter().map(|(_, path)| path);
        Ok(Value::Paths(paths.collect()))
    }
}

#[cfg(test)]
mod tests;
