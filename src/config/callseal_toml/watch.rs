//! What `callseal.toml` says about spools.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use toml::Spanned;

use super::schema::{self, BundleEntry, OneOrMany, ThenEntry};
use super::{ConfigError, Place, resolve};
use crate::config::{Bundle, Profile, Then, TimeSpan, Watch};
use crate::sources::Patterns;

/// The time for which a file has to be unchanged, unless the config says more or
/// less.
const SETTLE: Duration = Duration::from_secs(10);

/// The time for which a sealed file is kept, unless the config says more or less.
const GRACE: Duration = Duration::from_secs(60);

/// The longest time that a setting may have.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The units of sizes.
const UNITS: [(&str, u64); 4] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

impl Place<'_> {
    /// Returns the spools that are watched, each with a name of its own.
    pub(super) fn watches(
        &self,
        tables: Vec<Spanned<schema::Watch>>,
        profiles: &BTreeMap<String, Profile>,
    ) -> Result<Vec<Watch>, ConfigError> {
        let mut watches: Vec<Watch> = Vec::new();
        for table in tables {
            let line = self.line(&table.get_ref().name);
            let watch = self.watch(table.into_inner(), profiles)?;
            if watches.iter().any(|other| other.name == watch.name) {
                return Err(self.refused(line, "name", &watch.name, "another [[watch]] has it"));
            }
            watches.push(watch);
        }
        Ok(watches)
    }

    fn watch(
        &self,
        table: schema::Watch,
        profiles: &BTreeMap<String, Profile>,
    ) -> Result<Watch, ConfigError> {
        if let Some(profile) = &table.profile
            && !profiles.contains_key(profile.get_ref())
        {
            let known: Vec<&str> = profiles.keys().map(String::as_str).collect();
            let reason = format!(
                "there is no profile of that name, but: {}",
                known.join(", ")
            );
            let line = self.line(profile);
            return Err(self.refused(line, "profile", profile.get_ref(), &reason));
        }
        let name = table.name.get_ref();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || name.starts_with('.') || !name.chars().all(is_plain) {
            let line = self.line(&table.name);
            let expected = "archives are called by it: use letters, digits, -, _ and ., but no . at its beginning";
            return Err(self.refused(line, "name", name, expected));
        }
        let spool = self.directory("spool", &table.spool)?;
        if let (Ok(source), Ok(real)) = (self.source.canonicalize(), spool.canonicalize())
            && source.starts_with(real)
        {
            let line = self.line(&table.spool);
            let reason = "this config is within it, and would be sealed and removed: \
                          keep the config, certificates and keys elsewhere";
            return Err(self.refused(line, "spool", table.spool.get_ref(), reason));
        }
        let bundle_line = table.bundle.as_ref().map(|bundle| self.line(bundle));
        let bundle = self.bundle(table.bundle)?;
        if let (Bundle::None, Some(line), Some(_)) = (bundle, bundle_line, &table.sign) {
            let reason = "only archives are signed: leave out sign here, or bundle the messages";
            return Err(self.refused(line, "bundle", "none", reason));
        }
        Ok(Watch {
            spool,
            outbox: self.directory("outbox", &table.outbox)?,
            profile: table.profile.map(Spanned::into_inner),
            include: self.patterns("include", table.include)?,
            exclude: self.patterns("exclude", table.exclude)?,
            settle: self.span("settle", table.settle, SETTLE)?,
            grace: self.span("grace", table.grace, GRACE)?,
            then: self.then(table.then)?,
            bundle,
            sign: match table.sign {
                Some(paths) => self.signing_keys(paths)?,
                None => Vec::new(),
            },
            name: table.name.into_inner(),
        })
    }

    fn directory(&self, key: &'static str, path: &Spanned<String>) -> Result<PathBuf, ConfigError> {
        match path.get_ref().as_str() {
            "" => Err(self.refused(self.line(path), key, "", "expected a directory")),
            path => Ok(resolve(path, self.source)),
        }
    }

    fn span(
        &self,
        key: &'static str,
        text: Option<Spanned<String>>,
        default: Duration,
    ) -> Result<Duration, ConfigError> {
        let Some(text) = text else {
            return Ok(default);
        };
        let refused = |reason: &str| self.refused(self.line(&text), key, text.get_ref(), reason);
        let span: Result<TimeSpan, _> = text.get_ref().parse();
        match span.map(|span| span.length()) {
            Ok(length) if length > LONGEST => Err(refused("expected a year (365d) at most")),
            Ok(length) => Ok(length),
            Err(error) => Err(refused(&error.to_string())),
        }
    }

    fn patterns(
        &self,
        key: &'static str,
        list: Option<Spanned<OneOrMany>>,
    ) -> Result<Vec<String>, ConfigError> {
        let Some(list) = list else {
            return Ok(Vec::new());
        };
        let line = self.line(&list);
        let OneOrMany(patterns) = list.into_inner();
        match Patterns::new(&patterns) {
            Ok(_) => Ok(patterns),
            Err(bad) => Err(self.refused(line, key, &bad.pattern, &bad.reason)),
        }
    }

    fn then(&self, then: Option<Spanned<ThenEntry>>) -> Result<Then, ConfigError> {
        let Some(then) = then else {
            return Ok(Then::Delete);
        };
        let line = self.line(&then);
        match then.into_inner() {
            ThenEntry::Word(word) if word == "delete" => Ok(Then::Delete),
            ThenEntry::Word(word) => {
                let expected = r#"expected "delete" or { move = "DIRECTORY" }"#;
                Err(self.refused(line, "then", &word, expected))
            }
            ThenEntry::Move(table) => Ok(Then::Move(self.directory("move", &table.to)?)),
        }
    }

    fn bundle(&self, bundle: Option<Spanned<BundleEntry>>) -> Result<Bundle, ConfigError> {
        let Some(bundle) = bundle else {
            return Ok(Bundle::Daily);
        };
        let line = self.line(&bundle);
        let count = |count: u64| (count > 0).then_some(Bundle::Count(count));
        let (text, found) = match bundle.into_inner() {
            BundleEntry::Number(number) => {
                let found = u64::try_from(number).ok().and_then(count);
                (number.to_string(), found)
            }
            BundleEntry::Word(word) => {
                let found = match word.as_str() {
                    "none" => Some(Bundle::None),
                    "hourly" => Some(Bundle::Hourly),
                    "daily" => Some(Bundle::Daily),
                    word => size(word),
                };
                (word, found)
            }
        };
        found.ok_or_else(|| {
            let expected = r#"expected "none", "hourly", "daily", a size such as "1GiB", or a number of calls such as 1000, without quotes"#;
            self.refused(line, "bundle", &text, expected)
        })
    }

    pub(super) fn refused(
        &self,
        line: usize,
        key: &'static str,
        value: &str,
        reason: &str,
    ) -> ConfigError {
        ConfigError::Watch {
            file: self.source.to_owned(),
            line,
            key,
            value: value.to_owned(),
            reason: reason.to_owned(),
        }
    }
}

/// Returns a size in bytes: a whole number and a unit.
fn size(text: &str) -> Option<Bundle> {
    let (unit, factor) = UNITS.iter().find(|(unit, _)| text.ends_with(unit))?;
    let digits = text.strip_suffix(unit)?;
    let is_digits = digits.bytes().all(|octet| octet.is_ascii_digit());
    let count: u64 = digits.parse().ok().filter(|_| is_digits)?;
    let bytes = count.checked_mul(*factor).filter(|bytes| *bytes > 0)?;
    Some(Bundle::Size(bytes))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    #[test]
    fn a_time_of_more_than_a_year_and_a_pattern_that_means_nothing_are_refused_with_their_line() {
        let read = |setting: &str| {
            let text = format!(
                "[profiles.acme]\nrecipients = ['a.crt']\n\
                 [[watch]]\nname = 'calls'\nspool = 'a'\noutbox = 'b'\n{setting}"
            );
            Config::parse(&text, Path::new("callseal.toml"))
        };
        for setting in ["settle = '365d'", "grace = '8760h'", "include = 'a/*'"] {
            assert!(read(setting).is_ok(), "{setting}");
        }
        for (setting, words) in [
            (
                "settle = '366d'",
                "settle cannot be \"366d\": expected a year",
            ),
            ("grace = '584942417355y'", "grace cannot be"),
            ("grace = '31536001s'", "expected a year (365d) at most"),
            ("include = 'a['", "include cannot be \"a[\""),
            (
                "exclude = ['fine', '']",
                "exclude cannot be \"\": it is empty",
            ),
        ] {
            let error = read(setting).unwrap_err().to_string();
            assert!(error.starts_with("callseal.toml:7: "), "{error}");
            assert!(error.contains(words), "{error}");
        }
    }
}
