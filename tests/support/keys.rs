//! Keys by openssl and by GnuPG.

use super::{Outcome, Scene};

/// The kind of key pair that costs least.
pub const P256: &str = "ec -pkeyopt ec_paramgen_curve:P-256";

impl Scene {
    /// A key `NAME.key`, and a self-signed certificate `NAME.crt` over it, of
    /// a kind as `openssl req -newkey` names it.
    #[track_caller]
    pub fn key_pair(&self, name: &str, kind: &str) {
        self.openssl_req(name, kind, &["-nodes"]);
    }

    /// The same, with a passphrase on the key.
    #[track_caller]
    pub fn locked_key_pair(&self, name: &str, kind: &str, passphrase: &str) {
        self.openssl_req(name, kind, &["-passout", &format!("pass:{passphrase}")]);
    }

    #[track_caller]
    fn openssl_req(&self, name: &str, kind: &str, lock: &[&str]) {
        let line = format!(
            "req -x509 -days 365 -newkey {kind} -keyout {name}.key -out {name}.crt -subj /CN={name}"
        );
        let arguments = line.split_whitespace().chain(lock.iter().copied());
        self.program("openssl", arguments).exits(0);
    }

    /// The keys of the two parties to a call: `customer.crt`, `customer.key`,
    /// `vendor.crt` and `vendor.key`.
    #[track_caller]
    pub fn make_parties(&self) {
        self.key_pair("customer", P256);
        self.key_pair("vendor", P256);
    }

    /// GnuPG without questions. Keys that are made have no passphrase.
    #[track_caller]
    pub fn gpg(&self, line: &str) -> Outcome {
        self.gpg_with_passphrase("''", line)
    }

    /// The same, with a passphrase for all keys (one word).
    #[track_caller]
    pub fn gpg_with_passphrase(&self, passphrase: &str, line: &str) -> Outcome {
        self.make_gnupg_home();
        self.tool(&format!(
            "gpg --batch --quiet --yes --pinentry-mode loopback --passphrase {passphrase} \
             --trust-model always {line}"
        ))
    }

    /// GnuPG's fingerprint of the newest primary key with that user ID.
    #[track_caller]
    pub fn gpg_fingerprint(&self, user: &str) -> String {
        self.gpg(&format!("--with-colons --list-keys {user}"))
            .stdout()
            .lines()
            .find_map(|line| line.strip_prefix("fpr:::::::::"))
            .unwrap()
            .trim_end_matches(':')
            .to_owned()
    }
}
