//! A webhook that remembers what it was told, and what it was told again.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A receiver that drops repetitions by their key, as its makers are told to.
#[derive(Debug)]
pub(crate) struct Hook {
    pub(crate) url: String,
    told: Arc<Mutex<BTreeMap<String, String>>>,
    server: JoinHandle<()>,
}

impl Hook {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let told = Arc::<Mutex<_>>::default();
        let book = Arc::clone(&told);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&book)));
            }
        });
        Self { url, told, server }
    }

    /// Returns the subjects of all that was told under different keys, sorted.
    pub(crate) fn subjects(&self) -> Vec<String> {
        let mut subjects: Vec<String> = self.told.lock().unwrap().values().cloned().collect();
        subjects.sort();
        subjects
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Answers the requests of one connection until the program is done, or killed in the middle.
async fn answer(stream: TcpStream, told: Arc<Mutex<BTreeMap<String, String>>>) {
    let mut stream = BufReader::new(stream);
    while let Some((key, body)) = request(&mut stream).await {
        let body: Value = serde_json::from_slice(&body).unwrap();
        let subject = body["subject"].as_str().unwrap().to_owned();
        told.lock().unwrap().insert(key, subject);
        let done = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        if stream.write_all(done).await.is_err() {
            break;
        }
    }
}

/// Reads a whole request: its key and its body.
async fn request(stream: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let (mut key, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line == "\r\n" {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "idempotency-key" => key = value.to_owned(),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((key, body))
}
