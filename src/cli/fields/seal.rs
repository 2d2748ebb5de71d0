//! `callseal fields seal`

use std::ffi::OsString;

use callseal::fields::legacy::AesCbcSealer;
use callseal::fields::{ATTRIBUTE, Convert, FieldPlan, FieldSealer};
use callseal::keys::Recipients;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::legacy::{LegacyArgs, refuse_file, refuse_key, refuse_parties};
use super::select::SelectionArgs;
use super::stream::{StreamArgs, nothing_done, of_the_others, warn_of_unmatched};
use crate::cli::error::Error;
use crate::cli::failure::{Failure, Report};
use crate::cli::global::Global;
use crate::cli::known_recipients::recipients_line;
use crate::cli::recipient_args::RecipientArgs;
use crate::cli::ui::Ui;

/// Seal fields of JSON documents, one document per line or a single one
#[derive(Debug, Args)]
#[command(after_help = "\
A field is a path of keys: caller.number is `number` in `caller`, cards[0].pan
is `pan` in the first of `cards`, cards[*].pan in each of them, **.pan at any
depth, *.pan below any key. Quote keys with characters other than letters,
digits, _ and -: [\"a.b\"].

All else stays as it is, byte for byte. A document that can't be sealed is left
out; the others are sealed.

Examples:
  callseal fields seal --fields caller.number,transcript -r vendor.crt <calls.ndjson
  callseal fields seal --fields 'cards[*].pan' -r vendor.crt calls.ndjson -o sealed.ndjson")]
pub struct Arguments {
    #[command(flatten)]
    stream: StreamArgs,
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    recipients: RecipientArgs,
    /// The attribute to add to sealed documents
    #[arg(long, value_name = "NAME", default_value = ATTRIBUTE, conflicts_with = "legacy_aes_cbc", value_parser = NonEmptyStringValueParser::new())]
    attribute: String,
    #[command(flatten)]
    legacy: LegacyArgs,
    /// A key that is given by mistake, accepted only to refuse it.
    #[arg(short, long, hide = true)]
    key: Option<OsString>,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Report, Failure> {
    let missing = arguments.selection.missing();
    if arguments.key.is_some() {
        return Err(match arguments.legacy.is_wanted() {
            true => refuse_key(),
            false => Failure::usage(
                "fields are sealed without a private key",
                "give recipients with -r",
            ),
        });
    }
    let selection = arguments.legacy.selection(&arguments.selection)?;
    arguments.stream.check(global)?;
    if arguments.legacy.is_wanted() && !arguments.stream.is_there() {
        return Err(refuse_file());
    }
    let config = global.config()?;
    if let Some(key) = arguments.legacy.key(ui)? {
        if arguments.recipients.is_given() {
            return Err(refuse_parties("recipients"));
        }
        let sealer: &dyn Convert = match &selection {
            None => &key.text_sealer(),
            Some(selection) => &AesCbcSealer::new(&key, selection, missing),
        };
        return arguments.seal(sealer, None, global, ui);
    }
    let selection = arguments.selection.selection()?;
    let recipients = arguments.recipients.load(config.as_ref(), ui)?;
    let plan = FieldPlan::new(recipients, &arguments.attribute).map_err(Error::from)?;
    let sealer = FieldSealer::new(&plan, &selection, missing);
    arguments.seal(&sealer, Some(plan.recipients()), global, ui)
}

impl Arguments {
    fn seal(
        &self,
        sealer: &dyn Convert,
        recipients: Option<&Recipients>,
        global: &Global,
        ui: &Ui,
    ) -> Result<Report, Failure> {
        let (done, report) = self.stream.convert(sealer, recipients, global, ui)?;
        warn_of_unmatched(&done, ui);
        if done.changed == 0 && done.documents > done.failed {
            // A mistake in a path would go unnoticed and leave everything in
            // the clear.
            ui.warning(&nothing_done("sealed", &done, "none of these fields is"));
        } else if done.failed == 0 || done.failed < done.documents {
            let how = match recipients {
                Some(recipients) => format!("for {}", recipients_line(recipients)),
                None => "with AES-CBC, not authenticated".to_owned(),
            };
            ui.summary(&format!(
                "sealed {} {how}{}",
                self.legacy.counted(&done),
                of_the_others(&done)
            ));
        }
        Ok(report)
    }
}
