//! Readers of CMS messages that have only openssl.

use super::{Outcome, Run, Scene};

impl Scene {
    /// Makes a recipient with an RSA key and a self-signed certificate.
    #[track_caller]
    pub fn rsa_pair(&self, name: &str) {
        self.key_pair(name, "rsa:2048");
    }

    /// Makes a recipient with a key on a curve, by openssl's name.
    #[track_caller]
    pub fn ec_pair(&self, name: &str, curve: &str) {
        self.key_pair(name, &format!("ec -pkeyopt ec_paramgen_curve:{curve}"));
    }

    /// Returns the command that Genesys documents, with `NAME.key`.
    pub fn smime(&self, file: &str, name: &str) -> Run {
        self.tool_line(&format!(
            "openssl smime -decrypt -inform DER -in {file} -inkey {name}.key"
        ))
    }

    /// Returns `openssl cms -decrypt` with `NAME.key`.
    pub fn cms(&self, file: &str, name: &str) -> Run {
        self.tool_line(&format!(
            "openssl cms -decrypt -inform DER -in {file} -inkey {name}.key"
        ))
    }

    /// Runs the command with the reader's certificate, `NAME.crt`, as well:
    /// without it, openssl tries the key on the other recipients, too, and may
    /// mistake garbage for a valid key.
    #[track_caller]
    pub fn smime_as(&self, file: &str, name: &str) -> Outcome {
        let run = self.smime(file, name);
        run.args(["-recip", &format!("{name}.crt")]).outcome()
    }

    /// Runs `openssl cms -decrypt` in the same way.
    #[track_caller]
    pub fn cms_as(&self, file: &str, name: &str) -> Outcome {
        let run = self.cms(file, name);
        run.args(["-recip", &format!("{name}.crt")]).outcome()
    }

    /// Returns openssl's dump of the structure of a message.
    #[track_caller]
    pub fn cms_structure(&self, file: &str) -> String {
        self.tool(&format!(
            "openssl cms -cmsout -print -inform DER -in {file}"
        ))
        .stdout()
    }
}

impl Outcome {
    /// Checks that it succeeded with this content on standard output.
    #[track_caller]
    pub fn yields(self, content: &[u8]) {
        let opened = self.exits(0);
        assert!(
            opened.output.stdout == content,
            "{} bytes that aren't the {} expected\n{}",
            opened.output.stdout.len(),
            content.len(),
            opened.stderr()
        );
    }
}

/// Returns the first value of some DER: all of it, its content and the rest.
pub fn der_value(der: &[u8]) -> (&[u8], &[u8], &[u8]) {
    let (header, length) = match usize::from(der[1]) {
        short @ 0..0x80 => (2, short),
        long => {
            let octets = &der[2..2 + long - 0x80];
            let length = octets
                .iter()
                .fold(0, |length, octet| length << 8 | usize::from(*octet));
            (2 + octets.len(), length)
        }
    };
    let (all, rest) = der.split_at(header + length);
    (all, &all[header..], rest)
}
