use proptest::prelude::*;
use serde_json::{Value, json};

use super::Mask;
use crate::drive::discovery::{Method, Shape};

fn list() -> Shape {
    Method::named("drive.files.list").response()
}

fn answer() -> Value {
    json!({
        "kind": "drive#fileList",
        "nextPageToken": "t",
        "files": [
            {"id": "1", "name": "a", "owners": [{"me": true, "emailAddress": "a@b"}]},
            {"id": "2", "appProperties": {"job": "7", "x": "y"}},
        ],
    })
}

#[track_caller]
fn check(mask: &str, expected: Value) {
    let mask = Mask::parse(mask, list()).expect("a mask");
    assert_eq!(mask.apply(answer()), expected);
}

#[test]
fn masks_keep_what_they_name() {
    check("*", answer());
    check("kind,*", answer());
    check("nextPageToken", json!({"nextPageToken": "t"}));
    check("files(id)", json!({"files": [{"id": "1"}, {"id": "2"}]}));
    check(
        " files( id , name ) ,kind",
        json!({
            "kind": "drive#fileList",
            "files": [{"id": "1", "name": "a"}, {"id": "2"}],
        }),
    );
    check(
        "files/owners/me",
        json!({"files": [{"owners": [{"me": true}]}, {}]}),
    );
    check(
        "files/id,files/name",
        json!({"files": [{"id": "1", "name": "a"}, {"id": "2"}]}),
    );
    check(
        "files(owners(me),owners/emailAddress)",
        json!({
            "files": [{"owners": [{"me": true, "emailAddress": "a@b"}]}, {}],
        }),
    );
    check(
        "files/appProperties/job",
        json!({"files": [{}, {"appProperties": {"job": "7"}}]}),
    );
    check(
        "files(*),kind",
        json!({"kind": "drive#fileList", "files": answer()["files"].clone()}),
    );
}

#[track_caller]
fn refused(mask: &str, named: &str) {
    let error = Mask::parse(mask, list()).expect_err("not a mask");
    assert_eq!(
        (error.status.as_u16(), &*error.reason),
        (400, "invalidParameter")
    );
    assert_eq!(error.location.as_deref(), Some("fields"));
    assert!(error.message.contains(named), "{mask}: {}", error.message);
}

#[test]
fn mistakes_are_named() {
    refused("files(id,title)", "title");
    refused("items", "items");
    refused("id", "id");
    refused("files(id", "missing");
    refused("files(id))", "unexpected ')'");
    refused("files(id),", "missing");
    refused("files()", "unexpected ')'");
    refused("files/id/x", "x");
    refused("files id", "unexpected 'i'");
    refused(&"files(".repeat(100), "files");
    refused(&format!("files/{}", "x/".repeat(100)), "x");
}

proptest! {
    #[test]
    fn garbage_never_panics(text in any::<String>()) {
        drop(Mask::parse(&text, list()));
    }

    #[test]
    fn near_masks_never_panic(
        words in prop::collection::vec(
            prop::sample::select(vec!["files", "(", ")", ",", "/", "*", "id", " ", "owners"]),
            0..14,
        )
    ) {
        drop(Mask::parse(&words.concat(), list()));
    }

    #[test]
    fn a_mask_only_removes(names in prop::sample::subsequence(vec!["id", "name", "owners"], 1..=3)) {
        let mask = Mask::parse(&format!("files({})", names.join(",")), list()).unwrap();
        let kept = mask.apply(answer());
        for (file, whole) in kept["files"].as_array().unwrap().iter().zip(answer()["files"].as_array().unwrap()) {
            for (name, value) in file.as_object().unwrap() {
                prop_assert!(names.contains(&name.as_str()));
                prop_assert_eq!(value, &whole[name]);
            }
        }
    }
}
