//! Slips on the command line: options and commands of other programs.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::failure::Failure;

/// The hyphens that web pages and word processors make of a hyphen, or of two.
const DASHES: [char; 4] = ['\u{2010}', '\u{2013}', '\u{2014}', '\u{2212}'];

/// Returns an error if an option begins with another kind of hyphen: it would be
/// taken for a file or a member.
pub fn check_dashes(arguments: impl IntoIterator<Item = OsString>) -> Result<(), Failure> {
    let mut options = arguments
        .into_iter()
        .take_while(|argument| argument != "--");
    let found = options.find_map(|argument| {
        let text = argument.to_str()?;
        let name = text.trim_start_matches(DASHES);
        let is_option =
            name.len() < text.len() && name.starts_with(|c: char| c.is_ascii_alphabetic());
        is_option.then(|| (text.to_owned(), name.to_owned()))
    });
    let Some((text, name)) = found else {
        return Ok(());
    };
    let (name, _) = name.split_once('=').unwrap_or((&name, ""));
    let hyphens = if name.len() == 1 { "-" } else { "--" };
    let (shown, _) = text.split_once('=').unwrap_or((&text, ""));
    Err(Failure::usage(
        format!("{shown}: it begins with a dash, not with a hyphen"),
        format!("type it as {hyphens}{name}; a file of that name is ./{shown}"),
    ))
}

/// Returns whether this asks for the version as a command.
pub fn is_version(error: &clap::Error) -> bool {
    text(error, ContextKind::InvalidSubcommand).is_some_and(|command| command == "version")
}

/// Returns what to type instead, if it's known. `arguments` are those of the
/// command line, without the program.
pub fn hint(error: &clap::Error, arguments: &[String]) -> Option<String> {
    let command = arguments.iter().find(|argument| !argument.starts_with('-'));
    let command = command.map_or("", String::as_str);
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let wrong = text(error, ContextKind::InvalidSubcommand)?;
            Some(of_command(&wrong)?.into())
        }
        ErrorKind::UnknownArgument => {
            let wrong = text(error, ContextKind::InvalidArg)?;
            if is_armor_value(arguments, &wrong) {
                return Some("write the kind of armor after an equals sign: --armor=base64".into());
            }
            let known = match wrong.starts_with('-') {
                true => of_option(command, &wrong),
                false => of_operand(command),
            };
            known.map(Into::into)
        }
        ErrorKind::MissingRequiredArgument if command == "share" && is_target(error) => Some(
            "-o OUT writes another file, --in-place replaces the archive, --dry-run shows what would change"
                .into(),
        ),
        _ => None,
    }
}

/// Returns whether it isn't said where a shared archive goes.
fn is_target(error: &clap::Error) -> bool {
    let missing = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::Strings(missing)) => missing.as_slice(),
        _ => &[],
    };
    missing
        .iter()
        .any(|argument| argument.contains("--in-place"))
}

/// Returns clap's own guess, as a question.
pub fn guess(error: &clap::Error) -> Option<String> {
    let kinds = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand];
    let guess = kinds.into_iter().find_map(|kind| error.get(kind))?;
    let guess = match guess {
        ContextValue::String(guess) => guess.clone(),
        ContextValue::Strings(guesses) => guesses.join("` or `"),
        _ => return None,
    };
    // The last one would lead to a key that anybody can use.
    (guess != "--no-passphrase").then(|| format!("did you mean `{guess}`?"))
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        _ => None,
    }
}

fn of_command(wrong: &str) -> Option<&'static str> {
    Some(match wrong.to_ascii_lowercase().as_str() {
        "encrypt" | "enc" | "-e" => {
            "did you mean `callseal seal` (one file) or `callseal pack` (an archive)?"
        }
        "decrypt" | "dec" | "-d" => {
            "did you mean `callseal open` (one message) or `callseal extract` (an archive)?"
        }
        "zip" | "create" | "add" | "archive" | "compress" => "did you mean `callseal pack`?",
        "unzip" | "unpack" | "x" | "get" => "did you mean `callseal extract`?",
        "search" | "find" | "rg" | "egrep" | "fgrep" | "zgrep" => "did you mean `callseal grep`?",
        "ls" | "l" | "show" | "contents" => "did you mean `callseal list`?",
        "info" | "view" | "file" => "did you mean `callseal inspect`?",
        "test" | "validate" => {
            "did you mean `callseal verify` (archives) or `callseal check` (certificates)?"
        }
        "genkey" | "gen-key" | "generate" | "key" => "did you mean `callseal keygen`?",
        "recipients" => "`callseal share` lets others open an archive, or takes somebody out",
        "sign" => "did you mean `sign`?",
        "verify" => "did you mean `verify`?",
        "pack" => "did you mean `pack`?",
        "list" => "did you mean `list`?",
        "extract" => "did you mean `extract`?",
        "seal" => "did you mean `seal`?",
        "open" => "did you mean `open`?",
        _ => return None,
    })
}

/// For what grep takes with `-e`.
const PATTERN_WITH_DASH: &str =
    "if this is the pattern, put it behind --, after all options: -k KEY -- PATTERN ARCHIVE";

fn of_option(command: &str, wrong: &str) -> Option<&'static str> {
    let is_sealing = matches!(command, "pack" | "seal");
    let is_opening = matches!(command, "extract" | "open" | "cat" | "grep" | "convert");
    let is_search = command == "grep";
    Some(match wrong {
        "-r" | "-R" | "--recursive" if is_search => "leave it out: all members are searched",
        "-E" | "-G" | "-P" if is_search => {
            "leave it out: a pattern is a regular expression as for `grep -E`, or with -F the text itself"
        }
        "-A" | "-B" if is_search => "-C N shows so many lines before and after each",
        "-w" | "--word-regexp" if is_search => r"write \b before and after the word: '\bcall\b'",
        "-x" | "--line-regexp" if is_search => "write ^ before the pattern and $ after it",
        "-o" | "--only-matching" if is_search => {
            "`callseal cat ARCHIVE MEMBER… | grep -o PATTERN` shows only what matches"
        }
        "-e" | "--regexp" if is_search => PATTERN_WITH_DASH,
        "-H" | "-h" | "-a" | "-I" | "-s" | "-z" | "-U" if is_search => {
            "leave it out: each line is shown with its member, and members that aren't text without lines"
        }
        "--passphrase" | "--password" | "--pass" | "--passin" | "-P" | "-password" => {
            "no passphrase is taken from the command line, where others can see it; use --passphrase-file FILE or --passphrase-fd N"
        }
        "-d" | "-o" | "--output" | "--outdir" | "--output-directory" | "--dir" | "--to"
            if command == "extract" =>
        {
            "-C DIR names the directory to extract to"
        }
        "-o" | "--output" if command == "cat" => "`cat` writes to standard output: > FILE",
        "-o" | "--output" if command == "keygen" => "--out DIR names the directory for the key",
        "-d" | "--decrypt" if command == "open" => "leave it out: `open` always opens",
        "-e" | "-c" | "--encrypt" | "--symmetric" if is_sealing => {
            "leave it out: seal to certificates, each with -r CERT"
        }
        "-x" | "-f" | "-xf" | "-z" if command == "extract" => {
            "leave it out: `extract ARCHIVE` extracts all members"
        }
        "-l" | "--list" => "`callseal list ARCHIVE` lists its members",
        "-k" | "--key" | "-i" | "--identity" if is_sealing => {
            "sealing takes certificates, each with -r CERT, and no private key"
        }
        "-i" | "--identity" | "-inkey" | "--inkey" | "--secret-key" if is_opening => {
            "-k KEY names a private key"
        }
        "-p" | "--profile" if matches!(command, "extract" | "open" | "cat" | "grep") => {
            "a private key opens, not a profile: give it with -k KEY, or list `keys` in the config; --signers-of NAME names the profile whose signers count"
        }
        "-R" | "--to" | "--cert" | "--certificate" | "--recipients" | "--recipients-file"
        | "-recip" | "--recip"
            if is_sealing || command == "convert" =>
        {
            "-r CERT names a recipient, once for each"
        }
        "--drop-signatures" if command == "convert" => {
            "leave it out: `convert` seals everything anew, and always leaves the signatures out"
        }
        "--signers-of" if command == "verify" => "-p NAME names the profile whose signers count",
        "--recursive" | "--recurse" if command == "pack" => {
            "leave it out: directories are packed with all that is in them"
        }
        "-y" | "--yes" | "--overwrite" | "-overwrite" | "--clobber" => {
            "--force overwrites existing files"
        }
        "-9" | "-0" | "--level" | "--store" if is_sealing => {
            "--compress says how: auto, deflate or none"
        }
        "--threads" | "-T" => "-j N sets the number of workers",
        "--armour" => "--armor writes text",
        wrong if is_search && !wrong.starts_with("--") => PATTERN_WITH_DASH,
        _ => return None,
    })
}

/// Returns the hint for an operand that a command doesn't take.
fn of_operand(command: &str) -> Option<&'static str> {
    Some(match command {
        "check" => {
            "recipients come from the config; `callseal inspect CERT` checks one certificate"
        }
        "keys" => "-k KEY names a key or a directory of keys, --archive FILE an archive",
        "keygen" => "--name NAME names the key's owner",
        _ => return None,
    })
}

/// Returns whether the kind of armor is taken for the file, and so the file for
/// an argument too many.
fn is_armor_value(arguments: &[String], wrong: &str) -> bool {
    let mut pairs = arguments.windows(2);
    pairs.any(|pair| {
        matches!(pair, [option, value] if (option == "-a" || option == "--armor")
            && matches!(value.as_str(), "base64" | "pgp" | "pem")
            && value != wrong)
    })
}
