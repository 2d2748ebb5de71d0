//! The secret part of the address.

use std::fmt::{self, Display, Formatter};
use std::io;

use openssl::rand::rand_bytes;

/// 128 random bits. Who knows them may read what is served.
pub struct Token(u128);

impl Token {
    pub fn new() -> io::Result<Self> {
        let mut octets = [0; 16];
        rand_bytes(&mut octets)?;
        Ok(Self(u128::from_ne_bytes(octets)))
    }

    /// Returns whether a text is this token, in a time that says nothing of the token.
    pub fn is(&self, text: &str) -> bool {
        // Hashes are compared in constant time.
        blake3::hash(text.as_bytes()) == blake3::hash(self.to_string().as_bytes())
    }
}

impl Display for Token {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Token;

    #[test]
    fn a_token_is_long_and_no_other_text_is_it() {
        let token = Token::new().unwrap();
        let text = token.to_string();
        assert_eq!(text.len(), 32);
        assert!(token.is(&text));
        for other in ["", &text[1..], &format!("{text}0"), &format!("0{text}")] {
            assert!(!token.is(other), "{other}");
        }
        assert!(!token.is(&Token::new().unwrap().to_string()));
    }
}
