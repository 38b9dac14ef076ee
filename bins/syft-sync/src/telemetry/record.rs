//! An event as data, once for all who write it somewhere.

use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use syft_daemon::logs::one_line;
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Record as Values},
};
use tracing_subscriber::{
    layer::Context,
    registry::{LookupSpan, SpanRef},
};

use super::redact::Redaction;

/// An entry of the log.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) time: DateTime<Utc>,
    pub(super) level: Level,
    pub(super) target: &'static str,
    pub(super) module: Option<&'static str>,
    pub(super) file: Option<&'static str>,
    pub(super) line: Option<u32>,
    /// In one line.
    pub(super) message: String,
    pub(super) fields: Map<String, Value>,
    /// What it was part of, the outermost first.
    pub(super) spans: Vec<Span>,
}

/// What an entry was part of.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) name: &'static str,
    pub(super) fields: Map<String, Value>,
}

impl Record {
    pub(super) fn of<S>(event: &Event<'_>, context: &Context<'_, S>, time: DateTime<Utc>) -> Self
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let metadata = event.metadata();
        let mut said = Said::default();
        event.record(&mut said);
        let spans = context.event_scope(event).into_iter();
        let spans = spans.flat_map(|scope| scope.from_root());
        Self {
            time,
            level: *metadata.level(),
            target: metadata.target(),
            module: metadata.module_path(),
            file: metadata.file(),
            line: metadata.line(),
            message: said.message,
            fields: said.fields,
            spans: spans.map(|span| Span::of(&span)).collect(),
        }
    }

    /// Leaves out what is to be left out.
    pub(super) fn redact(&mut self, redaction: Redaction) {
        if let std::borrow::Cow::Owned(message) = redaction.text(&self.message) {
            self.message = message;
        }
        redaction.fields(&mut self.fields);
        for span in &mut self.spans {
            redaction.fields(&mut span.fields);
        }
    }
}

impl Span {
    fn of<'a, S: LookupSpan<'a>>(span: &SpanRef<'a, S>) -> Self {
        let extensions = span.extensions();
        let said = extensions.get::<Said>();
        Self {
            name: span.name(),
            fields: said.map(|said| said.fields.clone()).unwrap_or_default(),
        }
    }
}

/// What the fields of an event or a span say, in single lines whatever a peer put into them (T19).
#[derive(Debug, Default)]
pub(super) struct Said {
    message: String,
    fields: Map<String, Value>,
}

impl Said {
    pub(super) fn at_first(attributes: &Attributes<'_>) -> Self {
        let mut said = Self::default();
        attributes.record(&mut said);
        said
    }

    pub(super) fn later(&mut self, values: &Values<'_>) {
        values.record(self);
    }

    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.fields.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let text = one_line(value);
        if field.name() == "message" {
            self.message = text;
        } else {
            self.put(field, text);
        }
    }

    fn record_error(&mut self, field: &Field, error: &(dyn std::error::Error + 'static)) {
        self.record_str(field, &crate::exit::chain(error));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }
}
