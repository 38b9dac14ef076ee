//! Every example runs, and shows what it says that it shows.

use std::{collections::BTreeSet, path::Path, process::Command};

/// The examples, and what each of them must print.
const EXAMPLES: &[(&str, &[&str])] = &[
    (
        "custom_mailer",
        &["notifications were written", "# New Job: count rows"],
    ),
    (
        "custom_sink",
        &[
            "\"event\":\"new_job\"",
            "count rows",
            "\"event\":\"peer_request\"",
            "owner@clinic.example has 2",
        ],
    ),
    (
        "embedding",
        &[
            "started; the first look mails nothing",
            "mailed: ",
            "stopped",
            "ada@uni.example has ",
        ],
    ),
    ("emulator", &[]),
    (
        "own_templates",
        &[
            "warning: ",
            "Subject: Clinic data desk: ada@uni.example sent mean age",
            "Subject: Clinic data desk: 2 news",
        ],
    ),
];

fn directory() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples"))
}

#[test]
fn each_example_shows_what_it_says() {
    for (name, says) in EXAMPLES {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(directory()).args(["run", "--quiet"]);
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        let output = cargo.args(["--example", name]).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {errors}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!text.is_empty(), "{name}");
        for words in *says {
            assert!(text.contains(words), "{name} does not say {words}:\n{text}");
        }
    }
}

#[test]
fn no_example_is_forgotten() {
    let files = std::fs::read_dir(directory()).unwrap();
    let names = files.filter_map(|file| {
        let name = file.unwrap().file_name().into_string().unwrap();
        // Those of RPC are run in `examples/tests`, where somebody calls them.
        let name = name.strip_suffix(".rs")?;
        (!name.starts_with("rpc_")).then(|| name.to_owned())
    });
    let known = EXAMPLES.iter().map(|(name, _)| (*name).to_owned());
    assert_eq!(names.collect::<BTreeSet<_>>(), known.collect());
    let book = directory().join("../docs/src/embedding.md");
    let book = std::fs::read_to_string(book).unwrap();
    for (name, _) in EXAMPLES {
        assert!(book.contains(&format!("--example {name}`")), "{name}");
    }
}
