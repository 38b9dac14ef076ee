use chrono::{DateTime, TimeDelta, Utc};

use super::{Lag, Store};
use crate::drive::file::{Audience, FOLDER, File, Grant, Role};

const DO: &str = "do@example.org";
const DS: &str = "ds@example.org";
const STRANGER: &str = "x@example.net";

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn put(store: &mut Store, id: &str, owner: &str, parent: &str, folder: bool) {
    let mut file = File::new(id.to_owned(), owner, at(0));
    file.name = id.to_owned();
    file.parent = Some(parent.to_owned());
    if folder {
        file.mime_type = FOLDER.to_owned();
    }
    store.insert(file, at(0));
}

fn grant(audience: Audience, role: Role) -> Grant {
    Grant {
        id: format!("{audience:?}"),
        audience,
        role,
        discoverable: false,
        given: at(1),
        given_by: DS.to_owned(),
    }
}

fn share(store: &mut Store, id: &str, with: &str, role: Role) {
    store.grant(id, grant(Audience::User(with.to_owned()), role), at(1));
}

/// The data scientist's `SyftBox/inbox/{job}`, of which nothing is shared yet.
fn store() -> Store {
    let mut store = Store::default();
    let root = store.ensure_root(DS, at(0));
    store.ensure_root(DO, at(0));
    put(&mut store, "SyftBox", DS, &root, true);
    put(&mut store, "inbox", DS, "SyftBox", true);
    put(&mut store, "job", DS, "inbox", false);
    store
}

fn role(store: &Store, id: &str, viewer: &str) -> Option<Role> {
    store.view(id, viewer).and_then(|view| view.role())
}

fn listed(store: &Store, viewer: &str) -> Vec<String> {
    let found = store.search(viewer, at(100), |_| true);
    found.map(|view| view.file.id.clone()).collect()
}

/// Changes since `since` as `id` or `-id`, and the next cursor.
fn changes(store: &Store, viewer: &str, since: u64) -> (Vec<String>, u64) {
    let page = store
        .changes(viewer, since, 1000, |_, _| true)
        .expect("a cursor");
    assert!(page.last);
    let names = page.changes.iter().map(|change| match &change.view {
        Some(_) => change.file_id.to_owned(),
        None => format!("-{}", change.file_id),
    });
    (names.collect(), page.next)
}

#[test]
fn nothing_is_found_unless_shared() {
    let mut store = store();
    assert_eq!(role(&store, "job", DO), None);
    assert_eq!(listed(&store, DO), [""; 0]);
    share(&mut store, "inbox", DO, Role::Writer);
    assert_eq!(role(&store, "job", DO), Some(Role::Writer));
    assert_eq!(role(&store, "SyftBox", DO), None);
    assert_eq!(listed(&store, DO), ["inbox", "job"]);
    // T9: the folder above the shared one stays unknown.
    assert_eq!(store.view("inbox", DO).and_then(|view| view.parent()), None);
    assert_eq!(
        store.view("job", DO).and_then(|view| view.parent()),
        Some("inbox")
    );
    assert_eq!(role(&store, "job", STRANGER), None);
}

#[test]
fn the_strongest_permission_counts_and_folder_owners_write() {
    let mut store = store();
    share(&mut store, "inbox", DO, Role::Writer);
    share(&mut store, "job", DO, Role::Reader);
    assert_eq!(role(&store, "job", DO), Some(Role::Writer));
    put(&mut store, "reply", DO, "inbox", false);
    assert_eq!(role(&store, "reply", DO), Some(Role::Owner));
    assert_eq!(role(&store, "reply", DS), Some(Role::Writer));
    let reply = store.file("reply").expect("it exists");
    assert!(
        store.permissions(reply).is_empty(),
        "the owner is not listed twice"
    );
}

#[test]
fn links_open_files_but_do_not_list_them() {
    let mut store = store();
    store.grant("job", grant(Audience::Anyone, Role::Reader), at(1));
    assert_eq!(role(&store, "job", STRANGER), Some(Role::Reader));
    assert_eq!(listed(&store, STRANGER), [""; 0]);
    store.mark_viewed("job", STRANGER, at(2));
    assert_eq!(listed(&store, STRANGER), ["job"]);
    store.grant(
        "inbox",
        grant(Audience::Domain("example.ORG".to_owned()), Role::Reader),
        at(3),
    );
    assert_eq!(role(&store, "inbox", DO), Some(Role::Reader));
    assert_eq!(role(&store, "inbox", STRANGER), None);
}

#[test]
fn what_lies_in_the_trash_is_hidden_from_others() {
    let mut store = store();
    share(&mut store, "inbox", DO, Role::Writer);
    put(&mut store, "reply", DO, "inbox", false);
    store.edit("inbox", DS, at(5), |file| {
        file.trashed = Some((at(5), DS.to_owned()));
    });
    assert!(store.view("job", DS).is_some_and(|view| view.trashed()));
    assert!(store.view("job", DO).is_none());
    assert!(
        store.view("reply", DO).is_some_and(|view| view.trashed()),
        "his own"
    );
    assert_eq!(changes(&store, DO, 1).0, ["-inbox", "-job", "reply"]);
}

#[test]
fn deleting_a_folder_spares_what_others_own() {
    let mut store = store();
    share(&mut store, "inbox", DO, Role::Writer);
    put(&mut store, "reply", DO, "inbox", false);
    store.delete("SyftBox", at(6));
    assert!(store.file("job").is_none());
    assert_eq!(
        store.file("reply").map(|file| file.parent.clone()),
        Some(None)
    );
    assert_eq!(changes(&store, DO, 1).0, ["-inbox", "-job", "reply"]);
    assert_eq!(
        changes(&store, DS, 1).0,
        ["-SyftBox", "-inbox", "-job", "-reply"]
    );
}

#[test]
fn emptying_the_trash_takes_only_the_own_one() {
    let mut store = store();
    put(&mut store, "mine", DO, "nowhere", false);
    for (id, owner) in [("job", DS), ("mine", DO)] {
        store.edit(id, owner, at(5), |file| {
            file.trashed = Some((at(5), owner.to_owned()));
        });
    }
    store.empty_trash(DS, at(6));
    assert!(store.file("job").is_none());
    assert!(store.file("mine").is_some());
}

#[test]
fn the_feed_tells_each_account_what_it_can_see() {
    let mut store = store();
    let start = store.start_page();
    assert_eq!(changes(&store, DO, start), (vec![], start));
    share(&mut store, "inbox", DO, Role::Writer);
    let (names, next) = changes(&store, DO, start);
    assert_eq!(names, ["inbox", "job"], "sharing a folder shows all below");
    store.edit("job", DS, at(2), |file| file.name = "renamed".to_owned());
    store.edit("job", DS, at(3), |file| file.name = "again".to_owned());
    let (names, after) = changes(&store, DO, next);
    assert_eq!(names, ["job"], "one entry per file");
    assert_eq!(
        changes(&store, DO, next),
        (vec!["job".to_owned()], after),
        "polls repeat"
    );
    store.revoke(
        "inbox",
        &format!("{:?}", Audience::User(DO.to_owned())),
        at(4),
    );
    assert_eq!(
        changes(&store, DO, after).0,
        ["-inbox", "-job"],
        "lost access is a removal"
    );
    assert_eq!(changes(&store, STRANGER, 1).0, [""; 0]);
}

#[test]
fn feeds_are_paged_and_filtered() {
    let mut store = store();
    let start = store.start_page();
    for number in 0..5 {
        put(&mut store, &format!("f{number}"), DS, "inbox", false);
    }
    let page = store.changes(DS, start, 2, |_, _| true).expect("a cursor");
    assert_eq!((page.changes.len(), page.last), (2, false));
    let rest = store
        .changes(DS, page.next, 10, |_, _| true)
        .expect("a cursor");
    assert_eq!((rest.changes.len(), rest.last), (3, true));
    assert_eq!(rest.next, store.start_page());
    let exact = store.changes(DS, start, 5, |_, _| true).expect("a cursor");
    assert!(exact.last, "a full page may be the last one");
    share(&mut store, "f0", DO, Role::Reader);
    let here = |store: &Store, viewer: &str| {
        let page = store.changes(viewer, start, 10, |_, my_drive| my_drive);
        page.expect("a cursor").changes.len()
    };
    assert_eq!(here(&store, DS), 5);
    assert_eq!(
        here(&store, DO),
        0,
        "what is shared with me is not in my drive"
    );
}

#[test]
fn cursors_from_nowhere_are_refused() {
    let store = store();
    let start = store.start_page();
    for since in [0, start + 1, u64::MAX] {
        assert!(
            store.changes(DS, since, 10, |_, _| true).is_none(),
            "{since}"
        );
    }
}

#[test]
fn searches_miss_a_lagging_file_for_a_while() {
    let mut store = store();
    let lag = Lag {
        until: at(200),
        lists: 1,
    };
    store.delay_index("job", lag);
    assert!(!listed(&store, DS).contains(&"job".to_owned()));
    assert!(store.view("job", DS).is_some(), "a get by id finds it");
    store.count_search(at(100));
    assert!(store.has_lag());
    store.count_search(at(200));
    assert!(listed(&store, DS).contains(&"job".to_owned()));
}

#[test]
fn moving_tells_both_sides() {
    let mut store = store();
    share(&mut store, "inbox", DO, Role::Writer);
    let archive = store.root(DO).expect("it has one").to_owned();
    let start = store.start_page();
    store.edit("job", DO, at(4), |file| file.parent = Some(archive));
    assert_eq!(
        role(&store, "job", DO),
        Some(Role::Writer),
        "owner of the folder above"
    );
    assert_eq!(role(&store, "job", DS), Some(Role::Owner));
    assert_eq!(changes(&store, DO, start).0, ["job"]);
    assert_eq!(changes(&store, DS, start).0, ["job"]);
    assert_eq!(store.view("job", DS).and_then(|view| view.parent()), None);
}

#[test]
fn damaged_trees_end_the_walk() {
    let mut store = store();
    store.edit("SyftBox", DS, at(1), |file| {
        file.parent = Some("inbox".to_owned());
    });
    assert_eq!(role(&store, "job", STRANGER), None);
    assert!(
        store
            .file("inbox")
            .is_some_and(|inbox| store.is_below(inbox, "SyftBox"))
    );
}

#[test]
fn a_snapshot_keeps_everything_but_sessions() {
    let mut store = store();
    share(&mut store, "inbox", DO, Role::Writer);
    let text = serde_json::to_string(&store).expect("it serialises");
    let back: Store = serde_json::from_str(&text).expect("it parses");
    assert_eq!(serde_json::to_string(&back).expect("it serialises"), text);
    assert_eq!(listed(&back, DO), listed(&store, DO));
}
