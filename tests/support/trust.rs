//! Profiles that trust CAs, with checks of what they accept and refuse.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use callseal::keys::{ChainFault, Recipient, RecipientError, Refusal, Requirements};

use super::{CALL, Outcome, Run, Scene};

/// A profile with `trust = "ca"`.
pub struct Trust<'a> {
    scene: &'a Scene,
    ca_files: Vec<String>,
    crl_files: Vec<String>,
    first_line: String,
}

impl Scene {
    /// Returns a profile that trusts the CAs in these files.
    pub fn trust(&self, ca_files: &[&str]) -> Trust<'_> {
        Trust {
            scene: self,
            ca_files: owned(ca_files),
            crl_files: Vec::new(),
            first_line: String::new(),
        }
    }
}

impl Trust<'_> {
    /// Adds the CRLs in these files.
    pub fn with_crls(self, crl_files: &[&str]) -> Self {
        Self {
            crl_files: owned(crl_files),
            ..self
        }
    }

    /// Adds a line before the profile.
    pub fn with_line(self, line: &str) -> Self {
        Self {
            first_line: format!("{line}\n"),
            ..self
        }
    }

    /// Returns a run that packs a call for recipients as the config lists them,
    /// to `call.zip`, at the given time if there is one.
    fn pack(&self, recipients: &[&str], clock: Option<&str>) -> Run {
        let crls = match &self.crl_files[..] {
            [] => String::new(),
            files => format!("crl-file = {files:?}\n"),
        };
        let recipients: Vec<String> = recipients
            .iter()
            .map(|entry| match entry.starts_with('{') {
                true => (*entry).to_owned(),
                false => format!("{entry:?}"),
            })
            .collect();
        let config = format!(
            "{}[profiles.tenant]\nrecipients = [{}]\ntrust = \"ca\"\nca-file = {:?}\n{crls}",
            self.first_line,
            recipients.join(", "),
            self.ca_files
        );
        self.scene.write("callseal.toml", config);
        self.scene.write("call.wav", CALL);
        let line = "pack --config callseal.toml call.wav -o call.zip".split(' ');
        match clock {
            None => self.scene.callseal(line),
            Some(clock) => {
                // From a date on the clock runs; without the sign it'd stand still.
                let clock = match clock.starts_with(['+', '-']) {
                    true => clock.to_owned(),
                    false => format!("@{clock}"),
                };
                let line = ["-f", &clock, Run::CALLSEAL].into_iter().chain(line);
                self.scene.program("faketime", line)
            }
        }
    }

    /// Checks that a call is packed for the recipient, and opens with its key.
    #[track_caller]
    pub fn accepts(&self, file: &str, key: &str) {
        self.packs(&[file], None, key);
    }

    /// Checks the same at this time, such as `2030-01-02 12:00:00` or `+10y`.
    #[track_caller]
    pub fn accepts_on(&self, clock: &str, file: &str, key: &str) {
        self.packs(&[file], Some(clock), key);
    }

    /// Checks that a call is packed for all recipients, and opens with a key.
    #[track_caller]
    pub fn packs(&self, recipients: &[&str], clock: Option<&str>, key: &str) -> Outcome {
        let packed = self.pack(recipients, clock).exits(0);
        let opened = self.scene.ok(&format!("cat -k {key} call.zip call.wav"));
        assert_eq!(opened.output.stdout, CALL, "{opened}");
        std::fs::remove_file(self.scene.path("call.zip")).unwrap();
        packed
    }

    /// Checks that nothing is packed for the recipient: the error names its
    /// file and has these words, and a hint follows.
    #[track_caller]
    pub fn refuses(&self, file: &str, words: &[&str]) -> Outcome {
        self.packs_nothing(&[file], None, &[&[file], words].concat())
    }

    /// Checks the same at this time.
    #[track_caller]
    pub fn refuses_on(&self, clock: &str, file: &str, words: &[&str]) -> Outcome {
        self.packs_nothing(&[file], Some(clock), &[&[file], words].concat())
    }

    /// Checks that nothing is packed, with these words in the error.
    #[track_caller]
    pub fn packs_nothing(
        &self,
        recipients: &[&str],
        clock: Option<&str>,
        words: &[&str],
    ) -> Outcome {
        let run = self.pack(recipients, clock);
        let before = self.scene.tree("");
        let refused = run.exits(3).complains_with_hint(words);
        assert_eq!(refused.output.stdout, b"", "{refused}");
        assert_eq!(self.scene.tree(""), before, "{refused}");
        // One sentence, not two.
        let stderr = refused.stderr();
        let errors = stderr.lines().filter(|line| line.starts_with("error: "));
        assert_eq!(errors.count(), 1, "{refused}");
        refused
    }

    /// Returns the library's verdict on the recipient at a time.
    #[track_caller]
    pub fn verdict(&self, file: &str, at: SystemTime) -> Result<Recipient, Refusal> {
        let requirements = self.requirements(at).unwrap();
        let found = Recipient::load(&self.scene.path(file), &requirements);
        found.map(|mut found| found.pop().unwrap())
    }

    /// Returns why the library refuses the recipient now.
    #[track_caller]
    pub fn refusal(&self, file: &str) -> Refusal {
        match self.verdict(file, SystemTime::now()) {
            Ok(_) => panic!("{file} is accepted"),
            Err(refusal) => refusal,
        }
    }

    /// Returns the fault in the chain of the recipient.
    #[track_caller]
    pub fn fault(&self, file: &str) -> ChainFault {
        match self.refusal(file) {
            Refusal::Untrusted { fault, .. } => fault,
            other => panic!("{file}: {other}"),
        }
    }

    /// Returns the requirements for certificates at a time.
    pub fn requirements(&self, at: SystemTime) -> Result<Requirements, RecipientError> {
        let paths = |names: &[String]| -> Vec<_> {
            names.iter().map(|name| self.scene.path(name)).collect()
        };
        let listed = Requirements::listed(at);
        listed.with_ca(&paths(&self.ca_files), &paths(&self.crl_files))
    }
}

/// Returns the beginning of a day in UTC, such as `2030-01-02`.
#[track_caller]
pub fn day(text: &str) -> SystemTime {
    let parts: Vec<u16> = text.split('-').map(|part| part.parse().unwrap()).collect();
    let month = time::Month::try_from(parts[1] as u8).unwrap();
    let date = time::Date::from_calendar_date(parts[0].into(), month, parts[2] as u8).unwrap();
    let seconds = date.midnight().assume_utc().unix_timestamp();
    UNIX_EPOCH + Duration::from_secs(seconds.try_into().unwrap())
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
