//! `callseal fields open`

use callseal::fields::legacy::AesCbcOpener;
use callseal::fields::{ATTRIBUTE, Convert, FieldOpener};
use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::legacy::{LegacyArgs, refuse_file, refuse_key, refuse_parties};
use super::select::SelectionArgs;
use super::stream::{StreamArgs, nothing_done, of_the_others, warn_of_unmatched};
use crate::cli::args::IdentityArgs;
use crate::cli::failure::{Failure, Report};
use crate::cli::global::Global;
use crate::cli::passphrases::PassphraseArgs;
use crate::cli::ui::{Bar, Ui};

/// Open the sealed fields of JSON documents
#[derive(Debug, Args)]
#[command(after_help = "\
A document is restored as it was before sealing, or left out. Documents without
sealed fields stay as they are; if no document has any, there is a warning.
With --fields or --fields-regex, a document fails if one of these fields is not
sealed: somebody may have put another value there. With --legacy-aes-cbc, they
select the fields to open.

Examples:
  callseal fields open -k vendor.key <sealed.ndjson
  callseal fields open -k vendor.key sealed.ndjson -o opened.ndjson
  callseal fields open -k vendor.key --fields transcript <sealed.ndjson")]
pub struct Arguments {
    #[command(flatten)]
    stream: StreamArgs,
    #[command(flatten)]
    identities: IdentityArgs,
    #[command(flatten)]
    passphrases: PassphraseArgs,
    /// The attribute that sealing has added to the documents
    #[arg(long, value_name = "NAME", default_value = ATTRIBUTE, conflicts_with = "legacy_aes_cbc", value_parser = NonEmptyStringValueParser::new())]
    attribute: String,
    #[command(flatten)]
    legacy: LegacyArgs,
    #[command(flatten, next_help_heading = "Fields that must be sealed")]
    selection: SelectionArgs,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Report, Failure> {
    let stream = &arguments.stream;
    stream.check(global)?;
    if arguments.legacy.is_wanted() {
        if arguments.identities.is_given() {
            return Err(refuse_key());
        }
        if arguments.passphrases.is_given() {
            return Err(refuse_parties("passphrase"));
        }
        if !stream.is_there() {
            return Err(refuse_file());
        }
        let selection = arguments.legacy.selection(&arguments.selection)?;
        global.config()?;
        if let Some(key) = arguments.legacy.key(ui)? {
            let missing = arguments.selection.missing();
            let opener: &dyn Convert = match &selection {
                None => &key.text_opener(),
                Some(selection) => &AesCbcOpener::new(&key, selection, missing),
            };
            return arguments.open(opener, global, ui);
        }
    }
    let required = match arguments.selection.is_given() {
        true => Some(arguments.selection.selection()?),
        false => None,
    };
    if stream.uses_stdin() && arguments.passphrases.uses_stdin() {
        return Err(Failure::usage(
            "standard input can't hold both the documents and the passphrase",
            "give the documents as a file, or the passphrase on another descriptor",
        ));
    }
    let config = global.config()?;
    let keyring = arguments.identities.some_keyring(config.as_ref(), ui)?;
    let passphrases = arguments.passphrases.source(Bar::none(), ui)?;
    let mut opener =
        FieldOpener::new(&keyring, &arguments.attribute).with_passphrases(&*passphrases);
    if let Some(selection) = &required {
        opener = opener.requiring(selection, arguments.selection.missing());
    }
    arguments.open(&opener, global, ui)
}

impl Arguments {
    fn open(&self, opener: &dyn Convert, global: &Global, ui: &Ui) -> Result<Report, Failure> {
        let (done, report) = self.stream.convert(opener, None, global, ui)?;
        warn_of_unmatched(&done, ui);
        if done.changed == 0 && done.documents > done.failed {
            // A wrong name or a removed attribute would go unnoticed.
            let what = match self.legacy.is_wanted() {
                true => "none of these fields is".to_owned(),
                false => format!("the attribute {:?} isn't", self.attribute),
            };
            ui.warning(&nothing_done("opened", &done, &what));
        } else if done.failed == 0 || done.failed < done.documents {
            let how = match self.legacy.is_wanted() {
                true => ", not authenticated",
                false => "",
            };
            ui.summary(&format!(
                "opened {}{how}{}",
                self.legacy.counted(&done),
                of_the_others(&done)
            ));
        }
        Ok(report)
    }
}
