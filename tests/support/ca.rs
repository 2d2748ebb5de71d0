//! Certification authorities by openssl, and their certificates and CRLs.

use std::fs;
use std::time::{Duration, SystemTime};

use super::{P256, Scene};

/// The days between which everything is valid. In RFC 5280, the very last
/// second of 9999 means "no end" (section 4.1.2.5), which would be another
/// case.
pub const LONG_AGO: &str = "1980-01-01";
pub const FAR_OFF: &str = "9998-12-31";

/// The extensions of a CA's certificate.
const OF_A_CA: &str = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n\
                       subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";

/// The extensions of other certificates.
const OF_A_LEAF: &str = "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";

/// A certificate to make: `NAME.crt` over the key `NAME.key`, which is made if
/// missing. By default its subject is `CN=NAME`, its key is on P-256, and it's
/// signed with SHA-256 and always valid.
#[must_use = "it's made by `make`"]
pub struct Certificate<'a> {
    scene: &'a Scene,
    name: String,
    subject: String,
    key: String,
    kind: String,
    issuer: Option<String>,
    digest: String,
    validity: (String, String),
    extensions: String,
}

impl Scene {
    /// Returns a root, unless an issuer is given.
    pub fn ca(&self, name: &str) -> Certificate<'_> {
        self.certificate(name, None, OF_A_CA)
    }

    /// Returns a certificate issued by a CA, such as a recipient's.
    pub fn leaf(&self, name: &str, issuer: &str) -> Certificate<'_> {
        self.certificate(name, Some(issuer), OF_A_LEAF)
    }

    /// Returns a self-signed certificate.
    pub fn self_signed(&self, name: &str) -> Certificate<'_> {
        self.certificate(name, None, OF_A_LEAF)
    }

    fn certificate(&self, name: &str, issuer: Option<&str>, extensions: &str) -> Certificate<'_> {
        Certificate {
            scene: self,
            name: name.into(),
            subject: name.into(),
            key: name.into(),
            kind: P256.into(),
            issuer: issuer.map(Into::into),
            digest: "sha256".into(),
            validity: (LONG_AGO.into(), FAR_OFF.into()),
            extensions: extensions.into(),
        }
    }

    /// Makes a root and two levels of intermediates: `root`, `regional`,
    /// `issuing`.
    #[track_caller]
    pub fn make_cas(&self) {
        self.ca("root").make();
        self.ca("regional").issued_by("root").make();
        self.ca("issuing").issued_by("regional").make();
    }

    /// Lets a CA revoke a certificate, now.
    #[track_caller]
    pub fn revoke(&self, ca: &str, name: &str) {
        self.openssl_ca(ca, &format!("-revoke {name}.crt"));
    }

    /// Makes `CA.crl`: what the CA has revoked so far, issued on one day (such
    /// as `2020-01-01`) and valid until another.
    #[track_caller]
    pub fn crl(&self, ca: &str, issued: &str, until: &str) {
        let (issued, until) = (zulu(issued), zulu(until));
        self.openssl_ca(
            ca,
            &format!("-gencrl -crl_lastupdate {issued} -crl_nextupdate {until} -out {ca}.crl"),
        );
    }

    /// Makes a CRL that is valid for as long as the certificates.
    #[track_caller]
    pub fn current_crl(&self, ca: &str) {
        self.crl(ca, LONG_AGO, FAR_OFF);
    }

    /// Runs `openssl ca` in the name of a CA, with its config and its records.
    #[track_caller]
    fn openssl_ca(&self, ca: &str, arguments: &str) {
        if !self.exists(format!("{ca}.cnf")) {
            self.write(
                format!("{ca}.cnf"),
                format!(
                    "[ca]\ndefault_ca = this\n[this]\ndatabase = {ca}.index\nserial = {ca}.serial\n\
                     crlnumber = {ca}.crlnumber\nnew_certs_dir = {ca}.issued\n\
                     certificate = {ca}.crt\nprivate_key = {ca}.key\ndefault_md = sha256\n\
                     unique_subject = no\npolicy = any\npreserve = yes\n\
                     crl_extensions = of_a_crl\n[any]\ncommonName = optional\n\
                     countryName = optional\norganizationName = optional\n\
                     [of_a_crl]\nauthorityKeyIdentifier = keyid\n"
                ),
            );
            self.write(format!("{ca}.index"), "");
            self.write(format!("{ca}.serial"), "1000\n");
            self.write(format!("{ca}.crlnumber"), "01\n");
            fs::create_dir(self.path(format!("{ca}.issued"))).unwrap();
        }
        self.tool(&format!(
            "openssl ca -batch -notext -config {ca}.cnf {arguments}"
        ));
    }
}

impl Certificate<'_> {
    pub fn issued_by(self, ca: &str) -> Self {
        Self {
            issuer: Some(ca.into()),
            ..self
        }
    }

    /// Sets another common name, such as that of its predecessor.
    pub fn called(self, subject: &str) -> Self {
        Self {
            subject: subject.into(),
            ..self
        }
    }

    /// Uses the key `NAME.key` of another certificate.
    pub fn with_key_of(self, name: &str) -> Self {
        Self {
            key: name.into(),
            ..self
        }
    }

    /// Uses a key of this kind, as named by `openssl req -newkey`.
    pub fn with_key(self, kind: &str) -> Self {
        Self {
            kind: kind.into(),
            ..self
        }
    }

    pub fn signed_with(self, digest: &str) -> Self {
        Self {
            digest: digest.into(),
            ..self
        }
    }

    /// Sets the validity: from the beginning of one day, such as `2020-01-01`,
    /// to that of another, or between two results of [`in_hours`].
    pub fn valid(self, from: &str, to: &str) -> Self {
        Self {
            validity: (from.into(), to.into()),
            ..self
        }
    }

    /// Sets these extensions only, one per line as in openssl's config.
    pub fn saying(self, extensions: &str) -> Self {
        Self {
            extensions: extensions.into(),
            ..self
        }
    }

    #[track_caller]
    pub fn make(self) {
        let Self {
            scene,
            name,
            subject,
            key,
            kind,
            digest,
            ..
        } = &self;
        let new_key = if scene.exists(format!("{key}.key")) {
            format!("-key {key}.key")
        } else {
            scene.new_key(&format!("{key}.key"), kind)
        };
        let subject = format!("/CN={subject}");
        let request = format!("req -new -out {name}.csr {new_key} -subj");
        let request = request.split_whitespace().chain([&*subject]);
        scene.program("openssl", request).exits(0);
        scene.write(format!("{name}.ext"), &self.extensions);
        let (from, to) = (zulu(&self.validity.0), zulu(&self.validity.1));
        let issue = format!(
            "-in {name}.csr -out {name}.crt -extfile {name}.ext -md {digest} \
             -startdate {from} -enddate {to}"
        );
        match &self.issuer {
            Some(issuer) => scene.openssl_ca(issuer, &issue),
            None => scene.openssl_ca(name, &format!("-selfsign -keyfile {key}.key {issue}")),
        }
    }
}

/// Returns the time this many hours from now, for openssl. Half a day more than
/// a number of days is still that number of days at the end of the test.
pub fn in_hours(hours: i64) -> String {
    let seconds = hours.unsigned_abs() * 3600;
    let now = SystemTime::now();
    let then = match hours {
        0.. => now + Duration::from_secs(seconds),
        _ => now - Duration::from_secs(seconds),
    };
    let shown = callseal::Timestamp(then).to_string();
    shown.replace(['-', ':', 'T'], "")
}

/// Returns the beginning of a day, for openssl.
fn zulu(day: &str) -> String {
    match day.strip_suffix('Z') {
        Some(_) => day.into(),
        None => format!("{}000000Z", day.replace('-', "")),
    }
}
