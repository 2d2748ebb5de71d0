//! The object identifiers of what is written in ASN.1.

use bcder::{ConstOid, Oid};

/// 2.16.840.1.101.3.4.1.42
pub(crate) const AES256_CBC: ConstOid = Oid(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2A]);
/// 2.16.840.1.101.3.4.1.46
pub(crate) const AES256_GCM: ConstOid = Oid(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2E]);
/// 2.16.840.1.101.3.4.1.45
pub(crate) const AES256_WRAP: ConstOid = Oid(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2D]);
/// 1.2.840.113549.1.9.16.1.23
pub(crate) const AUTH_ENVELOPED_DATA: ConstOid =
    Oid(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 0x10, 1, 0x17]);
/// 1.2.840.113549.1.9.3
pub(crate) const CONTENT_TYPE: ConstOid = Oid(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 3]);
/// 1.2.840.113549.1.7.1
pub(crate) const DATA: ConstOid = Oid(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 1]);
/// 1.2.840.10045.4.3.2
pub(crate) const ECDSA_SHA256: ConstOid = Oid(&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2]);
/// 1.2.840.10045.2.1
pub(crate) const EC_PUBLIC_KEY: ConstOid = Oid(&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1]);
/// 1.2.840.113549.1.7.3
pub(crate) const ENVELOPED_DATA: ConstOid = Oid(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 3]);
/// 1.2.840.113549.2.9
pub(crate) const HMAC_SHA256: ConstOid = Oid(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 2, 9]);
/// 1.2.840.113549.1.9.4
pub(crate) const MESSAGE_DIGEST: ConstOid = Oid(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 4]);
/// 1.2.840.113549.1.1.8
pub(crate) const MGF1: ConstOid = Oid(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 8]);
/// 1.2.840.113549.1.5.13
pub(crate) const PBES2: ConstOid = Oid(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 5, 0x0D]);
/// 1.2.840.113549.1.5.12
pub(crate) const PBKDF2: ConstOid = Oid(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 5, 0x0C]);
/// 1.2.840.113549.1.1.7
pub(crate) const RSAES_OAEP: ConstOid = Oid(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 7]);
/// 1.2.840.113549.1.1.1
pub(crate) const RSA_ENCRYPTION: ConstOid = Oid(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1]);
/// 2.16.840.1.101.3.4.2.1
pub(crate) const SHA256: ConstOid = Oid(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1]);
/// 1.2.840.113549.1.7.2
pub(crate) const SIGNED_DATA: ConstOid = Oid(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 2]);
/// 1.2.840.113549.1.9.5
pub(crate) const SIGNING_TIME: ConstOid = Oid(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 5]);
/// 1.3.132.1.11.1
pub(crate) const STD_DH_SHA256_KDF: ConstOid = Oid(&[0x2B, 0x81, 4, 1, 0x0B, 1]);
/// 1.3.132.1.11.2
pub(crate) const STD_DH_SHA384_KDF: ConstOid = Oid(&[0x2B, 0x81, 4, 1, 0x0B, 2]);
/// 1.3.132.1.11.3
pub(crate) const STD_DH_SHA512_KDF: ConstOid = Oid(&[0x2B, 0x81, 4, 1, 0x0B, 3]);
