//! Elements of BER, written one way or another.

use std::str::FromStr;

use bcder::Oid;

/// Returns an element with the shortest possible length.
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let skip = length.iter().take_while(|octet| **octet == 0).count();
    let mut octets = vec![tag];
    match content.len() {
        0..=0x7F => octets.push(content.len() as u8),
        _ => {
            octets.push(0x80 | (length.len() - skip) as u8);
            octets.extend_from_slice(&length[skip..]);
        }
    }
    octets.extend_from_slice(content);
    octets
}

/// Returns an element whose end is marked.
pub fn indefinite(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, 0x80], content, &[0, 0]].concat()
}

pub fn oid(dotted: &str) -> Vec<u8> {
    element(0x06, Oid::<Vec<u8>>::from_str(dotted).unwrap().as_ref())
}

/// Returns a SEQUENCE of an object identifier and what follows it.
pub fn algorithm(dotted: &str, parameters: &[u8]) -> Vec<u8> {
    element(0x30, &[&oid(dotted), parameters].concat())
}

/// The parts of an element.
#[derive(Clone, Debug)]
pub struct Node {
    pub tag: u8,
    pub content: Vec<u8>,
    pub parts: Vec<Node>,
}

impl Node {
    /// Returns the element that these octets of DER are.
    pub fn parse(der: &[u8]) -> Self {
        let (node, rest) = Self::split(der);
        assert!(rest.is_empty());
        node
    }

    fn split(der: &[u8]) -> (Self, &[u8]) {
        let (tag, first) = (der[0], der[1]);
        let (length, start) = match first {
            0..=0x7F => (usize::from(first), 2),
            _ => {
                let n = usize::from(first & 0x7F);
                let fold = |length, octet: &u8| length << 8 | usize::from(*octet);
                (der[2..2 + n].iter().fold(0, fold), 2 + n)
            }
        };
        let (content, rest) = der[start..].split_at(length);
        let mut node = Self {
            tag,
            content: content.to_vec(),
            parts: Vec::new(),
        };
        if tag & 0x20 != 0 {
            let mut left = content;
            while !left.is_empty() {
                let (part, rest) = Self::split(left);
                node.parts.push(part);
                left = rest;
            }
        }
        (node, rest)
    }

    /// Encodes it anew, from its parts if it has any.
    pub fn der(&self) -> Vec<u8> {
        if self.tag & 0x20 == 0 {
            return element(self.tag, &self.content);
        }
        let parts: Vec<_> = self.parts.iter().flat_map(Self::der).collect();
        element(self.tag, &parts)
    }

    /// Returns the same with every end marked, and every string in segments of
    /// segments, empty ones among them.
    pub fn in_pieces(&self) -> Vec<u8> {
        if self.tag & 0x20 != 0 {
            let parts: Vec<_> = self.parts.iter().flat_map(Self::in_pieces).collect();
            return indefinite(self.tag, &parts);
        }
        if !matches!(self.tag, 0x04 | 0x80) {
            return element(self.tag, &self.content);
        }
        let (a, b) = self.content.split_at(self.content.len() / 3);
        let (b, c) = b.split_at(b.len() / 2);
        let segments = [
            element(0x04, a),
            indefinite(
                0x24,
                &[element(0x04, &[]), indefinite(0x24, &element(0x04, b))].concat(),
            ),
            element(0x24, &element(0x04, c)),
            indefinite(0x24, &[]),
        ];
        indefinite(self.tag | 0x20, &segments.concat())
    }

    /// Returns the part at that path.
    pub fn at(&mut self, path: &[usize]) -> &mut Self {
        path.iter().fold(self, |node, at| &mut node.parts[*at])
    }
}
