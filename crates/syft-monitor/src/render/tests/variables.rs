use std::collections::BTreeSet;

use super::*;

/// The two that are made on the way: they are no facts of the mail.
const MADE: [&str; 2] = ["cells", "subject"];

fn leaves(mail: &MailContext) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let facts = mail.facts_as_json();
    for (name, value) in facts.as_object().unwrap() {
        match value.as_object() {
            Some(fields) => found.extend(fields.keys().map(|field| format!("{name}.{field}"))),
            None if value.is_null() => {}
            None => _ = found.insert(name.clone()),
        }
    }
    found
}

#[test]
fn the_listed_variables_exist() {
    for template in Template::ALL {
        let facts = leaves(&MailContext::sample(template));
        for variable in template_variables(template) {
            let known = facts.contains(variable.name) || MADE.contains(&variable.name);
            assert!(known, "{template:?}: {}", variable.name);
        }
    }
}

#[test]
fn all_variables_are_listed() {
    let listed: BTreeSet<&str> = Template::ALL
        .into_iter()
        .flat_map(template_variables)
        .map(|variable| variable.name)
        .collect();
    for template in Template::ALL {
        for name in leaves(&MailContext::sample(template)) {
            assert!(listed.contains(name.as_str()), "{name}");
        }
    }
}

#[test]
fn the_manual_lists_them() {
    let manual = include_str!("../../../../../docs/src/templates.md");
    for template in Template::ALL {
        assert!(manual.contains(&format!("`{}`", template.name())));
        for variable in template_variables(template) {
            let row = format!("| `{}` | {} |", variable.name, variable.meaning);
            assert!(manual.contains(&row), "{row}");
        }
    }
}
