//! `callseal keygen`

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use callseal::keys::{
    Attribute, KeyKind, KeyPurpose, NewKey, NewPassphrase, OpenPgpKey, Subject, UserId,
};
use callseal::output::{Access, Overwrite, PendingFile, TargetDir};
use clap::Args;
use zeroize::Zeroizing;

use super::args::{days, words};
use super::facts::{Facts, PathFact};
use super::failure::{Failure, Report};
use super::global::Global;
use super::new_passphrases::NewKeyPassphraseArgs;
use super::ui::{Ui, Waiting, shell_word};
use crate::cli::error::Error;

/// Make a key pair: a private key and its certificate
#[derive(Debug, Args)]
#[command(after_help = "\
The files are named after --name. NAME.key is the private key, for its owner
alone. Keep it safe: if you lose it, nothing sealed to it can be opened again.
You can give the others to anybody: NAME.crt (certificate) or NAME.csr (signing
request), and NAME.pub (public key). With --openpgp, the files are NAME.key,
NAME.asc (certificate) and NAME.rev (revocation certificate: keep it as safe as
the key). Existing files are never overwritten.

With --sign, the key signs archives and opens nothing, so that there is no
NAME.pub, and nothing is lost with it but the right to sign. Give its
certificate to those who verify. A key that opens doesn't sign.

Without --passphrase-file, --passphrase-fd or --no-passphrase, callseal asks for
the passphrase.

Examples:
  callseal keygen --name auditor
  callseal keygen --name auditor --organization Example --country US --csr
  callseal keygen --name 'Auditor <auditor@example.org>' --openpgp --out keys
  callseal keygen --name ivr-1 --sign --out signers")]
pub struct Arguments {
    /// The owner of the key: the common name (CN), or with --openpgp the user
    /// ID
    #[arg(long, value_name = "CN")]
    name: String,
    /// The directory to write to; made if missing
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Make an RSA key of this size [default: 3072]
    #[arg(long, value_name = "BITS", value_parser = rsa, group = "kind")]
    rsa: Option<KeyKind>,
    /// Make a key on a NIST curve
    #[arg(long, value_name = "CURVE", value_parser = words(CURVES), group = "kind")]
    ec: Option<KeyKind>,
    /// Make an OpenPGP key on Curve25519, which GnuPG can use, too
    #[arg(long, group = "kind")]
    openpgp: bool,
    /// Make a signer's key: it signs, and opens nothing
    #[arg(long)]
    sign: bool,
    /// Make a signing request for a CA instead of a self-signed certificate
    #[arg(long, conflicts_with_all = ["openpgp", "days"])]
    csr: bool,
    /// The number of days that the certificate is valid
    #[arg(long, value_name = "N", default_value_t = 730)]
    #[arg(value_parser = days)]
    days: u32,
    #[command(flatten)]
    subject: SubjectArgs,
    #[command(flatten)]
    passphrases: NewKeyPassphraseArgs,
    /// Leave the private key unencrypted
    #[arg(long, conflicts_with = "NewKeyPassphraseArgs")]
    no_passphrase: bool,
}

const CURVES: [(&str, KeyKind); 3] = [
    ("p256", KeyKind::P256),
    ("p384", KeyKind::P384),
    ("p521", KeyKind::P521),
];

fn rsa(text: &str) -> Result<KeyKind, String> {
    let bits = text.parse().map_err(|_| "expected a whole number")?;
    KeyKind::rsa(bits).map_err(|e| e.to_string())
}

/// Further names of the key's owner in the certificate.
#[derive(Debug, Args)]
#[group(conflicts_with = "openpgp")]
struct SubjectArgs {
    /// The organization (O)
    #[arg(long, value_name = "O")]
    organization: Option<String>,
    /// The organizational unit (OU)
    #[arg(long, value_name = "OU")]
    organizational_unit: Option<String>,
    /// The locality, such as a town (L)
    #[arg(long, value_name = "L")]
    locality: Option<String>,
    /// The state or province (ST)
    #[arg(long, value_name = "ST")]
    state: Option<String>,
    /// The two-letter country code (C)
    #[arg(long, value_name = "C")]
    country: Option<String>,
}

pub fn run(arguments: &Arguments, _: &Global, ui: &Ui) -> Result<Report, Failure> {
    let plan = Plan::new(arguments)?;
    let out = &arguments.out;
    let directory = TargetDir::create(out).map_err(|error| Error::reading(out, error))?;
    let made = make(&plan, arguments, &directory, ui);
    // If no file was written, this removes a directory that was made for them.
    let flushed = directory.finish();
    let paths = made?;
    flushed.map_err(|(path, error)| callseal::Error::NotFlushed { path, error })?;

    let shown: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    ui.summary(&format!("made {}", shown.join(", ")));
    if let (KeyPurpose::Sign, [key, public, ..]) = (plan.purpose, paths.as_slice()) {
        ui.notice(&next_step(key, public, arguments.csr));
    }
    let files = plan.files();
    let kinds = files.iter().map(|file| file.what);
    let facts: BTreeMap<&str, PathFact<'_>> =
        kinds.zip(paths.iter().map(|path| PathFact(path))).collect();
    Ok(Report {
        facts: Some(Facts::of(&facts)),
        ..Report::default()
    })
}

/// Returns what to do with a signer's key and its certificate or request.
fn next_step(key: &Path, public: &Path, is_request: bool) -> String {
    let [key, public] = [key, public].map(|path| path.display().to_string());
    let [key, public] = [shell_word(&key), shell_word(&public)];
    let sign = format!("`callseal pack --sign {key} …` signs with it");
    match is_request {
        true => format!(
            "the key is for signing: once the CA's certificate is next to it, under the same name, {sign}"
        ),
        false => {
            format!("the key is for signing: {sign}, and those who verify need {public}")
        }
    }
}

/// Makes the key and writes its files, all of them or none. Obstacles are found
/// before the passphrase is asked for.
fn make(
    plan: &Plan,
    arguments: &Arguments,
    directory: &TargetDir,
    ui: &Ui,
) -> Result<Vec<PathBuf>, Failure> {
    let stem = file_stem(&arguments.name);
    let mut paths = Vec::new();
    let mut pending = Vec::new();
    for file in plan.files() {
        let name = format!("{stem}.{}", file.ending);
        let place = directory.place(&name).map_err(|error| {
            let path = arguments.out.join(&name);
            write_error(&path, std::io::Error::other(error))
        })?;
        let path = match arguments.out.as_os_str() {
            here if here == "." => name.into(),
            _ => place.path().to_owned(),
        };
        let created = PendingFile::create_at(place, file.access, Overwrite::Refuse);
        pending.push(created.map_err(|source| write_error(&path, source))?);
        paths.push(path);
    }
    let passphrase = match (arguments.no_passphrase, paths.first()) {
        (false, Some(key)) => Some(arguments.passphrases.for_new_key(key)?),
        _ => None,
    };
    let waiting = Waiting::new(ui, "making the key".into());
    let contents = plan.generate(passphrase.as_ref())?;
    drop(waiting);
    for ((file, path), content) in pending.iter_mut().zip(&paths).zip(&contents) {
        let written = file.write_all(content);
        written.map_err(|source| write_error(path, source))?;
    }
    for (n, (file, path)) in pending.into_iter().zip(&paths).enumerate() {
        if let Err(source) = file.commit_into(directory) {
            // Leave no half of a pair. A file that can't be removed stays visible.
            for done in paths.iter().take(n) {
                let _ = std::fs::remove_file(done);
            }
            return Err(write_error(path, source).into());
        }
    }
    Ok(paths)
}

fn write_error(path: &Path, source: std::io::Error) -> Error {
    match callseal::Error::writing(path, source) {
        callseal::Error::Exists { path } => Error::KeyExists { path },
        other => other.into(),
    }
}

/// The key pair to make, with checked names.
struct Plan {
    purpose: KeyPurpose,
    pair: Pair,
}

/// A kind of key pair.
enum Pair {
    Certificate {
        kind: KeyKind,
        subject: Subject,
        days: u32,
    },
    Request {
        kind: KeyKind,
        subject: Subject,
    },
    OpenPgp {
        user_id: UserId,
        days: u32,
    },
}

/// One of the files of a key pair.
struct File {
    what: &'static str,
    ending: &'static str,
    access: Access,
}

impl File {
    fn private(what: &'static str, ending: &'static str) -> Self {
        let access = Access::Private;
        Self {
            what,
            ending,
            access,
        }
    }

    fn public(what: &'static str, ending: &'static str) -> Self {
        let access = Access::Shared;
        Self {
            what,
            ending,
            access,
        }
    }
}

impl Plan {
    fn new(arguments: &Arguments) -> Result<Self, Error> {
        let purpose = match arguments.sign {
            true => KeyPurpose::Sign,
            false => KeyPurpose::Open,
        };
        let pair = Pair::new(arguments)?;
        Ok(Self { purpose, pair })
    }

    /// Returns the files, the private key first.
    fn files(&self) -> Vec<File> {
        let mut files = vec![File::private("key", "key")];
        match self.pair {
            Pair::Certificate { .. } => files.push(File::public("certificate", "crt")),
            Pair::Request { .. } => files.push(File::public("request", "csr")),
            Pair::OpenPgp { .. } => {
                files.push(File::public("certificate", "asc"));
                files.push(File::private("revocation", "rev"));
                return files;
            }
        }
        // To a public key alone anybody would seal.
        if self.purpose == KeyPurpose::Open {
            files.push(File::public("public_key", "pub"));
        }
        files
    }

    /// Returns the contents of the files, in the same order.
    fn generate(
        &self,
        passphrase: Option<&NewPassphrase>,
    ) -> Result<Vec<Zeroizing<Vec<u8>>>, Error> {
        let new_key = |kind: &KeyKind| NewKey::generate(*kind, self.purpose);
        let (key, certified) = match &self.pair {
            Pair::Certificate {
                kind,
                subject,
                days,
            } => {
                let key = new_key(kind)?;
                let certificate = key.certificate(subject, SystemTime::now(), *days)?;
                (key, certificate)
            }
            Pair::Request { kind, subject } => {
                let key = new_key(kind)?;
                let request = key.signing_request(subject)?;
                (key, request)
            }
            Pair::OpenPgp { user_id, days } => {
                let now = SystemTime::now();
                let key = OpenPgpKey::generate(user_id, now, *days, self.purpose, passphrase)?;
                return Ok(vec![
                    key.secret,
                    Zeroizing::new(key.certificate),
                    Zeroizing::new(key.revocation),
                ]);
            }
        };
        let mut contents = vec![key.private_pem(passphrase)?, Zeroizing::new(certified)];
        if self.purpose == KeyPurpose::Open {
            contents.push(Zeroizing::new(key.public_pem()?));
        }
        Ok(contents)
    }
}

impl Pair {
    fn new(arguments: &Arguments) -> Result<Self, Error> {
        let days = arguments.days;
        if arguments.openpgp {
            let user_id = UserId::new(&arguments.name)?;
            return Ok(Self::OpenPgp { user_id, days });
        }
        let kind = arguments.rsa.or(arguments.ec).unwrap_or_default();
        let more = &arguments.subject;
        let mut subject = Subject::new(&arguments.name)?;
        for (attribute, text) in [
            (Attribute::Organization, &more.organization),
            (Attribute::OrganizationalUnit, &more.organizational_unit),
            (Attribute::Locality, &more.locality),
            (Attribute::State, &more.state),
            (Attribute::Country, &more.country),
        ] {
            if let Some(text) = text {
                subject.set(attribute, text)?;
            }
        }
        Ok(match arguments.csr {
            true => Self::Request { kind, subject },
            false => Self::Certificate {
                kind,
                subject,
                days,
            },
        })
    }
}

/// Reduces a name to letters, digits, dots, dashes and underscores.
fn file_stem(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    let mut stem = String::new();
    for c in name.chars().map(|c| if plain(c) { c } else { '-' }) {
        if c != '-' || !stem.ends_with('-') {
            stem.push(c);
        }
    }
    match stem.trim_matches(['.', '-']) {
        "" => "key".into(),
        stem => stem.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::file_stem;

    #[test]
    fn files_are_named_after_the_key() {
        for (name, stem) in [
            ("customer", "customer"),
            ("Call files 2026", "Call-files-2026"),
            ("Ann <ann@example.org>", "Ann-ann-example.org"),
            ("a - b", "a-b"),
            ("../../etc/passwd", "etc-passwd"),
            (".hidden", "hidden"),
            ("-rf", "rf"),
            ("Köln", "Köln"),
            ("录音", "录音"),
            ("..", "key"),
        ] {
            assert_eq!(file_stem(name), stem);
        }
    }
}
