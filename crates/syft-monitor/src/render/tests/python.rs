//! The Python lines of a mail, read by Python.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use serde_json::{Value, json};

use super::*;

/// Reads a list of `[cells, texts]`: each cell must be valid Python, and each text one of its
/// string constants. Prints how many mails it read.
const JUDGE: &str = r#"
import ast, json, sys
mails = json.load(sys.stdin)
for cells, texts in mails:
    found = set()
    for cell in cells:
        for node in ast.walk(ast.parse(cell)):
            if isinstance(node, ast.Constant):
                found.add(node.value)
    for text in texts:
        assert text in found, (text, cells)
print(len(mails))
"#;

fn names() -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let any = "[\\s\\S]{1,60}|[\"'\\\\\n\r{}#%a-z:/.w]{1,30}";
    let any = proptest::string::string_regex(any).unwrap();
    let mut names: Vec<String> = (0..300)
        .map(|_| any.new_tree(&mut runner).unwrap().current())
        .collect();
    names.extend(
        [
            "\"); import os; os.system(\"x\") # ",
            "\"\"\"",
            "\\",
            "\\\"",
            "\n# %%\nimport os\n",
            "a\0b",
            "http://www.x",
            "\u{1f9ea}\u{202e}\u{7f}\u{85}\u{2028}",
        ]
        .map(str::to_owned),
    );
    names.push("é".repeat(127));
    names
}

fn mail_for_python(tera: &Tera, mail: &MailContext, texts: &[&str]) -> Value {
    let file = Part::Code.file(mail.template());
    let code = tera.render(&file, &mail.variables()).unwrap();
    json!([cells(&code), texts])
}

#[test]
fn python_reads_the_lines_and_the_exact_names() {
    let tera = embedded();
    let mut all = Vec::new();
    for digest in digests(&events("x")) {
        all.push(mail_for_python(&tera, &digest, &["owner@clinic.example"]));
    }
    for name in names() {
        for mail in mails(&events(&name)) {
            let texts: &[&str] = match mail.template() {
                Template::NewJob => &[&name, "owner@clinic.example", "ada@uni.example"],
                Template::JobApproved
                | Template::JobExecuted
                | Template::JobFailed
                | Template::JobRejected => &[&name, "owner@clinic.example", "Ada@uni.example"],
                Template::PeerRequest => &["owner@clinic.example", "Ada@uni.example"],
                Template::UnreadableSubmission => continue,
                _ => &[],
            };
            let mail = mail.with_token_path("/a b/\"t\".json");
            all.push(mail_for_python(&tera, &mail, texts));
        }
    }

    let mut python = Command::new("python3")
        .args(["-c", JUDGE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = serde_json::to_vec(&all).unwrap();
    python.stdin.take().unwrap().write_all(&input).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    let count = String::from_utf8(output.stdout).unwrap();
    assert_eq!(count.trim(), all.len().to_string());
}
