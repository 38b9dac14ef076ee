//! A caller by files that favours no server, and the least that a server can do:
//! `rpc_clock ask DATA_DIR ENDPOINT COUNT BURST`, `rpc_clock floor DATA_DIR`.
//!
//! `ask` renames requests into their place as the Go client does, hears of answers by inotify, then
//! checks them, and prints a line of JSON: times in microseconds, from the rename of a request
//! until its answer is there. All files stay: ext4 is slow to make files just after others were
//! removed. `floor` renames an answer into its place for every request that is
//! renamed into `/echo`, without a look at what it says, and prints `READY`.

use std::{
    collections::HashMap,
    fs::File,
    io::Write as _,
    mem::MaybeUninit,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};
use serde_json::{Value, json};
use syft_rpc_events::{
    Headers, Method,
    message::{Request, Response},
};
use syft_state::Timestamp;
use uuid::Uuid;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const SERVER: &str = "alice@example.com";
const CALLER: &str = "bob@example.com";

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["ask", dir, endpoint, count, burst] => {
            let mut caller = Caller::new(Path::new(dir), endpoint)?;
            let report = caller.ask_all(count.parse()?, burst.parse()?)?;
            Ok(writeln!(std::io::stdout(), "{report}")?)
        }
        ["floor", dir] => floor(&Desk::new(Path::new(dir), "echo")?),
        _ => Err("see the first lines of this program".into()),
    }
}

/// The directory of one caller at one endpoint, watched.
struct Desk {
    endpoint: String,
    directory: PathBuf,
    staging: PathBuf,
    watch: OwnedFd,
}

impl Desk {
    fn new(data_dir: &Path, endpoint: &str) -> Outcome<Self> {
        let rpc = format!("datasites/{SERVER}/app_data/app/rpc/{endpoint}/{CALLER}");
        let directory = data_dir.join(rpc);
        std::fs::create_dir_all(&directory)?;
        let staging = data_dir.join(".syft-tmp");
        std::fs::create_dir_all(&staging)?;
        let watch = inotify::init(CreateFlags::CLOEXEC)?;
        // In place or renamed, whichever way the server writes.
        let events = WatchFlags::MOVED_TO | WatchFlags::CLOSE_WRITE;
        inotify::add_watch(&watch, &directory, events)?;
        Ok(Self {
            endpoint: endpoint.to_owned(),
            directory,
            staging,
            watch,
        })
    }

    fn path(&self, id: &str, extension: &str) -> PathBuf {
        self.directory.join(format!("{id}.{extension}"))
    }

    fn staged(&self, id: &str, extension: &str) -> PathBuf {
        self.staging.join(format!("{id}.{extension}.clock"))
    }

    fn stage(&self, id: &str, extension: &str, bytes: &[u8]) -> Outcome {
        Ok(File::create(self.staged(id, extension))?.write_all(bytes)?)
    }

    fn place(&self, id: &str, extension: &str) -> Outcome {
        let from = self.staged(id, extension);
        Ok(std::fs::rename(from, self.path(id, extension))?)
    }
}

/// Calls `seen` with the id of every file with an extension that is there, until it says no.
fn watch(desk: &Desk, extension: &str, mut seen: impl FnMut(&str) -> Outcome<bool>) -> Outcome {
    let mut buffer = [MaybeUninit::uninit(); 16 * 1024];
    let mut events = Reader::new(&desk.watch, &mut buffer);
    loop {
        let event = events.next()?;
        let name = event.file_name().and_then(|name| name.to_str().ok());
        let id = name.and_then(|name| name.strip_suffix(extension)?.strip_suffix('.'));
        if let Some(id) = id
            && !seen(id)?
        {
            return Ok(());
        }
    }
}

fn floor(desk: &Desk) -> Outcome {
    writeln!(std::io::stdout(), "READY")?;
    watch(desk, "request", |id| {
        let request = std::fs::read(desk.path(id, "request"))?;
        desk.stage(id, "response", &request)?;
        desk.place(id, "response")?;
        Ok(true)
    })
}

struct Caller {
    desk: Desk,
    times: Vec<Duration>,
    wrong: usize,
}

impl Caller {
    fn new(data_dir: &Path, endpoint: &str) -> Outcome<Self> {
        Ok(Self {
            desk: Desk::new(data_dir, endpoint)?,
            times: Vec::new(),
            wrong: 0,
        })
    }

    fn ask_all(&mut self, count: usize, burst: usize) -> Outcome<Value> {
        let (mut asked, mut took) = (0, Duration::ZERO);
        while asked < count {
            let now = burst.min(count - asked);
            took += self.ask(now)?;
            asked += now;
        }
        self.times.sort_unstable();
        let at = |thousandth: usize| {
            let index = (self.times.len() - 1) * thousandth / 1_000;
            u64::try_from(self.times[index].as_micros())
        };
        Ok(json!({
            "answers": self.times.len(),
            "wrong": self.wrong,
            "seconds": took.as_secs_f64(),
            "p50": at(500)?,
            "p99": at(990)?,
        }))
    }

    /// Asks so many at once, and waits for all answers; only that is timed.
    fn ask(&mut self, count: usize) -> Outcome<Duration> {
        let mut ids = Vec::new();
        for _ in 0..count {
            let (id, bytes) = request(&self.desk.endpoint)?;
            self.desk.stage(&id, "request", &bytes)?;
            ids.push(id);
        }
        let Self { desk, times, wrong } = self;
        let mut waiting = HashMap::new();
        let began = Instant::now();
        for id in &ids {
            waiting.insert(id.as_str(), Instant::now());
            desk.place(id, "request")?;
        }
        watch(desk, "response", |id| {
            if let Some(began) = waiting.remove(id) {
                times.push(began.elapsed());
            }
            Ok(!waiting.is_empty())
        })?;
        let took = began.elapsed();
        for id in &ids {
            let bytes = std::fs::read(desk.path(id, "response"))?;
            *wrong += usize::from(!is_right(&bytes, id));
        }
        Ok(took)
    }
}

fn is_right(bytes: &[u8], id: &str) -> bool {
    let response = Response::parse(bytes, Uuid::nil(), Timestamp::EPOCH);
    response.is_ok_and(|response| response.id.to_string() == id && response.status.is_success())
}

#[expect(clippy::disallowed_methods, reason = "messages carry real times")]
fn request(endpoint: &str) -> Outcome<(String, Vec<u8>)> {
    let created: Timestamp = SystemTime::now().into();
    let request = Request {
        id: Uuid::new_v4(),
        sender: CALLER.to_owned(),
        url: format!("syft://{SERVER}/app_data/app/rpc/{endpoint}").parse()?,
        body: Some(br#"{"message":"a body of some length, as most have"}"#.to_vec()),
        headers: Headers::default(),
        created,
        expires: created.after(Duration::from_secs(900)),
        method: Method::Post,
    };
    Ok((request.id.to_string(), request.encode()))
}
