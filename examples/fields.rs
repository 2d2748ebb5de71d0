//! A service seals fields of the calls that it passes on, and another one opens
//! them: `cargo run --example fields customer.crt customer.key`.

use std::error::Error;

use callseal::fields::{ATTRIBUTE, FieldOpener, FieldPlan, FieldSealer, Missing, Selection};
use callseal::keys::{Keyring, Recipients};

const CALL: &str = r#"{
  "caller": {"number": "+43 1 234 567", "country": "AT"},
  "cards": [{"kind": "visa", "pan": 4111111111111111}]
}
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [certificate, key] = arguments.as_slice() else {
        return Err("expected: CERTIFICATE KEY".into());
    };
    // Once, when the service starts: nothing is sealed unless all can be used.
    let plan = FieldPlan::new(Recipients::from_files(&[certificate])?, ATTRIBUTE)?;
    let selection = Selection::paths("caller.number, cards[*].pan")?;
    let sealer = FieldSealer::new(&plan, &selection, Missing::Error);
    // For each call, on any thread.
    let sealed = sealer.seal(CALL)?;
    println!("{}", sealed.text());
    // The other service.
    let keyring = Keyring::load(&[key])?;
    let opener = FieldOpener::new(&keyring, ATTRIBUTE);
    let opened = opener.open(sealed.text())?;
    println!("{}", opened.text());
    match opened.text() == CALL {
        true => Ok(()),
        false => Err("it has changed on its way".into()),
    }
}
