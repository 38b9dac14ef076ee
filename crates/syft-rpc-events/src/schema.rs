//! What endpoints take and return, in the format of `rpc.schema.json`.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    publish::{Argument, EndpointInfo},
    state::Need,
};

/// What a handler takes and returns, and what it needs to find.
#[derive(Clone, Debug, Default)]
pub struct Signature {
    pub(crate) arguments: Vec<Argument>,
    returns: Option<Value>,
    pub(crate) needs: Vec<Need>,
}

impl Signature {
    /// Adds the body as one argument of a type.
    pub fn body<T: JsonSchema>(&mut self, is_required: bool) {
        self.add(
            "body",
            kind(&schema_of::<T>(), &name_of::<T>()),
            is_required,
        );
    }

    /// Adds the body as one argument of a type that has a short name, as `str`.
    pub fn body_of_type(&mut self, name: &str) {
        self.add("body", json!(name), true);
    }

    /// Adds every field of a type as an argument.
    pub fn fields<T: JsonSchema>(&mut self) {
        let schema = schema_of::<T>();
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let Some(Value::Object(fields)) = schema.get("properties") else {
            return;
        };
        for (name, field) in fields {
            let mut field = field.clone();
            if let (Some(definitions), Some(object)) = (schema.get("$defs"), field.as_object_mut())
            {
                object.insert("$defs".to_owned(), definitions.clone());
            }
            let title = title(&field).unwrap_or_else(|| name.clone());
            self.add(name, kind(&field, &title), required.contains(&json!(name)));
        }
    }

    /// Says what is returned by its type.
    pub fn returns<T: JsonSchema>(&mut self) {
        self.returns = Some(kind(&schema_of::<T>(), &name_of::<T>()));
    }

    /// Says what is returned by a short name, as `str`.
    pub fn returns_type(&mut self, name: &str) {
        self.returns = Some(json!(name));
    }

    /// Returns what is published about an endpoint.
    pub(crate) fn info(&self, description: Option<&str>) -> EndpointInfo {
        EndpointInfo {
            description: description.map(str::to_owned),
            arguments: self.arguments.clone(),
            returns: self.returns.clone().unwrap_or_else(|| json!("any")),
        }
    }

    fn add(&mut self, name: &str, kind: Value, is_required: bool) {
        self.arguments.push(Argument {
            name: name.to_owned(),
            kind,
            is_required,
        });
    }
}

/// JSON Schema 2020-12, without the line that says so: pydantic writes none either.
fn schema_of<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft2020_12()
        .with(|settings| settings.meta_schema = None)
        .into_generator();
    generator.into_root_schema_for::<T>().to_value()
}

fn name_of<T: JsonSchema>() -> String {
    T::schema_name().into_owned()
}

fn title(schema: &Value) -> Option<String> {
    let reference = schema["$ref"].as_str()?;
    reference.rsplit('/').next().map(str::to_owned)
}

/// Returns the short name of what a schema describes, or the schema of a model.
fn kind(schema: &Value, name: &str) -> Value {
    let schema = without_null(schema);
    match schema["type"].as_str() {
        Some("string") if schema.get("enum").is_none() => json!("str"),
        Some("integer") => json!("int"),
        Some("number") => json!("float"),
        Some("boolean") => json!("bool"),
        Some("null") => json!("nonetype"),
        Some("array") => match schema.get("items") {
            Some(items) => {
                let title = title(items).unwrap_or_else(|| name.to_owned());
                let mut items = items.clone();
                if let (Some(definitions), Some(object)) =
                    (schema.get("$defs"), items.as_object_mut())
                {
                    object.insert("$defs".to_owned(), definitions.clone());
                }
                json!({"type": "array", "items": kind(&items, &title)})
            }
            None => json!("list"),
        },
        Some("object") if schema.get("properties").is_none() => json!("dict"),
        _ if schema.as_object().is_none_or(Map::is_empty) => json!("any"),
        _ => json!({"type": "model", "name": name, "schema": schema}),
    }
}

/// An optional value has the type of the value; that it may be left out is said elsewhere.
fn without_null(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(Value::Array(types)) = schema.get("type") {
        let named: Vec<&Value> = types
            .iter()
            .filter(|kind| **kind != json!("null"))
            .collect();
        if let [one] = named[..] {
            schema["type"] = one.clone();
        }
    }
    schema
}
