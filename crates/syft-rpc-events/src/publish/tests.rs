use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::{Router, config::ClientConfig};

fn workspace() -> (TempDir, Workspace) {
    let dir = tempfile::tempdir().unwrap();
    let workspace = Workspace::new(&ClientConfig {
        data_dir: dir.path().to_owned(),
        email: "alice@example.com".parse().unwrap(),
    });
    (dir, workspace)
}

fn put(path: &Path, content: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    syft_state::fs::write_atomic(path, content.as_bytes(), 0o644).unwrap();
}

#[test]
fn the_schema_is_written_when_it_has_changed() {
    let (_dir, workspace) = workspace();
    let app = workspace.app("app", workspace.email()).unwrap();
    let routes = |path: &str| Router::new().on_request(path, || "x").build().unwrap();
    let first = routes("/a");
    assert_eq!(
        write_schema(&workspace, &app, &first).unwrap(),
        Published::Written
    );
    let inode = || {
        use std::os::unix::fs::MetadataExt as _;
        std::fs::metadata(app.schema()).unwrap().ino()
    };
    let before = inode();
    assert_eq!(
        write_schema(&workspace, &app, &first).unwrap(),
        Published::Unchanged
    );
    assert_eq!(inode(), before);
    assert_eq!(
        write_schema(&workspace, &app, &routes("/b")).unwrap(),
        Published::Written
    );
    let text = std::fs::read_to_string(app.schema()).unwrap();
    assert_eq!(
        text,
        "{\n  \"/b\": {\n    \"description\": null,\n    \"args\": {},\n    \"returns\": \"str\"\n  }\n}"
    );
    let none = Router::new().build().unwrap();
    assert_eq!(
        write_schema(&workspace, &app, &none).unwrap(),
        Published::Written
    );
    assert_eq!(std::fs::read(app.schema()).unwrap(), b"{}");
}

#[test]
fn live_apps_are_those_whose_schema_is_here() {
    let (dir, workspace) = workspace();
    let at = |datasite: &str| {
        let rpc = format!("datasites/{datasite}/app_data/app/rpc/{FILE_NAME}");
        dir.path().join(rpc)
    };
    assert_eq!(discover(&workspace, "app"), Discovery::default());
    put(
        &at("bob@x.org"),
        r#"{"/hello": {"args": {"name": {"type": "str", "required": true}}, "returns": "str"}}"#,
    );
    put(&at("carol@x.org"), "{}");
    put(&at("no address"), "{}");
    put(&at("dave@x.org"), "<html>");
    put(&at("erin@x.org"), &"x".repeat(1_100_000));
    std::fs::create_dir_all(at("frank@x.org")).unwrap();
    let other = dir
        .path()
        .join("datasites/gina@x.org/app_data/other/rpc")
        .join(FILE_NAME);
    put(&other, "{}");
    let link = at("heidi@x.org");
    std::fs::create_dir_all(link.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(at("carol@x.org"), link).unwrap();

    let found = discover(&workspace, "app");
    let live: Vec<&str> = found
        .live
        .iter()
        .map(|live| live.datasite.as_str())
        .collect();
    assert_eq!(live, ["bob@x.org", "carol@x.org"]);
    let hello = &found.live[0].endpoints["/hello"];
    assert_eq!(hello.arguments[0].name, "name");
    let skipped: Vec<&str> = found
        .skipped
        .iter()
        .map(|skipped| &skipped.path[..5])
        .collect();
    assert_eq!(skipped, ["dave@", "erin@", "frank", "heidi"]);
    assert_eq!(
        found.skipped[0].to_string(),
        "\"dave@x.org/app_data/app/rpc/rpc.schema.json\": it is no JSON object (line 1, column 1)"
    );
    assert_eq!(discover(&workspace, "../.."), Discovery::default());

    let erin = workspace
        .app("app", &"erin@x.org".parse().unwrap())
        .unwrap();
    assert!(read_schema(&workspace, &erin).is_err());
    let nobody = workspace
        .app("app", &"ivan@x.org".parse().unwrap())
        .unwrap();
    assert_eq!(read_schema(&workspace, &nobody), Ok(None));
}
