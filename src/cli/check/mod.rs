//! `callseal check`

mod facts;
mod plugin;
mod words;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, SystemTime};

use callseal::Timestamp;
use callseal::config::{Config, Profile, Trust};
use callseal::keys::{
    Examined, Outlook, Party, Recipient, RecipientError, Recipients, Requirements,
};
use callseal::message::{PlanError, SealOptions, SealPlan};
use clap::Args;

use crate::cli::error::Error;
use crate::cli::expiry::{DAY, WARN_DAYS, days_until, is_within};
use crate::cli::facts::{Facts, PathFact};
use crate::cli::failure::{Ended, Failure, Report};
use crate::cli::global::Global;
use crate::cli::hints::{self, Hint};
use crate::cli::nagios::NagiosArgs;
use crate::cli::printing::Warning;
use crate::cli::recipient_args::requirements;
use crate::cli::ui::{Ui, count, safe};
use facts::{
    CertificateFacts, CheckFacts, CheckedKeyFacts, PartyFacts, ProfileFacts, RefusalFacts,
};
use words::{chain_phrase, in_advance};

/// Check whether every recipient can be sealed to, and for how long
#[derive(Debug, Args)]
#[command(after_help = "\
Use it for monitoring. The exit status is 0 if all is well, 3 if a recipient
would be refused today, and 6 if there are only warnings.

With --at, it answers for another day, with the certificates and revocations of
today: will the batch at Christmas work?

Examples:
  callseal check
  callseal check -p acme --warn-days 60
  callseal check --at $(date +%F --date=+1month) --json
  callseal check --nagios")]
pub struct Arguments {
    /// Check only this profile [default: all profiles in the config]
    #[arg(short, long, value_name = "NAME")]
    profile: Option<String>,
    /// Warn of recipients that will be refused within this many days; for an
    /// expiring CRL it's always 2 days
    #[arg(long, value_name = "DAYS", default_value_t = WARN_DAYS)]
    warn_days: u32,
    /// Answer for another day: 2026-12-24, or 2026-12-24T18:30:00Z [default:
    /// now]
    #[arg(long, value_name = "DATE")]
    at: Option<Timestamp>,
    #[command(flatten)]
    pub nagios: NagiosArgs,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Ended, Failure> {
    arguments.nagios.check(global)?;
    let config = global.some_config()?;
    let mut profiles: Vec<(&str, &Profile)> = config
        .profiles
        .iter()
        .map(|(name, profile)| (name.as_str(), profile))
        .collect();
    if arguments.profile.is_some() || profiles.is_empty() {
        let name = arguments.profile.as_deref();
        profiles = vec![config.profile(name).map_err(Error::from)?];
    }
    let now = SystemTime::now();
    let at = arguments.at.map_or(now, |at| at.0);
    let mut check = Check {
        config: &config,
        now,
        at,
        warn_within: Duration::from_secs(u64::from(arguments.warn_days) * DAY),
        report: Report {
            warnings: Some(Vec::new()),
            ..Report::default()
        },
        parties: 0,
        first_days: None,
    };
    let mut facts = BTreeMap::new();
    for (name, profile) in profiles {
        facts.insert(name, check.profile(name, profile));
    }
    if arguments.nagios.is_given() {
        return check.plugin_line(arguments.warn_days).print();
    }
    let mut report = check.report;
    if ui.is_quiet() {
        report.text.clear();
    }
    report.facts = Some(Facts::of(&CheckFacts {
        config: PathFact(&config.source),
        at: Timestamp(at),
        profiles: facts,
    }));
    Ok(report.end(global.json, ui))
}

/// Warn this many days before a CRL expires, if the next one is missing. Some
/// CAs issue one every week, so it can't be as many days as for certificates.
const CRL_DAYS: u64 = 2;

struct Check<'a> {
    config: &'a Config,
    now: SystemTime,
    /// The day to answer for.
    at: SystemTime,
    warn_within: Duration,
    report: Report,
    /// The number of parties.
    parties: u64,
    /// The days until the first of them will be refused.
    first_days: Option<u64>,
}

/// The state of a party.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    Warning,
    Refused,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Refused => "refused",
        }
    }
}

impl Check<'_> {
    fn profile(&mut self, name: &str, profile: &Profile) -> ProfileFacts {
        let trust = match profile.trust {
            Trust::Listed => "listed",
            Trust::Ca { .. } => "ca",
        };
        self.line(0, &format!("profile {name} (trust: {trust})"));
        let parties = match self.requirements(&profile.trust) {
            Ok(requirements) => {
                let refused = self.report.failures.len();
                let parties = profile.parties.iter();
                let parties = parties.map(|party| self.party(name, party, &requirements));
                let parties = parties.collect();
                if profile.parties.is_empty() {
                    self.line(1, "no recipients, only signers");
                } else if self.report.failures.len() == refused {
                    self.together(name, profile, &requirements);
                }
                Some(parties)
            }
            Err(error) => {
                self.line(1, &format!("refused: {error}"));
                self.refuse(name, error);
                None
            }
        };
        ProfileFacts { trust, parties }
    }

    /// Checks whether all parties can be recipients of one message.
    fn together(&mut self, name: &str, profile: &Profile, requirements: &Requirements) {
        let (format, compress) = (self.config.format, self.config.compress);
        let plan = Recipients::load(&profile.parties, requirements)
            .map_err(PlanError::from)
            .and_then(|recipients| {
                let options = SealOptions {
                    format,
                    compression: compress,
                    hidden_recipients: false,
                };
                SealPlan::new(recipients, options)
            });
        let Err(error) = plan else { return };
        self.line(1, &format!("refused: {error}"));
        match error {
            PlanError::Recipient(error) => self.refuse(name, error),
            error => self.report.failures.push(error.into()),
        }
    }

    /// Returns the requirements. For a future day they use the CRLs of today,
    /// since newer ones don't exist yet.
    fn requirements(&self, trust: &Trust) -> Result<Requirements, RecipientError> {
        let today = self.now.min(self.at);
        let requirements = requirements(trust, self.config.min_rsa_bits, today)?;
        if self.at > today {
            return requirements.later(self.at);
        }
        Ok(requirements)
    }

    fn refuse(&mut self, profile: &str, error: RecipientError) {
        self.report.failures.push(Error::Profile {
            config: self.config.source.clone(),
            profile: profile.to_owned(),
            error: Box::new(error),
        });
    }

    fn party(&mut self, profile: &str, party: &Party, requirements: &Requirements) -> PartyFacts {
        let examined = party.examine(requirements).unwrap_or_default();
        let outlook = party.outlook(requirements);
        let crls_due = self.crls_due(&examined);
        let refused_from = outlook.as_ref().map(|outlook| outlook.refused_from);
        let refused_from = refused_from.into_iter().chain(crls_due).min();
        let state = match refused_from {
            Some(from) if from <= self.at => State::Refused,
            Some(from) if self.is_soon(from) => State::Warning,
            _ if crls_due.is_some() => State::Warning,
            _ => State::Good,
        };
        let days_left = refused_from.map(|from| self.days_until(from));
        self.parties += 1;
        self.first_days = self.first_days.into_iter().chain(days_left).min();
        let how_long = match (state, days_left) {
            (State::Refused, _) => String::new(),
            (_, Some(days)) => format!(", {} left", count(days, "day")),
            (_, None) => ", no expiry date".into(),
        };
        self.line(1, &format!("{party}: {}{how_long}", state.name()));
        let certificates = examined
            .iter()
            .map(|certificate| self.certificate(certificate))
            .collect();
        if let Some(due) = crls_due {
            self.warn(
                format!("profile {profile}: {party} will be refused from {} on, when a CRL of its CAs expires", Timestamp(due)),
                Some("get the CA's next CRL in time, and put it where `crl-file` points".into()),
            );
        }
        let reason = outlook.as_ref().map(|outlook| match state {
            State::Refused => outlook.why.to_string(),
            _ => in_advance(&outlook.why),
        });
        match outlook {
            Some(Outlook { why, refused_from }) if refused_from <= self.at => {
                self.refuse(profile, why);
            }
            Some(Outlook { why, refused_from }) if self.is_soon(refused_from) => {
                let days = count(self.days_until(refused_from), "day");
                let from = Timestamp(refused_from);
                self.warn(
                    format!(
                        "profile {profile}: {party} will be refused in {days}, from {from} on: {}",
                        in_advance(&why)
                    ),
                    hints::of_recipients(&why),
                );
            }
            _ => {}
        }
        let (why, then) = match (state, crls_due) {
            (State::Refused, _) => (reason, None),
            (_, Some(due)) if refused_from == Some(due) => {
                let due = Timestamp(due);
                (None, Some(format!("a CRL of its CAs expires on {due}")))
            }
            _ => (None, reason),
        };
        PartyFacts {
            party: party.to_string(),
            state: state.name(),
            days_left,
            refused_from: refused_from.map(Timestamp),
            refused_with: then,
            why,
            certificates,
        }
    }

    fn warn(&mut self, message: String, hint: Hint) {
        self.report.warnings.get_or_insert_default().push(Warning {
            message,
            hint: hint.map(Cow::into_owned),
        });
    }

    /// Returns when the first CRL expires, if it's time to get the next one.
    /// CRLs are short-lived, and somebody has to fetch them.
    fn crls_due(&self, examined: &[Examined]) -> Option<SystemTime> {
        let soon = self.at + Duration::from_secs(CRL_DAYS * DAY);
        let used = examined.iter().flat_map(|certificate| &certificate.verdict);
        let chains = used.flatten().filter_map(Recipient::chain);
        let due = chains.filter_map(|chain| chain.crls_expire).min();
        due.filter(|due| self.at < *due && *due < soon)
    }

    fn certificate(&mut self, certificate: &Examined) -> Facts {
        let path = certificate.path.display();
        match &certificate.verdict {
            Ok(recipients) => {
                let keys = recipients.iter();
                Facts::of(&CertificateFacts {
                    path: PathFact(&certificate.path),
                    state: "used",
                    refusal: None,
                    keys: keys.map(|recipient| self.recipient(recipient)).collect(),
                })
            }
            Err(refusal) => {
                let (shown, state) = match refusal.is_lapse() {
                    true => ("not valid", "not_valid"),
                    false => ("refused", "refused"),
                };
                self.line(2, &format!("{path}: {shown}: {refusal}"));
                // Show as much of it as can be read.
                let known = Recipient::load_any_age(&certificate.path).unwrap_or_default();
                let keys = known.iter().map(|recipient| CheckedKeyFacts {
                    recipient: recipient.into(),
                    days_left: None,
                });
                Facts::of(&CertificateFacts {
                    path: PathFact(&certificate.path),
                    state,
                    refusal: Some(RefusalFacts {
                        why: refusal.to_string(),
                        hint: hints::of_refusal(refusal),
                    }),
                    keys: keys.collect(),
                })
            }
        }
    }

    fn recipient<'a>(&mut self, recipient: &'a Recipient) -> CheckedKeyFacts<'a> {
        let path = recipient.source().display();
        let end = match recipient.expires() {
            Some(end) => {
                let days = count(self.days_left(end), "day");
                format!("{days} left, until {}", Timestamp(end))
            }
            None => "no expiry date".into(),
        };
        self.line(2, &format!("{path}: {}", recipient.label()));
        let kind = recipient.kind().name();
        self.line(3, &format!("{kind}, {}, {end}", recipient.algorithm()));
        self.line(3, &recipient.fingerprint().to_string());
        if let Some(chain) = recipient.chain() {
            self.line(3, &chain_phrase(chain, self.at));
        }
        CheckedKeyFacts {
            recipient: recipient.into(),
            days_left: Some(recipient.expires().map(|end| self.days_left(end))),
        }
    }

    /// Returns whether it's time to warn of a future moment.
    fn is_soon(&self, then: SystemTime) -> bool {
        is_within(then, self.at, self.warn_within)
    }

    /// Returns the whole days to the end of a certificate, including its last
    /// second.
    fn days_left(&self, end: SystemTime) -> u64 {
        self.days_until(end + Duration::from_secs(1))
    }

    /// Returns the whole days to a future moment.
    fn days_until(&self, then: SystemTime) -> u64 {
        days_until(then, self.at)
    }

    fn line(&mut self, depth: usize, text: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.report.text, "{:1$}{2}", "", depth * 2, safe(text));
    }
}
