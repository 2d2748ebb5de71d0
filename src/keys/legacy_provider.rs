//! OpenSSL's legacy provider: the algorithms of old keys and messages.

use std::sync::OnceLock;

use openssl::provider::Provider;

use super::openssl_errors::forget_openssl_errors;

/// Loads the provider, if this OpenSSL has it. From then on its algorithms are
/// there for the whole process, next to the usual ones. So it is loaded when an
/// old key or message needs one of them, and not before.
pub(crate) fn load_legacy_provider() {
    static PROVIDER: OnceLock<Option<Provider>> = OnceLock::new();
    PROVIDER.get_or_init(|| {
        let provider = Provider::try_load(None, "legacy", true).ok();
        forget_openssl_errors();
        provider
    });
}
