use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use syft_state::Email;

use super::{super::endpoints::below, GoogleDrive};
use crate::{
    drive::{FileId, Role},
    error::{Error, Result},
    http::{Operation, Request},
};

const LIST: Operation = Operation::new("drive.permissions.list", 100);
const CREATE: Operation = Operation::new("drive.permissions.create", 50);
const UPDATE: Operation = Operation::new("drive.permissions.update", 50);
/// An entry with more pages of permissions than this is not one of ours.
const MAX_PAGES: usize = 100;

impl GoogleDrive {
    /// Shares an entry after looking whether it is shared already: upstream mailed people again
    /// and again (notify.md §10.6, `bce7dd6`).
    pub(super) async fn share_entry(&self, id: &FileId, with: &Email, role: Role) -> Result<()> {
        let permission = self.permission(id, with).await?;
        let wanted = match role {
            Role::Reader => "reader",
            Role::Writer => "writer",
        };
        match permission {
            Some(permission) if permission.allows(role) => Ok(()),
            Some(permission) => {
                let url = self.permissions(id, Some(&permission.id));
                let request = Request::new(UPDATE, Method::PATCH, url);
                self.grant(id, request, &[("fields", "id")], &json!({ "role": wanted }))
                    .await
            }
            None => {
                let body = json!({ "type": "user", "role": wanted, "emailAddress": with.as_str() });
                let query = [("fields", "id"), ("sendNotificationEmail", "false")];
                let request = Request::new(CREATE, Method::POST, self.permissions(id, None));
                self.grant(id, request, &query, &body).await
            }
        }
    }

    async fn grant(
        &self,
        id: &FileId,
        request: Request,
        query: &[(&str, &str)],
        body: &serde_json::Value,
    ) -> Result<()> {
        let request = request.about(format!("sharing of file {id}"));
        self.api.done(&request.query(query).json(body)).await
    }

    async fn permission(&self, id: &FileId, with: &Email) -> Result<Option<Permission>> {
        let fields = "nextPageToken,permissions(id,type,role,emailAddress)";
        let mut page: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut query = vec![("fields", fields), ("pageSize", "100")];
            query.extend(page.as_deref().map(|page| ("pageToken", page)));
            let url = self.permissions(id, None);
            let request =
                Request::new(LIST, Method::GET, url).about(format!("sharing of file {id}"));
            let list: PermissionList = self.api.json(&request.query(&query)).await?;
            let found = list.permissions.into_iter().find(|one| one.is_of(with));
            if found.is_some() || list.next_page_token.is_none() {
                return Ok(found);
            }
            page = list.next_page_token;
        }
        Err(Error::Garbled {
            what: LIST.name.to_owned(),
            reason: "its pages do not end".to_owned(),
        })
    }

    fn permissions(&self, id: &FileId, permission: Option<&str>) -> reqwest::Url {
        let mut segments = vec!["files", id.as_str(), "permissions"];
        segments.extend(permission);
        below(&self.drive, &segments)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PermissionList {
    next_page_token: Option<String>,
    #[serde(default)]
    permissions: Vec<Permission>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Permission {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    role: String,
    email_address: Option<String>,
}

impl Permission {
    fn is_of(&self, account: &Email) -> bool {
        let email = self.email_address.as_deref();
        self.kind == "user" && email.is_some_and(|email| account.is(email))
    }

    fn allows(&self, role: Role) -> bool {
        match self.role.as_str() {
            "owner" | "organizer" | "fileOrganizer" | "writer" => true,
            "commenter" | "reader" => role == Role::Reader,
            _ => false,
        }
    }
}
