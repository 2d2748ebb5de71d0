//! The Debian packages of the programs that the tests run. A test whose program
//! is missing fails and names it: none is skipped silently.

use std::io;
use std::process::Command;

/// The programs whose names differ from their packages'.
pub const PACKAGES: [(&str, &str); 28] = [
    ("7zz", "7zip"),
    ("base64", "coreutils"),
    ("bcpg", "libbcpg-java"),
    ("bcpkix", "libbcpkix-java"),
    ("bcprov", "libbcprov-java"),
    ("bsdtar", "libarchive-tools"),
    ("cmp", "diffutils"),
    ("date", "coreutils"),
    ("diff", "diffutils"),
    ("find", "findutils"),
    ("gpg", "gnupg"),
    ("gpgconf", "gnupg"),
    ("gpgsm", "gnupg"),
    ("java", "openjdk-17-jre-headless"),
    ("keytool", "openjdk-17-jre-headless"),
    ("mkdir", "coreutils"),
    ("mkfifo", "coreutils"),
    ("mv", "coreutils"),
    ("puttygen", "putty-tools"),
    ("rm", "coreutils"),
    ("rnpkeys", "rnp"),
    ("script", "bsdutils"),
    ("setsid", "util-linux"),
    ("sha256sum", "coreutils"),
    ("ssh-keygen", "openssh-client"),
    ("stat", "coreutils"),
    ("stty", "coreutils"),
    ("touch", "coreutils"),
];

fn package(program: &str) -> &str {
    let listed = PACKAGES.iter().find(|(listed, _)| *listed == program);
    listed.map_or(program, |(_, package)| package)
}

/// Returns the error for a program that is missing.
pub fn not_installed(program: &str) -> String {
    format!(
        "{program} is not installed. It is in Debian's package {0}: `make test` installs what \
         the tests need, or `apt-get install {0}`",
        package(program)
    )
}

/// Returns the error for a program that does not start.
pub fn does_not_start(command: &Command, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => not_installed(&command.get_program().display().to_string()),
        _ => format!("{command:?} does not start: {error}"),
    }
}
