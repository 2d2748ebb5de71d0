//! A service that seals fields of the calls that it passes on, and another one
//! that reads them: `cargo run --example fields CERTIFICATE KEY`.

use std::error::Error;
use std::time::SystemTime;

use callseal::fields::{ATTRIBUTE, FieldOpener, FieldPlan, FieldSealer, Missing, Selection};
use callseal::keys::{Keyring, NoPassphrases, Party, Recipients, Requirements};

const CALL: &str = r#"{
  "id": "20260314-102247-0118",
  "caller": {"number": "+43 1 234 567", "country": "AT"},
  "seconds": 30.50,
  "cards": [{"kind": "visa", "pan": 4111111111111111}]
}
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(certificate), Some(key), None) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("two arguments are wanted: a certificate and its key".into());
    };

    // Once, when the service starts: nothing is sealed unless all can be used.
    let parties = [Party::with_certificate(certificate)];
    let requirements = Requirements::listed(SystemTime::now());
    let recipients = Recipients::load(&parties, &requirements, &mut |_| {})?;
    let plan = FieldPlan::new(recipients, ATTRIBUTE)?;
    let selection = Selection::paths("caller.number, cards[*].pan")?;
    let sealer = FieldSealer::new(&plan, &selection, Missing::Error);

    // For each call, on any thread.
    let sealed = sealer.seal(CALL)?;
    println!("{}", sealed.text());

    // The other service.
    let keyring = Keyring::load(&[key.into()], &mut |_| {})?;
    let opener = FieldOpener::new(&keyring, &NoPassphrases, ATTRIBUTE);
    let opened = opener.open(sealed.text())?;
    println!("{}", opened.text());
    if opened.text() == CALL {
        Ok(())
    } else {
        Err("it has changed on its way".into())
    }
}
