//! The JSON bodies of create, update and copy.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde_json::{Map, Value};

use super::{
    discovery::schema_fields,
    file::{FOLDER, File, SHORTCUT},
    id,
    placement::too_many_parents,
    store::drive_time,
};
use crate::error::ApiError;

/// Longest file name that is taken, in bytes.
const MAX_NAME: usize = 32_767;
/// Key and value of a property together, in bytes.
const MAX_PROPERTY: usize = 124;

/// What a body asks for; `None` leaves things as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Metadata {
    pub(crate) id: Option<String>,
    pub(crate) parents: Option<Vec<String>>,
    pub(crate) trashed: Option<bool>,
    pub(crate) mime_type: Option<String>,
    name: Option<String>,
    description: Option<String>,
    starred: Option<bool>,
    created: Option<DateTime<Utc>>,
    modified: Option<DateTime<Utc>>,
    viewed: Option<DateTime<Utc>>,
    properties: Changes,
    app_properties: Changes,
    original_name: Option<String>,
    folder_color: Option<String>,
    writers_can_share: Option<bool>,
    copy_requires_writer: Option<bool>,
    shortcut_target: Option<String>,
}

/// Property changes; `None` removes one.
type Changes = BTreeMap<String, Option<String>>;

impl Metadata {
    /// Parses the body of a create or copy.
    pub(crate) fn for_create(body: &[u8]) -> Result<Self, ApiError> {
        let metadata = Self::parse(body)?;
        if metadata.parents.as_ref().is_some_and(|list| list.len() > 1) {
            return Err(too_many_parents());
        }
        if metadata
            .id
            .as_deref()
            .is_some_and(|id| !id::is_plausible(id))
        {
            return Err(invalid("id", "the provided file ID is not usable"));
        }
        Ok(metadata)
    }

    /// Parses the body of an update, which cannot move a file or choose its id.
    pub(crate) fn for_update(body: &[u8]) -> Result<Self, ApiError> {
        let metadata = Self::parse(body)?;
        if metadata.parents.is_some() {
            return Err(ApiError::forbidden(
                "fieldNotWritable",
                "The parents field is not directly writable in update requests. \
                 Use the addParents and removeParents parameters instead.",
            ));
        }
        if metadata.id.is_some() || metadata.shortcut_target.is_some() {
            return Err(not_writable());
        }
        Ok(metadata)
    }

    fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let mut metadata = Self::default();
        for (name, value) in members(body, "File")? {
            metadata.take(&name, value)?;
        }
        Ok(metadata)
    }

    fn take(&mut self, name: &str, value: Value) -> Result<(), ApiError> {
        // JSON null clears what can be cleared, and says nothing elsewhere.
        match name {
            "id" => self.id = string(name, value)?,
            "name" => self.name = string(name, value)?.map(checked_name).transpose()?,
            "mimeType" => self.mime_type = string(name, value)?.filter(|text| !text.is_empty()),
            "description" => self.description = Some(string(name, value)?.unwrap_or_default()),
            "originalFilename" => self.original_name = string(name, value)?,
            "folderColorRgb" => self.folder_color = string(name, value)?,
            "starred" => self.starred = flag(name, value)?,
            "trashed" => self.trashed = flag(name, value)?,
            "writersCanShare" => self.writers_can_share = flag(name, value)?,
            "copyRequiresWriterPermission" => self.copy_requires_writer = flag(name, value)?,
            "viewersCanCopyContent" => {
                self.copy_requires_writer = flag(name, value)?.map(|can| !can);
            }
            "createdTime" => self.created = moment(name, value)?,
            "modifiedTime" => self.modified = moment(name, value)?,
            "viewedByMeTime" => self.viewed = moment(name, value)?,
            "parents" => self.parents = list(name, value)?,
            "properties" => self.properties = changes(name, value)?,
            "appProperties" => self.app_properties = changes(name, value)?,
            "shortcutDetails" => {
                self.shortcut_target = string("targetId", value["targetId"].clone())?;
            }
            // Said by some clients about what they send, and hints for an index we do not keep.
            "kind" | "contentHints" => {}
            _ => return Err(not_writable()),
        }
        Ok(())
    }

    /// Writes everything but id, parents, trash and type into the file.
    pub(crate) fn apply(&self, file: &mut File, by: &str) {
        set(&mut file.name, self.name.clone());
        set(&mut file.created, self.created);
        set(&mut file.modified, self.modified);
        set(&mut file.writers_can_share, self.writers_can_share);
        set(&mut file.copy_requires_writer, self.copy_requires_writer);
        if let Some(text) = &self.description {
            file.description = Some(text.clone()).filter(|text| !text.is_empty());
        }
        for (field, value) in [
            (&mut file.original_name, &self.original_name),
            (&mut file.folder_color, &self.folder_color),
            (&mut file.shortcut_target, &self.shortcut_target),
        ] {
            if value.is_some() {
                field.clone_from(value);
            }
        }
        match self.starred {
            Some(true) => drop(file.starred.insert(by.to_owned())),
            Some(false) => drop(file.starred.remove(by)),
            None => {}
        }
        if let Some(viewed) = self.viewed {
            file.viewed.insert(by.to_owned(), viewed);
        }
        merge(&mut file.properties, &self.properties);
        merge(&mut file.app_properties, &self.app_properties);
    }

    /// Returns whether the body changes what counts as a modification of the file.
    pub(crate) fn modifies(&self) -> bool {
        let changed = [&self.name, &self.description, &self.mime_type];
        changed.iter().any(|field| field.is_some())
            || !self.properties.is_empty()
            || !self.app_properties.is_empty()
    }

    /// Returns whether the body sets the time of modification.
    pub(crate) fn sets_modified(&self) -> bool {
        self.modified.is_some()
    }

    /// Returns the type of a new file; `content_type` is what was said about its bytes.
    pub(crate) fn type_of_new(&self, content_type: Option<&str>) -> Result<String, ApiError> {
        let mime_type = self.mime_type.as_deref().or(content_type);
        let mime_type = mime_type.unwrap_or("application/octet-stream");
        if (mime_type == SHORTCUT) != self.shortcut_target.is_some() {
            return Err(invalid(
                "shortcutDetails.targetId",
                "a shortcut needs a target, and nothing else has one",
            ));
        }
        if content_type.is_some() && [FOLDER, SHORTCUT].contains(&mime_type) {
            return Err(ApiError::bad_request(
                "Bad Request: folders have no content.",
            ));
        }
        Ok(mime_type.to_owned())
    }
}

/// Returns the members of a JSON object that the schema knows; an empty body is an empty object.
pub(crate) fn members(body: &[u8], schema: &str) -> Result<Map<String, Value>, ApiError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    let parsed = serde_json::from_slice(body);
    let members: Map<String, Value> = parsed.map_err(|error| {
        let message = format!("Invalid JSON payload received: {error}");
        ApiError::new(StatusCode::BAD_REQUEST, "parseError", message)
    })?;
    let known = schema_fields(schema);
    match members
        .keys()
        .find(|name| known.is_none_or(|known| !known.contains_key(*name)))
    {
        None => Ok(members),
        Some(name) => Err(ApiError::bad_request(format!(
            "Invalid JSON payload received. Unknown name \"{name}\": Cannot find field."
        ))),
    }
}

pub(crate) fn not_writable() -> ApiError {
    ApiError::forbidden(
        "fieldNotWritable",
        "The resource body includes fields which are not directly writable.",
    )
}

/// Returns a 400 that names the field of the body.
pub(crate) fn invalid(name: &str, problem: &str) -> ApiError {
    let message = format!("Invalid value for field '{name}': {problem}");
    ApiError::new(StatusCode::BAD_REQUEST, "invalid", message).at(name)
}

pub(crate) fn string(name: &str, value: Value) -> Result<Option<String>, ApiError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        _ => Err(invalid(name, "expected a string")),
    }
}

pub(crate) fn flag(name: &str, value: Value) -> Result<Option<bool>, ApiError> {
    match value {
        Value::Null => Ok(None),
        Value::Bool(flag) => Ok(Some(flag)),
        _ => Err(invalid(name, "expected true or false")),
    }
}

fn moment(name: &str, value: Value) -> Result<Option<DateTime<Utc>>, ApiError> {
    let Some(text) = string(name, value)? else {
        return Ok(None);
    };
    match DateTime::parse_from_rfc3339(&text) {
        Ok(time) => Ok(Some(drive_time(time.to_utc()))),
        Err(_) => Err(invalid(name, "expected an RFC 3339 time")),
    }
}

fn list(name: &str, value: Value) -> Result<Option<Vec<String>>, ApiError> {
    match serde_json::from_value(value) {
        Ok(list) => Ok(list),
        Err(_) => Err(invalid(name, "expected a list of strings")),
    }
}

fn changes(name: &str, value: Value) -> Result<Changes, ApiError> {
    let changes: Changes = match value {
        Value::Null => return Ok(Changes::new()),
        value => {
            serde_json::from_value(value).map_err(|_| invalid(name, "expected strings by name"))?
        }
    };
    let size = |(key, value): (&String, &Option<String>)| {
        key.len() + value.as_ref().map_or(0, String::len)
    };
    if changes.iter().any(|entry| size(entry) > MAX_PROPERTY) {
        return Err(ApiError::forbidden(
            "limitExceeded",
            format!("A property in '{name}' is longer than {MAX_PROPERTY} bytes."),
        ));
    }
    Ok(changes)
}

fn checked_name(name: String) -> Result<String, ApiError> {
    if name.len() > MAX_NAME {
        return Err(invalid("name", "it is too long"));
    }
    Ok(name)
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

fn merge(properties: &mut BTreeMap<String, String>, changes: &Changes) {
    for (key, value) in changes {
        match value {
            Some(value) => drop(properties.insert(key.clone(), value.clone())),
            None => drop(properties.remove(key)),
        }
    }
}
