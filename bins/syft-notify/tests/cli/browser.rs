//! A person's browser, as far as a consent needs one: it reads a form, and follows one redirect.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{ChildStderr, ChildStdin, Command, Stdio},
};

use super::desk::Ran;

/// Follows a consent link, allows everything and returns the address that it leads to.
pub(crate) fn allow(link: &str, account: &str) -> String {
    decide(link, account, "allow", |_| true)
}

pub(crate) fn decide(
    link: &str,
    account: &str,
    decision: &str,
    ticked: impl Fn(&str) -> bool,
) -> String {
    let page = request(link, None).body;
    let values = |name: &str| {
        let marker = format!("name=\"{name}\" value=\"");
        let parts = page.split(&marker).skip(1);
        let values: Vec<String> = parts
            .map(|part| part.split('"').next().unwrap().to_owned())
            .collect();
        values
    };
    let ticket = values("ticket").remove(0);
    let mut form = format!(
        "ticket={ticket}&decision={decision}&email={}",
        encode(account)
    );
    for scope in values("scope").iter().filter(|scope| ticked(scope)) {
        form.push_str(&format!("&scope={}", encode(scope)));
    }
    let origin = link.split("/o/oauth2").next().unwrap();
    let answer = request(&format!("{origin}/o/oauth2/consent"), Some(&form));
    answer
        .location
        .unwrap_or_else(|| address_bar(link, &answer.body))
}

/// Returns where Google would send the browser; the emulator shows the code of an address that
/// cannot be reached instead.
fn address_bar(link: &str, page: &str) -> String {
    let code = page.split("id=\"code\">").nth(1);
    let code = code.unwrap_or_else(|| panic!("{page}"));
    let code = code.split('<').next().unwrap();
    let state = link.split("state=").nth(1).unwrap();
    let state = state.split('&').next().unwrap();
    format!("http://localhost:1/?state={state}&code={code}&scope=x")
}

pub(crate) struct Answer {
    pub(crate) location: Option<String>,
    pub(crate) body: String,
}

/// Asks a loopback server over HTTP/1.1.
pub(crate) fn request(url: &str, form: Option<&str>) -> Answer {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let head = match form {
        None => format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
        Some(form) => format!(
            "POST /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        ),
    };
    stream.write_all(head.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let location = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("location")
            .then(|| value.to_owned())
    });
    Answer {
        location,
        body: body.to_owned(),
    }
}

fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| match plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}

/// A set-up under way, which shows links and may be told things.
pub(crate) struct Dialogue {
    child: std::process::Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStderr>,
    said: String,
}

impl Dialogue {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take(),
            output: BufReader::new(child.stderr.take().unwrap()),
            child,
            said: String::new(),
        }
    }

    /// Returns the next link that is shown; if the program ends before, the test fails.
    #[track_caller]
    pub(crate) fn link(&mut self) -> String {
        loop {
            let mut line = String::new();
            let length = self.output.read_line(&mut line).unwrap();
            assert!(length > 0, "no link in:\n{}", self.said);
            self.said.push_str(&line);
            if let Some(link) = line.trim().strip_prefix("http://") {
                return format!("http://{link}");
            }
        }
    }

    pub(crate) fn paste(&mut self, text: &str) {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{text}").unwrap();
    }

    pub(crate) fn end(mut self) -> Ran {
        drop(self.input.take());
        self.output.read_to_string(&mut self.said).unwrap();
        Ran {
            code: self.child.wait().unwrap().code(),
            out: String::new(),
            err: self.said,
        }
    }
}
