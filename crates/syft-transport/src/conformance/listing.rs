use std::collections::BTreeSet;

use syft_state::Email;

use super::{
    Accounts, children, create, get, list, names_in, new_file, new_folder, pages, shared_folder,
};
use crate::drive::{Content, Drive, EntryKind, FileId, NameMatch, Order, Owner, Query, Role};

/// Every field of a query narrows, and names are compared exactly (T3, T5).
pub async fn listing(accounts: &Accounts<'_>) {
    names_are_exact(accounts.owner).await;
    orders(accounts.owner).await;
    times(accounts.owner).await;
    owners(accounts).await;
}

async fn names_are_exact(drive: &dyn Drive) {
    let folder = new_folder(drive).await;
    for name in [
        "msgv2_1.0",
        "MSGV2_2.0",
        "re msgv2_3.0",
        "msgv2",
        "msgv_2_4.0",
        "other",
    ] {
        new_file(drive, name, &folder).await;
    }
    let starts = |text: &str| NameMatch::StartsWith(text.into());
    let exact = |text: &str| NameMatch::Exact(text.into());
    check_names(drive, &folder, vec![starts("msgv2_")], &["msgv2_1.0"]).await;
    check_names(
        drive,
        &folder,
        vec![starts("msgv2")],
        &["msgv2", "msgv2_1.0"],
    )
    .await;
    check_names(drive, &folder, vec![starts("sgv2")], &[]).await;
    check_names(drive, &folder, vec![exact("Other")], &[]).await;
    let either = vec![starts("MSGV2_"), exact("other")];
    check_names(drive, &folder, either, &["MSGV2_2.0", "other"]).await;
}

async fn check_names(
    drive: &dyn Drive,
    folder: &FileId,
    any_name: Vec<NameMatch>,
    expected: &[&str],
) {
    let query = Query {
        any_name,
        ..children(folder)
    };
    let found: BTreeSet<String> = list(drive, &query)
        .await
        .into_iter()
        .map(|it| it.name)
        .collect();
    let expected: BTreeSet<String> = expected.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(found, expected, "{:?}", query.any_name);
}

async fn orders(drive: &dyn Drive) {
    let folder = new_folder(drive).await;
    for name in ["b", "c", "a"] {
        new_file(drive, name, &folder).await;
    }
    let sorted = [
        (Order::Name, ["a", "b", "c"]),
        (Order::NameDescending, ["c", "b", "a"]),
        (Order::Created, ["b", "c", "a"]),
    ];
    for (order, expected) in sorted {
        let query = Query {
            order,
            page_size: Some(2),
            ..children(&folder)
        };
        let names: Vec<String> = list(drive, &query)
            .await
            .into_iter()
            .map(|it| it.name)
            .collect();
        assert_eq!(names, expected, "{order:?}");
    }
}

async fn times(drive: &dyn Drive) {
    let folder = new_folder(drive).await;
    let first = new_file(drive, "first", &folder).await;
    let created = get(drive, &first).await.created;
    let after = |time| Query {
        created_after: Some(time),
        ..children(&folder)
    };
    assert!(list(drive, &after(created)).await.is_empty());
    let earlier = created.before(std::time::Duration::from_secs(1));
    assert_eq!(list(drive, &after(earlier)).await.len(), 1);
}

async fn owners(accounts: &Accounts<'_>) {
    let folder = shared_folder(accounts.owner, accounts.guest, Role::Writer).await;
    create(accounts.owner, "mine", Some(&folder), Content::Folder).await;
    new_file(accounts.guest, "theirs", &folder).await;
    let guest = accounts
        .guest
        .account()
        .await
        .expect("an account has a name");
    let stranger = accounts
        .stranger
        .account()
        .await
        .expect("an account has a name");
    check_owner(accounts.owner, &folder, Owner::Me, &["mine"]).await;
    check_owner(accounts.owner, &folder, Owner::NotMe, &["theirs"]).await;
    check_owner(accounts.guest, &folder, Owner::Me, &["theirs"]).await;
    // T3: an address is the same in any case.
    let typed: Email = guest.as_str().to_uppercase().parse().expect("case is free");
    check_owner(accounts.owner, &folder, Owner::Account(typed), &["theirs"]).await;
    check_owner(accounts.owner, &folder, Owner::Account(stranger), &[]).await;

    let folders = Query {
        kind: Some(EntryKind::Folder),
        ..children(&folder)
    };
    let found = list(accounts.owner, &folders).await;
    assert!(found.len() == 1 && found[0].name == "mine", "{found:?}");
    assert_eq!(names_in(accounts.guest, &folder).await, ["mine", "theirs"]);
}

async fn check_owner(drive: &dyn Drive, folder: &FileId, owner: Owner, expected: &[&str]) {
    let query = Query {
        owner: Some(owner),
        ..children(folder)
    };
    let names: Vec<String> = list(drive, &query)
        .await
        .into_iter()
        .map(|it| it.name)
        .collect();
    assert_eq!(names, expected, "{:?}", query.owner);
}

/// A long listing comes in pages that hold every entry once (T4).
pub async fn paging(drive: &dyn Drive) {
    let folder = new_folder(drive).await;
    let mut created = BTreeSet::new();
    for n in 0..255 {
        created.insert(new_file(drive, &format!("file {n:03}"), &folder).await);
    }
    for page_size in [None, Some(100), Some(7)] {
        let query = Query {
            page_size,
            order: Order::NameDescending,
            ..children(&folder)
        };
        let pages = pages(drive, &query).await;
        let most = pages.iter().map(Vec::len).max().unwrap_or_default();
        assert!(
            page_size.is_none_or(|size| most <= size as usize),
            "{most} on a page"
        );
        let entries = pages.concat();
        let ids: BTreeSet<FileId> = entries.iter().map(|entry| entry.id.clone()).collect();
        assert_eq!(entries.len(), created.len(), "by {page_size:?}");
        assert_eq!(ids, created, "by {page_size:?}");
        assert!(
            entries.is_sorted_by(|a, b| a.name > b.name),
            "by {page_size:?}"
        );
    }
}
