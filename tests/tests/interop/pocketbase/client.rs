//! What the client does on a good day.

use syft_transport::{
    Error,
    pocketbase::{Action, Ensured, Generation, Notice},
};

use super::*;

#[tokio::test]
async fn the_generation_is_found_out_and_both_accounts_log_in() {
    for version in VERSIONS {
        let server = server(version);
        let client = administrator(&server);
        client.health().await.unwrap();
        let generation = client.generation().await.unwrap();
        assert_eq!(generation == Generation::Legacy, version == OLD);
        client.login().await.unwrap();
        client.ensure_collections(&[things()]).await.unwrap();
        ordinary_account(&client, version).await;

        let mut options = options(&server);
        options.auth_collection = Some("daemons".to_owned());
        let member = Client::new(options).unwrap();
        member.create("things", &thing(1)).await.unwrap();
        assert_eq!(count(&member, "things").await, 1);
        let error = member.ensure_collections(&[things()]).await.unwrap_err();
        assert!(
            matches!(
                error,
                Error::PermissionDenied { .. } | Error::Unauthenticated { .. }
            ),
            "{error}"
        );
    }
}

#[tokio::test]
async fn collections_are_made_once_and_extended() {
    for version in VERSIONS {
        let server = server(version);
        let client = administrator(&server);
        let ensure = async |spec| {
            client
                .ensure_collections(&[spec])
                .await
                .unwrap()
                .remove(0)
                .1
        };
        assert_eq!(ensure(things()).await, Ensured::Made);
        assert_eq!(ensure(things()).await, Ensured::Unchanged);
        client.create("things", &thing(1)).await.unwrap();
        let mut wider = things();
        wider
            .fields
            .push(FieldSpec::new("colour", FieldKind::Text(20)));
        wider.indexes.push(IndexSpec {
            columns: &["size", "name"],
            unique: false,
        });
        let added = ["colour", "idx_things_size_name"]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(ensure(wider.clone()).await, Ensured::Extended(added));
        assert_eq!(ensure(wider).await, Ensured::Unchanged);
        let there = client.get("things", "thing0000000001").await.unwrap();
        assert_eq!(there["name"], "n1");
        for automatic in ["created", "updated"] {
            assert_ne!(there[automatic], "", "{version} {automatic}");
        }
    }
}

#[tokio::test]
async fn records_come_back_as_they_were_given() {
    for version in VERSIONS {
        let server = server(version);
        let client = administrator(&server);
        client.ensure_collections(&[things()]).await.unwrap();
        let given = record(json!({
            "id": "abcdefghij01234", "name": "Grüße 'und' \"mehr\" \\ \n", "size": 1.5,
            "enabled": true, "more": {"a": [1, null, "ü"]}, "day": "2026-11-21 10:00:00.123Z",
            "state": "done"
        }));
        client.create("things", &given).await.unwrap();
        let there = client.get("things", "abcdefghij01234").await.unwrap();
        for (name, value) in &given {
            assert_eq!(&there[name], value, "{version} {name}");
        }
        let change = record(json!({"state": "new", "more": null}));
        let changed = client
            .update("things", "abcdefghij01234", &change)
            .await
            .unwrap();
        assert_eq!(
            (&changed["state"], &changed["more"]),
            (&json!("new"), &Value::Null)
        );
        for _ in 0..2 {
            client.delete("things", "abcdefghij01234").await.unwrap();
        }
        let error = client.get("things", "abcdefghij01234").await.unwrap_err();
        assert!(matches!(error, Error::NotFound { .. }), "{error}");
    }
}

#[tokio::test]
async fn what_is_there_already_is_not_made_twice() {
    for version in VERSIONS {
        let server = server(version);
        let client = administrator(&server);
        client.ensure_collections(&[things()]).await.unwrap();
        client.ensure("things", &thing(1)).await.unwrap();
        client.ensure("things", &thing(1)).await.unwrap();
        let error = client.create("things", &thing(1)).await.unwrap_err();
        assert!(
            matches!(error, Error::AlreadyExists { .. }),
            "{version}: {error}"
        );
        let mut other = thing(2);
        other.insert("name".to_owned(), "n1".into());
        let error = client.ensure("things", &other).await.unwrap_err();
        assert!(
            matches!(error, Error::Rejected { .. }),
            "{version}: {error}"
        );
        let mut wrong = thing(3);
        wrong.insert("state".to_owned(), "nonsense".into());
        let error = client
            .create("things", &wrong)
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.ends_with("was rejected: state: validation_invalid_value"),
            "{error}"
        );
        assert_eq!(count(&client, "things").await, 1);
    }
}

#[tokio::test]
async fn lists_are_whole_and_values_stay_values() {
    for version in VERSIONS {
        let server = server(version);
        let client = administrator(&server);
        client.ensure_collections(&[things()]).await.unwrap();
        let mut many: Vec<Record> = (0..450).map(thing).collect();
        let names = [
            r"' || 1=1 || name='",
            r#"" || 1=1"#,
            r#"'""'"#,
            "line\nline",
            "@now",
            "%",
        ];
        for (record, name) in many.iter_mut().zip(names) {
            record.insert("name".to_owned(), name.into());
        }
        client.create_many("things", &many).await.unwrap();
        assert_eq!(count(&client, "things").await, 450);
        for name in names {
            let list = List::of(Filter::is("name", name).unwrap());
            let found = client.list("things", &list).await.unwrap();
            assert_eq!(found.len(), 1, "{version}: {name}");
            assert_eq!(found[0]["name"], name);
        }
        let latest = List::first(250, Filter::is_after("size", 20).unwrap(), "-size");
        let found = client.list("things", &latest).await.unwrap();
        assert_eq!(found.len(), 250);
        assert_eq!(
            (&found[0]["size"], &found[249]["size"]),
            (&json!(449), &json!(200))
        );
        let few = List {
            limit: 300,
            ..List::of(Filter::default())
        };
        let error = client.list("things", &few).await.unwrap_err();
        assert!(
            matches!(error, Error::TooLarge { limit: 300, .. }),
            "{error}"
        );
    }
}

#[tokio::test]
async fn changes_are_told_as_they_happen() {
    for version in VERSIONS {
        let mut server = server(version);
        let client = administrator(&server);
        client.ensure_collections(&[things()]).await.unwrap();
        let mut changes = client.subscribe(&["things/*"]);
        assert!(matches!(changes.next().await, Notice::Connected));
        client.create("things", &thing(1)).await.unwrap();
        assert_eq!(
            told(changes.next().await),
            (Action::Create, "n1".to_owned())
        );
        let change = record(json!({"name": "other"}));
        client
            .update("things", "thing0000000001", &change)
            .await
            .unwrap();
        assert_eq!(
            told(changes.next().await),
            (Action::Update, "other".to_owned())
        );
        server.stop();
        let lost = changes.next().await;
        assert!(
            matches!(&lost, Notice::Lost(Error::Unavailable { .. })),
            "{version}: {lost:?}"
        );
        server.resume();
        while !matches!(changes.next().await, Notice::Connected) {}
        client.delete("things", "thing0000000001").await.unwrap();
        assert_eq!(
            told(changes.next().await),
            (Action::Delete, "other".to_owned())
        );
    }
}

#[track_caller]
fn told(notice: Notice) -> (Action, String) {
    match notice {
        Notice::Changed {
            topic,
            action,
            record,
        } => {
            assert_eq!(topic, "things/*");
            (action, record["name"].as_str().unwrap().to_owned())
        }
        other => panic!("{other:?}"),
    }
}
