//! `permissions.*`: who else may see or change a file.

use axum::{
    Json,
    extract::{Path, State},
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    call::{Call, insufficient, not_found, require},
    file::{Audience, Grant, Role},
    metadata::{flag, invalid, members, not_writable, string},
    page::PageToken,
    resource,
    store::View,
};
use crate::{
    error::ApiError,
    oauth::{Caller, account_key},
    params::Params,
    state::{App, World},
};

const PERMISSION: &str = "kind,id,type,role";
const LIST: &str = "kind,nextPageToken,permissions(kind,id,type,role)";

pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    params: Params,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let call = Call::open("drive.permissions.list", LIST, caller, params)?;
    let limit = call.params.number("pageSize", 1..=100)?.unwrap_or(100);
    let limit = usize::try_from(limit).expect("at most 100");
    let token = PageToken::from_request(&call.account, &call.params)?;
    app.read(|world| {
        let view = sharable(world, &call, &id)?;
        let all = entries(&view);
        let start = token.map_or(0, |token| token.offset().min(all.len()));
        let end = all.len().min(start + limit);
        let shown = all[start..end].iter();
        let mask = super::fields::Mask::All;
        let permissions: Vec<Value> = shown
            .map(|grant| resource::permission(grant, &world.accounts, &mask))
            .collect();
        let mut answer = json!({ "kind": "drive#permissionList", "permissions": permissions });
        if end < all.len() {
            let token = PageToken::new(&call.account, &call.params, end, &id);
            answer["nextPageToken"] = token.encode().into();
        }
        Ok(call.answer(answer))
    })
}

/// Returns the owner's permission and all others.
fn entries(view: &View<'_>) -> Vec<Grant> {
    let mut all = vec![resource::owner_permission(view)];
    all.extend(view.store.permissions(view.file));
    all
}

/// Returns a file whose permissions the caller may see and change.
fn sharable<'a>(world: &'a World, call: &'a Call, id: &str) -> Result<View<'a>, ApiError> {
    let view = world.drive.view(id, &call.account);
    let view = view.ok_or_else(|| not_found(id))?;
    if resource::can_share(&view) {
        Ok(view)
    } else {
        Err(insufficient(view.file))
    }
}

/// Returns the permission with an id, the owner's included.
fn find(world: &World, view: &View<'_>, permission: &str) -> Result<Grant, ApiError> {
    let is_meant = |grant: &Grant| match &grant.audience {
        Audience::User(account) => world.accounts.person(account).permission_id == permission,
        _ => grant.id == permission,
    };
    let found = entries(view).into_iter().find(is_meant);
    found.ok_or_else(|| {
        ApiError::not_found(format!("Permission not found: {permission}.")).at("permissionId")
    })
}

pub(super) async fn get(
    State(app): State<App>,
    caller: Caller,
    params: Params,
    Path((id, permission)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let call = Call::open("drive.permissions.get", PERMISSION, caller, params)?;
    app.read(|world| {
        let view = sharable(world, &call, &id)?;
        let grant = find(world, &view, &permission)?;
        Ok(Json(resource::permission(
            &grant,
            &world.accounts,
            &call.mask,
        )))
    })
}

/// The body of a create or update.
#[derive(Debug, Default)]
struct Body {
    kind: Option<String>,
    role: Option<Role>,
    email: Option<String>,
    domain: Option<String>,
    discoverable: Option<bool>,
}

impl Body {
    fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let mut parsed = Self::default();
        for (name, value) in members(body, "Permission")? {
            match name.as_str() {
                "type" => parsed.kind = string(&name, value)?,
                "role" => parsed.role = string(&name, value)?.map(role).transpose()?,
                "emailAddress" => parsed.email = string(&name, value)?,
                "domain" => parsed.domain = string(&name, value)?,
                "allowFileDiscovery" => parsed.discoverable = flag(&name, value)?,
                "expirationTime" => {
                    return Err(ApiError::forbidden(
                        "cannotSetExpiration",
                        "Expiration dates cannot be set on this item.",
                    ));
                }
                "kind" => {}
                _ => return Err(not_writable()),
            }
        }
        Ok(parsed)
    }

    fn audience(&self) -> Result<Audience, ApiError> {
        match self.kind.as_deref() {
            Some("user") => Ok(Audience::User(self.address()?)),
            Some("group") => Ok(Audience::Group(self.address()?)),
            Some("domain") => match self.domain.as_deref() {
                Some(domain) if domain.contains('.') => Ok(Audience::Domain(domain.to_owned())),
                _ => Err(invalid("permission.domain", "a domain is needed")),
            },
            Some("anyone") => Ok(Audience::Anyone),
            Some(_) => Err(invalid(
                "permission.type",
                "expected user, group, domain or anyone",
            )),
            None => Err(required(
                "permission.type",
                "The permission type field is required.",
            )),
        }
    }

    fn address(&self) -> Result<String, ApiError> {
        let email = self.email.as_deref().unwrap_or_default().trim();
        let plausible = email.len() <= 254
            && !email.contains(|letter: char| letter.is_whitespace() || letter.is_control())
            && email
                .rsplit_once('@')
                .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
        if plausible {
            return Ok(account_key(email));
        }
        Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "invalid",
            "The specified emailAddress is invalid or not applicable for the given permission type.",
        )
        .at("permission.emailAddress"))
    }
}

fn role(name: String) -> Result<Role, ApiError> {
    Role::parse(&name).ok_or_else(|| {
        invalid(
            "permission.role",
            "expected owner, writer, commenter or reader",
        )
    })
}

fn required(location: &str, message: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "required", message).at(location)
}

pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    params: Params,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let call = Call::open("drive.permissions.create", PERMISSION, caller, params)?;
    let body = Body::parse(&body)?;
    let audience = body.audience()?;
    let role = body.role;
    let role =
        role.ok_or_else(|| required("permission.role", "The permission role field is required."))?;
    let notify = call.params.flag("sendNotificationEmail")?.unwrap_or(true);
    let now = app.now();
    app.write(|world| {
        if let (Audience::User(_) | Audience::Group(_), Some(email)) = (&audience, &body.email) {
            world.accounts.ensure(email);
        }
        let view = sharable(world, &call, &id)?;
        let (file_id, owner) = (view.file.id.clone(), view.file.owner.clone());
        if view.store.is_root(view.file) {
            return Err(super::files::root_is_fixed());
        }
        let grant = Grant {
            id: permission_id(world, &audience),
            audience: audience.clone(),
            role,
            discoverable: body.discoverable.unwrap_or_default(),
            given: super::store::drive_time(now),
            given_by: call.account.clone(),
        };
        if audience == Audience::User(owner) {
            let grant = resource::owner_permission(&view);
            return Ok(Json(resource::permission(
                &grant,
                &world.accounts,
                &call.mask,
            )));
        }
        if role == Role::Owner {
            transfer(world, &call, &file_id, &audience, now)?;
        } else {
            world.drive.grant(&file_id, grant.clone(), now);
        }
        if let Audience::User(account) | Audience::Group(account) = &audience
            && notify
        {
            world.drive.count_share_mail(account);
        }
        Ok(Json(resource::permission(
            &grant,
            &world.accounts,
            &call.mask,
        )))
    })
}

fn permission_id(world: &World, audience: &Audience) -> String {
    match audience {
        Audience::User(account) | Audience::Group(account) => {
            world.accounts.person(account).permission_id
        }
        Audience::Domain(domain) => format!("{}k", world.accounts.person(domain).permission_id),
        Audience::Anyone => "anyoneWithLink".to_owned(),
    }
}

/// Hands a file over; only its owner may, and only with `transferOwnership=true`.
fn transfer(
    world: &mut World,
    call: &Call,
    file_id: &str,
    audience: &Audience,
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    let Audience::User(heir) = audience else {
        return Err(invalid("permission.role", "only a user can be an owner"));
    };
    if call.params.flag("transferOwnership")? != Some(true) {
        return Err(ApiError::forbidden(
            "forbidden",
            "The transferOwnership parameter must be enabled when the permission role is 'owner'.",
        )
        .at("transferOwnership"));
    }
    let view = world.drive.view(file_id, &call.account);
    let view = view.ok_or_else(|| not_found(file_id))?;
    require(&view, Role::Owner)?;
    let former = Grant {
        id: world.accounts.person(&view.file.owner).permission_id,
        ..resource::owner_permission(&view)
    };
    world.drive.transfer(file_id, heir, former, now);
    Ok(())
}

pub(super) async fn update(
    State(app): State<App>,
    caller: Caller,
    params: Params,
    Path((id, permission)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let call = Call::open("drive.permissions.update", PERMISSION, caller, params)?;
    let body = Body::parse(&body)?;
    if body.kind.is_some() || body.email.is_some() || body.domain.is_some() {
        return Err(not_writable());
    }
    let now = app.now();
    app.write(|world| {
        let view = sharable(world, &call, &id)?;
        let known = find(world, &view, &permission)?;
        let file_id = view.file.id.clone();
        if known.role == Role::Owner && body.role.is_some_and(|role| role != Role::Owner) {
            return Err(ApiError::forbidden(
                "forbidden",
                "The owner's permission changes only by making somebody else the owner.",
            ));
        }
        let grant = Grant {
            role: body.role.unwrap_or(known.role),
            discoverable: body.discoverable.unwrap_or(known.discoverable),
            ..known
        };
        if grant.role == Role::Owner && known.role != Role::Owner {
            transfer(world, &call, &file_id, &grant.audience, now)?;
        } else if known.role != Role::Owner {
            world.drive.grant(&file_id, grant.clone(), now);
        }
        Ok(Json(resource::permission(
            &grant,
            &world.accounts,
            &call.mask,
        )))
    })
}

pub(super) async fn delete(
    State(app): State<App>,
    caller: Caller,
    params: Params,
    Path((id, permission)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let call = Call::open("drive.permissions.delete", "*", caller, params)?;
    let now = app.now();
    app.write(|world| {
        let view = world.drive.view(&id, &call.account);
        let view = view.ok_or_else(|| not_found(&id))?;
        let grant = match find(world, &view, &permission) {
            // Whoever cannot change permissions may still give up his own.
            Ok(grant) if grant.audience.includes(&call.account) => grant,
            _ => find(world, &sharable(world, &call, &id)?, &permission)?,
        };
        if grant.role == Role::Owner {
            return Err(insufficient(view.file));
        }
        let own = view.file.grants.iter().any(|known| known.id == grant.id);
        if !own {
            return Err(ApiError::forbidden(
                "cannotDeleteInheritedPermission",
                "The permission is inherited from a folder above and must be removed there.",
            ));
        }
        let file_id = view.file.id.clone();
        world.drive.revoke(&file_id, &grant.id, now);
        Ok(StatusCode::NO_CONTENT)
    })
}
