//! Whether plaintext is compressed before it's sealed.

/// Whether plaintext is compressed before it's sealed. The compressed size
/// reveals something about the content; `None` avoids that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Decided for each file on a sample of its content.
    #[default]
    Auto,
    /// Never.
    None,
    /// Always, with Deflate.
    Deflate,
}

impl Compression {
    /// The words for the choices, as people write them.
    pub const CHOICES: [(&'static str, Self); 3] = [
        ("auto", Self::Auto),
        ("none", Self::None),
        ("deflate", Self::Deflate),
    ];
}
