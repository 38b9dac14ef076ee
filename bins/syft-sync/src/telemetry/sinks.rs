//! Where entries of the log go: each is made into data once, and written by all who write.

use std::{cell::Cell, sync::Arc};

use chrono::{DateTime, Local, Utc};
use serde_json::{Map, Value, json};
use syft_daemon::logs::{Line, SharedLog};
use tracing::{
    Event, Subscriber,
    span::{Attributes, Id, Record as Values},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

use super::{
    LogCounts,
    console::Console,
    journal::Journal,
    record::{Record, Said},
    redact::Redaction,
    shipping::Buffer,
};

thread_local! {
    static IS_WRITING: Cell<bool> = const { Cell::new(false) };
}

/// Where entries go.
#[derive(Debug)]
pub(super) struct Sinks {
    pub(super) counts: Arc<LogCounts>,
    pub(super) console: Option<Console>,
    pub(super) journal: Option<Journal>,
    pub(super) file: Option<File>,
    pub(super) shipped: Option<Buffer>,
}

/// A log file and the form of its lines.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) log: SharedLog,
    pub(super) line: Line,
    pub(super) is_json: bool,
}

impl<S> Layer<S> for Sinks
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Said::at_first(attributes));
        }
    }

    fn on_record(&self, id: &Id, values: &Values<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(said) = span.extensions_mut().get_mut::<Said>()
        {
            said.later(values);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        // A panic in here would be logged by this very thread, which must not wait for itself.
        let Some(_turn) = Turn::begin() else {
            return;
        };
        let metadata = event.metadata();
        self.counts.logged(*metadata.level(), metadata.target());
        let record = Record::of(event, &context, now());
        if let Some(shipped) = &self.shipped {
            shipped.push(&record);
        }
        self.write(record);
    }
}

impl Sinks {
    fn write(&self, mut record: Record) {
        record.redact(Redaction::Secrets);
        if let Some(console) = &self.console {
            console.write(&record);
        }
        if let Some(journal) = &self.journal {
            journal.write(&record);
        }
        if let Some(file) = &self.file {
            file.write(record);
        }
    }
}

impl File {
    fn write(&self, record: Record) {
        let time = record.time.with_timezone(&Local);
        let (level, message) = (record.level, record.message.clone());
        let fields = if self.is_json {
            all_fields(record)
        } else {
            flat_fields(record)
        };
        let line = self.line.compose_with(time, level, &message, fields);
        self.log.write_line(line.as_bytes());
    }
}

/// Returns the fields of a line of text: those of the event, and those of its spans.
pub(super) fn flat_fields(record: Record) -> Map<String, Value> {
    let mut fields = record.fields;
    for (name, value) in record.spans.into_iter().flat_map(|span| span.fields) {
        fields.entry(name).or_insert(value);
    }
    fields
}

/// Returns the fields of a JSON object: everything that is known.
fn all_fields(record: Record) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("target".to_owned(), record.target.into());
    fields.extend(record.fields);
    if !record.spans.is_empty() {
        let spans = record.spans.into_iter();
        let spans = spans.map(|span| json!({ "name": span.name, "fields": span.fields }));
        fields.insert("spans".to_owned(), spans.collect());
    }
    fields
}

#[expect(
    clippy::disallowed_methods,
    reason = "an entry carries the time of its making"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// This thread's turn to write.
struct Turn;

impl Turn {
    fn begin() -> Option<Self> {
        (!IS_WRITING.replace(true)).then_some(Self)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        IS_WRITING.set(false);
    }
}
