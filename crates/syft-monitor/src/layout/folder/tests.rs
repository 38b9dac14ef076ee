use proptest::prelude::*;

use super::*;

const ME: &str = "do@x.org";
const V: Version = Version {
    major: 0,
    minor: 1,
    patch: 117,
};

fn email(text: &str) -> Email {
    text.parse().unwrap()
}

#[track_caller]
fn check(name: &str, expected: Option<(Generation, FolderKind, &str)>) {
    let found = parse_folder(name, &email(ME));
    let found = found
        .as_ref()
        .map(|found| (found.generation, found.kind, found.peer.as_str()));
    assert_eq!(found, expected, "{name:?}");
}

#[test]
fn t1_knows_every_layout() {
    use FolderKind::{Archive, Granted, Inbox, Outbox};
    use Generation::{Any, W1, W2W3, W4};
    let w4 = W4 { version: V };
    for (name, expected) in [
        (
            "syft_outbox_inbox_ds@y.org_to_do@x.org",
            (W1, Inbox, "ds@y.org"),
        ),
        (
            "syft_outbox_inbox_do@x.org_to_ds@y.org",
            (W1, Outbox, "ds@y.org"),
        ),
        (
            "syft_datasite#do@x.org#inbox#ds@y.org",
            (W2W3, Inbox, "ds@y.org"),
        ),
        (
            "syft_datasite#do@x.org#outbox#ds@y.org",
            (W2W3, Outbox, "ds@y.org"),
        ),
        (
            "syft_datasite#ds@y.org#inbox#do@x.org",
            (W2W3, Granted, "ds@y.org"),
        ),
        (
            "syft_datasite#ds@y.org#outbox#do@x.org",
            (W2W3, Outbox, "ds@y.org"),
        ),
        (
            "syft_datasite#0.1.117#do@x.org#inbox#ds@y.org",
            (w4, Inbox, "ds@y.org"),
        ),
        (
            "syft_datasite#0.1.117#ds@y.org#inbox#do@x.org",
            (w4, Granted, "ds@y.org"),
        ),
        (
            "syft_datasite#0.1.117#do@x.org#outbox#ds@y.org",
            (w4, Outbox, "ds@y.org"),
        ),
        (
            "syft_ds@y.org_to_do@x.org_archive",
            (Any, Archive, "ds@y.org"),
        ),
    ] {
        check(name, Some(expected));
    }
}

#[test]
fn t2_underscores_belong_to_the_address() {
    use FolderKind::{Archive, Inbox, Outbox};
    use Generation::{Any, W1};
    for (name, expected) in [
        (
            "syft_outbox_inbox_john_doe@y.org_to_do@x.org",
            (W1, Inbox, "john_doe@y.org"),
        ),
        (
            "syft_outbox_inbox_a_to_b@y.org_to_do@x.org",
            (W1, Inbox, "a_to_b@y.org"),
        ),
        (
            "syft_outbox_inbox__to_@y.org_to_do@x.org",
            (W1, Inbox, "_to_@y.org"),
        ),
        (
            "syft_outbox_inbox_do@x.org_to_bob_to_do@x.org",
            (W1, Outbox, "bob_to_do@x.org"),
        ),
        (
            "syft_a_to_b@y.org_to_do@x.org_archive",
            (Any, Archive, "a_to_b@y.org"),
        ),
    ] {
        check(name, Some(expected));
    }
}

#[test]
fn t3_case_does_not_matter() {
    check(
        "syft_outbox_inbox_Alice@X.com_to_DO@x.Org",
        Some((Generation::W1, FolderKind::Inbox, "Alice@X.com")),
    );
    check(
        "syft_datasite#Do@X.org#inbox#o'brien+lab@y.org",
        Some((Generation::W2W3, FolderKind::Inbox, "o'brien+lab@y.org")),
    );
}

#[test]
fn other_names_are_nothing() {
    for name in [
        "",
        "SyftBox",
        "do@x.org",
        "0.1.117#do@x.org",
        "syft_outbox_inbox_ds@y.org_to_other@x.org",
        "syft_outbox_inbox_ds@y.org_to_notdo@x.org",
        "syft_outbox_inbox_do@x.org_to_do@x.org",
        "syft_outbox_inbox_do@x.org",
        "syft_outbox_inbox__to_do@x.org",
        "syft_outbox_inbox_ds_to_do@x.org",
        "syft_outbox_inbox_é_to_do@x.org",
        "syft_outbox_inbox_ds@y.org\r\nBcc: a@b.c_to_do@x.org",
        "syft_datasite#do@x.org#inbox#do@x.org",
        "syft_datasite#do@x.org#inbox#ds",
        "syft_datasite#do@x.org#Inbox#ds@y.org",
        "syft_datasite#do@x.org#checkpoints#ds@y.org",
        "syft_datasite#0.1#do@x.org#inbox#ds@y.org",
        "syft_datasite#0.1.+2#do@x.org#inbox#ds@y.org",
        "syft_datasite#0.1.2.3#do@x.org#inbox#ds@y.org",
        "syft_datasite#99999999999.1.2#do@x.org#inbox#ds@y.org",
        "syft_datasite#0.1.2#do@x.org#inbox#ds@y.org#more",
        "syft_datasite#other@x.org#inbox#ds@y.org",
        "syft_do@x.org_to_ds@y.org_archive",
        "syft_encryption_bundles#do@x.org",
    ] {
        check(name, None);
    }
}

#[track_caller]
fn check_owner(name: &str, owner: Option<&str>, expected: &Ownership) {
    let me = email(ME);
    let folder = parse_folder(name, &me).unwrap();
    let owner = owner.map(email);
    assert_eq!(
        verify(&folder, owner.as_ref(), &me),
        *expected,
        "{name:?} of {owner:?}"
    );
}

#[test]
fn t9_only_the_right_owner_makes_a_name_true() {
    let spoofed = Ownership::Spoofed {
        owner: email("eve@z.org"),
    };
    let inbox = "syft_datasite#do@x.org#inbox#ds@y.org";
    check_owner(inbox, Some("DS@y.org"), &Ownership::Verified);
    check_owner(inbox, Some("eve@z.org"), &spoofed);
    check_owner(inbox, None, &Ownership::Unknown);
    for mine in [
        "syft_datasite#ds@y.org#inbox#do@x.org",
        "syft_ds@y.org_to_do@x.org_archive",
    ] {
        check_owner(mine, Some(ME), &Ownership::Verified);
        check_owner(mine, Some("eve@z.org"), &spoofed);
        let theirs = Ownership::Spoofed {
            owner: email("ds@y.org"),
        };
        check_owner(mine, Some("ds@y.org"), &theirs);
    }
    check_owner(
        "syft_datasite#do@x.org#outbox#ds@y.org",
        Some("eve@z.org"),
        &spoofed,
    );
}

#[test]
fn t26_my_own_result_inbox_is_no_request() {
    let name = "syft_outbox_inbox_otherdo@y.org_to_do@x.org";
    check_owner(name, Some(ME), &Ownership::Mine);
    check_owner(name, Some("otherdo@y.org"), &Ownership::Verified);
}

fn any_email() -> impl Strategy<Value = Email> {
    let local = "[A-Za-z0-9_+'-]{1,12}(_to_)?[a-z0-9]{0,5}(_archive)?";
    let domain = "[a-zA-Z0-9]{1,8}(-[a-z0-9]{1,4})?(\\.[a-zA-Z]{2,5}){0,2}";
    (local, domain).prop_map(|(local, domain)| email(&format!("{local}@{domain}")))
}

proptest! {
    #[test]
    fn a_rendered_name_gives_its_parts_back(
        me in any_email(), peer in any_email(), version in (0_u32..9, 0_u32..99, 0_u32..999),
    ) {
        prop_assume!(me != peer);
        let shouted = email(&me.as_str().to_ascii_uppercase());
        let version = Version { major: version.0, minor: version.1, patch: version.2 };
        for generation in [Generation::W1, Generation::W2W3, Generation::W4 { version }] {
            let found = parse_folder(&inbox_name(generation, &shouted, &peer), &me);
            let expected = Folder { generation, kind: FolderKind::Inbox, peer: peer.clone() };
            prop_assert_eq!(found.as_ref(), Some(&expected));
            let shown = found.map(|found| found.peer.to_string());
            prop_assert_eq!(shown.as_deref(), Some(peer.as_str()));
            let reverse = parse_folder(&inbox_name(generation, &peer, &shouted), &me).unwrap();
            prop_assert_eq!(&reverse.peer, &peer);
            prop_assert_ne!(reverse.kind, FolderKind::Inbox);
        }
        let archive = parse_folder(&archive_name(&shouted, &peer), &me).unwrap();
        prop_assert_eq!(archive.kind, FolderKind::Archive);
        prop_assert_eq!(archive.peer, peer);
    }

    #[test]
    fn never_panics(name in "(syft_)?(outbox_inbox_|datasite#)?\\PC{0,60}") {
        let _folder = parse_folder(&name, &email(ME));
    }
}
