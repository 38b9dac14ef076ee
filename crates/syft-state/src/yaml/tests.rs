use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn python(text: &[u8]) -> Result<Node, YamlError> {
    parse_mapping(text, Keys::LastCounts)
}

#[test]
fn reads_what_python_writes() {
    let text = "code_path: /tmp/a.py\ndatasets:\n  do@x.org:\n  - one\n  - two\ndependencies: [numpy, 3]\n\
                is_folder_submission: false\nname: 123\nsubmitted_at: '2025-12-10T10:26:53.445376+00:00'\n\
                empty: null\nname2: 99999999999999999999\n";
    let node = python(text.as_bytes()).unwrap();
    assert_eq!(node.text("name"), Some("123"));
    assert_eq!(node.text("name2"), Some("99999999999999999999"));
    assert_eq!(node.text("is_folder_submission"), Some("false"));
    assert_eq!(
        node.text("submitted_at"),
        Some("2025-12-10T10:26:53.445376+00:00")
    );
    assert_eq!(node.get("dependencies").unwrap().texts(), ["numpy", "3"]);
    assert_eq!(node.get("datasets").unwrap().texts(), ["one", "two"]);
    assert_eq!(node.get("empty"), Some(&Node::Null));
    assert_eq!(node.text("empty"), None);
    assert_eq!(node.get("missing"), None);
}

#[test]
fn what_is_cut_off_is_an_error() {
    for text in [
        "",
        "# nothing\n",
        "name: 'a",
        "name",
        "- a\n",
        "a: [b",
        "a: !tag b",
        "a: 1\n---\nb: 2\n",
    ] {
        assert!(python(text.as_bytes()).is_err(), "{text:?}");
    }
    assert!(python(b"name: \xff\n").is_err());
    assert!(matches!(
        python(&vec![b' '; MAX_LENGTH + 1]),
        Err(YamlError::TooLong)
    ));
}

#[test]
fn keys_are_counted_as_the_reader_does() {
    #[track_caller]
    fn check(text: &str, last: Option<&str>, distinct: Option<&str>) {
        for (keys, wanted) in [(Keys::LastCounts, last), (Keys::Distinct, distinct)] {
            let node = parse_mapping(text.as_bytes(), keys).ok();
            let seen = node.as_ref().and_then(|node| node.text("a"));
            assert_eq!(seen, wanted, "{text:?} {keys:?}");
        }
    }
    check("a: 1\nb: 2", Some("1"), Some("1"));
    check("a: 1\na: 2", Some("2"), None);
    check("a: 1\nb: {c: 1, c: 1}", Some("1"), None);
    check("a: 1\n[b]: 2", Some("1"), None);
    check("a: 1\n~: 2", Some("1"), None);
    check("a: 1\n5: 2", Some("1"), Some("1"));
    check("a: {5: 1, '5': 2}", None, None);
    check("a: 1.0", Some("1.0"), Some("1.0"));
}

#[test]
fn errors_say_where_and_nothing_of_the_content() {
    #[track_caller]
    fn check(text: &str, wanted: &str) {
        let error = parse_mapping(text.as_bytes(), Keys::Distinct).unwrap_err();
        assert_eq!(error.to_string(), wanted, "{text:?}");
    }
    check("a: 1\na: 2", "not readable as YAML (line 1, column 1)");
    check(
        "a: 1\nb: secret: x",
        "not readable as YAML (line 2, column 10)",
    );
    check(" \n", "empty");
    check("~", "empty");
    check("- a", "not a mapping");
    check(&format!("a: {}", "[".repeat(200)), "nested too deeply");
    check(&"a".repeat(70_000), "longer than 65536 bytes");
}

#[test]
fn t6_aliases_and_depth_are_bounded() {
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let before = level - 1;
        laughs.push_str(&format!(
            "a{level}: &a{level} [{}]\n",
            vec![format!("*a{before}"); 10].join(", ")
        ));
    }
    let wide = format!(
        "a: &a [{}]\nb: [{}]\n",
        "x, ".repeat(9_000),
        "*a, ".repeat(7_000)
    );
    let long = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(30_000),
        "*a, ".repeat(8_000)
    );
    let deep = format!("a: {}", "[".repeat(60_000));
    let flow = format!("a: {}", "{a: ".repeat(15_000));
    let itself = "a: &a [*a]\n".to_owned();
    let dashes = format!("a:\n {}", "- ".repeat(30_000));
    let question_marks = "? ".repeat(30_000);
    for bomb in [
        laughs,
        wide,
        long,
        deep,
        flow,
        itself,
        dashes,
        question_marks,
        "rules: [\n".repeat(5_000),
        "&a ".repeat(20_000),
        "\t".repeat(60_000),
    ] {
        let started = Instant::now();
        assert!(
            python(bomb.as_bytes()).is_err(),
            "{}",
            &bomb[..40.min(bomb.len())]
        );
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{}",
            &bomb[..10]
        );
    }
}

proptest! {
    #[test]
    fn never_panics(text in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _node = python(&text);
    }

    #[test]
    fn never_panics_on_what_looks_like_yaml(text in "[-a:,&*!|>{}\\[\\]'\"\\n #?%]{0,80}") {
        let _node = python(text.as_bytes());
    }
}
