//! Hints for files that are something else than expected.

use callseal::keys::FileKind;

/// Returns what to do with it where a certificate is expected.
pub fn as_certificate(kind: FileKind) -> Option<&'static str> {
    Some(match kind {
        FileKind::SigningRequest => "use the certificate that was issued for it",
        FileKind::Revocation | FileKind::DisabledRevocation => {
            "use the certificate that it would revoke"
        }
        FileKind::Pkcs12 => {
            "it holds a private key: leave it with its owner; `openssl pkcs12 -in FILE -nokeys -clcerts -out CERT` takes the certificate out"
        }
        FileKind::JavaKeystore | FileKind::Jceks => {
            "it holds a private key: leave it with its owner; `keytool -exportcert -rfc -keystore FILE -alias NAME -file CERT` takes the certificate out"
        }
        FileKind::PuttyKey => {
            "it holds a private key: leave it with its owner; `puttygen FILE -O public -o PUBLIC` takes the public key out"
        }
        FileKind::Crl => "name it as `crl-file` in the config, and give the certificate here",
        other => return of_any(other),
    })
}

/// Returns what to do with it where a private key is expected.
pub fn as_key(kind: FileKind) -> Option<&'static str> {
    Some(match kind {
        FileKind::PuttyKey => "`puttygen FILE -O private-openssh -o KEY` converts it",
        FileKind::Jceks => {
            "`keytool -importkeystore -srckeystore FILE -srcstoretype JCEKS -destkeystore NEW.p12 -deststoretype PKCS12` converts it"
        }
        FileKind::Certificate
        | FileKind::OpenPgpCertificate
        | FileKind::CertificateBundle
        | FileKind::SshPublicKey
        | FileKind::SigningRequest
        | FileKind::Revocation
        | FileKind::DisabledRevocation => "give the private key that belongs to it",
        other => return of_any(other),
    })
}

/// Returns what to do with it, whatever it was meant for.
pub fn of_file(kind: FileKind) -> Option<&'static str> {
    match kind {
        FileKind::SigningRequest => Some("send it to a CA, which issues a certificate for it"),
        FileKind::Crl => Some("name it as `crl-file` in the config"),
        FileKind::Revocation => Some("`gpg --import FILE` revokes the certificate"),
        FileKind::DisabledRevocation => Some(
            "to revoke the certificate, remove the colon before -----BEGIN, and run `gpg --import FILE`",
        ),
        other => as_key(other),
    }
}

/// Returns what to do with it where a message is expected.
pub fn as_message(kind: FileKind) -> Option<&'static str> {
    Some(match kind {
        FileKind::ZipArchive => "open its members with `callseal extract`",
        FileKind::SignedCms => {
            "it is signed and not sealed: `openssl cms -verify -noverify -inform DER -in FILE` shows its content"
        }
        FileKind::OpenPgpSignature => {
            "it is signed and not sealed: `gpg --verify FILE` checks the signature"
        }
        other => return of_any(other),
    })
}

/// Returns what to do with it wherever it is.
fn of_any(kind: FileKind) -> Option<&'static str> {
    Some(match kind {
        FileKind::Utf16 => "save it as ASCII or UTF-8",
        FileKind::Empty => "get it again from its source",
        _ => return None,
    })
}
