//! `syft-emulator mails` and `syft-emulator requests`.

use std::io::Write;

use anstyle::Style;
use chrono::{DateTime, Utc};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::{
    args::{Mails, Requests},
    client::Client,
    failure::Failure,
};

/// Lists delivered mails.
pub(super) async fn mails(mails: Mails) -> Result<(), Failure> {
    let client = Client::find(&mails.target)?;
    let query = mails
        .to
        .as_deref()
        .map(|to| format!("?to={}", encoded(to)))
        .unwrap_or_default();
    let answer = client.get(&format!("/emulator/mails{query}")).await?;
    let mut out = anstream::stdout();
    if mails.json {
        return Ok(writeln!(out, "{}", answer["mails"])?);
    }
    let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
    for mail in answer["mails"].as_array().into_iter().flatten() {
        let recipients: Vec<&str> = mail["to"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        writeln!(
            out,
            "{dim}{}{dim:#}  {} → {}  {bold}{}{bold:#}",
            time(&mail["date"], "%Y-%m-%d %H:%M:%S"),
            text(&mail["from"]),
            shown(&recipients.join(", ")),
            text(&mail["subject"]),
        )?;
    }
    Ok(())
}

/// Lists or counts requests.
pub(super) async fn requests(requests: Requests) -> Result<(), Failure> {
    let client = Client::find(&requests.target)?;
    let mut out = anstream::stdout();
    if requests.counts {
        let counts = client.get("/emulator/requests/counts").await?;
        if requests.json {
            writeln!(out, "{counts}")?;
        } else {
            for (api, count) in counts.as_object().into_iter().flatten() {
                writeln!(out, "{:>8}  {api}", count.to_string())?;
            }
        }
    } else {
        print_requests(&mut out, &client, &requests).await?;
    }
    if requests.reset {
        client.delete("/emulator/requests").await?;
    }
    Ok(())
}

async fn print_requests(
    out: &mut impl Write,
    client: &Client,
    requests: &Requests,
) -> Result<(), Failure> {
    let api = requests
        .api
        .as_deref()
        .map(|api| format!("&api={}", encoded(api)));
    let path = format!(
        "/emulator/requests?limit={}{}",
        requests.limit,
        api.as_deref().unwrap_or("")
    );
    let answer = client.get(&path).await?;
    if requests.json {
        return Ok(writeln!(out, "{}", answer["requests"])?);
    }
    for request in answer["requests"].as_array().into_iter().flatten() {
        let status = match request["status"].as_u64() {
            None | Some(0) => "---".to_owned(),
            Some(status) => status.to_string(),
        };
        writeln!(
            out,
            "{} {status} {:<32} {:<28} {} {}",
            time(&request["time"], "%H:%M:%S%.3f"),
            text(&request["api"]),
            text(&request["account"]),
            text(&request["method"]),
            text(&request["path"]),
        )?;
    }
    Ok(())
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn time(value: &Value, format: &str) -> String {
    let parsed = value.as_str().unwrap_or_default().parse::<DateTime<Utc>>();
    parsed
        .map(|time| time.format(format).to_string())
        .unwrap_or_default()
}

fn text(value: &Value) -> String {
    shown(value.as_str().unwrap_or("-"))
}

/// Mails come from anyone, so their control characters must not reach the terminal.
fn shown(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(shown("a\u{1b}[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
    }

    #[test]
    fn times_are_short() {
        assert_eq!(
            time(&"2026-01-02T03:04:05.678Z".into(), "%H:%M:%S"),
            "03:04:05"
        );
        assert_eq!(time(&Value::Null, "%H:%M:%S"), "");
    }
}
