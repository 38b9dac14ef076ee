use std::{collections::BTreeMap, io};

use serde_json::{Map, Value};
use syft_state::{Email, Timestamp};

use super::{
    EndpointInfo, FILE_NAME,
    endpoint::{ROOT, schema_of},
};
use crate::{
    layout::{AppPaths, Workspace},
    router::EndpointPath,
    skipped::Skipped,
    tree::Tree,
};

/// A schema that is larger is not read, in bytes.
const LIMIT: u64 = 1024 * 1024;
/// So many endpoints are believed.
const ENDPOINTS: usize = 10_000;
/// So many datasites are looked through.
const DATASITES: usize = 100_000;

/// An app that somebody runs, as far as can be seen from here.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LiveApp {
    /// Whose it is.
    pub datasite: Email,
    /// Its name.
    pub app: String,
    /// What it can be asked, by the path of the endpoint as `/v1/users`.
    pub endpoints: BTreeMap<String, EndpointInfo>,
    /// When its schema came here.
    pub published: Timestamp,
}

impl LiveApp {
    /// Returns what it can be asked in the format of the schema file.
    #[must_use]
    pub fn schema(&self) -> Value {
        schema_of(self.endpoints.clone().into_iter())
    }
}

/// What a look at all datasites has found.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Discovery {
    /// Apps whose schema is here and can be read, by their datasite.
    pub live: Vec<LiveApp>,
    /// Schemas that are none, with the reason.
    pub skipped: Vec<Skipped>,
}

/// Returns who runs an app, by the schemas that are mirrored here, one's own among them.
///
/// The schema comes with the permission to call the app, so that whoever is not listed cannot be
/// called yet. It stays when the app ends: a listed app may not answer.
#[must_use]
pub fn discover(workspace: &Workspace, app: &str) -> Discovery {
    let mut discovery = Discovery::default();
    let tree = tree_of(workspace);
    let mut names = match tree.list("") {
        Ok(entries) => entries,
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                discovery.skipped.push(Skipped::new("", error));
            }
            return discovery;
        }
    };
    names.sort_by(|one, other| one.name.cmp(&other.name));
    for name in names.iter().take(DATASITES) {
        let Ok(datasite) = name.name.parse::<Email>() else {
            continue;
        };
        let Ok(app) = workspace.app(app, &datasite) else {
            continue;
        };
        match read(&tree, &app) {
            Ok(Some(live)) => discovery.live.push(live),
            Ok(None) => {}
            Err(reason) => discovery.skipped.push(Skipped::new(path_of(&app), reason)),
        }
    }
    discovery
}

/// Returns what one app can be asked; `None` if its schema is not here.
///
/// # Errors
/// What is wrong with the schema.
pub fn read_schema(workspace: &Workspace, app: &AppPaths) -> Result<Option<LiveApp>, Skipped> {
    let live = read(&tree_of(workspace), app);
    live.map_err(|reason| Skipped::new(path_of(app), reason))
}

fn tree_of(workspace: &Workspace) -> Tree {
    Tree::new(workspace.datasites(), workspace.staging())
}

fn path_of(app: &AppPaths) -> String {
    format!("{}/app_data/{}/rpc/{FILE_NAME}", app.datasite(), app.name())
}

fn read(tree: &Tree, app: &AppPaths) -> Result<Option<LiveApp>, String> {
    let content = match tree.read(&path_of(app), LIMIT) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let Some(bytes) = content.bytes else {
        return Err(format!("it is longer than {LIMIT} bytes"));
    };
    Ok(Some(LiveApp {
        datasite: app.datasite().clone(),
        app: app.name().to_owned(),
        endpoints: endpoints(&bytes)?,
        published: content.print.time(),
    }))
}

/// Reads a schema; nothing of it is kept that is not of the form it should have.
fn endpoints(bytes: &[u8]) -> Result<BTreeMap<String, EndpointInfo>, String> {
    let schema: Map<String, Value> = serde_json::from_slice(bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        format!("it is no JSON object (line {line}, column {column})")
    })?;
    if schema.len() > ENDPOINTS {
        return Err(format!("it has more than {ENDPOINTS} endpoints"));
    }
    let mut endpoints = BTreeMap::new();
    for (number, (path, entry)) in schema.into_iter().enumerate() {
        let number = number + 1;
        let path = if path == ROOT { "/" } else { &path };
        let path = EndpointPath::new(path)
            .map_err(|_| format!("the path of its endpoint {number} is none"))?;
        let info = EndpointInfo::from_json(entry)
            .ok_or_else(|| format!("its endpoint {number} is not described"))?;
        endpoints.insert(path.to_string(), info);
    }
    Ok(endpoints)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pythons_schema_is_understood() {
        let endpoints = endpoints(include_bytes!("../../tests/data/rpc.schema.json")).unwrap();
        let create = &endpoints["/api/v1/items/create"];
        assert!(
            create
                .description
                .as_deref()
                .unwrap()
                .starts_with("Create an item.")
        );
        let names: Vec<&str> = create
            .arguments
            .iter()
            .map(|argument| argument.name.as_str())
            .collect();
        assert_eq!(names, ["item", "app"]);
        let item = &create.arguments[0];
        assert_eq!(
            (item.is_required, &item.kind["name"]),
            (true, &Value::from("Item"))
        );
        let boom = &endpoints["/boom"];
        assert_eq!(
            (&boom.description, &boom.returns),
            (&None, &Value::from("any"))
        );
    }

    #[test]
    fn a_schema_that_was_read_is_written_as_it_was() {
        let text = include_bytes!("../../tests/data/rpc.schema.json");
        let live = LiveApp {
            datasite: "alice@example.com".parse().unwrap(),
            app: "app".to_owned(),
            endpoints: endpoints(text).unwrap(),
            published: Timestamp::from_seconds(0),
        };
        let before: Value = serde_json::from_slice(text).unwrap();
        assert_eq!(live.schema(), before);
        let root = br#"{"/.": {"description": null, "args": {}, "returns": "any"}}"#;
        let endpoints = endpoints(root).unwrap();
        let before: Value = serde_json::from_slice(root).unwrap();
        assert_eq!(LiveApp { endpoints, ..live }.schema(), before);
    }

    #[track_caller]
    fn check(text: &str, wanted: Result<&[&str], &str>) {
        let found = endpoints(text.as_bytes());
        let found = found
            .as_ref()
            .map(|endpoints| endpoints.keys().map(String::as_str).collect());
        let wanted = wanted.map(<[&str]>::to_vec).map_err(str::to_owned);
        assert_eq!(found.map_err(Clone::clone), wanted, "{text}");
    }

    #[test]
    fn hostile_schemas_are_refused_with_a_reason() {
        check("{}", Ok(&[]));
        check(
            r#"{"/a": {}, "b/c": {}, "/.": {}}"#,
            Ok(&["/", "/a", "/b/c"]),
        );
        check("[]", Err("it is no JSON object (line 1, column 0)"));
        check("{", Err("it is no JSON object (line 1, column 1)"));
        check(
            r#"{"/a/../../b": {}}"#,
            Err("the path of its endpoint 1 is none"),
        );
        check(
            r#"{"/a": {}, "/\u001b[2J": {}}"#,
            Err("the path of its endpoint 2 is none"),
        );
        for entry in [
            "5",
            r#"{"description": 5}"#,
            r#"{"args": []}"#,
            r#"{"args": {"a": {}}}"#,
            r#"{"args": {"a": {"type": "str", "required": 1}}}"#,
        ] {
            let text = format!(r#"{{"/a": {entry}}}"#);
            check(&text, Err("its endpoint 1 is not described"));
        }
        let deep = format!(r#"{{"/a": {{"returns": {}"#, "[".repeat(100_000));
        assert!(endpoints(deep.as_bytes()).is_err());
        let many: Vec<String> = (0..=ENDPOINTS)
            .map(|number| format!("\"/{number}\": {{}}"))
            .collect();
        let many = format!("{{{}}}", many.join(","));
        check(&many, Err("it has more than 10000 endpoints"));
    }

    proptest! {
        #[test]
        fn no_schema_makes_it_panic(text in "(\\{|\\}|\\[|\"/a\":|\"args\":|\"type\":|\"required\":|\"returns\":|true|null|\"x\"|,|5){0,30}") {
            drop(endpoints(text.as_bytes()));
        }
    }
}
