//! Hands a private key over to somebody of whom there is a bare public key,
//! as a base64 file, and takes it out again:
//!
//! ```text
//! openssl genrsa -out vendor.pem 4096
//! openssl rsa -in vendor.pem -RSAPublicKey_out -out vendor-public.pem
//! openssl genrsa -out customer.pem 4096
//! cargo run --example key_envelope -- seal vendor-public.pem customer.pem customer.b64
//! cargo run --example key_envelope -- open vendor.pem customer.b64 opened.pem
//! ```

use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::time::SystemTime;

use callseal::keys::{Keyring, NoPassphrases, Party, Recipients, Requirements};
use callseal::message::{Armor, Expansion, OpenMessage, Opener, SealPlan, SealedFile};
use callseal::message::{Compression, Format};
use callseal::output::{Access, Overwrite, PendingFile};

/// Seals the file `content` to the public key in `recipient`.
pub fn seal(recipient: &Path, content: &Path, envelope: &Path) -> Result<(), Box<dyn Error>> {
    let parties = [Party::with_certificate(recipient)];
    let requirements = Requirements::listed(SystemTime::now());
    let recipients = Recipients::load(&parties, &requirements, &mut |_| {})?;
    let plan = SealPlan::new(recipients, Format::Auto, Compression::None, false)?;

    let mut source = File::open(content)?;
    let modified = source.metadata()?.modified()?;
    let name = content.file_name().unwrap_or_default().to_string_lossy();
    let file = SealedFile {
        name: &name,
        modified,
        length: None,
    };
    let mut sink = PendingFile::create(envelope, Access::Shared, Overwrite::Refuse)?;
    plan.sealer()
        .seal_armored(&mut source, &file, Armor::Base64, &mut sink)?;
    // Until here there is no file of that name.
    sink.commit()?;
    Ok(())
}

/// Opens the envelope with the private key in `key`.
pub fn open(key: &Path, envelope: &Path, content: &Path) -> Result<(), Box<dyn Error>> {
    let keyring = Keyring::load(&[key.to_owned()], &mut |_| {})?;
    let limits = Expansion::default();
    let opener = Opener::new(&keyring, &NoPassphrases, &limits);
    let message = OpenMessage::begin(File::open(envelope)?, opener)?;
    let mut sink = PendingFile::create(content, Access::Private, Overwrite::Refuse)?;
    message.copy_to(&mut sink)?;
    // It's authentic to its last byte only now.
    sink.commit()?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["seal", recipient, content, envelope] => {
            seal(recipient.as_ref(), content.as_ref(), envelope.as_ref())
        }
        ["open", key, envelope, content] => open(key.as_ref(), envelope.as_ref(), content.as_ref()),
        _ => Err("usage: key_envelope seal PUBLIC-KEY FILE OUT.b64 | open KEY IN.b64 OUT".into()),
    }
}
