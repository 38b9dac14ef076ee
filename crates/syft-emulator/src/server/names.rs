//! Google's names of the methods, for the log and the faults.

/// Returns the name that Google's discovery documents give to a call, such as `drive.files.list`.
///
/// Chunks of a resumable upload are `drive.upload`, calls of the emulator's own start with
/// `emulator.`, and what nobody knows is `unknown`.
pub(super) fn api(method: &str, path: &str, query: &str) -> &'static str {
    let segments: Vec<&str> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    match segments.as_slice() {
        ["drive", "v3", rest @ ..] => drive(method, rest),
        ["upload", "drive", "v3", rest @ ..]
        | ["resumable", "upload", "drive", "v3", rest @ ..] => {
            if query.contains("upload_id=") {
                "drive.upload"
            } else {
                drive(method, rest)
            }
        }
        ["gmail", "v1", "users", _, rest @ ..]
        | ["upload", "gmail", "v1", "users", _, rest @ ..]
        | ["resumable", "upload", "gmail", "v1", "users", _, rest @ ..] => gmail(method, rest),
        ["batch", ..] => "batch",
        ["emulator", ..] => "emulator.control",
        [] | ["mailbox", ..] => "emulator.page",
        ["o", "oauth2", "auth" | "consent"] | ["o", "oauth2", "v2", "auth"] => "oauth2.auth",
        _ => oauth(segments.last().copied().unwrap_or_default()),
    }
}

fn oauth(last: &str) -> &'static str {
    match last {
        "token" => "oauth2.token",
        "revoke" => "oauth2.revoke",
        "tokeninfo" => "oauth2.tokeninfo",
        "userinfo" | "me" => "oauth2.userinfo.get",
        _ => "unknown",
    }
}

fn drive(method: &str, rest: &[&str]) -> &'static str {
    match (method, rest) {
        ("GET", ["about"]) => "drive.about.get",
        ("GET", ["files"]) => "drive.files.list",
        ("POST", ["files"]) => "drive.files.create",
        ("GET", ["files", "generateIds"]) => "drive.files.generateIds",
        ("DELETE", ["files", "trash"]) => "drive.files.emptyTrash",
        ("GET" | "HEAD", ["files", _]) => "drive.files.get",
        ("PATCH" | "PUT", ["files", _]) => "drive.files.update",
        ("DELETE", ["files", _]) => "drive.files.delete",
        ("POST", ["files", _, "copy"]) => "drive.files.copy",
        ("GET", ["files", _, "export"]) => "drive.files.export",
        ("GET", ["files", _, "permissions"]) => "drive.permissions.list",
        ("POST", ["files", _, "permissions"]) => "drive.permissions.create",
        ("GET", ["files", _, "permissions", _]) => "drive.permissions.get",
        ("PATCH", ["files", _, "permissions", _]) => "drive.permissions.update",
        ("DELETE", ["files", _, "permissions", _]) => "drive.permissions.delete",
        ("GET", ["changes"]) => "drive.changes.list",
        ("GET", ["changes", "startPageToken"]) => "drive.changes.getStartPageToken",
        ("GET", ["drives"]) => "drive.drives.list",
        _ => "drive.unknown",
    }
}

fn gmail(method: &str, rest: &[&str]) -> &'static str {
    match (method, rest) {
        ("GET", ["profile"]) => "gmail.users.getProfile",
        ("POST", ["messages", "send"]) => "gmail.users.messages.send",
        ("GET", ["messages"]) => "gmail.users.messages.list",
        ("POST", ["messages"]) => "gmail.users.messages.insert",
        ("GET", ["messages", _]) => "gmail.users.messages.get",
        ("DELETE", ["messages", _]) => "gmail.users.messages.delete",
        ("POST", ["messages", _, "trash"]) => "gmail.users.messages.trash",
        ("POST", ["messages", _, "untrash"]) => "gmail.users.messages.untrash",
        ("POST", ["messages", _, "modify"]) => "gmail.users.messages.modify",
        ("GET", ["messages", _, "attachments", _]) => "gmail.users.messages.attachments.get",
        ("POST", ["drafts", "send"]) => "gmail.users.drafts.send",
        ("GET", ["drafts"]) => "gmail.users.drafts.list",
        ("POST", ["drafts"]) => "gmail.users.drafts.create",
        ("GET", ["drafts", _]) => "gmail.users.drafts.get",
        ("PUT", ["drafts", _]) => "gmail.users.drafts.update",
        ("DELETE", ["drafts", _]) => "gmail.users.drafts.delete",
        ("GET", ["threads"]) => "gmail.users.threads.list",
        ("GET", ["threads", _]) => "gmail.users.threads.get",
        ("GET", ["labels"]) => "gmail.users.labels.list",
        ("GET", ["labels", _]) => "gmail.users.labels.get",
        ("GET", ["history"]) => "gmail.users.history.list",
        ("POST", ["watch"]) => "gmail.users.watch",
        ("POST", ["stop"]) => "gmail.users.stop",
        _ => "gmail.unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &str, path: &str, query: &str, expected: &str) {
        assert_eq!(
            api(method, path, query),
            expected,
            "{method} {path}?{query}"
        );
    }

    #[test]
    fn names() {
        check("GET", "/drive/v3/files", "q=x", "drive.files.list");
        check("GET", "/drive/v3/files/root", "", "drive.files.get");
        check(
            "POST",
            "/upload/drive/v3/files",
            "uploadType=multipart",
            "drive.files.create",
        );
        check(
            "PUT",
            "/resumable/upload/drive/v3/files",
            "upload_id=7",
            "drive.upload",
        );
        check(
            "DELETE",
            "/drive/v3/files/1/permissions/2",
            "",
            "drive.permissions.delete",
        );
        check(
            "POST",
            "/gmail/v1/users/me/drafts/send",
            "",
            "gmail.users.drafts.send",
        );
        check(
            "POST",
            "/upload/gmail/v1/users/me/messages/send",
            "",
            "gmail.users.messages.send",
        );
        check("POST", "/token", "", "oauth2.token");
        check("GET", "/", "", "emulator.page");
        check("GET", "/nothing", "", "unknown");
    }
}
