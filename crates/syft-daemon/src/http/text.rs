//! Prometheus's own text format (0.0.4), which tools without `OpenMetrics` read.

use std::fmt::Write as _;

/// Rewrites a page of `OpenMetrics` in Prometheus's own text format 0.0.4.
///
/// In the older format the comments name a counter with its `_total`, there is no type `info`,
/// and neither units nor an end are written.
#[must_use]
pub fn classic(openmetrics: &str) -> String {
    let mut page = String::with_capacity(openmetrics.len());
    for (line, kind) in with_kinds(openmetrics) {
        if line == "# EOF" || line.starts_with("# UNIT ") {
            continue;
        }
        match comment(line) {
            Some((word, name, rest)) => {
                let (suffix, rest) = match (kind, word) {
                    ("counter", _) => ("_total", rest),
                    ("info", "TYPE") => ("_info", "gauge"),
                    ("info", _) => ("_info", rest),
                    _ => ("", rest),
                };
                writeln!(page, "# {word} {name}{suffix} {rest}")
            }
            None => writeln!(page, "{line}"),
        }
        .expect("a string takes all that is written to it");
    }
    page
}

/// Pairs each line with the type of its metric, which stands in the line after its help.
fn with_kinds(page: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut lines = page.lines().peekable();
    let mut kind = "";
    std::iter::from_fn(move || {
        let line = lines.next()?;
        if line.starts_with("# HELP ") {
            let next = lines.peek().copied().and_then(comment);
            kind = next.map_or("", |(_, _, kind)| kind);
        }
        Some((line, kind))
    })
}

/// Splits `# HELP name text` and `# TYPE name kind`.
fn comment(line: &str) -> Option<(&str, &str, &str)> {
    let (word, rest) = line.strip_prefix("# ")?.split_once(' ')?;
    let (name, rest) = rest.split_once(' ')?;
    Some((word, name, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_and_infos_take_their_full_names() {
        let page = "\
# HELP a Help about counter things.
# TYPE a counter
a_total{x=\"# TYPE\"} 1
# HELP b_seconds H.
# TYPE b_seconds gauge
# UNIT b_seconds seconds
b_seconds 2.5
# HELP c H.
# TYPE c info
c_info{version=\"1\"} 1
# EOF
";
        let expected = "\
# HELP a_total Help about counter things.
# TYPE a_total counter
a_total{x=\"# TYPE\"} 1
# HELP b_seconds H.
# TYPE b_seconds gauge
b_seconds 2.5
# HELP c_info H.
# TYPE c_info gauge
c_info{version=\"1\"} 1
";
        assert_eq!(classic(page), expected);
        assert_eq!(classic(""), "");
    }
}
