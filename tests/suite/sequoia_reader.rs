//! A reader of messages that is made of sequoia's engine.

use sequoia_openpgp as openpgp;

use openpgp::KeyHandle;
use openpgp::cert::Cert;
use openpgp::crypto::SessionKey;
use openpgp::packet::{PKESK, SKESK};
use openpgp::parse::stream::{
    DecryptionHelper, MessageLayer, MessageStructure, VerificationHelper,
};
use openpgp::policy::StandardPolicy;
use openpgp::types::SymmetricAlgorithm;

/// Opens messages with a key, and finds the signature of each signer good.
pub struct Reader {
    pub key: Cert,
    pub signers: Vec<Cert>,
}

impl VerificationHelper for Reader {
    fn get_certs(&mut self, _: &[KeyHandle]) -> openpgp::Result<Vec<Cert>> {
        Ok(self.signers.clone())
    }

    fn check(&mut self, structure: MessageStructure<'_>) -> openpgp::Result<()> {
        let results = structure.into_iter().flat_map(|layer| match layer {
            MessageLayer::SignatureGroup { results } => results,
            _ => Vec::new(),
        });
        let good: Vec<_> = results.map(|result| result.unwrap()).collect();
        assert_eq!(good.len(), self.signers.len());
        for good in good {
            let mut intended = good.sig.intended_recipients();
            assert_eq!(intended.next(), Some(&self.key.fingerprint()));
        }
        Ok(())
    }
}

impl DecryptionHelper for Reader {
    fn decrypt(
        &mut self,
        pkesks: &[PKESK],
        _: &[SKESK],
        cipher: Option<SymmetricAlgorithm>,
        decrypt: &mut dyn FnMut(Option<SymmetricAlgorithm>, &SessionKey) -> bool,
    ) -> openpgp::Result<Option<Cert>> {
        let policy = StandardPolicy::new();
        let keys = self.key.keys().with_policy(&policy, None);
        for key in keys.secret().for_transport_encryption() {
            let mut pair = key.key().clone().into_keypair()?;
            for pkesk in pkesks {
                let opened = pkesk.decrypt(&mut pair, cipher);
                if opened.is_some_and(|(cipher, key)| decrypt(cipher, &key)) {
                    // Only then are intended recipients checked.
                    return Ok(Some(self.key.clone()));
                }
            }
        }
        Err(openpgp::Error::InvalidOperation("no key opens it".into()).into())
    }
}
