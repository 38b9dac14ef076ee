//! The book says what the programs do: every key, command, option, exit code and link.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use cargo_metadata::Message;
use syft_monitor::config::{KEYS, SECTIONS};

/// Our programs by name, built as the tests were.
static PROGRAMS: LazyLock<BTreeMap<String, PathBuf>> = LazyLock::new(build);

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs/src").join(name)).unwrap()
}

fn build() -> BTreeMap<String, PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(["build", "--quiet"]);
    for package in [
        "syft-notify",
        "syft-sync",
        "sync-daemon",
        "syft-emulator-bin",
    ] {
        cargo.args(["--package", package]);
    }
    cargo.args(["--message-format", "json"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let output = cargo.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let programs = Message::parse_stream(output.stdout.as_slice()).filter_map(|message| {
        match message.unwrap() {
            Message::CompilerArtifact(artifact) => {
                Some((artifact.target.name, artifact.executable?.into()))
            }
            _ => None,
        }
    });
    programs.collect()
}

/// What `--help` of a command names.
#[derive(Debug, Default)]
struct Help {
    text: String,
    commands: Vec<String>,
    options: BTreeSet<String>,
}

fn help(program: &str, path: &[&str]) -> Help {
    let mut command = Command::new(&PROGRAMS[program]);
    let output = command.args(path).arg("--help").output().unwrap();
    assert!(output.status.success(), "{program} {path:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut help = Help::default();
    let mut part = "";
    for line in text.lines() {
        if line.ends_with(':') && !line.starts_with(' ') {
            part = line;
        }
        let first = line.trim_start();
        let indent = line.len() - first.len();
        if part == "Commands:" && indent == 2 {
            help.commands
                .push(first.split_whitespace().next().unwrap().to_owned());
        }
        if part.to_lowercase().ends_with("options:") && indent <= 6 && first.starts_with('-') {
            let names = first
                .split(|c: char| c.is_whitespace() || ",.[]=".contains(c))
                .filter(|word| word.starts_with('-'));
            help.options.extend(names.map(str::to_owned));
        }
    }
    for aliases in text.split("[alias").skip(1) {
        let names = aliases.split(']').next().unwrap().split([' ', ',']);
        let names = names.filter(|word| word.starts_with('-'));
        help.options.extend(names.map(str::to_owned));
    }
    help.text = text;
    help
}

/// Returns the words in backticks that begin with a dash.
fn options_in(text: &str) -> BTreeSet<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    let words = quoted.flat_map(|code| code.split([' ', ',', '[', '=']));
    let options = words.filter(|word| word.starts_with('-') && word.len() > 1);
    options.map(str::to_owned).collect()
}

/// Returns the page as title and text of its sections; the text before the first has no title.
fn sections(page: &str) -> Vec<(&str, &str)> {
    page.split("\n## ")
        .enumerate()
        .map(|(index, section)| match section.split_once('\n') {
            Some((title, text)) if index > 0 => (title, text),
            _ => ("", section),
        })
        .collect()
}

/// Compares a command's page with its `--help`, in both directions.
#[track_caller]
fn check_commands(program: &str, general: &[&str]) {
    let page = page(&format!("{program}.md"));
    let sections = sections(&page);
    let of_all: String = sections
        .iter()
        .filter(|(title, _)| general.contains(title))
        .map(|(_, text)| *text)
        .collect();
    let mut known = help(program, &[]).options;
    for name in &help(program, &[]).commands {
        if name == "help" {
            assert!(page.contains("`help`"), "{program}.md: help");
            continue;
        }
        let is_own = |title: &str| {
            title
                .split([' ', ','])
                .any(|word| word == name && !word.is_empty())
        };
        let own = sections.iter().find(|(title, _)| is_own(title));
        let (_, own) = own.unwrap_or_else(|| panic!("{program}.md has no section {name}"));
        let told = options_in(&format!("{own}\n{of_all}"));
        let mut helps = vec![help(program, &[name])];
        for inner in helps[0].commands.clone() {
            let called = format!("{name} {inner}");
            let is_told = inner == "help" || own.contains(&called);
            assert!(is_told, "{program}.md: `{called}`");
            if inner != "help" {
                helps.push(help(program, &[name, &inner]));
            }
        }
        for help in helps {
            for option in &help.options {
                assert!(told.contains(option), "{program}.md: {name} {option}");
            }
            known.extend(help.options);
        }
    }
    let invented: Vec<_> = options_in(&page).difference(&known).cloned().collect();
    assert!(invented.is_empty(), "{program}.md invents {invented:?}");
}

#[test]
fn the_page_of_syft_notify_names_every_command_and_option() {
    check_commands("syft-notify", &["Everywhere"]);
}

#[test]
fn the_page_of_syft_sync_names_every_command_and_option() {
    check_commands("syft-sync", &["Everywhere"]);
}

/// Those with a table of theirs in front are whole configs, the others a part of a job.
#[test]
fn every_config_of_sync_jobs_in_the_book_is_valid() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config.toml");
    let job = "[[sync_jobs]]\nid = \"documents\"\nsource_path = \"/a\"\ndestination_path = \"/b\"\nenabled = true\n";
    let mut checked = 0;
    for name in pages().iter().filter(|name| name.starts_with("sync-")) {
        let page = page(name);
        for block in page.split("```toml\n").skip(1) {
            let block = block.split("```").next().unwrap();
            let begins = |table: &str| block.lines().any(|line| line.starts_with(table));
            let is_part = begins("[sync_jobs.") && !begins("[[sync_jobs]]");
            let needs_job = is_part || begins("[[file_watchers]]") && !begins("[[sync_jobs]]");
            let text = if needs_job {
                format!("{job}{block}")
            } else {
                block.to_owned()
            };
            syft_state::fs::write_atomic(&file, text.as_bytes(), 0o600).unwrap();
            let mut validate = Command::new(&PROGRAMS["syft-sync"]);
            validate.args(["config", "validate", "--config"]).arg(&file);
            let output = validate.env("HOME", directory.path()).output().unwrap();
            let found = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "{name}:\n{block}\n{found}");
            checked += 1;
        }
    }
    assert!(checked > 5, "only {checked}");
}

#[test]
fn the_page_of_syft_emulator_names_every_command_and_option() {
    check_commands("syft-emulator", &[""]);
}

#[test]
fn the_exit_codes_are_those_of_the_help() {
    let help = help("syft-notify", &[]).text;
    let (_, codes) = help.split_once("Exit codes:\n").unwrap();
    let codes: Vec<String> = codes
        .lines()
        .take_while(|line| !line.is_empty())
        .map(|line| {
            let (code, meaning) = line.trim().split_once("  ").unwrap();
            format!("| {code} | {} |", meaning.trim())
        })
        .collect();
    assert!(codes.len() > 5, "{codes:?}");
    let page = page("syft-notify.md");
    for row in codes {
        let bare = page.replace('`', "");
        assert!(bare.contains(&row.replace('`', "")), "{row}");
    }
}

/// Returns the words in the first cells of the tables of a section.
fn keys_of(page: &str, section: &str) -> Vec<String> {
    let sections = sections(page);
    let (_, text) = sections
        .iter()
        .find(|(title, _)| *title == section)
        .unwrap();
    text.lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_configuration_page_names_every_key_and_no_other() {
    let page = page("configuration.md");
    let keys: Vec<&str> = KEYS.iter().map(|(key, _)| *key).collect();
    assert_eq!(keys_of(&page, "Keys"), keys);
    for (section, keys) in SECTIONS {
        let keys: Vec<&str> = keys.iter().map(|(key, _)| *key).collect();
        let title = match *section {
            "smtp" => "SMTP".to_owned(),
            name => name[..1].to_uppercase() + &name[1..],
        };
        assert_eq!(keys_of(&page, &title), keys, "{section}");
    }
}

#[test]
fn the_monitoring_page_names_every_figure_and_no_other() {
    let source = "crates/syft-daemon/src/http/metrics.rs";
    let source = fs::read_to_string(root().join(source)).unwrap();
    let (_, source) = source.split_once("fn register(").unwrap();
    let (body, _) = source.split_once("\n    }\n").unwrap();
    let is_name = |text: &&str| text.bytes().all(|c| c.is_ascii_lowercase() || c == b'_');
    let texts = body.split('"').skip(1).step_by(2);
    // The version is a label.
    let names = texts.filter(is_name).filter(|name| *name != "version");
    let registered: BTreeSet<String> = names.map(str::to_owned).collect();
    let page = page("monitoring.md");
    let told = page.split("| `syft_notify_").skip(1).map(|row| {
        let name = row.split(['`', '{']).next().unwrap();
        let name = ["_total", "_seconds", "_info"]
            .iter()
            .fold(name, |name, end| name.strip_suffix(end).unwrap_or(name));
        name.to_owned()
    });
    assert_eq!(told.collect::<BTreeSet<_>>(), registered);
}

/// Returns all pages of the book, by their path below `docs/src`.
fn pages() -> Vec<String> {
    let files = fs::read_dir(root().join("docs/src")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut pages: Vec<_> = names.filter(|name| name.ends_with(".md")).collect();
    pages.sort();
    pages
}

#[test]
fn every_page_is_in_the_summary() {
    let summary = page("SUMMARY.md");
    for page in pages() {
        let is_there = page == "SUMMARY.md" || summary.contains(&format!("({page})"));
        assert!(is_there, "{page}");
    }
}

/// Returns the text without its blocks of code.
fn without_code(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

/// Returns the anchors that mdBook and GitHub give to the headings of a page.
fn anchors(text: &str) -> BTreeSet<String> {
    let text = without_code(text);
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let kept = |c: char| c.is_alphanumeric() || "-_ ".contains(c);
    headings
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            title
                .chars()
                .filter(|c| kept(*c))
                .collect::<String>()
                .replace(' ', "-")
        })
        .collect()
}

#[track_caller]
fn check_links(file: &Path) {
    let text = fs::read_to_string(file).unwrap();
    for link in without_code(&text).split("](").skip(1) {
        let target = link.split(')').next().unwrap();
        if target.contains("://") {
            continue;
        }
        let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
        let linked = match path {
            "" => file.to_owned(),
            path => file.parent().unwrap().join(path),
        };
        assert!(linked.exists(), "{}: {target}", file.display());
        if !anchor.is_empty() {
            let anchors = anchors(&fs::read_to_string(&linked).unwrap());
            assert!(anchors.contains(anchor), "{}: {target}", file.display());
        }
    }
}

#[test]
fn links_lead_somewhere() {
    check_links(&root().join("README.md"));
    check_links(&root().join("CHANGELOG.md"));
    for page in pages() {
        check_links(&root().join("docs/src").join(page));
    }
}

/// Returns all of our Rust sources, with texts that go over several lines put together.
fn sources(directory: &Path, sources: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            self::sources(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

/// Messages of serde, and one that is put together from two texts.
const PUT_TOGETHER: &[&str] = &[
    "invalid type:",
    "expected a number at line",
    "EOF while parsing a value at line",
    "is not an e-mail address:",
];

/// Returns our sources, each text in one line.
fn code() -> String {
    let mut code = String::new();
    for directory in ["bins", "crates"] {
        sources(&root().join(directory), &mut code);
    }
    code.split("\\\n").map(str::trim_start).collect()
}

#[test]
fn messages_to_look_up_are_those_of_the_programs() {
    let code = code();
    let page = page("troubleshooting.md");
    let titles: Vec<_> = page
        .lines()
        .filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`'))
        .collect();
    assert!(titles.len() > 15, "{titles:?}");
    let unknown = |words: &&str| !code.contains(*words) && !PUT_TOGETHER.contains(words);
    for title in titles {
        let pieces = title
            .split('…')
            .map(str::trim)
            .filter(|words| words.len() > 4);
        let unknown: Vec<_> = pieces.filter(unknown).collect();
        assert!(unknown.is_empty(), "{title}: nothing says {unknown:?}");
    }
}

/// Returns what a message says in any case: runs of words without names and numbers.
fn fixed_words(message: &str) -> Vec<String> {
    let is_name =
        |word: &&str| word.contains(|c: char| c.is_ascii_digit() || "/@\"`\\".contains(c));
    let words: Vec<&str> = message.split_whitespace().collect();
    let runs = words.split(is_name);
    let runs = runs.filter(|run| run.len() > 1);
    runs.map(|run| run.join(" ").trim_end_matches([':', ',', ';']).to_owned())
        .collect()
}

#[test]
fn messages_in_full_are_those_of_the_programs() {
    let code = code();
    let mut checked = 0;
    for name in ["troubleshooting.md", "operations.md"] {
        let text = page(name);
        let blocks = text.split("```text\n").skip(1);
        for line in blocks.flat_map(|block| block.split("```").next().unwrap().lines()) {
            let Some((_, message)) = line
                .split_once(": ")
                .filter(|(kind, _)| ["error", "warning", "next", "because"].contains(&kind.trim()))
            else {
                continue;
            };
            checked += 1;
            for words in message.split(": ").flat_map(fixed_words) {
                let is_known = code.contains(&words)
                    || PUT_TOGETHER
                        .iter()
                        .any(|text| words.contains(text) || text.contains(&words));
                assert!(is_known, "{name}: {line}\nnothing says {words:?}");
            }
        }
    }
    assert!(checked > 5, "only {checked} messages");
}

/// Returns the lines of the blocks of shell in a text, those that go on in the next one put
/// together.
fn shell_lines(text: &str) -> Vec<String> {
    let blocks = text.split("```").skip(1).step_by(2);
    let shells = blocks.filter_map(|block| {
        let (kind, lines) = block.split_once('\n')?;
        ["sh", "bash", "console"].contains(&kind).then_some(lines)
    });
    let lines = shells.flat_map(|lines| {
        let lines = lines.replace("\\\n", " ");
        lines.lines().map(str::to_owned).collect::<Vec<_>>()
    });
    lines.collect()
}

/// Returns the quoted code in the prose of a text.
fn quoted_code(text: &str) -> Vec<String> {
    let prose = without_code(text);
    let quoted = prose.split('`').skip(1).step_by(2);
    quoted.map(|code| code.replace('\n', " ")).collect()
}

/// Returns the words of the first command of a shell line, without what follows it.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in line.chars() {
        match quote {
            Some(end) if c == end => quote = None,
            Some(_) => word.push(c),
            None if c == '"' || c == '\'' => quote = Some(c),
            None if "|&;)#>".contains(c) => break,
            None if c.is_whitespace() => words.push(std::mem::take(&mut word)),
            None => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// Returns our commands in a line: the program and its words.
fn commands_in(line: &str) -> Vec<(String, Vec<String>)> {
    let mut commands = Vec::new();
    for program in PROGRAMS.keys() {
        let called = format!("{program} ");
        for (at, _) in line.match_indices(&called) {
            // `tmux new -s syft-notify -d syft-notify start` names a window first.
            let before = line[..at].trim_end_matches("sudo ");
            let is_command = ["", "$", "$("].contains(&before.trim())
                || ["$(", "| ", "& ", " -d ", "-dmS syft-notify "]
                    .iter()
                    .any(|end| before.ends_with(end));
            if is_command {
                commands.push((program.clone(), words(&line[at + called.len()..])));
            }
        }
    }
    commands
}

/// Asks for help in place of doing what a command says; a wrong command says so all the same.
fn parses(program: &str, words: &[String]) -> Result<(), String> {
    let value = |word: &String| match word.as_str() {
        "SHELL" => "bash".to_owned(),
        "SECONDS" => "60".to_owned(),
        word => word
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned(),
    };
    let mut command = Command::new(&PROGRAMS[program]);
    command.args(words.iter().map(value)).arg("--help");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    output.status.success().then_some(()).ok_or(said)
}

#[test]
fn every_command_line_in_the_book_is_one() {
    let mut names = pages();
    names.push("../../README.md".to_owned());
    let mut wrong = Vec::new();
    let mut checked = 0;
    for name in names {
        let text = page(&name);
        for line in [shell_lines(&text), quoted_code(&text)].concat() {
            for (program, words) in commands_in(&line) {
                checked += 1;
                if let Err(said) = parses(&program, &words) {
                    wrong.push(format!("{name}: {line}\n{said}"));
                }
            }
        }
    }
    assert!(checked > 100, "only {checked} lines");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_that_the_book_shows_are_there() {
    for name in pages() {
        for shown in page(&name).split("{{#include ").skip(1) {
            let file = shown.split("}}").next().unwrap();
            let file = root().join("docs/src").join(file);
            assert!(file.is_file(), "{name}: {}", file.display());
        }
    }
}

#[test]
fn the_readme_begins_with_its_two_commands() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let lines: Vec<&str> = readme.lines().take(3).collect();
    assert!(lines[1].starts_with("cargo run --release -p syft-notify -- demo"));
    assert!(lines[2].starts_with("cargo test --workspace"));
}

#[test]
fn the_stated_rust_version_is_the_required_one() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, version) = manifest.split_once("rust-version = \"").unwrap();
    let version = version.split('"').next().unwrap();
    for text in [
        page("getting-started.md"),
        fs::read_to_string(root().join("README.md")).unwrap(),
    ] {
        assert!(text.contains(&format!("Rust {version} or later")));
    }
}
