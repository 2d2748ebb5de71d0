//! callseal
mod cause;
pub mod config;
pub mod keys;
pub mod message;
pub mod options;
pub mod output;
pub mod sources;
mod timestamp;
