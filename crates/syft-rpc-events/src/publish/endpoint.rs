use serde_json::{Map, Value, json};

/// So many arguments are believed.
const ARGUMENTS: usize = 1_000;
/// Python's way to print the endpoint that is `rpc/` itself.
pub(super) const ROOT: &str = "/.";

/// An endpoint, as its owner describes it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct EndpointInfo {
    /// What it is for.
    pub description: Option<String>,
    /// What it takes, in the order of the schema.
    pub arguments: Vec<Argument>,
    /// The type of what it returns: a short name, or an object that describes it.
    pub returns: Value,
}

/// An argument of an endpoint.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// Its type: a short name, or an object that describes it.
    pub kind: Value,
    /// Whether it has to be given.
    pub is_required: bool,
}

impl EndpointInfo {
    /// Reads an entry of a schema, or nothing when it is not of the form that it should have.
    pub(super) fn from_json(entry: Value) -> Option<Self> {
        let Value::Object(mut entry) = entry else {
            return None;
        };
        let description = match entry.remove("description") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(_) => return None,
        };
        let arguments = match entry.remove("args") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(arguments)) if arguments.len() <= ARGUMENTS => arguments,
            Some(_) => return None,
        };
        let arguments = arguments.into_iter().map(|(name, argument)| {
            let Value::Object(mut argument) = argument else {
                return None;
            };
            Some(Argument {
                name,
                kind: argument.remove("type")?,
                is_required: argument.get("required").and_then(Value::as_bool)?,
            })
        });
        Some(Self {
            description,
            arguments: arguments.collect::<Option<_>>()?,
            returns: entry
                .remove("returns")
                .unwrap_or_else(|| Value::from("any")),
        })
    }

    fn into_json(self) -> Value {
        let arguments = self.arguments.into_iter().map(|argument| {
            let kind = json!({"type": argument.kind, "required": argument.is_required});
            (argument.name, kind)
        });
        json!({
            "description": self.description,
            "args": arguments.collect::<Map<_, _>>(),
            "returns": self.returns,
        })
    }
}

/// Returns the content of a schema file about endpoints, by paths as `/v1/users`.
pub(crate) fn schema_of(endpoints: impl Iterator<Item = (String, EndpointInfo)>) -> Value {
    let entries = endpoints.map(|(path, info)| {
        let name = if path == "/" { ROOT.to_owned() } else { path };
        (name, info.into_json())
    });
    Value::Object(entries.collect())
}
