//! Google's own table of Gmail's methods: parameters, scopes and answers.

use std::sync::LazyLock;

use serde_json::Value;

/// The table of `fixtures/discovery`; its format is described in `extract.py` there.
static GMAIL: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../fixtures/discovery/gmail.v1.json"))
        .expect("the table is part of the program")
});

/// A method of the API.
#[derive(Debug, Clone, Copy)]
pub(super) struct Method(&'static Value);

impl Method {
    /// Returns the method with an id such as `messages.send`, the part after `gmail.users.`.
    pub(super) fn named(id: &str) -> Self {
        Self(&GMAIL["methods"][format!("gmail.users.{id}")])
    }

    /// Returns the query parameters beside Google's standard ones.
    pub(super) fn parameters(self) -> Vec<&'static str> {
        let all = self.0["parameters"].as_object().into_iter().flatten();
        all.filter(|(_, row)| row["in"] == "query")
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// Returns the scopes of which one is needed; an unknown method has none and so no caller.
    pub(super) fn scopes(self) -> Vec<&'static str> {
        let scopes = self.0["scopes"].as_array().into_iter().flatten();
        scopes.filter_map(Value::as_str).collect()
    }

    /// Returns what the answer looks like.
    pub(super) fn response(self) -> Shape {
        let name = self.0["response"].as_str();
        Shape(name.map_or(&Value::Null, |name| &GMAIL["schemas"][name]))
    }
}

/// The type of a value, in the table's notation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape(&'static Value);

impl Shape {
    /// Returns the type of a member, looking through lists and references.
    pub(super) fn member(self, name: &str) -> Option<Self> {
        match self.0 {
            Value::String(reference) => {
                Self(&GMAIL["schemas"][reference.strip_prefix('#')?]).member(name)
            }
            Value::Array(items) => Self(items.first()?).member(name),
            Value::Object(members) => members.get(name).map(Self),
            _ => None,
        }
    }
}
