//! The sentences of the specification's §7.3, each with what follows from it.

use super::*;

const RPC: &str = "alice@example.com/app_data/app/rpc";

fn email(text: &str) -> Email {
    text.parse().unwrap()
}

fn relay(files: &[(&str, &str)]) -> Evaluator {
    let mut relay = Evaluator::new();
    for (directory, text) in files {
        relay.insert(directory, text.as_bytes()).unwrap();
    }
    relay
}

/// Writes one rule: `PATTERN: LEVEL PRINCIPAL`.
fn rule(pattern: &str, level: &str, principal: &str) -> String {
    format!("- {{pattern: '{pattern}', access: {{{level}: ['{principal}']}}}}\n")
}

fn rules(rules: &[String]) -> String {
    format!("rules:\n{}", rules.concat())
}

/// What may be done with a file, as letters of `rcwa`.
#[track_caller]
fn check(relay: &Evaluator, user: &str, path: &str, wanted: &str) {
    let now = "2026-03-09T12:00:00Z".parse().unwrap();
    let all = [
        ('r', Access::Read),
        ('c', Access::Create),
        ('w', Access::Write),
        ('a', Access::Admin),
    ];
    let may: String = all
        .into_iter()
        .filter(|(_, access)| {
            relay
                .evaluate(&email(user), path, *access, now)
                .is_allowed()
        })
        .map(|(letter, _)| letter)
        .collect();
    assert_eq!(may, wanted, "{user} {path}");
}

#[test]
fn the_owner_always_passes_by_the_beginning_of_the_path() {
    let relay = Evaluator::new();
    check(&relay, "alice@example.com", "alice@example.com/x", "rcwa");
    check(&relay, "Alice@Example.com", "alice@example.com/x", "rcwa");
    check(&relay, "bob@example.com", "alice@example.com/x", "");
    // The relay compares beginnings, so that `a@b.co` owns what is of `a@b.com`.
    check(&relay, "alice@example.co", "alice@example.com/x", "rcwa");
}

#[test]
fn the_nearest_file_decides_alone() {
    let open = rules(&[rule("**", "write", "*")]);
    let closed = rules(&[rule("other", "read", "*")]);
    let relay = relay(&[
        ("alice@example.com", &open),
        ("alice@example.com/a", &closed),
    ]);
    check(&relay, "bob@x.org", "alice@example.com/x", "rcw");
    check(&relay, "bob@x.org", "alice@example.com/b/x", "rcw");
    check(&relay, "bob@x.org", "alice@example.com/a/x", "");
    check(&relay, "bob@x.org", "alice@example.com/a/b/x", "");
    check(&relay, "bob@x.org", "alice@example.com/a/other", "r");
    check(&relay, "bob@x.org", "alice@example.com/ab/x", "rcw");
}

#[test]
fn terminal_rules_end_the_descent() {
    let closed = format!("terminal: true\n{}", rules(&[rule("x", "read", "*")]));
    let open = rules(&[rule("**", "write", "*")]);
    let relay = relay(&[
        ("alice@example.com", &closed),
        ("alice@example.com/a", &open),
    ]);
    check(&relay, "bob@x.org", "alice@example.com/a/x", "");
    check(&relay, "bob@x.org", "alice@example.com/x", "r");
}

#[test]
fn the_most_specific_rule_that_fits_decides() {
    let text = rules(&[
        rule("**", "write", "*"),
        rule("**/*", "read", "*"),
        rule("secret/**", "read", "carol@x.org"),
        rule("secret/open.txt", "write", "bob@x.org"),
    ]);
    let relay = relay(&[("alice@example.com", &text)]);
    check(&relay, "bob@x.org", "alice@example.com/a/b", "r");
    check(&relay, "bob@x.org", "alice@example.com/secret/x", "");
    check(&relay, "carol@x.org", "alice@example.com/secret/x", "r");
    check(
        &relay,
        "bob@x.org",
        "alice@example.com/secret/open.txt",
        "rcw",
    );
    check(
        &relay,
        "carol@x.org",
        "alice@example.com/secret/open.txt",
        "",
    );
}

#[test]
fn patterns_are_relative_and_exact_without_wildcards() {
    let text = rules(&[
        rule("a.txt", "read", "*"),
        rule("{b,c}.txt", "read", "*"),
        rule("d/*.txt", "read", "*"),
        rule("e/**/f", "read", "*"),
    ]);
    let relay = relay(&[("alice@example.com/public", &text)]);
    check(&relay, "bob@x.org", "alice@example.com/public/a.txt", "r");
    check(&relay, "bob@x.org", "alice@example.com/public/x/a.txt", "");
    check(&relay, "bob@x.org", "alice@example.com/a.txt", "");
    // Braces alone are no wildcard.
    check(&relay, "bob@x.org", "alice@example.com/public/b.txt", "");
    check(&relay, "bob@x.org", "alice@example.com/public/d/x.txt", "r");
    check(
        &relay,
        "bob@x.org",
        "alice@example.com/public/d/x/y.txt",
        "",
    );
    check(&relay, "bob@x.org", "alice@example.com/public/e/f", "r");
    check(&relay, "bob@x.org", "alice@example.com/public/e/x/y/f", "r");
}

#[test]
fn what_no_rule_is_about_is_denied() {
    let bob = email("bob@x.org");
    let relay = relay(&[("alice@example.com", &rules(&[rule("x", "read", "*")]))]);
    let verdict = relay.evaluate(&bob, "alice@example.com/y", Access::Read, Timestamp::EPOCH);
    let directory = "alice@example.com".to_owned();
    assert_eq!(verdict, Verdict::NoRule { directory });
    assert_eq!(
        verdict.to_string(),
        "denied: no rule in \"alice@example.com\" is about it"
    );
    let verdict = relay.evaluate(&bob, "carol@x.org/y", Access::Read, Timestamp::EPOCH);
    assert_eq!(verdict, Verdict::NoRules);
    check(
        &relay,
        "bob@x.org",
        &format!("alice@example.com/{}", "x/".repeat(5_000)),
        "",
    );
}

#[test]
fn admin_is_write_is_create_is_read_and_rules_need_admin() {
    for (level, wanted, of_rules) in [
        ("read", "r", "r"),
        ("write", "rcw", "r"),
        ("admin", "rcwa", "rcwa"),
        ("own", "", ""),
    ] {
        let relay = relay(&[("alice@example.com", &rules(&[rule("**", level, "*")]))]);
        check(&relay, "bob@x.org", "alice@example.com/x", wanted);
        check(
            &relay,
            "bob@x.org",
            "alice@example.com/a/syft.pub.yaml",
            of_rules,
        );
    }
}

#[test]
fn principals_are_addresses_everybody_the_one_who_asks_or_patterns() {
    for (principal, bob, carol) in [
        ("bob@x.org", "r", ""),
        ("Bob@x.org", "", ""),
        ("*", "r", "r"),
        ("USER", "r", "r"),
        ("*@x.org", "r", ""),
        ("*@*.org", "r", "r"),
        ("b?b@x.org", "r", ""),
        ("[bc]*@x.org", "r", ""),
        ("user", "", ""),
    ] {
        let relay = relay(&[("alice@example.com", &rules(&[rule("x", "read", principal)]))]);
        check(&relay, "Bob@X.org", "alice@example.com/x", bob);
        check(&relay, "carol@y.org", "alice@example.com/x", carol);
    }
}

#[test]
fn templates_are_filled_with_the_one_who_asks() {
    for (pattern, path) in [
        ("{{.UserEmail}}/x", "bob@x.org/x"),
        ("**/{{.UserEmail}}/*", "a/b/bob@x.org/x"),
        ("{{.Year}}/{{.Month}}/{{.Date}}", "2026/03/09"),
        ("{{upper .UserEmail}}", "BOB@X.ORG"),
        ("{{.UserHash}}", "b752a9a4f7b86f6b"),
        ("{{sha2 .UserEmail 4}}", "b752"),
    ] {
        let relay = relay(&[(
            "alice@example.com",
            &rules(&[rule(pattern, "read", "USER")]),
        )]);
        let path = format!("alice@example.com/{path}");
        check(&relay, "bob@x.org", &path, "r");
        let reader = if pattern.contains("User") { "" } else { "r" };
        check(&relay, "carol@x.org", &path, reader);
    }
}

#[test]
fn pythons_file_lets_everybody_into_their_own_directories() {
    let relay = relay(&[(RPC, super::super::TEXT)]);
    let file = |path: &str| format!("{RPC}/{path}");
    for endpoint in ["", "hello/", "a/b/unregistered/"] {
        for (name, wanted) in [
            ("1.request", "rcw"),
            ("1.response", "rcw"),
            ("1.txt", ""),
            ("x/1.request", ""),
        ] {
            let own = file(&format!("{endpoint}bob@x.org/{name}"));
            check(&relay, "bob@x.org", &own, wanted);
            check(&relay, "carol@x.org", &own, "");
        }
        // The layout from before 0.4 is the owner's alone.
        check(
            &relay,
            "bob@x.org",
            &file(&format!("{endpoint}1.request")),
            "",
        );
    }
    check(&relay, "bob@x.org", &file("rpc.schema.json"), "r");
    check(&relay, "bob@x.org", &file("syft.pub.yaml"), "");
    check(&relay, "bob@x.org", "alice@example.com/app_data/app/x", "");
}

#[test]
fn pythons_old_file_lets_everybody_do_everything() {
    let relay = relay(&[(RPC, super::super::TEXT_0_3)]);
    check(
        &relay,
        "bob@x.org",
        &format!("{RPC}/hello/1.request"),
        "rcw",
    );
    check(
        &relay,
        "bob@x.org",
        &format!("{RPC}/hello/carol@x.org/1.response"),
        "rcw",
    );
}

#[test]
fn a_tree_is_read_and_what_is_bad_in_it_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let config = crate::config::ClientConfig {
        data_dir: dir.path().to_owned(),
        email: email("alice@example.com"),
    };
    let workspace = crate::layout::Workspace::new(&config);
    let app = workspace.app("app", &email("alice@example.com")).unwrap();
    super::super::apply(&workspace, &app, super::super::PermissionPolicy::default()).unwrap();
    let datasites = workspace.datasites();
    for (path, text) in [
        ("carol@x.org/syft.pub.yaml", "rules: 5".to_owned()),
        ("carol@x.org/big/syft.pub.yaml", "#".repeat(70_000)),
    ] {
        let path = datasites.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        syft_state::fs::write_atomic(&path, text.as_bytes(), 0o644).unwrap();
    }
    let outside = dir.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    syft_state::fs::write_atomic(&outside.join(FILE_NAME), b"rules: []", 0o644).unwrap();
    std::os::unix::fs::symlink(&outside, datasites.join("carol@x.org/link")).unwrap();

    let (relay, mut skipped) = Evaluator::read(&datasites, None);
    skipped.sort_by(|one, other| one.path.cmp(&other.path));
    let skipped: Vec<String> = skipped.iter().map(Skipped::to_string).collect();
    assert_eq!(
        skipped,
        [
            "\"carol@x.org/big/syft.pub.yaml\": it is too large",
            "\"carol@x.org/syft.pub.yaml\": not a permission file: `rules` is no list",
        ]
    );
    assert_eq!(relay.files.len(), 1);
    let endpoint = EndpointPath::new("/hello").unwrap();
    let may = |user: &str| relay.may_call(&email(user), &app, &endpoint, Timestamp::EPOCH);
    assert!(may("bob@x.org").is_allowed());
    // Who writes their address in capitals writes into a directory that is not theirs.
    assert!(!may("Bob@x.org").is_allowed());
    let (relay, skipped) = Evaluator::read(&datasites, Some(&email("alice@example.com")));
    assert_eq!((relay.files.len(), skipped.len()), (1, 0));
}
