//! Calls that are sealed and opened again.

use std::fs;

use serde_json::Value;

use super::{P256, Scene};

/// The content of the calls in these tests.
pub const CALL: &[u8] = b"RIFF....WAVEfmt what was said";

/// Returns bytes that compress, but not to nothing.
pub fn content(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i / 3 * 31 + i % 7) as u8).collect()
}

impl Scene {
    /// Makes the parties, a partner who is no recipient, and `calls.zip` with these
    /// calls, packed for customer and vendor with more arguments.
    #[track_caller]
    pub fn with_packed_calls(calls: &[(&str, &str)], arguments: &str) -> Self {
        let scene = Self::with_parties();
        scene.key_pair("partner", P256);
        for (name, content) in calls {
            scene.write(name, content);
        }
        scene.ok(&format!(
            "pack -q -o calls.zip -r customer.crt -r vendor.crt calls {arguments}"
        ));
        scene
    }

    /// Seals a file, alone and packed, and opens both, with these arguments for
    /// recipients and keys.
    #[track_caller]
    pub fn opens(&self, seal: &str, open: &str) {
        self.seal(seal);
        let opened = self.ok(&format!("open {open} call.pgp -o -"));
        assert_eq!(opened.output.stdout, CALL, "{seal}, {open}");
        self.ok(&format!("pack -f {seal} call.wav -o call.zip"));
        self.ok(&format!("extract {open} call.zip -C opened"));
        assert_eq!(self.read("opened/call.wav"), CALL, "{seal}, {open}");
        fs::remove_dir_all(self.path("opened")).unwrap();
    }

    /// Seals a file for recipients, to `call.pgp`.
    #[track_caller]
    pub fn seal(&self, arguments: &str) {
        self.write("call.wav", CALL);
        self.ok(&format!("seal -f {arguments} call.wav -o call.pgp"));
    }

    /// Returns what `callseal inspect` shows of one file.
    #[track_caller]
    pub fn inspect(&self, file: &str) -> Value {
        self.ok(&format!("inspect --json {file}")).json()["files"][0].take()
    }

    /// Returns the fingerprint of the one key in a certificate.
    #[track_caller]
    pub fn fingerprint(&self, file: &str) -> String {
        let inspected = self.inspect(file);
        let fingerprint = &inspected["keys"][0]["fingerprint"];
        fingerprint
            .as_str()
            .unwrap_or_else(|| panic!("{inspected}"))
            .to_owned()
    }
}
