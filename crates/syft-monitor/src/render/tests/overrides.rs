use std::{fs, path::PathBuf};

use tempfile::TempDir;

use super::*;

struct Directory(TempDir);

impl Directory {
    fn with(files: &[(&str, &str)]) -> Self {
        let directory = Self(TempDir::new().unwrap());
        for (name, text) in files {
            directory.write(name, text.as_bytes());
        }
        directory
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a test's file need not survive a crash"
    )]
    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn load(&self) -> (Renderer, Vec<OverrideProblem>) {
        Renderer::with_overrides(self.0.path())
    }
}

fn sample() -> MailContext {
    MailContext::sample(Template::NewJob)
}

#[track_caller]
fn check_refused(file: (&str, &str), line: Option<usize>, cause: &str) {
    let directory = Directory::with(&[file]);
    let (renderer, problems) = directory.load();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].file, directory.path(file.0));
    assert_eq!(problems[0].line, line, "{problems:?}");
    assert!(problems[0].cause.contains(cause), "{problems:?}");
    assert!(!problems[0].cause.contains('\n'), "{problems:?}");

    let (ours, builtin) = (
        renderer.render(&sample()),
        Renderer::embedded().render(&sample()),
    );
    assert_eq!(ours.html, builtin.html);
    assert_eq!(ours.text, builtin.text);
    assert_eq!(ours.subject, builtin.subject);
    assert!(ours.problems.is_empty());
}

#[test]
fn each_part_can_be_replaced_alone() {
    let directory = Directory::with(&[
        ("new_job.subject", "[clinic] {{ job.name }}\n"),
        ("job_failed.py", "print({{ job.python }})"),
        ("test_email.txt", "Hello {{ to }}"),
    ]);
    let (renderer, problems) = directory.load();
    assert_eq!(problems, []);

    let mail = renderer.render(&sample());
    assert_eq!(mail.subject, "[clinic] Survey of age and income");
    assert!(
        mail.html
            .contains("<title>[clinic] Survey of age and income</title>")
    );
    let failed = renderer.render(&MailContext::sample(Template::JobFailed));
    let code = "\n\nprint(\"Survey of age and income\")\n\n";
    assert!(failed.text.contains(code) && !failed.text.contains("login_ds"));
    let test = renderer.render(&MailContext::sample(Template::TestEmail));
    assert_eq!(test.text, "Hello owner@clinic.example\n");
    let builtin = Renderer::embedded().render(&MailContext::sample(Template::TestEmail));
    assert_eq!(test.html, builtin.html);
}

#[test]
fn a_layout_changes_all_mails() {
    let layout = include_str!("../../../../../templates/email/layout.html");
    let layout = layout.replace(">SyftBox<", ">Clinic<");
    let directory = Directory::with(&[("layout.html", &layout)]);
    let (renderer, problems) = directory.load();
    assert_eq!(problems, []);
    for template in Template::ALL {
        let mail = renderer.render(&MailContext::sample(template));
        assert!(mail.html.contains(">Clinic<"), "{template:?}");
        assert!(mail.problems.is_empty());
    }
}

#[test]
fn overriding_html_is_escaped_too() {
    let directory = Directory::with(&[("new_job.html", "<p>{{ job.name }}</p>")]);
    let (renderer, _) = directory.load();
    let mail = mails(&events("<b>"));
    assert_eq!(renderer.render(&mail[0]).html, "<p>&lt;b&gt;</p>\n");
}

#[test]
fn a_broken_file_is_refused_and_says_where() {
    for (file, line, cause) in [
        (("new_job.txt", "Hello\n{{ job.name"), Some(2), "expected"),
        (("new_job.txt", "Hello\n\n{{ job.nam }}"), Some(3), "nam"),
        (("new_job.html", "{{ nobody.email }}"), Some(1), "nobody"),
        (
            ("new_job.subject", "{{ job.name | shout }}"),
            Some(1),
            "shout",
        ),
        (("new_job.txt", "{% include \"x.txt\" %}"), Some(1), "x.txt"),
        (("new_job.txt", "{% extends \"x.txt\" %}"), None, "x.txt"),
        (("new_job.subject", " \n"), None, "empty"),
        (
            ("layout.html", "<html>{% block lead %}{% endblock %}"),
            None,
            "block",
        ),
        (
            ("new_job.py", "x = 1"),
            None,
            "fewer cells than new_job.txt shows",
        ),
        (("new_jobs.html", "x"), None, "no template of this name"),
        (
            (
                "new_job.txt",
                "{% for i in range(end=90000) %}1234567{% endfor %}",
            ),
            None,
            "more than 524288 bytes",
        ),
    ] {
        check_refused(file, line, cause);
    }
    check_refused(("new_job.txt", &"x".repeat(300_000)), None, "larger than");
    let layout = include_str!("../../../../../templates/email/layout.txt");
    let layout = format!("{layout}\n{{{{ nothing }}}}");
    let last = layout.lines().count();
    check_refused(("layout.txt", &layout), Some(last), "nothing");
}

#[test]
fn what_cannot_be_read_is_reported() {
    let directory = Directory::with(&[]);
    directory.write("new_job.txt", b"\xff\xfe");
    fs::create_dir(directory.path("new_job.html")).unwrap();
    let (_, problems) = directory.load();
    let causes: Vec<&str> = problems.iter().map(|p| p.cause.as_str()).collect();
    assert_eq!(causes[0], "it is not a file");
    assert!(causes[1].contains("UTF-8"), "{causes:?}");

    let missing = directory.path("missing");
    let (renderer, problems) = Renderer::with_overrides(&missing);
    assert_eq!(problems[0].file, missing);
    assert!(problems[0].cause.contains("cannot be read"));
    assert!(!renderer.render(&sample()).text.is_empty());
}

#[test]
fn a_directory_made_for_something_else_is_refused() {
    let directory = Directory::with(&[("new_job.subject", "Mine")]);
    for number in 0..1_000 {
        directory.write(&number.to_string(), b"");
    }
    let (_, problems) = directory.load();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].cause.contains("more than 1000 entries"));
}

#[test]
fn one_broken_file_does_not_spoil_the_others() {
    let directory = Directory::with(&[
        ("new_job.txt", "{{ oops }}"),
        ("layout.txt", "{% block oops"),
        ("new_job.subject", "Mine"),
    ]);
    let (renderer, problems) = directory.load();
    assert_eq!(problems.len(), 2, "{problems:?}");
    let mail = renderer.render(&sample());
    assert_eq!(mail.subject, "Mine");
    assert_eq!(mail.text, Renderer::embedded().render(&sample()).text);
}

#[test]
fn a_file_that_fails_only_with_some_facts_falls_back_then() {
    let text = "{% if job.files_more %}{{ oops }}{% endif %}fine";
    let directory = Directory::with(&[("new_job.txt", text)]);
    let (renderer, problems) = directory.load();
    assert_eq!(problems, []);
    assert_eq!(renderer.render(&sample()).text, "fine\n");

    let many = &mails(&events("x"))[0];
    let mail = renderer.render(many);
    assert_eq!(mail.text, Renderer::embedded().render(many).text);
    assert_eq!(mail.problems.len(), 1);
    assert_eq!(mail.problems[0].line, Some(1));
    let said = mail.problems[0].to_string();
    assert!(said.contains("new_job.txt:1: ") && said.ends_with("; the built-in text is used"));
}

#[test]
fn other_files_are_left_alone() {
    let directory = Directory::with(&[
        ("README.md", "{{"),
        (".new_job.txt", "{{"),
        ("new_job.txt~", "{{"),
        ("new_job.html.bak", "{{"),
    ]);
    assert_eq!(directory.load().1, []);
}

#[cfg(unix)]
#[test]
fn links_are_followed() {
    let elsewhere = Directory::with(&[("mine", "Linked")]);
    let directory = Directory::with(&[]);
    std::os::unix::fs::symlink(elsewhere.path("mine"), directory.path("new_job.subject")).unwrap();
    let (renderer, problems) = directory.load();
    assert_eq!(problems, []);
    assert_eq!(renderer.render(&sample()).subject, "Linked");
}
