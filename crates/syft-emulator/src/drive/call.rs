//! What every handler does first: check the caller, the parameters and the field mask.

use axum::Json;
use serde_json::Value;

use super::{discovery::Method, fields::Mask, file::File, file::Role, store::View};
use crate::{error::ApiError, oauth::Caller, params::Params};

/// A call that has been checked.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) account: String,
    pub(crate) params: Params,
    pub(crate) mask: Mask,
}

impl Call {
    /// Checks scopes and parameters; `default` are the fields that are answered unasked.
    pub(crate) fn open(
        method: &'static str,
        default: &str,
        caller: Caller,
        params: Params,
    ) -> Result<Self, ApiError> {
        let method = Method::named(method);
        method.check(&caller, &params)?;
        // Go's client sends an empty `fields` when it wants no answer.
        let asked = params.get("fields").filter(|fields| !fields.is_empty());
        let mask = Mask::parse(asked.unwrap_or(default), method.response())?;
        Ok(Self {
            account: caller.email,
            params,
            mask,
        })
    }

    /// Cuts an answer down to the wanted fields.
    pub(crate) fn answer(&self, value: Value) -> Json<Value> {
        Json(self.mask.apply(value))
    }
}

/// Returns a 404 in Drive's words.
pub(crate) fn not_found(id: &str) -> ApiError {
    ApiError::not_found(format!("File not found: {id}.")).at("fileId")
}

/// Returns a 403 unless the viewer has at least `role`.
pub(crate) fn require(view: &View<'_>, role: Role) -> Result<(), ApiError> {
    if view.role() >= Some(role) {
        return Ok(());
    }
    Err(insufficient(view.file))
}

pub(crate) fn insufficient(file: &File) -> ApiError {
    ApiError::forbidden(
        "insufficientFilePermissions",
        format!(
            "The user does not have sufficient permissions for file {}.",
            file.id
        ),
    )
}
