//! Certification authorities by openssl, and what they issue.

use std::fs;
use std::time::{Duration, SystemTime};

use super::{P256, Scene};

/// The days between which everything is valid. RFC 5280 takes the very last
/// second of 9999 for "no end" (section 4.1.2.5), which would be another thing.
pub const LONG_AGO: &str = "1980-01-01";
pub const FAR_OFF: &str = "9998-12-31";

/// What a CA's certificate says of it.
const OF_A_CA: &str = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n\
                       subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";

/// What the certificate of somebody else says.
const OF_A_LEAF: &str = "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";

/// A certificate to be made: `NAME.crt` over the key `NAME.key`, which is made
/// where it isn't there. What is not said otherwise: its subject is `CN=NAME`,
/// its key is on P-256, it's signed with SHA-256 and valid at any time that a
/// clock may show.
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
    /// A root, unless it's said who issues it.
    pub fn ca(&self, name: &str) -> Certificate<'_> {
        self.certificate(name, None, OF_A_CA)
    }

    /// A certificate issued by a CA, such as a recipient has.
    pub fn leaf(&self, name: &str, issuer: &str) -> Certificate<'_> {
        self.certificate(name, Some(issuer), OF_A_LEAF)
    }

    /// A certificate that nobody but its owner vouches for.
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

    /// A root and two levels of intermediates: `root`, `regional`, `issuing`.
    #[track_caller]
    pub fn make_cas(&self) {
        self.ca("root").make();
        self.ca("regional").issued_by("root").make();
        self.ca("issuing").issued_by("regional").make();
    }

    /// Has a CA revoke a certificate, now.
    #[track_caller]
    pub fn revoke(&self, ca: &str, name: &str) {
        self.openssl_ca(ca, &format!("-revoke {name}.crt"));
    }

    /// `CA.crl`: what the CA has revoked so far, issued on one day (such as
    /// `2020-01-01`) and good until another.
    #[track_caller]
    pub fn crl(&self, ca: &str, issued: &str, until: &str) {
        let (issued, until) = (zulu(issued), zulu(until));
        self.openssl_ca(
            ca,
            &format!("-gencrl -crl_lastupdate {issued} -crl_nextupdate {until} -out {ca}.crl"),
        );
    }

    /// A CRL that's good for as long as the certificates.
    #[track_caller]
    pub fn current_crl(&self, ca: &str) {
        self.crl(ca, LONG_AGO, FAR_OFF);
    }

    /// `openssl ca` in the name of a CA, with its config and its records.
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

    /// Another common name than its own: that of its predecessor, say.
    pub fn called(self, subject: &str) -> Self {
        Self {
            subject: subject.into(),
            ..self
        }
    }

    /// Over the key `NAME.key` of another one.
    pub fn with_key_of(self, name: &str) -> Self {
        Self {
            key: name.into(),
            ..self
        }
    }

    /// With a key of a kind as `openssl req -newkey` names it.
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

    /// From the beginning of one day, such as `2020-01-01`, to that of another;
    /// or from moment to moment, as [`in_hours`] gives them.
    pub fn valid(self, from: &str, to: &str) -> Self {
        Self {
            validity: (from.into(), to.into()),
            ..self
        }
    }

    /// With these extensions only, one a line as openssl's config has them.
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
            format!("-newkey {kind} -nodes -keyout {key}.key")
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

/// So many hours from now, as openssl takes it. Half a day more than a number
/// of days is still that number of days when the test has come to its end.
pub fn in_hours(hours: i64) -> String {
    let seconds = hours.unsigned_abs() * 3600;
    let now = SystemTime::now();
    let then = match hours {
        0.. => now + Duration::from_secs(seconds),
        _ => now - Duration::from_secs(seconds),
    };
    let shown = callseal::Timestamp(then).to_string();
    shown.replace(['-', ':', ' '], "")
}

/// The beginning of a day as openssl takes it.
fn zulu(day: &str) -> String {
    match day.strip_suffix('Z') {
        Some(_) => day.into(),
        None => format!("{}000000Z", day.replace('-', "")),
    }
}
