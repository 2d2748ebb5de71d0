//! Manual pages, from the definitions of the arguments.

use std::io::{self, Write};
use std::path::Path;

use clap::{Arg, Command};
use clap_mangen::roff::{Inline, Roff, bold, italic, line_break, roman};

use super::exit;

/// The columns of an example: a terminal has 80, and a page has a margin of 7 where the
/// help has one of 2.
const COLUMNS: usize = 75;

/// Writes one page to `sink`.
pub fn page(command: &Command, sink: &mut dyn Write) -> io::Result<()> {
    let mut roff = Roff::new();
    let name = file_name(command);
    let source = format!("callseal {}", env!("CARGO_PKG_VERSION"));
    // Without a date: the same version gives the same page.
    let title = [name.as_str(), "1", " ", source.as_str(), "callseal manual"];
    roff.control("TH", title);
    // No hyphens where a reader would copy them, and no stretched lines.
    roff.control("nh", []);
    roff.control("ad", ["l"]);
    let about = text_of(command.get_about());
    section(&mut roff, "NAME");
    roff.text([roman(format!("{name} - {about}"))]);
    section(&mut roff, "SYNOPSIS");
    roff.text(synopsis(command));
    section(&mut roff, "DESCRIPTION");
    let long = text_of(command.get_long_about().or_else(|| command.get_about()));
    paragraphs(&mut roff, &long);
    let (positional, options): (Vec<&Arg>, Vec<&Arg>) = command
        .get_arguments()
        .filter(|argument| !argument.is_hide_set())
        .partition(|argument| argument.is_positional());
    arguments(&mut roff, "ARGUMENTS", &positional);
    arguments(&mut roff, "OPTIONS", &options);
    subcommands(&mut roff, command, &name);
    after_help(&mut roff, &text_of(command.get_after_help()));
    section(&mut roff, "EXIT STATUS");
    for line in exit::TABLE.lines().skip(1) {
        if let Some((status, meaning)) = line.trim().split_once("  ") {
            entry(&mut roff, vec![bold(status)], meaning.trim());
        }
    }
    section(&mut roff, "SEE ALSO");
    let main = match name.as_str() {
        "callseal" => "callseal-pack",
        _ => "callseal",
    };
    roff.text([bold(main), roman("(1)")]);
    roff.to_writer(sink)
}

/// Writes the pages of a command and all commands below it to a directory,
/// which it makes if it's missing.
pub fn pages(command: &Command, directory: &Path) -> io::Result<()> {
    std::fs::create_dir_all(directory)?;
    let path = directory.join(format!("{}.1", file_name(command)));
    let mut content = Vec::new();
    page(command, &mut content)?;
    std::fs::write(path, content)?;
    for subcommand in command.get_subcommands().filter(|c| !c.is_hide_set()) {
        pages(subcommand, directory)?;
    }
    Ok(())
}

/// `callseal-fields-open` for `callseal fields open`.
fn file_name(command: &Command) -> String {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    name.replace(' ', "-")
}

fn text_of(text: Option<&clap::builder::StyledStr>) -> String {
    text.map(ToString::to_string).unwrap_or_default()
}

fn section(roff: &mut Roff, name: &str) {
    roff.control("SH", [name]);
}

/// Required options and arguments as they are; the others in brackets. The
/// options of every command are in the list below.
fn synopsis(command: &Command) -> Vec<Inline> {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let mut line = vec![bold(name)];
    if command.has_subcommands() {
        line.extend([roman(" "), italic("COMMAND")]);
        return line;
    }
    let is_own = |argument: &&Arg| !argument.is_global_set() && !argument.is_hide_set();
    let shown = command.get_arguments().filter(is_own);
    let (positional, options): (Vec<&Arg>, Vec<&Arg>) =
        shown.partition(|argument| argument.is_positional());
    for argument in options.into_iter().chain(positional) {
        if matches!(argument.get_id().as_str(), "help" | "version") {
            continue;
        }
        let required = argument.is_required_set();
        line.push(roman(if required { " " } else { " [" }));
        line.extend(short_form(argument));
        let repeats = argument
            .get_num_args()
            .is_some_and(|number| number.max_values() > 1)
            || matches!(argument.get_action(), clap::ArgAction::Append);
        line.push(roman(match (required, repeats) {
            (true, true) => "...",
            (true, false) => "",
            (false, true) => "]...",
            (false, false) => "]",
        }));
    }
    line
}

/// The shortest way to write an option, with its value.
fn short_form(argument: &Arg) -> Vec<Inline> {
    let mut form = Vec::new();
    match (argument.get_short(), argument.get_long()) {
        (Some(short), _) => form.push(bold(format!("-{short}"))),
        (None, Some(long)) => form.push(bold(format!("--{long}"))),
        (None, None) => return vec![italic(value_names(argument))],
    }
    if argument.get_action().takes_values() {
        form.extend(value_form(argument));
    }
    form
}

/// The value behind an option; one that may be missing follows `=`.
fn value_form(argument: &Arg) -> Vec<Inline> {
    let is_optional = argument
        .get_num_args()
        .is_some_and(|number| number.min_values() == 0);
    let value = italic(value_names(argument));
    match is_optional {
        true => vec![roman("[="), value, roman("]")],
        false => vec![roman(" "), value],
    }
}

fn value_names(argument: &Arg) -> String {
    match argument.get_value_names() {
        Some(names) => names.join(" "),
        None => argument.get_id().as_str().to_uppercase(),
    }
}

fn arguments(roff: &mut Roff, heading: &str, arguments: &[&Arg]) {
    if arguments.is_empty() {
        return;
    }
    section(roff, heading);
    for argument in arguments {
        let mut form = Vec::new();
        if let Some(short) = argument.get_short() {
            form.extend([bold(format!("-{short}")), roman(", ")]);
        }
        match argument.get_long() {
            Some(long) => form.push(bold(format!("--{long}"))),
            None => drop(form.pop()),
        }
        if argument.is_positional() || argument.get_action().takes_values() {
            match argument.is_positional() {
                true => form.push(italic(value_names(argument))),
                false => form.extend(value_form(argument)),
            }
        }
        let mut help = text_of(argument.get_long_help().or_else(|| argument.get_help()));
        let values: Vec<String> = argument
            .get_possible_values()
            .iter()
            .filter(|value| !value.is_hide_set())
            .map(|value| value.get_name().to_owned())
            .collect();
        if !values.is_empty() && argument.get_action().takes_values() {
            help.push_str(&format!(" [one of: {}]", values.join(", ")));
        }
        let defaults = argument.get_default_values().iter();
        let defaults: Vec<String> = defaults.map(|d| d.to_string_lossy().into()).collect();
        if !defaults.is_empty() && argument.get_action().takes_values() {
            help.push_str(&format!(" [default: {}]", defaults.join(" ")));
        }
        entry(roff, form, &help);
    }
}

fn subcommands(roff: &mut Roff, command: &Command, name: &str) {
    if !command.has_subcommands() {
        return;
    }
    section(roff, "COMMANDS");
    for subcommand in command.get_subcommands().filter(|c| !c.is_hide_set()) {
        let page = format!("{name}-{}", subcommand.get_name());
        let about = text_of(subcommand.get_about());
        entry(roff, vec![bold(page), roman("(1)")], &about);
    }
}

/// An item of a list, and what it means.
fn entry(roff: &mut Roff, item: Vec<Inline>, meaning: &str) {
    roff.control("TP", []);
    roff.text(item);
    for (number, paragraph) in meaning.split("\n\n").enumerate() {
        if number > 0 {
            roff.control("IP", []);
        }
        roff.text([roman(paragraph.replace('\n', " "))]);
    }
}

/// What the help says after the options: examples, and everything else.
fn after_help(roff: &mut Roff, text: &str) {
    // The exit statuses have a section of their own.
    let text = text.split("Exit status:").next().unwrap_or_default();
    let at = ["Examples:", "Example:"]
        .iter()
        .find_map(|word| text.find(word));
    let (notes, examples) = text.split_at(at.unwrap_or(text.len()));
    if !notes.trim().is_empty() {
        section(roff, "NOTES");
        paragraphs(roff, notes);
    }
    if let Some((_, examples)) = examples.split_once(":\n") {
        section(roff, "EXAMPLES");
        let examples: Vec<String> = examples.lines().flat_map(folded).collect();
        literal(roff, examples.iter().map(String::as_str));
    }
}

/// Paragraphs of prose; indented lines stay as they are.
fn paragraphs(roff: &mut Roff, text: &str) {
    for (number, paragraph) in text.trim().split("\n\n").enumerate() {
        if number > 0 {
            roff.control("PP", []);
        }
        match paragraph.lines().any(|line| line.starts_with("  ")) {
            true => literal(roff, paragraph.lines()),
            false => drop(roff.text([roman(paragraph.replace('\n', " "))])),
        }
    }
}

fn literal<'a>(roff: &mut Roff, lines: impl Iterator<Item = &'a str>) {
    roff.control("nf", []);
    for line in lines {
        match line.trim_end() {
            "" => drop(roff.text([line_break()])),
            line => drop(roff.text([roman(line.strip_prefix("  ").unwrap_or(line))])),
        }
    }
    roff.control("fi", []);
}

/// Breaks a long command before an option, a pipe or the like, so that it still can be
/// copied.
fn folded(command: &str) -> Vec<String> {
    if command.chars().count() <= COLUMNS {
        return vec![command.to_owned()];
    }
    let mut parts: Vec<String> = Vec::new();
    let mut is_quoted = false;
    for word in command.split(' ') {
        match parts.last_mut() {
            Some(part) if is_quoted || !word.starts_with(['-', '|', '<', '>', '&']) => {
                part.push(' ');
                part.push_str(word);
            }
            _ => parts.push(word.to_owned()),
        }
        is_quoted ^= word.matches(['\'', '"']).count() % 2 == 1;
    }
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            None => lines.push(part),
            Some(line) if line.len() + part.len() + " ".len() + " \\".len() <= COLUMNS => {
                line.push(' ');
                line.push_str(&part);
            }
            Some(line) => {
                line.push_str(" \\");
                lines.push(format!("      {part}"));
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::folded;

    #[test]
    fn a_long_example_is_broken_before_an_option_and_not_in_quotes() {
        let command = "  callseal keygen --name 'Auditor <auditor@example.org>' --openpgp --no-passphrase --out keys";
        let lines = [
            "  callseal keygen --name 'Auditor <auditor@example.org>' --openpgp \\",
            "      --no-passphrase --out keys",
        ];
        assert_eq!(folded(command), lines);
        assert_eq!(folded("  callseal check"), ["  callseal check"]);
    }
}
