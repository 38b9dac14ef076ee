//! S4, T19: what a stranger writes stays a quotation.

use std::{collections::BTreeSet, sync::LazyLock};

use proptest::prelude::*;

use super::*;

/// Gmail cuts longer mails.
const MAX_HTML: usize = 102_000;

fn tags(html: &str) -> BTreeSet<String> {
    let tags = html.split('<').skip(1);
    tags.map(|rest| rest.split_inclusive('>').next().unwrap().to_owned())
        .collect()
}

static RENDERER: LazyLock<Renderer> = LazyLock::new(Renderer::embedded);

/// The tags that each mail has when nobody means harm; the dot is one that `unlinked` marks.
static HONEST: LazyLock<Vec<(Template, BTreeSet<String>)>> = LazyLock::new(|| {
    let events = events("a.b");
    let mails = mails(&events).into_iter();
    mails
        .chain(digests(&events).into_iter().take(1))
        .map(|mail| (mail.template(), tags(&RENDERER.render(&mail).html)))
        .collect()
});

fn quotations(html: &str) -> Vec<String> {
    html.split("<code class=\"quote\"")
        .skip(1)
        .map(|rest| {
            let (_, rest) = rest.split_once('>').unwrap();
            let (quoted, _) = rest.split_once("</code>").unwrap();
            quoted
                .replace("<span>.</span>", ".")
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&#39;", "'")
                .replace("&amp;", "&")
        })
        .collect()
}

#[track_caller]
fn check(text: &str) {
    let events = events(text);
    let digests = digests(&events[..3]);
    for context in mails(&events).into_iter().chain(digests) {
        let mail = RENDERER.render(&context);
        let template = context.template();
        let (_, allowed) = HONEST.iter().find(|(t, _)| *t == template).unwrap();

        let found = tags(&mail.html);
        assert!(
            found.is_subset(allowed),
            "{template:?} of {text:?}: {found:?}"
        );
        for quoted in quotations(&mail.html) {
            let shown = [80, 120, 600].map(|max| display::shown(text, max));
            assert!(shown.contains(&quoted), "{template:?}: {quoted:?}");
        }
        assert!(
            mail.html.len() < MAX_HTML,
            "{template:?}: {}",
            mail.html.len()
        );

        assert!(
            !mail.subject.chars().any(char::is_control),
            "{:?}",
            mail.subject
        );
        assert!(mail.subject.chars().count() <= 200);
        assert!(!mail.text.contains("://") && !mail.html.contains("://"));
        assert!(!mail.text.chars().any(|c| c.is_control() && c != '\n'));
    }
}

/// Where a stranger's text may stand in the plain text: after a bar, or in a Python string.
#[track_caller]
fn check_lines(marker: &str) {
    let events = events(&format!("a\n{marker}\r{marker}\u{2028}{marker}"));
    let digests = digests(&events[..3]);
    for context in mails(&events).into_iter().chain(digests) {
        let mail = RENDERER.render(&context);
        for line in mail.text.lines().filter(|line| line.contains(marker)) {
            let (before, _) = line.split_once(marker).unwrap();
            let quoted = before.contains("| ") || before.contains('"');
            assert!(quoted, "{:?}: {line:?}", context.template());
        }
    }
}

#[test]
fn t19_known_tricks_stay_text() {
    for text in [
        "<script>alert(1)</script>",
        "</code></td></tr></table><h1>Your account is closed</h1>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='x",
        "--><!--",
        "<![endif]-->",
        "</title><style>*{display:none}</style>",
        "x\r\nBcc: victim@x.org\r\n\r\nbody",
        "\u{202e}txt.exe\u{2066}\u{200b}",
        "{{ owner.email }}{% include \"layout.txt\" %}{# x",
        "&lt;b&gt; &amp;amp; &#x3c;script&#62;",
        "=?utf-8?B?SGVsbG8=?=",
        "click http://evil.example/ or www.evil.example",
        "\"); import os; os.system(\"x\") # \\",
        "\n# %%\nimport os\n",
        "Z\u{334}\u{335}\u{336}\u{337}\u{338}\u{339}\u{33a}",
        "",
        "   ",
    ] {
        check(text);
    }
}

#[test]
fn a_name_of_ten_megabytes_makes_a_small_mail() {
    for unit in [
        "x", ".", "&", "'", "\u{202e}", "\n", " ", "\u{301}", "🧪", "www.",
    ] {
        let text = unit.repeat(10_000_000 / unit.len());
        let event = Event::JobSubmitted {
            job: key(&text),
            message: FileId::new("x"),
            details: JobDetails::default(),
        };
        let mail = RENDERER.render(&mails(&[event])[0]);
        assert!(mail.html.len() < MAX_HTML && mail.text.len() < MAX_HTML);
        // All other fields at their largest; the parser never lets them grow this long.
        check(&unit.repeat(2_000));
    }
}

#[test]
fn no_line_is_a_strangers_own() {
    for marker in ["ZQX", "==== ZQX", "- ZQX", "> ZQX"] {
        check_lines(marker);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_text_stays_a_quotation(text in prop_oneof![
        "[<>&\"'{}%#/=! a-z.\\\\\n\r\t-]{0,60}",
        "[\\s\\S]{0,300}",
    ]) {
        check(&text);
    }
}
