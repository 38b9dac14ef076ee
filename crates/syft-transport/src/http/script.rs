//! A server on loopback that says and does what a test tells it to.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use reqwest::Url;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::{Client, Options, Proxies, Retry};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let url = Url::parse(&format!("http://x{}", self.target)).unwrap();
        let pair = url.query_pairs().find(|(key, _)| key == name);
        pair.map(|(_, value)| value.into_owned())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What the server does about a request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Promises a whole body and ends after so many bytes of it.
    Truncate(usize, Vec<u8>),
    /// Ends the connection without a word.
    Drop,
    /// Never answers.
    Hang,
}

pub(crate) fn json(body: serde_json::Value) -> Act {
    Act::Answer(200, Vec::new(), body.to_string().into_bytes())
}

pub(crate) fn status(status: u16) -> Act {
    Act::Answer(status, Vec::new(), Vec::new())
}

pub(crate) fn refusal(status: u16, reason: &str) -> Act {
    let body = serde_json::json!({"error": {"code": status, "errors": [{"reason": reason}]}});
    Act::Answer(status, Vec::new(), body.to_string().into_bytes())
}

/// A running server; it ends with this value.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) url: Url,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Drop for Script {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Script {
    /// Answers each request with the next act, and the last one again and again.
    pub(crate) async fn acts(acts: impl IntoIterator<Item = Act>) -> Self {
        let mut acts: Vec<Act> = acts.into_iter().collect();
        acts.reverse();
        Self::new(move |_| {
            if acts.len() > 1 {
                acts.pop().unwrap()
            } else {
                acts[0].clone()
            }
        })
        .await
    }

    /// Answers each request as `decide` says.
    pub(crate) async fn new(decide: impl FnMut(&Seen) -> Act + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (decide, log) = (Arc::new(Mutex::new(decide)), seen.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (decide, log) = (decide.clone(), log.clone());
                let decide = move |request: Seen| {
                    let act = decide.lock().unwrap()(&request);
                    log.lock().unwrap().push(request);
                    act
                };
                tokio::spawn(serve(stream, decide));
            }
        });
        Self { url, seen, task }
    }

    /// Returns all requests so far, in their order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.seen().len()
    }
}

/// Returns a client whose waits between attempts are too short to notice.
pub(crate) fn quick_client() -> Client {
    client(Duration::from_secs(60))
}

/// Returns one that soon gives up on a server that says nothing.
pub(crate) fn impatient_client() -> Client {
    client(Duration::from_millis(500))
}

fn client(call_timeout: Duration) -> Client {
    let millis = Duration::from_millis;
    Client::new(Options {
        proxies: Proxies::Never,
        call_timeout,
        retry: Retry {
            first_wait: millis(1),
            longest_wait: millis(2),
            longest_asked: millis(1_500),
            ..Retry::default()
        },
        ..Options::default()
    })
    .unwrap()
}

async fn serve(stream: TcpStream, decide: impl Fn(Seen) -> Act) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await {
        let done = match decide(request) {
            Act::Answer(status, headers, body) => {
                let mut head = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n", body.len());
                for (name, value) in headers {
                    head += &format!("{name}: {value}\r\n");
                }
                head += "\r\n";
                stream.write_all(&[head.as_bytes(), &body].concat()).await
            }
            Act::Truncate(length, body) => {
                let head = format!("HTTP/1.1 200 x\r\ncontent-length: {}\r\n\r\n", body.len());
                let part = [head.as_bytes(), &body[..length]].concat();
                stream
                    .write_all(&part)
                    .await
                    .and(Err(std::io::ErrorKind::Other.into()))
            }
            Act::Drop => return,
            Act::Hang => std::future::pending().await,
        };
        if done.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut first = head.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let mut seen = Seen {
        method,
        target,
        head,
        body: Vec::new(),
    };
    let length = seen
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    seen.body.resize(length, 0);
    stream.read_exact(&mut seen.body).await.ok()?;
    Some(seen)
}
