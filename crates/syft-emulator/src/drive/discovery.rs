//! Google's own description of the Drive API: methods, parameters, types and field names.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::{error::ApiError, oauth::Caller, params::Params};

/// The table of `fixtures/discovery`; its format is described in `extract.py` there.
static DRIVE: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../fixtures/discovery/drive.v3.json"))
        .expect("the table is part of the program")
});

/// Parameters of version 2 that shipped clients still send to version 3, which ignores them.
const LEFT_OVER: [(&str, &str); 1] = [
    // rclone, when it replaces a large file.
    ("drive.files.update", "setModifiedDate"),
];

/// A method of the API.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Method {
    id: &'static str,
    table: &'static Value,
}

impl Method {
    /// Returns the method with an id such as `drive.files.list`.
    pub(crate) fn named(id: &'static str) -> Self {
        Self {
            id,
            table: &DRIVE["methods"][id],
        }
    }

    /// Refuses unknown, malformed and missing parameters, and tokens of the wrong scope.
    pub(crate) fn check(&self, caller: &Caller, params: &Params) -> Result<(), ApiError> {
        caller.require(&self.scopes())?;
        self.check_params(params)
    }

    pub(crate) fn check_params(&self, params: &Params) -> Result<(), ApiError> {
        let Some(known) = self.table["parameters"].as_object() else {
            return Ok(());
        };
        let in_query: Vec<&str> = known
            .iter()
            .filter(|(_, row)| row["in"] == "query")
            .map(|(name, _)| name.as_str())
            .collect();
        let left_over = LEFT_OVER.iter().filter(|(id, _)| *id == self.id);
        let known_names: Vec<&str> = in_query
            .iter()
            .copied()
            .chain(left_over.map(|(_, name)| *name))
            .collect();
        params.only(&known_names)?;
        for name in in_query {
            check_value(name, &known[name], params)?;
        }
        match params.get("alt") {
            None | Some("json") => Ok(()),
            Some("media") if self.table["download"] == true => Ok(()),
            Some(_) => Err(ApiError::parameter("alt", "expected json")),
        }
    }

    fn scopes(&self) -> Vec<&'static str> {
        let scopes = self.table["scopes"].as_array();
        scopes
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    /// Returns the shape of the answer.
    pub(crate) fn response(&self) -> Shape {
        match self.table["response"].as_str() {
            Some(name) => Shape::schema(name),
            None => Shape(&Value::Null),
        }
    }
}

fn check_value(name: &str, row: &Value, params: &Params) -> Result<(), ApiError> {
    if params.get(name).is_none() {
        return match row["required"] == true {
            true => Err(ApiError::new(
                http::StatusCode::BAD_REQUEST,
                "required",
                format!("Required parameter: {name}"),
            )
            .at(name)),
            false => Ok(()),
        };
    }
    match row["type"].as_str().unwrap_or_default() {
        "boolean" => params.flag(name).map(drop),
        "integer:int32" => {
            let bound = |index: usize, otherwise| row["range"][index].as_u64().unwrap_or(otherwise);
            let range = bound(0, 1)..=bound(1, i32::MAX as u64);
            params.number(name, range).map(drop)
        }
        _ => Ok(()),
    }
}

/// Returns the field names of a schema.
pub(crate) fn schema_fields(name: &str) -> Option<&'static Map<String, Value>> {
    DRIVE["schemas"][name].as_object()
}

/// The type of a value in the table's notation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape(&'static Value);

impl Shape {
    /// Returns the shape of a whole schema.
    pub(crate) fn schema(name: &str) -> Self {
        Self(&DRIVE["schemas"][name])
    }

    /// Returns the shape of a member, looking through lists and references.
    pub(crate) fn member(self, name: &str) -> Option<Self> {
        match self.0 {
            Value::String(reference) => Self::schema(reference.strip_prefix('#')?).member(name),
            Value::Array(list) => Self(list.first()?).member(name),
            Value::Object(members) => members.get(name).or_else(|| members.get("*")).map(Self),
            _ => None,
        }
    }
}
