//! Collections, described once and written down for either generation.

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{Client, Generation};
use crate::{
    error::{Error, Result},
    http::Operation,
};

const LOOK: Operation = Operation::new("the collection", 0);
const MAKE: Operation = Operation::new("the new collection", 0);
const EXTEND: Operation = Operation::new("the change of the collection", 0);

/// No JSON of ours is larger; 0.22 wants a limit.
const MOST_JSON: u32 = 1 << 20;

/// A collection as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectionSpec {
    /// Its name.
    pub name: String,
    /// Its fields besides `id`; every collection also gets `created` and `updated`.
    pub fields: Vec<FieldSpec>,
    /// Its indexes, as the columns of each.
    pub indexes: Vec<IndexSpec>,
}

/// An index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexSpec {
    /// Its columns.
    pub columns: &'static [&'static str],
    /// Whether no two records may agree in all of them.
    pub unique: bool,
}

/// A field of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldSpec {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// Whether an empty value is refused.
    pub required: bool,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A text of so many characters at most.
    Text(u32),
    /// A number.
    Number,
    /// A truth value.
    Bool,
    /// Any JSON.
    Json,
    /// A moment.
    Date,
    /// One of these words.
    Select(&'static [&'static str]),
}

/// What was done about a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ensured {
    /// It was missing and is there now.
    Made,
    /// It lacked these fields and indexes.
    Extended(Vec<String>),
    /// It was as it should be.
    Unchanged,
}

impl FieldSpec {
    /// A field that may be empty.
    #[must_use]
    pub const fn new(name: &'static str, kind: FieldKind) -> Self {
        Self {
            name,
            kind,
            required: false,
        }
    }

    /// A field that may not be empty.
    #[must_use]
    pub const fn required(name: &'static str, kind: FieldKind) -> Self {
        Self {
            name,
            kind,
            required: true,
        }
    }
}

impl Client {
    /// Makes collections that are missing and adds what those that are there lack.
    ///
    /// Nothing is ever removed, and the rules of what is there stay as they are. New collections
    /// are for superusers alone until somebody gives them rules.
    ///
    /// # Errors
    /// [`Error::Rejected`] where a field is there but holds something else;
    /// [`Error::PermissionDenied`] for an account that is no superuser.
    pub async fn ensure_collections(
        &self,
        specs: &[CollectionSpec],
    ) -> Result<Vec<(String, Ensured)>> {
        let generation = self.generation().await?;
        let mut done = Vec::new();
        for spec in specs {
            let ensured = match self.collection(&spec.name).await {
                Ok(there) => self.extend(spec, &there, generation).await?,
                Err(Error::NotFound { .. }) => {
                    self.make(spec, generation).await?;
                    Ensured::Made
                }
                Err(error) => return Err(error),
            };
            done.push((spec.name.clone(), ensured));
        }
        Ok(done)
    }

    async fn collection(&self, name: &str) -> Result<Value> {
        let path = ["collections", name];
        let request = self.core.request(LOOK, Method::GET, &path);
        self.read(&request.about(format!("the collection `{name}`")))
            .await
    }

    async fn make(&self, spec: &CollectionSpec, generation: Generation) -> Result<()> {
        let request = self
            .core
            .request(MAKE, Method::POST, &["collections"])
            .about(format!("the new collection `{}`", spec.name))
            .json(&whole(spec, generation));
        self.core.call(&request).await.map(drop)
    }

    async fn extend(
        &self,
        spec: &CollectionSpec,
        there: &Value,
        generation: Generation,
    ) -> Result<Ensured> {
        let Some((change, added)) = extension(spec, there, generation)? else {
            return Ok(Ensured::Unchanged);
        };
        let path = ["collections", spec.name.as_str()];
        let request = self
            .core
            .request(EXTEND, Method::PATCH, &path)
            .about(format!("the change of the collection `{}`", spec.name))
            .json(&change);
        self.core.call(&request).await?;
        Ok(Ensured::Extended(added))
    }
}

/// Returns the name of the list of fields in a collection.
fn list_name(generation: Generation) -> &'static str {
    match generation {
        Generation::Legacy => "schema",
        Generation::Current => "fields",
    }
}

fn whole(spec: &CollectionSpec, generation: Generation) -> Value {
    let fields: Vec<Value> = fields(spec, generation).map(|(_, field)| field).collect();
    let indexes: Vec<String> = indexes(spec).map(|(_, sql)| sql).collect();
    let mut whole = json!({"name": spec.name, "type": "base", "indexes": indexes});
    whole[list_name(generation)] = Value::Array(fields);
    whole
}

/// Returns what a collection lacks, as the body of a change and as words; `None` if nothing.
fn extension(
    spec: &CollectionSpec,
    there: &Value,
    generation: Generation,
) -> Result<Option<(Value, Vec<String>)>> {
    let list = list_name(generation);
    let garbled = || Error::Garbled {
        what: format!("the collection `{}`", spec.name),
        reason: format!("it has no list of {list}"),
    };
    // The list replaces the one that is there: what it leaves out would be dropped with its data.
    let mut all = there[list].as_array().ok_or_else(garbled)?.clone();
    let mut every_index = there["indexes"].as_array().cloned().unwrap_or_default();
    let mut added = Vec::new();
    for (name, field) in fields(spec, generation) {
        match all.iter().find(|there| there["name"] == name) {
            Some(there) if there["type"] == field["type"] => {}
            Some(there) => return Err(other_type(spec, name, &there["type"], &field["type"])),
            None => {
                added.push(name.to_owned());
                all.push(field);
            }
        }
    }
    for (name, sql) in indexes(spec) {
        let is_there = |there: &Value| there.as_str().is_some_and(|sql| sql.contains(&name));
        if !every_index.iter().any(is_there) {
            every_index.push(sql.into());
            added.push(name);
        }
    }
    if added.is_empty() {
        return Ok(None);
    }
    let mut change = json!({ "indexes": every_index });
    change[list] = Value::Array(all);
    Ok(Some((change, added)))
}

fn other_type(spec: &CollectionSpec, field: &str, there: &Value, wanted: &Value) -> Error {
    Error::Rejected {
        what: format!("the collection `{}`", spec.name),
        reason: format!("its field `{field}` has the type {there} instead of {wanted}"),
    }
}

fn fields(
    spec: &CollectionSpec,
    generation: Generation,
) -> impl Iterator<Item = (&'static str, Value)> {
    let own = spec.fields.iter();
    let own = own.map(move |field| (field.name, written(field, generation)));
    // 0.22 has both in every collection; from 0.23 on they are fields like others (B4.2).
    let automatic = (generation == Generation::Current).then_some([
        (
            "created",
            json!({"name": "created", "type": "autodate", "onCreate": true, "onUpdate": false}),
        ),
        (
            "updated",
            json!({"name": "updated", "type": "autodate", "onCreate": true, "onUpdate": true}),
        ),
    ]);
    own.chain(automatic.into_iter().flatten())
}

fn written(field: &FieldSpec, generation: Generation) -> Value {
    let (kind, options) = match field.kind {
        FieldKind::Text(max) => ("text", json!({ "max": max })),
        FieldKind::Number => ("number", json!({})),
        FieldKind::Bool => ("bool", json!({})),
        FieldKind::Json => ("json", json!({ "maxSize": MOST_JSON })),
        FieldKind::Date => ("date", json!({})),
        FieldKind::Select(values) => ("select", json!({"maxSelect": 1, "values": values})),
    };
    let mut written = Map::new();
    written.insert("name".to_owned(), field.name.into());
    written.insert("type".to_owned(), kind.into());
    written.insert("required".to_owned(), field.required.into());
    match (generation, options) {
        (Generation::Legacy, options) => {
            written.insert("options".to_owned(), options);
        }
        (Generation::Current, Value::Object(options)) => written.extend(options),
        (Generation::Current, _) => unreachable!("options are objects"),
    }
    Value::Object(written)
}

/// Returns the name of each index and the SQL that makes it; names are unique in the whole server.
fn indexes(spec: &CollectionSpec) -> impl Iterator<Item = (String, String)> {
    spec.indexes.iter().map(|index| {
        let name = format!("idx_{}_{}", spec.name, index.columns.join("_"));
        let unique = if index.unique { "UNIQUE " } else { "" };
        let columns = index.columns.join("`, `");
        let sql = format!(
            "CREATE {unique}INDEX `{name}` ON `{}` (`{columns}`)",
            spec.name
        );
        (name, sql)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> CollectionSpec {
        CollectionSpec {
            name: "things".to_owned(),
            fields: vec![
                FieldSpec::required("name", FieldKind::Text(64)),
                FieldSpec::new("state", FieldKind::Select(&["new", "done"])),
            ],
            indexes: vec![IndexSpec {
                columns: &["name", "state"],
                unique: true,
            }],
        }
    }

    const INDEX: &str = "CREATE UNIQUE INDEX `idx_things_name_state` ON `things` (`name`, `state`)";

    #[test]
    fn options_of_fields_are_flat_in_one_generation_and_apart_in_the_other() {
        let old = whole(&spec(), Generation::Legacy);
        assert_eq!(
            old,
            json!({"name": "things", "type": "base", "indexes": [INDEX], "schema": [
                {"name": "name", "type": "text", "required": true, "options": {"max": 64}},
                {"name": "state", "type": "select", "required": false,
                 "options": {"maxSelect": 1, "values": ["new", "done"]}},
            ]})
        );
        let new = whole(&spec(), Generation::Current);
        assert_eq!(
            new["fields"][0],
            json!({"name": "name", "type": "text", "required": true, "max": 64})
        );
        assert_eq!(new["fields"][3]["name"], "updated");
        assert_eq!(new["fields"][3]["onUpdate"], true);
    }

    #[test]
    fn what_is_there_stays_when_a_collection_is_extended() {
        let there = json!({"schema": [{"id": "q1", "name": "mine", "type": "file"},
            {"id": "q2", "name": "name", "type": "text"}], "indexes": ["CREATE INDEX `x` ON ..."]});
        let (change, added) = extension(&spec(), &there, Generation::Legacy)
            .unwrap()
            .unwrap();
        assert_eq!(added, ["state", "idx_things_name_state"]);
        assert_eq!(change["schema"][0], there["schema"][0]);
        assert_eq!(change["schema"][1], there["schema"][1]);
        assert_eq!(change["schema"][2]["name"], "state");
        assert_eq!(change["indexes"], json!(["CREATE INDEX `x` ON ...", INDEX]));
    }

    #[test]
    fn what_is_whole_is_left_alone() {
        for generation in [Generation::Legacy, Generation::Current] {
            let there = whole(&spec(), generation);
            assert_eq!(extension(&spec(), &there, generation).unwrap(), None);
        }
    }

    #[test]
    fn a_field_of_another_type_is_named() {
        let there = json!({"fields": [{"name": "name", "type": "number"}]});
        let error = extension(&spec(), &there, Generation::Current).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the collection `things` was rejected: its field `name` has the type \"number\" \
             instead of \"text\""
        );
        extension(&spec(), &json!({}), Generation::Current).unwrap_err();
    }
}
