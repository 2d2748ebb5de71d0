//! Regular expressions, against GNU grep.

use std::io::Write;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;

/// Returns the numbers of the lines in which GNU grep finds a pattern, if it takes it for one.
fn of_grep(pattern: &str, ignores_case: bool, lines: &[String]) -> Option<Vec<u64>> {
    let mut grep = Command::new("grep")
        .args(["-E", "-n", "-a", "-e", pattern])
        .args(ignores_case.then_some("-i"))
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("grep runs");
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    // It doesn't read this if it refuses the pattern.
    let _ = grep.stdin.take().unwrap().write_all(text.as_bytes());
    let done = grep.wait_with_output().unwrap();
    let number = |line: &str| line.split(':').next().unwrap().parse().unwrap();
    let numbers = || {
        String::from_utf8(done.stdout)
            .unwrap()
            .lines()
            .map(number)
            .collect()
    };
    (done.status.code() != Some(2)).then(numbers)
}

fn ours(pattern: &str, ignores_case: bool, lines: &[String]) -> Result<Vec<u64>, BadSearch> {
    let text = SearchedText {
        is_fixed: false,
        ignores_case,
    };
    let search = LineSearch::new(pattern, text, Wanted::Lines { context: 0 })?;
    let mut finder = Finder::new(&search);
    for line in lines {
        finder.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
    let found = finder.finish();
    Ok(found.lines().map(|line| line.number).collect())
}

fn of_parts(parts: &'static [&'static str], most: usize) -> impl Strategy<Value = String> {
    let parts = proptest::collection::vec(proptest::sample::select(parts), 0..=most);
    parts.prop_map(|parts| parts.concat())
}

const PARTS: &[&str] = &[
    "a",
    "b",
    "|",
    "(",
    ")",
    "[",
    "]",
    "^",
    "-",
    "\\",
    "{",
    "}",
    "1",
    "2",
    ",",
    "*",
    "+",
    "?",
    ".",
    "$",
    "&",
    "~",
    ":",
    "alpha",
    "a",
    "b",
    "(a|b)",
    "[^a]",
    "[]a-]",
    "[[:alpha:]]",
    "{1,2}",
    "{,1}",
    "{2}",
    "{1,}",
    "\\b",
    "\\<",
    "\\w",
    "\\W",
    "[.a.]",
    "[=b=]",
    " ",
    "é",
    "--",
    "&&",
];

const OF_LINES: &[&str] = &[
    "a", "b", "|", "(", ")", "[", "]", "^", "-", "\\", "{", "}", "1", "2", ",", "*", "+", "?", ".",
    "$", "&", "~", ":", "a", "b", "a", "b", " ", "é", "A",
];

/// What has another meaning here, or none: see ere.rs.
fn differs(pattern: &str) -> bool {
    let different = [
        // Braces with nothing before them.
        r"(^|[(|^$]|\\[b<])[*+?]*\{",
        r"\{(\}|[0-9]*,[0-9]*,)",
        // Nothing to repeat in a group.
        r"([(|^$]|\\[b<])[*+?]+\)",
        // One of GNU's matchers leaves the operator out.
        r"[\^$][*?]",
        r"\(\?",
        r"\\[a12]",
    ];
    regex::Regex::new(&different.join("|"))
        .unwrap()
        .is_match(pattern)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        rng_seed: RngSeed::Fixed(4),
        ..ProptestConfig::default()
    })]
    #[test]
    fn a_regular_expression_means_what_it_means_for_grep(
        pattern in of_parts(PARTS, 10),
        ignores_case in any::<bool>(),
        lines in proptest::collection::vec(of_parts(OF_LINES, 6), 40),
    ) {
        let found = ours(&pattern, ignores_case, &lines);
        prop_assume!(!differs(&pattern));
        let found = found.map_err(|error| error.to_string());
        match of_grep(&pattern, ignores_case, &lines) {
            Some(expected) => prop_assert_eq!(found, Ok(expected)),
            None => prop_assert!(found.is_err(), "grep refuses it"),
        }
    }
}
