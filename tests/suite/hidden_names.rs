//! Names that an archive hides.
