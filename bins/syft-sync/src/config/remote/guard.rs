//! What jobs of PocketBase may touch: nothing outside `pocketbase.allowed_roots`.

use std::path::{Component, Path, PathBuf};

use crate::config::{finding::Findings, place::Origin, reach, tree::Table};

/// The directories of `allowed_roots`.
pub(super) struct Roots {
    written: Vec<PathBuf>,
    /// Where they lead.
    real: Vec<PathBuf>,
}

impl Roots {
    pub(super) fn new(pocketbase: &Table, findings: &mut Findings) -> Self {
        let written = pocketbase.paths("allowed_roots");
        let mut real = Vec::new();
        for (root, node) in written.iter().zip(pocketbase.list("allowed_roots")) {
            if root.parent().is_none() {
                let message = "jobs of PocketBase may read and write everything on this machine";
                findings.warning(&node.origin, message);
            }
            match reach::real(root) {
                Ok(root) => real.push(root),
                Err(error) => {
                    let message = format!("`allowed_roots`: {}: {error}", root.display());
                    findings.error(&node.origin, message);
                }
            }
        }
        Self { written, real }
    }

    /// Checks a path as it is written: nothing of this machine is put into it.
    pub(super) fn check_text(
        &self,
        record: &Table,
        key: &str,
        origin: &Origin,
        findings: &mut Findings,
    ) {
        let Some(text) = record.text_or_none(key) else {
            return;
        };
        let path = Path::new(text);
        let is_plain = path.is_absolute()
            && !text.contains('$')
            && !path
                .components()
                .any(|component| component == Component::ParentDir);
        if !is_plain {
            let message = format!(
                "`{key}`: a path of PocketBase is absolute and plain: no `..`, no `~`, no `$`"
            );
            findings.error(origin, message);
        }
    }

    /// Checks where a path leads.
    pub(super) fn check_reach(
        &self,
        record: &Table,
        key: &str,
        origin: &Origin,
        findings: &mut Findings,
    ) {
        let Some(path) = record.path_or_none(key) else {
            return;
        };
        let path_shown = path.display();
        if self.written.is_empty() {
            findings
                .error(origin, format_args!("`{key}`: {path_shown} is not allowed"))
                .help("name what jobs of PocketBase may touch in `pocketbase.allowed_roots` of the config file");
            return;
        }
        let is_within =
            |roots: &[PathBuf], path: &Path| roots.iter().any(|root| path.starts_with(root));
        // It may be written by the root's name or by where the root leads.
        let is_named_within = is_within(&self.written, path) || is_within(&self.real, path);
        let fault = match reach::real(path) {
            _ if !is_named_within => "is outside `pocketbase.allowed_roots`".to_owned(),
            Ok(real) if is_within(&self.real, &real) => return,
            Ok(_) => "leads out of `pocketbase.allowed_roots` by a link".to_owned(),
            Err(error) => format!("cannot be followed: {error}"),
        };
        findings.error(origin, format_args!("`{key}`: {path_shown} {fault}"));
    }
}

/// Refuses to follow links, by which a tree within the roots reaches out of them.
pub(super) fn check_links(record: &Table, origin: &Origin, findings: &mut Findings) {
    let options = record.get("sync_options").and_then(|node| node.as_table());
    let Some(options) = options else {
        return;
    };
    if options.is_true("follow_symlinks") || options.text_or_none("symlinks") == Some("follow") {
        findings
            .error(
                origin,
                "a job of PocketBase cannot follow links, which lead out of its roots",
            )
            .help("keep the job in the config file");
    }
}
