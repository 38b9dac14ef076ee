//! `syft.pub.yaml`: who may call an app, said to the relay; and what the relay makes of it.
//!
//! ```
//! use syft_rpc_events::permissions::{Access, Evaluator, TEXT};
//! use syft_state::Timestamp;
//!
//! let mut relay = Evaluator::new();
//! relay.insert("alice@example.com/app_data/app/rpc", TEXT.as_bytes())?;
//! let bob = "bob@example.com".parse()?;
//! let request = "alice@example.com/app_data/app/rpc/hello/bob@example.com/1.request";
//! assert!(relay.evaluate(&bob, request, Access::Write, Timestamp::EPOCH).is_allowed());
//! let other = "alice@example.com/app_data/app/rpc/hello/carol@example.com/1.request";
//! assert!(!relay.evaluate(&bob, other, Access::Read, Timestamp::EPOCH).is_allowed());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod evaluator;
mod glob;
mod rules;
mod template;

use std::io;

pub use evaluator::{Access, Evaluator, Verdict};
pub use rules::RuleFileError;

use crate::{
    layout::{AppPaths, Workspace},
    tree::{Replace, Tree},
};

/// The name of the file, in whatever directory it is.
pub const FILE_NAME: &str = "syft.pub.yaml";

/// What Python's 0.4.3 writes: everybody may read the schema, and write requests into, and read
/// responses from, the directories of their own name.
pub const TEXT: &str = "
rules:
- pattern: rpc.schema.json
  access:
    read:
    - '*'
- pattern: '**/{{.UserEmail}}/*.request'
  access:
    read:
    - 'USER'
    write:
    - 'USER'
- pattern: '**/{{.UserEmail}}/*.response'
  access:
    read:
    - 'USER'
    write:
    - 'USER'
";

/// What Python's releases from 0.2 to 0.3 wrote: everybody may do everything.
const TEXT_0_3: &str = "
rules:
- pattern: rpc.schema.json
  access:
    read:
    - '*'
- pattern: '**/*.request'
  access:
    read:
    - '*'
    write:
    - '*'
- pattern: '**/*.response'
  access:
    read:
    - '*'
    write:
    - '*'
";

/// A permission file larger than this is not one that Python wrote.
const COMPARED: u64 = 64 * 1024;

/// What a server does about its app's permission file when it starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PermissionPolicy {
    /// It writes [`TEXT`], as Python does, and somebody's own rules are lost.
    Overwrite,
    /// It writes [`TEXT`] where there is no file, or one as Python's releases wrote it; rules that
    /// somebody else has written stay.
    #[default]
    KeepExisting,
    /// It leaves the file alone, and does not make one.
    None,
}

/// What became of the permission file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Applied {
    /// It was written.
    Written,
    /// It said the same already.
    Unchanged,
    /// It is somebody's own, and was kept.
    Kept,
    /// Nobody looked.
    Ignored,
}

/// Sees to the permission file of an app, as the policy says.
///
/// The file is replaced completely or not at all. One that is kept is logged; what cannot be read
/// is somebody's own, too, and a link in its place is not followed.
///
/// # Errors
/// Whatever keeps the file from being written.
pub fn apply(
    workspace: &Workspace,
    app: &AppPaths,
    policy: PermissionPolicy,
) -> io::Result<Applied> {
    if policy == PermissionPolicy::None {
        return Ok(Applied::Ignored);
    }
    let tree = Tree::new(app.rpc(), workspace.staging());
    let path = app.permissions();
    let existing = match tree.read(FILE_NAME, COMPARED) {
        Ok(content) => Existing::of(content.bytes.as_deref()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Existing::Python,
        Err(error) => {
            tracing::warn!("cannot read {}: {error}", path.display());
            Existing::Strange
        }
    };
    match (existing, policy) {
        (Existing::Same, _) => return Ok(Applied::Unchanged),
        (Existing::Strange, PermissionPolicy::KeepExisting) => {
            tracing::info!("{} is not ours and is kept", path.display());
            return Ok(Applied::Kept);
        }
        _ => {}
    }
    tree.make_directory("")?;
    tree.write(FILE_NAME, TEXT.as_bytes(), Replace::Yes)?;
    Ok(Applied::Written)
}

/// Whose text a permission file holds.
enum Existing {
    Same,
    Python,
    Strange,
}

impl Existing {
    /// Takes the content, or `None` if it is too much.
    fn of(content: Option<&[u8]>) -> Self {
        let Some(content) = content else {
            return Self::Strange;
        };
        if content == TEXT.as_bytes() {
            return Self::Same;
        }
        // Releases up to 0.4.2 left blanks at the ends of lines, and Windows ends them differently.
        let lines = |text: &[u8]| -> Vec<Vec<u8>> {
            let lines = text.split(|byte| *byte == b'\n');
            lines.map(|line| line.trim_ascii_end().to_vec()).collect()
        };
        let is_python = [TEXT, TEXT_0_3]
            .iter()
            .any(|known| lines(known.as_bytes()) == lines(content));
        if is_python {
            Self::Python
        } else {
            Self::Strange
        }
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::config::ClientConfig;

    #[test]
    fn the_text_is_pythons_byte_for_byte() {
        assert_eq!(TEXT, include_str!("../tests/data/syft.pub.yaml.0.4.3"));
        assert_eq!(TEXT_0_3, include_str!("../tests/data/syft.pub.yaml.0.3.0"));
        assert_eq!(TEXT.len(), 262);
    }

    fn desk() -> (TempDir, Workspace, AppPaths) {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace::new(&ClientConfig {
            data_dir: dir.path().to_owned(),
            email: "alice@example.com".parse().unwrap(),
        });
        let app = workspace.app("app", workspace.email()).unwrap();
        (dir, workspace, app)
    }

    /// Applies a policy to a file, and returns what became of it.
    #[track_caller]
    fn check(before: Option<&str>, policy: PermissionPolicy, wanted: (Applied, Option<&str>)) {
        let (_dir, workspace, app) = desk();
        if let Some(text) = before {
            std::fs::create_dir_all(app.rpc()).unwrap();
            syft_state::fs::write_atomic(&app.permissions(), text.as_bytes(), 0o644).unwrap();
        }
        let applied = apply(&workspace, &app, policy).unwrap();
        let after = std::fs::read_to_string(app.permissions()).ok();
        assert_eq!((applied, after.as_deref()), wanted, "{before:?} {policy:?}");
    }

    #[test]
    fn row_27_somebodys_own_rules_stay() {
        use PermissionPolicy::{KeepExisting, None as Nothing, Overwrite};
        let old = include_str!("../tests/data/syft.pub.yaml.0.4.2");
        let own = "rules:\n- pattern: '**'\n  access: {}\n";
        let dos = TEXT.replace('\n', "\r\n");
        let ours = Some(TEXT);
        check(None, KeepExisting, (Applied::Written, ours));
        check(ours, KeepExisting, (Applied::Unchanged, ours));
        check(Some(old), KeepExisting, (Applied::Written, ours));
        check(Some(TEXT_0_3), KeepExisting, (Applied::Written, ours));
        check(Some(&dos), KeepExisting, (Applied::Written, ours));
        check(Some(own), KeepExisting, (Applied::Kept, Some(own)));
        check(Some(""), KeepExisting, (Applied::Kept, Some("")));
        let huge = TEXT.repeat(1000);
        check(Some(&huge), KeepExisting, (Applied::Kept, Some(&huge)));
        check(Some(own), Overwrite, (Applied::Written, ours));
        check(ours, Overwrite, (Applied::Unchanged, ours));
        check(Some(own), Nothing, (Applied::Ignored, Some(own)));
        check(None, Nothing, (Applied::Ignored, None));
    }

    #[test]
    fn row_29_a_link_in_its_place_is_kept_or_replaced_and_not_followed() {
        let (dir, workspace, app) = desk();
        std::fs::create_dir_all(app.rpc()).unwrap();
        let target = dir.path().join("elsewhere");
        std::os::unix::fs::symlink(&target, app.permissions()).unwrap();
        let kept = apply(&workspace, &app, PermissionPolicy::default()).unwrap();
        assert_eq!(kept, Applied::Kept);
        let written = apply(&workspace, &app, PermissionPolicy::Overwrite).unwrap();
        assert_eq!(written, Applied::Written);
        assert!(!target.exists() && !app.permissions().is_symlink());
    }
}
