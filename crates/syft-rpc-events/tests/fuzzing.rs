//! Everything that reads what peers write, fed with samples that were spoiled at random: no panic,
//! and an end within a moment.
//!
//! A usual run takes samples; a million inputs each are
//! `SYFT_FUZZ=full cargo test --release -p syft-rpc-events --test fuzzing -- --nocapture`.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use proptest::{
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, TestRunner},
};
use syft_rpc_events::{
    SyftUrl,
    events::{Pattern, Placeholders},
    interval::Interval,
    layout::Place,
    message::{Request, Response},
    permissions::{Access, Evaluator},
    router::EndpointPath,
};
use syft_state::{Email, Timestamp};
use uuid::Uuid;

/// No input of a few kilobytes takes longer, even on a machine that is busy with other things.
const MOMENT: Duration = Duration::from_secs(2);

/// One way to spoil a sample.
#[derive(Clone, Debug)]
enum Spoil {
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Flip(Index, u8),
    Repeat(Index, usize, usize),
    Cut(Index),
}

impl Spoil {
    fn any(words: &'static [&'static str]) -> impl Strategy<Value = Self> {
        let word = select(words).prop_map(|word| word.as_bytes().to_vec());
        let piece = prop_oneof![word, prop::collection::vec(any::<u8>(), 1..5)];
        let at = any::<Index>;
        prop_oneof![
            4 => (at(), piece).prop_map(|(at, piece)| Self::Insert(at, piece)),
            2 => (at(), 1..20_usize).prop_map(|(at, length)| Self::Remove(at, length)),
            2 => (at(), any::<u8>()).prop_map(|(at, bits)| Self::Flip(at, bits)),
            1 => (at(), 1..40_usize, 1..60_usize)
                .prop_map(|(at, length, times)| Self::Repeat(at, length, times)),
            1 => at().prop_map(Self::Cut),
        ]
    }

    fn apply(&self, bytes: &mut Vec<u8>) {
        let place = |at: &Index, bytes: &[u8]| at.index(bytes.len() + 1);
        match self {
            Self::Insert(at, piece) => {
                let at = place(at, bytes);
                bytes.splice(at..at, piece.iter().copied());
            }
            Self::Remove(at, length) => {
                let at = place(at, bytes);
                bytes.drain(at..bytes.len().min(at + length));
            }
            Self::Flip(at, bits) => {
                let at = place(at, bytes);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= bits;
                }
            }
            Self::Repeat(at, length, times) => {
                let at = place(at, bytes);
                let piece = bytes[at..bytes.len().min(at + length)].repeat(*times);
                bytes.splice(at..at, piece);
            }
            Self::Cut(at) => bytes.truncate(place(at, bytes)),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "whoever runs the tests decides")]
fn cases() -> u32 {
    match std::env::var("SYFT_FUZZ").as_deref() {
        Ok("full") => 1_000_000,
        Ok(number) => number.parse().unwrap(),
        Err(_) => 20_000,
    }
}

/// Reads spoiled samples; `read` says whether it has accepted one.
#[track_caller]
fn fuzz(
    name: &str,
    samples: &'static [&'static [u8]],
    words: &'static [&'static str],
    read: impl Fn(&[u8]) -> bool,
) {
    let cases = cases();
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let spoils = prop::collection::vec(Spoil::any(words), 0..6);
    let (mut accepted, mut slowest) = (0, Duration::ZERO);
    let (accepted_here, slowest_here) = (&mut accepted, &mut slowest);
    let cell = std::cell::RefCell::new((accepted_here, slowest_here));
    let strategy = (select(samples), spoils);
    let outcome = TestRunner::new(config).run(&strategy, |(sample, spoils)| {
        let mut bytes = sample.to_vec();
        spoils.iter().for_each(|spoil| spoil.apply(&mut bytes));
        let began = Instant::now();
        let is_accepted = read(&bytes);
        let took = began.elapsed();
        let mut seen = cell.borrow_mut();
        *seen.0 += u32::from(is_accepted);
        *seen.1 = took.max(*seen.1);
        prop_assert!(took < MOMENT, "{took:?}");
        Ok(())
    });
    let line = format!("{name}: {cases} inputs, {accepted} accepted, slowest {slowest:.1?}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(
        accepted > 0 && accepted < cases,
        "{name} reads nothing, or everything"
    );
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const JSON: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "\\",
    "null",
    "true",
    "-0",
    "1e999",
    "9007199254740993",
    "\\ud800",
    "\\u0000",
    "\"id\":",
    "\"sender\":",
    "\"url\":",
    "\"body\":",
    "\"headers\":",
    "\"created\":",
    "\"expires\":",
    "\"method\":",
    "\"status_code\":",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999+14:00",
    "1969-12-31",
    "-1",
    "253402300800",
    "Z",
    "+23:59",
    "=",
    "==",
    "_-",
    "+/",
    "\u{feff}",
    "\u{0}",
    "\u{1f980}",
];

#[test]
fn requests() {
    let samples: &[&[u8]] = &[
        include_bytes!("data/01-ok-dataclass.request"),
        include_bytes!("data/03-get-null-body.request"),
        include_bytes!("data/04-binary-202.request"),
        include_bytes!("data/08-unparsable-400.request"),
    ];
    fuzz("requests", samples, JSON, |bytes| {
        let Ok(request) = Request::parse(bytes, Uuid::nil(), Timestamp::EPOCH) else {
            return false;
        };
        assert_eq!(request.coalesced_id().get_version_num(), 4);
        let is_expired = request.is_expired(Timestamp::EPOCH, Duration::from_secs(1));
        assert!(!is_expired || request.expires < Timestamp::EPOCH);
        // What is read is written so that it is read the same.
        let again = Request::parse(&request.encode(), Uuid::nil(), Timestamp::EPOCH);
        assert_eq!(again.as_ref(), Ok(&request));
        true
    });
}

#[test]
fn responses() {
    let samples: &[&[u8]] = &[
        include_bytes!("data/01-ok-dataclass.response"),
        include_bytes!("data/04-binary-202.response"),
        include_bytes!("data/07-expired-419.response"),
        include_bytes!("data/09-handler-error-500-debug.response"),
    ];
    fuzz("responses", samples, JSON, |bytes| {
        let Ok(response) = Response::parse(bytes, Uuid::nil(), Timestamp::EPOCH) else {
            return false;
        };
        let again = Response::parse(&response.encode(), Uuid::nil(), Timestamp::EPOCH);
        assert_eq!(again.as_ref(), Ok(&response));
        true
    });
}

#[test]
fn urls() {
    let samples: &[&[u8]] = &[
        b"syft://alice@example.com/app_data/app/rpc/ping",
        b"syft://a.b+c-d_e@x-1.y.example/app_data/a/b/rpc/x/y/?q=1&r=2&&=&q#f",
        b"syft://alice@example.com",
    ];
    let words = &[
        "syft://", "@", "/", "//", "..", "?", "#", "&", "=", "%2e", "rpc", "app_data", "\n",
        "\u{e9}", "\u{202e}", ".",
    ];
    fuzz("URLs", samples, words, |bytes| {
        let Ok(url) = text(bytes).parse::<SyftUrl>() else {
            return false;
        };
        assert!(url.query().keys().all(|name| !name.contains('&')));
        if let Some((app, endpoint)) = url.endpoint() {
            assert!(url.path().contains(app) && url.path().contains(endpoint));
        }
        assert_eq!(url.as_str().parse::<SyftUrl>().unwrap(), url);
        true
    });
}

#[test]
fn intervals() {
    let samples: &[&[u8]] = &[b"30d", b"1d12h", b"2h 30m", b"90", b"1.5h"];
    let words = &[
        "d",
        "h",
        "m",
        "s",
        " ",
        "0",
        "99999999999999999999",
        "-",
        ".",
        "e",
        "\u{661}",
        "\u{a0}",
    ];
    fuzz("intervals", samples, words, |bytes| {
        let Ok(interval) = text(bytes).parse::<Interval>() else {
            return false;
        };
        interval.length() > Duration::ZERO
    });
}

#[test]
fn places() {
    let samples: &[&[u8]] = &[
        b"ping/bob@example.com/81fcff17-6651-41df-8c1b-8a9d88f96a29.request",
        b"a/b/c/bob@example.com/81fcff17-6651-41df-8c1b-8a9d88f96a29.request",
        b"81fcff17665141df8c1b8a9d88f96a29.request",
    ];
    let words = &[
        "/",
        "//",
        "..",
        ".",
        "@",
        ".request",
        ".rejected",
        ".conflict",
        "{",
        "}",
        "urn:uuid:",
        "\\",
        "\u{0}",
        "\n",
        "*",
        "?",
        "\u{202e}",
    ];
    fuzz("places", samples, words, |bytes| {
        let text = text(bytes);
        let endpoint = EndpointPath::new(&text);
        if let Ok(endpoint) = endpoint {
            endpoint.check_synced().ok();
        }
        let Some(place) = Place::of(&text) else {
            return false;
        };
        let sender = place.sender.as_ref().map_or("", Email::as_str);
        let parts = place.endpoint.as_str().split('/').chain([sender]);
        // Nothing that is accepted leads out of the tree.
        assert!(parts.into_iter().all(|part| !matches!(part, "." | "..")));
        true
    });
}

#[test]
fn permissions() {
    let samples: &[&[u8]] = &[
        include_bytes!("data/syft.pub.yaml.0.4.3"),
        include_bytes!("data/syft.pub.yaml.0.3.0"),
        b"terminal: true\nrules:\n- pattern: '**/{a,b}[c-e]*.json'\n  access: {read: ['*']}\n",
    ];
    let words = &[
        "*",
        "**",
        "**/",
        "?",
        "[",
        "]",
        "[^",
        "[a-",
        "{",
        "}",
        ",",
        "\\",
        "{{",
        "}}",
        "{{.UserEmail}}",
        "{{.UserHash}}",
        "{{.Year}}",
        "\n",
        "  ",
        "- ",
        "rules:",
        "pattern: ",
        "access:",
        "read:",
        "write:",
        "admin:",
        "limits:",
        "terminal: ",
        "&a",
        "*a",
        "!!binary",
        "<<: ",
        "|",
        ">",
        "'",
        "\"",
        "#",
        "---",
        "...",
        "\u{0}",
        "\u{2028}",
        "true",
        "~",
        "1e9",
    ];
    let user: Email = "bob@example.com".parse().unwrap();
    let path = "alice@example.com/app_data/app/rpc/ping/bob@example.com/x.request";
    fuzz("permission files", samples, words, |bytes| {
        let mut evaluator = Evaluator::new();
        let directory = "alice@example.com/app_data/app/rpc";
        let is_read = evaluator.insert(directory, bytes).is_ok();
        for access in [Access::Read, Access::Write] {
            let verdict = evaluator.evaluate(&user, path, access, Timestamp::EPOCH);
            assert!(is_read || !verdict.is_allowed());
        }
        is_read
    });
}

#[test]
fn watched_globs() {
    let samples: &[&[u8]] = &[
        b"{datasite}/**/*.json",
        b"**/{email}/data[0-9].csv",
        b"{app_data}/in/",
        b"!*.tmp",
    ];
    let words = &[
        "*",
        "**",
        "**/",
        "/",
        "?",
        "[",
        "]",
        "[!",
        "[a-",
        "{",
        "}",
        "{datasite}",
        "{api_data}",
        "\\",
        "!",
        "#",
        " ",
        "\u{e9}",
        "\n",
    ];
    let names = Placeholders {
        email: "alice@example.com".parse().unwrap(),
        app: "app".to_owned(),
    };
    fuzz("watched globs", samples, words, |bytes| {
        let Ok(pattern) = Pattern::new(&[text(bytes)], &names) else {
            return false;
        };
        let paths = ["alice@example.com/app_data/app/in/data7.csv", &text(bytes)];
        paths.iter().filter(|path| pattern.matches(path)).count() < 3
    });
}
