//! `about.get` and the shared drives that no account of the emulator has.

use axum::{Json, extract::State};
use http::StatusCode;
use serde_json::{Value, json};

use super::{call::Call, resource};
use crate::{error::ApiError, oauth::Caller, params::Params, state::App};

/// What a free account may store, in bytes.
const QUOTA: u64 = 15 << 30;

pub(super) async fn get(
    State(app): State<App>,
    caller: Caller,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let call = Call::open("drive.about.get", "*", caller, params)?;
    if call.params.get("fields").is_none_or(str::is_empty) {
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "required",
            "The 'fields' parameter is required for this method.",
        )
        .at("fields"));
    }
    super::files::ensure_root(&app, &call.account);
    app.read(|world| {
        let (usage, trash) = world.drive.usage(&call.account);
        Ok(call.answer(json!({
            "kind": "drive#about",
            "user": resource::user(&call.account, &call.account, &world.accounts),
            "storageQuota": {
                "limit": QUOTA.to_string(),
                "usage": usage.to_string(),
                "usageInDrive": usage.to_string(),
                "usageInDriveTrash": trash.to_string(),
            },
            "importFormats": {},
            "exportFormats": {},
            "maxImportSizes": {},
            "maxUploadSize": "5242880000000",
            "appInstalled": true,
            "canCreateDrives": false,
            "canCreateTeamDrives": false,
            "folderColorPalette": ["#ac725e", "#d06b64", "#f83a22", "#8f8f8f"],
        })))
    })
}

pub(super) async fn drives(caller: Caller, params: Params) -> Result<Json<Value>, ApiError> {
    let call = Call::open(
        "drive.drives.list",
        "kind,drives(kind,id,name)",
        caller,
        params,
    )?;
    Ok(call.answer(json!({ "kind": "drive#driveList", "drives": [] })))
}
