//! Archives of CMS messages, as Genesys' archive function makes them: by the
//! `openssl` program.

use super::Scene;

/// The arguments that make EnvelopedData with AES-256-CBC in DER.
pub const ENVELOPED: &str = "-aes256 -outform DER";

impl Scene {
    /// Encrypts a file with `openssl cms` and these arguments (which end with
    /// the certificates).
    #[track_caller]
    pub fn cms_encrypt(&self, file: &str, message: &str, arguments: &str) {
        self.tool(&format!(
            "openssl cms -encrypt -binary -in {file} -out {message} {arguments}"
        ));
    }

    /// Makes `GIR.zip` with two recordings from long ago, each sealed to the
    /// certificates; the recordings themselves are in `said/`.
    #[track_caller]
    pub fn genesys_archive(&self, certificates: &str) {
        for (name, content) in [
            ("1001.wav", "RIFF said first"),
            ("1002.wav", "RIFF said then"),
        ] {
            let file = format!("said/{name}");
            self.write(&file, content);
            let message = format!("GIR/{name}.p7m");
            self.write(&message, "");
            self.tool(&format!(
                "openssl smime -encrypt -binary -aes256 -outform DER -in {file} -out {message} {certificates}"
            ));
            self.tool(&format!("touch -d 2019-03-02T10:20:30Z {message}"));
        }
        self.tool("zip -q -r GIR.zip GIR");
    }
}
