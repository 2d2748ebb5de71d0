//! Keys by openssl and by GnuPG.

use super::{Outcome, Scene};

/// The cheapest kind of key pair.
pub const P256: &str = "ec -pkeyopt ec_paramgen_curve:P-256";

impl Scene {
    /// Makes a key `NAME.key`, and a self-signed certificate `NAME.crt` over
    /// it, of a kind as named by `openssl req -newkey`.
    #[track_caller]
    pub fn key_pair(&self, name: &str, kind: &str) {
        let key = self.new_key(&format!("{name}.key"), kind);
        self.self_sign(name, key.split(' '));
    }

    /// Makes the same, with a passphrase on the key.
    #[track_caller]
    pub fn locked_key_pair(&self, name: &str, kind: &str, passphrase: &str) {
        let key = format!("-newkey {kind} -keyout {name}.key -passout");
        let passphrase = format!("pass:{passphrase}");
        self.self_sign(name, key.split(' ').chain([&*passphrase]));
    }

    #[track_caller]
    fn self_sign<'a>(&self, name: &str, key: impl Iterator<Item = &'a str>) {
        let line = format!("openssl req -x509 -days 365 -out {name}.crt -subj /CN={name}");
        self.tool_line(&line).args(key).exits(0);
    }

    /// Makes a key `KEY.key`, unless it exists, and a self-signed certificate
    /// `PATH` over it. Its validity begins a number of days from now and lasts
    /// a number of days.
    #[track_caller]
    pub fn dated_certificate(&self, path: &str, key: &str, begins: i64, days: u32) {
        if !self.exists(format!("{key}.key")) {
            self.tool(&format!(
                "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {key}.key"
            ));
        }
        std::fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        // A minute more, so that a validity from now on has begun.
        let then = format!("{:+}s", begins * 24 * 60 * 60 - 60);
        self.tool(&format!(
            "faketime -f {then} openssl req -x509 -key {key}.key -days {days} -subj /CN={key} -out {path}"
        ));
    }

    /// Makes a certificate `NAME.crt` over the key `NAME.key` that was valid in
    /// 2011.
    #[track_caller]
    pub fn expired_certificate(&self, name: &str) {
        let line =
            format!("openssl req -x509 -key {name}.key -days 365 -subj /CN={name} -out {name}.crt");
        let clock = ["-f", "2011-01-01 00:00:00"];
        let words = clock.into_iter().chain(line.split_whitespace());
        self.program("faketime", words).exits(0);
    }

    /// Makes an OpenPGP key by GnuPG of 2011 that expired a year later, with
    /// the hash of its time: `NAME.gpg`.
    #[track_caller]
    pub fn expired_openpgp_key(&self, name: &str) {
        self.gpg(&format!(
            "--faked-system-time 20110101T000000! --cert-digest-algo SHA1 \
             --quick-gen-key {name} rsa2048 encr 1y"
        ));
        self.gpg(&format!("--export-secret-keys --output {name}.gpg {name}"));
    }

    /// Makes the keys of the two parties to a call: `customer.crt`,
    /// `customer.key`, `vendor.crt` and `vendor.key`.
    #[track_caller]
    pub fn make_parties(&self) {
        self.key_pair("customer", P256);
        self.key_pair("vendor", P256);
    }

    /// Runs GnuPG without questions. New keys have no passphrase.
    #[track_caller]
    pub fn gpg(&self, line: &str) -> Outcome {
        self.gpg_with_passphrase("''", line)
    }

    /// Does the same with a passphrase for all keys (one word).
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
