//! Keys for fields of documents, through the library.

use std::collections::BTreeMap;
use std::time::SystemTime;

use callseal::fields::{
    ATTRIBUTE, DocumentError, FieldOpener, FieldPlan, FieldSealer, Missing, Selection,
};
use callseal::keys::{Keyring, Party, Recipients, Requirements};
use serde_json::Value;
use serde_json::value::RawValue;

use super::Scene;

/// A customer and a vendor, both of whom can open what is sealed.
pub struct Office {
    pub plan: FieldPlan,
    pub keyring: Keyring,
}

impl Office {
    pub fn new() -> Self {
        let scene = Scene::with_parties();
        let parties =
            ["customer.crt", "vendor.crt"].map(|name| Party::with_certificate(scene.path(name)));
        let requirements = Requirements::listed(SystemTime::now());
        let recipients = Recipients::load(&parties, &requirements).unwrap();
        Self {
            plan: FieldPlan::new(recipients, ATTRIBUTE).unwrap(),
            keyring: Keyring::load(&[scene.path("vendor.key")]).unwrap(),
        }
    }

    pub fn try_seal(&self, fields: &str, text: &str) -> Result<String, DocumentError> {
        let selection = Selection::paths(fields).unwrap();
        let sealer = FieldSealer::new(&self.plan, &selection, Missing::Error);
        Ok(sealer.seal(text)?.into_text())
    }

    #[track_caller]
    pub fn seal(&self, fields: &str, text: &str) -> String {
        let sealed = self.try_seal(fields, text);
        sealed.unwrap_or_else(|e| panic!("{fields}: {e}"))
    }

    pub fn try_open(&self, text: &str) -> Result<String, DocumentError> {
        let opener = FieldOpener::new(&self.keyring, ATTRIBUTE);
        Ok(opener.open(text)?.into_text())
    }

    #[track_caller]
    pub fn open(&self, text: &str) -> String {
        self.try_open(text).unwrap_or_else(|e| panic!("{e}"))
    }

    /// Seals the fields of a document at these paths.
    #[track_caller]
    pub fn sealed_paths(&self, fields: &str, text: &str) -> Vec<String> {
        listed(&self.seal(fields, text))
    }
}

/// Returns the fields that a sealed document lists.
#[track_caller]
pub fn listed(sealed: &str) -> Vec<String> {
    // Not as values: numbers may be too large for that.
    let attributes: BTreeMap<String, Box<RawValue>> = serde_json::from_str(sealed).unwrap();
    let attribute: Value = serde_json::from_str(attributes[ATTRIBUTE].get()).unwrap();
    serde_json::from_value(attribute["sealed"].clone()).unwrap()
}
