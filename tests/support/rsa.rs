//! RSA keys by openssl, which makes them slowly: 4096 bits can take seconds.

use std::fs;
use std::path::Path;

use super::Scene;

impl Scene {
    /// Makes an RSA key `PATH` as openssl writes it. The first test that asks
    /// for a path and a size has the key made, and later ones get the same key:
    /// within a scene, keys differ.
    #[track_caller]
    pub fn rsa_key(&self, path: &str, bits: u32) {
        assert!(!self.exists(path), "{path} would be the same key again");
        let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rsa-keys");
        let key = shared.join(format!("{bits}-{}", path.replace('/', "-")));
        if !key.exists() {
            fs::create_dir_all(&shared).unwrap();
            let new = tempfile::NamedTempFile::new_in(&shared).unwrap();
            self.program("openssl", ["genrsa", "-out"])
                .args([new.path(), Path::new(&bits.to_string())])
                .exits(0);
            // Another test may have been faster.
            if let Err(e) = new.persist_noclobber(&key) {
                assert!(key.exists(), "{e}");
            }
        }
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::copy(key, self.path(path)).unwrap();
    }

    /// Returns the arguments with which `openssl req` uses a new key `PATH` of
    /// a kind as named by its `-newkey`.
    #[track_caller]
    pub(super) fn new_key(&self, path: &str, kind: &str) -> String {
        match kind.strip_prefix("rsa:").and_then(|bits| bits.parse().ok()) {
            Some(bits) => {
                self.rsa_key(path, bits);
                format!("-key {path}")
            }
            None => format!("-newkey {kind} -nodes -keyout {path}"),
        }
    }
}
