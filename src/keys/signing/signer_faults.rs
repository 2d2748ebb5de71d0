//! Why signers' certificates are of no use, before there is any signature.

use openssl::x509::X509;

use super::fitness::{self, Unfit};
use super::key::any_is;
use super::signers::Signers;
use super::{SigningKeyFault, key_openpgp, key_x509};
use crate::keys::recipients::openpgp_label;
use crate::keys::trust::Distrust;
use crate::keys::{ChainFault, KeyHandle, Recipient, x509};

impl Signers {
    /// Returns why no signature by the owner of a certificate can hold, for each
    /// certificate that is named by its file: it's not valid now, not for
    /// signatures, or not trusted. If the time is trusted that a signature claims,
    /// an expired one is good for old signatures.
    #[doc(hidden)]
    pub fn faults(&self) -> Vec<SigningKeyFault> {
        let is_past = |unfit: &Unfit| matches!(unfit, Unfit::Expired { .. });
        let counts = |unfit: &Unfit| !(self.trusts_time() && is_past(unfit));
        let of_x509 = self.x509().iter().filter_map(|certificate| {
            let own = fitness::x509(certificate, self.at()).err().filter(counts);
            let fault = own.or_else(|| self.untrusted(certificate).filter(counts))?;
            Some(fault.of_key(x509::subject(certificate)))
        });
        let of_openpgp = self.certs().iter().filter_map(|cert| {
            let unfit = fitness::signing_keys(cert, self.at()).err();
            Some(unfit.filter(counts)?.of_key(openpgp_label(cert)))
        });
        of_x509.chain(of_openpgp).collect()
    }

    fn untrusted(&self, certificate: &X509) -> Option<Unfit> {
        let chain = self.chain_of(certificate);
        Some(match self.distrust(certificate, &chain, self.at())? {
            Distrust::Malformed(reason) => Unfit::Malformed(reason),
            Distrust::Issuer { .. } => Unfit::Usage("it is the certificate of a CA"),
            Distrust::Expired { since } => Unfit::Expired { since },
            Distrust::NotYetValid { until } => Unfit::NotYetValid { until },
            Distrust::Revoked { since } => Unfit::Revoked { since },
            // The signatures may hold the certificates that are missing here.
            Distrust::Chain(ChainFault::UnknownIssuer { .. }) => return None,
            Distrust::Chain(fault) => Unfit::Chain(fault),
        })
    }

    /// Returns whether a recipient's key is that of a certificate which is named by
    /// its file: keys that open don't sign.
    #[doc(hidden)]
    pub fn has_recipient(&self, recipient: &Recipient) -> bool {
        let of_x509 = self.x509().iter().filter_map(|certificate| {
            let key = fitness::x509_key(certificate).ok()?;
            key_x509::handles(certificate, &key).ok()
        });
        let of_openpgp = self.certs().iter().map(key_openpgp::handles);
        let own: Vec<KeyHandle> = of_x509.chain(of_openpgp).flatten().collect();
        let handles = recipient.handles();
        handles.iter().any(|handle| any_is(&own, handle))
    }
}
