//! Documents of a stream: newline-delimited JSON, one document on each line,
//! or one document alone over any number of lines.

use std::io::{self, BufWriter, Read, Write};
use std::num::NonZeroUsize;

use super::document::{is_complete, is_text};
use super::error::{DocumentError, StreamError};
use super::lines::{Input, Line, is_blank};
use super::{Convert, Document, MAX_DOCUMENT};
use crate::files::BYTE_ORDER_MARK;
use crate::message::internal;
use crate::workers::work_on;

/// The number of bytes in which results are written, unless no more documents
/// are buffered.
const WRITE: usize = 256 * 1024;

/// The number of documents for each thread that several threads work on before
/// the results are written. That keeps the results small, and their readers from
/// waiting.
const DOCUMENTS: usize = 16;

/// The number of blank lines that may come for each document before the results
/// are written.
const BLANKS: usize = 64;

/// The result of converting a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Streamed {
    /// The number of documents, good and bad.
    pub documents: u64,
    /// The number of documents in which fields were sealed or opened.
    pub changed: u64,
    /// The number of those fields.
    pub fields: u64,
    /// The number of documents that failed. The result contains nothing of
    /// them.
    pub failed: u64,
    /// The selected paths that no document has, as far as they could be read.
    pub unmatched: Vec<String>,
}

/// A conversion of the documents of streams, such as a [`FieldSealer`] or a
/// [`FieldOpener`] has it.
///
/// [`FieldOpener`]: super::FieldOpener
/// [`FieldSealer`]: super::FieldSealer
pub struct StreamConverter<'a> {
    converter: &'a dyn Convert,
    workers: NonZeroUsize,
}

impl<'a> StreamConverter<'a> {
    /// Converts documents in this way, one at a time.
    pub fn new(converter: &'a dyn Convert) -> Self {
        Self {
            converter,
            workers: NonZeroUsize::MIN,
        }
    }

    /// Converts so many documents at the same time.
    #[must_use]
    pub fn workers(self, workers: NonZeroUsize) -> Self {
        Self { workers, ..self }
    }

    /// Converts the documents of a stream, and writes them in their order, each
    /// as soon as possible. White space between documents stays as it is, and so
    /// does a byte order mark before them. `failed` is
    /// called for each document that fails, with the line that it begins on,
    /// counted from 1. The other documents are not affected.
    ///
    /// If the first line that isn't blank is a complete JSON text, each line is a
    /// document. Otherwise the whole stream is one. But if it turns out not to be
    /// one, and a later line is a complete object, each line is one and the first
    /// is broken.
    ///
    /// The limit of a document or line is [`MAX_DOCUMENT`] bytes. Documents that
    /// were on one line stay on one: a line break inside a value that was sealed
    /// over several lines becomes a blank.
    ///
    /// # Errors
    ///
    /// Reading or writing fails.
    pub fn convert(
        &self,
        source: &mut dyn Read,
        sink: &mut dyn Write,
        failed: &mut dyn FnMut(u64, DocumentError),
    ) -> Result<Streamed, StreamError> {
        let output = Output {
            sink: BufWriter::with_capacity(WRITE, sink),
            converter: self.converter,
            jobs: self.workers,
            failed,
            done: Streamed::default(),
        };
        convert_all(Input::new(source), output)
    }
}

fn convert_all(mut input: Input<'_>, mut output: Output<'_, '_>) -> Result<Streamed, StreamError> {
    let converter = output.converter;
    pass_mark(&mut input, &mut output)?;
    if !converter.takes_lines() && !is_in_lines(&mut input, &mut output)? {
        let document = input.rest().map_err(StreamError::Read)?;
        let outcome = convert(converter, &document);
        output.write(&document, outcome)?;
        output.flush()?;
        return Ok(output.ended());
    }
    loop {
        let length = input.complete().map_err(StreamError::Read)?;
        let rest = input.rest().map_err(StreamError::Read)?;
        if length > 0 {
            let batch: Vec<_> = input.lines(length).map_err(StreamError::Read)?.collect();
            output.convert(&batch)?;
            input.consume(length).map_err(StreamError::Read)?;
        } else if input.has_ended() {
            return Ok(output.ended());
        } else if rest.content.len() > MAX_DOCUMENT {
            let line = rest;
            let outcome = convert(converter, &line);
            output.write(&line, outcome)?;
            input.skip_line().map_err(StreamError::Read)?;
        } else {
            input.fill().map_err(StreamError::Read)?;
        }
    }
}

/// Passes on a byte order mark before all documents. It belongs to none of
/// them.
fn pass_mark(input: &mut Input<'_>, output: &mut Output<'_, '_>) -> Result<(), StreamError> {
    loop {
        let start = input.rest().map_err(StreamError::Read)?.content;
        if start.starts_with(BYTE_ORDER_MARK) {
            let mark = output.sink.write_all(BYTE_ORDER_MARK);
            mark.map_err(StreamError::Write)?;
            let read = input.consume(BYTE_ORDER_MARK.len());
            return read.map_err(StreamError::Read);
        }
        if input.has_ended() || !BYTE_ORDER_MARK.starts_with(start) {
            return Ok(());
        }
        input.fill().map_err(StreamError::Read)?;
    }
}

/// Returns whether each line is a document. Blank lines before the first one
/// are passed on; the first one stays in the input.
fn is_in_lines(input: &mut Input<'_>, output: &mut Output<'_, '_>) -> Result<bool, StreamError> {
    loop {
        let length = input.complete().map_err(StreamError::Read)?;
        let rest = input.rest().map_err(StreamError::Read)?;
        let first = input.lines(length).map_err(StreamError::Read)?.next();
        match first {
            Some(line) if is_blank(line.content) => {
                let length = line.content.len();
                output.write(&line, None)?;
                input.consume(length).map_err(StreamError::Read)?;
            }
            Some(line) if is_complete(line.content) => return Ok(true),
            Some(_) => break,
            None if input.has_ended() || rest.content.len() > MAX_DOCUMENT => {
                return Ok(true);
            }
            None => input.fill().map_err(StreamError::Read)?,
        }
    }
    let is_text = is_text(Ahead { input, at: 0 }).map_err(StreamError::Read)?;
    Ok(!is_text && has_good_line(input).map_err(StreamError::Read)?)
}

/// Returns whether a later line is a complete object. Reads on until there is
/// one, or more than a document can have.
fn has_good_line(input: &mut Input<'_>) -> io::Result<bool> {
    let mut looked_at = 0;
    loop {
        let length = input.complete()?;
        let rest = input.rest()?.content;
        let lines = rest.get(looked_at..length);
        let lines = lines.ok_or_else(|| internal("a line is outside of what was read"))?;
        let mut lines = lines.split(|&byte| byte == b'\n');
        let found =
            lines.any(|line| line.trim_ascii_start().starts_with(b"{") && is_complete(line));
        looked_at = length;
        if found || input.has_ended() || rest.len() > MAX_DOCUMENT {
            return Ok(found);
        }
        input.fill()?;
    }
}

/// Reads ahead, as far as a document can go, and leaves everything in the
/// input.
struct Ahead<'i, 's> {
    input: &'i mut Input<'s>,
    at: usize,
}

impl Read for Ahead<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let content = self.input.rest()?.content;
            let ahead = content.get(self.at..);
            let ahead = ahead.ok_or_else(|| internal("more was taken than was read"))?;
            if !ahead.is_empty() || self.input.has_ended() || content.len() > MAX_DOCUMENT {
                let count = (&*ahead).read(buffer)?;
                self.at += count;
                return Ok(count);
            }
            self.input.fill()?;
        }
    }
}

/// The result for a document; `None` for a blank line.
type Outcome = Option<Result<Document, DocumentError>>;

fn convert(converter: &dyn Convert, line: &Line<'_>) -> Outcome {
    if line.content.len() > MAX_DOCUMENT {
        return Some(Err(DocumentError::TooLarge {
            limit: MAX_DOCUMENT,
        }));
    }
    if is_blank(line.content) {
        return None;
    }
    Some(match std::str::from_utf8(line.content) {
        Ok(text) => converter.convert(text),
        Err(_) => Err(DocumentError::NotUtf8),
    })
}

/// The destination of the results.
struct Output<'s, 'c> {
    sink: BufWriter<&'s mut dyn Write>,
    converter: &'c dyn Convert,
    jobs: NonZeroUsize,
    failed: &'c mut dyn FnMut(u64, DocumentError),
    done: Streamed,
}

impl Output<'_, '_> {
    /// Returns what was done.
    fn ended(self) -> Streamed {
        Streamed {
            unmatched: self.converter.unmatched(),
            ..self.done
        }
    }

    /// Converts lines, in parallel if there are several.
    fn convert(&mut self, lines: &[Line<'_>]) -> Result<(), StreamError> {
        let converter = self.converter;
        let mut rest = lines;
        while !rest.is_empty() {
            let (batch, more) = rest.split_at(batch(rest, self.jobs));
            let outcomes = work_on(
                batch,
                self.jobs,
                || (),
                |(), _, line| Some(convert(converter, line)),
            );
            for (line, outcome) in batch.iter().zip(outcomes) {
                let outcome = match converter.takes_lines() {
                    true => outcome,
                    false => outcome.map(on_one_line),
                };
                self.write(line, outcome)?;
            }
            rest = more;
        }
        self.flush()
    }

    fn write(&mut self, line: &Line<'_>, outcome: Outcome) -> Result<(), StreamError> {
        let bytes = match &outcome {
            None => line.content,
            Some(Ok(document)) => document.text().as_bytes(),
            Some(Err(_)) => &[],
        };
        self.sink.write_all(bytes).map_err(StreamError::Write)?;
        let done = &mut self.done;
        done.documents += u64::from(outcome.is_some());
        match outcome {
            Some(Ok(document)) => {
                done.changed += u64::from(document.fields() > 0);
                done.fields += document.fields() as u64;
            }
            Some(Err(error)) => {
                done.failed += 1;
                (self.failed)(line.number, error);
            }
            None => {}
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StreamError> {
        self.sink.flush().map_err(StreamError::Write)
    }
}

/// Returns how many of the lines the threads work on before the results are
/// written. A single thread writes each result at once.
fn batch(lines: &[Line<'_>], jobs: NonZeroUsize) -> usize {
    if jobs == NonZeroUsize::MIN {
        return 1;
    }
    let most = jobs.get().saturating_mul(DOCUMENTS);
    let lines = lines.get(..most.saturating_mul(BLANKS)).unwrap_or(lines);
    let numbered = lines.iter().enumerate();
    let mut documents = numbered.filter(|(_, line)| !is_blank(line.content));
    let last = documents.nth(most - 1);
    last.map_or(lines.len(), |(number, _)| number + 1)
}

fn on_one_line(outcome: Result<Document, DocumentError>) -> Result<Document, DocumentError> {
    outcome.map(Document::on_one_line)
}
