//! stub
#![allow(missing_docs, dead_code)]
use crate::keys::{KeyHandle, SecretKey};
use crate::message::{MessageFault, MessageFormat, OpenError};
use sequoia_openpgp::types::PublicKeyAlgorithm;
use std::io::{self, BufRead, Read};
pub struct Front<R> {
    pub recipients: Vec<RecipientInfo>,
    pub passphrases: usize,
    source: R,
}
pub struct RecipientInfo {
    handle: KeyHandle,
}
pub struct ContentKey;
#[derive(Clone, Copy)]
pub struct ContentCipher;
impl std::fmt::Display for ContentCipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("x")
    }
}
impl<R> Front<R> {
    pub fn format(&self) -> MessageFormat {
        MessageFormat::Cms
    }
    pub fn cipher(&self) -> ContentCipher {
        ContentCipher
    }
}
impl<R: BufRead> Front<R> {
    pub fn read(_source: R) -> Result<Self, OpenError> {
        Err(MessageFault::NotAMessage.into())
    }
    pub fn decrypt(self, _key: &ContentKey) -> Result<Plaintext<R>, OpenError> {
        Ok(Plaintext(self.source))
    }
}
impl RecipientInfo {
    pub fn handle(&self) -> &KeyHandle {
        &self.handle
    }
    pub fn algorithm(&self) -> PublicKeyAlgorithm {
        PublicKeyAlgorithm::RSAEncryptSign
    }
    pub fn open(&self, _key: &SecretKey, _cipher: ContentCipher) -> Option<ContentKey> {
        None
    }
}
pub struct Plaintext<R>(R);
impl<R: BufRead> Read for Plaintext<R> {
    fn read(&mut self, b: &mut [u8]) -> io::Result<usize> {
        self.0.read(b)
    }
}
impl<R: BufRead> BufRead for Plaintext<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }
    fn consume(&mut self, n: usize) {
        self.0.consume(n)
    }
}
