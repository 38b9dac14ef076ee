use std::{fs, io::Write as _, os::unix::fs::PermissionsExt as _};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::trigger::{
    EventKind,
    tests::{job, spec},
};

/// A watcher over a directory of its own, and what it tells.
struct World {
    dir: tempfile::TempDir,
    told: UnboundedReceiver<News>,
    _watching: Watching,
}

impl World {
    fn new(change: impl FnOnce(&mut WatcherSpec, &mut Job)) -> Self {
        Self::over(tempfile::tempdir().unwrap(), change)
    }

    fn over(dir: tempfile::TempDir, change: impl FnOnce(&mut WatcherSpec, &mut Job)) -> Self {
        let root = dir.path().join("source");
        fs::create_dir_all(&root).unwrap();
        let (mut job, mut spec) = (job(&root, dir.path().join("copy")), spec(&root));
        change(&mut spec, &mut job);
        let (tell, told) = unbounded_channel();
        let watching = watch(spec, Arc::new(job), move |news| drop(tell.send(news)));
        Self {
            dir,
            told,
            _watching: watching,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("source").join(name)
    }

    async fn next(&mut self) -> News {
        let next = tokio::time::timeout(Duration::from_secs(20), self.told.recv()).await;
        next.expect("something is told")
            .expect("the watcher goes on")
    }

    #[track_caller]
    fn expect_silence(&mut self) {
        let told = self.told.try_recv();
        assert!(told.is_err(), "{told:?}");
    }
}

fn write(path: &Path, text: &str) {
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[tokio::test]
async fn a_burst_of_writes_is_told_once_and_after_its_end() {
    let mut world = World::new(|spec, _| spec.debounce = Duration::from_millis(200));
    assert_eq!(world.next().await, News::Armed);
    for _ in 0..20 {
        write(&world.path("a"), "text");
    }
    let last = Instant::now();
    write(&world.path("a"), "the end");
    assert_eq!(world.next().await, News::Changed);
    assert!(
        last.elapsed() >= Duration::from_millis(199),
        "{:?}",
        last.elapsed()
    );
    world.expect_silence();
}

/// What a watcher notes, without waiting for the end of bursts.
struct Notes {
    attention: Arc<Attention>,
    _eye: Eye,
}

impl Notes {
    fn new(spec: WatcherSpec, job: Job) -> Self {
        let attention = attention(Duration::from_secs(3600));
        let wanted = Wanted {
            spec,
            job: Arc::new(job),
        };
        let eye = wanted.open(&attention, true).unwrap();
        Self {
            attention,
            _eye: eye,
        }
    }

    /// Checks that nothing is noted before what happens now: events come in their order.
    #[track_caller]
    fn expect_first(&self, happen: impl FnOnce()) {
        let before = Instant::now();
        happen();
        let since = loop {
            if let Some(since) = self.attention.debounce().since() {
                break since;
            }
            assert!(
                before.elapsed() < Duration::from_secs(20),
                "nothing is noted"
            );
            std::thread::yield_now();
        };
        assert!(since >= before, "something else was noted before");
    }
}

fn attention(quiet: Duration) -> Arc<Attention> {
    Arc::new(Attention {
        debounce: Debounce::new(quiet, None).into(),
        changed: Notify::new(),
        is_lost: AtomicBool::new(false),
        is_limited: AtomicBool::new(false),
    })
}

/// B8: what is left out is heard of by nobody, and what is not is heard of afterwards.
#[test]
fn what_does_not_count_is_not_noted() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    fs::create_dir(root.join("copy")).unwrap();
    write(&root.join("kept"), "");
    let (mut job, mut spec) = (job(root, root.join("copy")), spec(root));
    spec.events = EventKind::Write.into();
    job.options.filter = crate::Filter::new(&["*.tmp"], &[]).unwrap();
    let notes = Notes::new(spec, job);
    write(&root.join("a.tmp"), "text");
    write(&root.join("copy/a"), "text");
    fs::create_dir(root.join("d")).unwrap();
    drop(fs::read(root.join("kept")).unwrap());
    drop(fs::read_dir(root).unwrap());
    fs::set_permissions(root.join("kept"), fs::Permissions::from_mode(0o640)).unwrap();
    fs::remove_file(root.join("a.tmp")).unwrap();
    notes.expect_first(|| write(&root.join("kept"), "text"));
}

#[tokio::test]
async fn attributes_are_told_to_those_who_want_them() {
    let mut world = World::new(|spec, _| spec.events = EventKind::Chmod.into());
    write(&world.path("a"), "text");
    while world.next().await != News::Armed {}
    fs::set_permissions(world.path("a"), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(world.next().await, News::Changed);
}

/// R7: the watched directory vanishes, comes back, or another takes its place.
#[tokio::test]
async fn a_root_that_is_replaced_is_watched_again_and_makes_the_job_due() {
    let mut world = World::new(|_, _| {});
    assert_eq!(world.next().await, News::Armed);
    let aside = world.dir.path().join("aside");
    fs::rename(world.path(""), &aside).unwrap();
    fs::create_dir(world.path("")).unwrap();
    assert!(matches!(world.next().await, News::Lost(_)));
    assert_eq!(world.next().await, News::Armed);
    assert_eq!(world.next().await, News::Changed);
    write(&world.path("a"), "text");
    assert_eq!(world.next().await, News::Changed);
}

#[tokio::test]
async fn what_is_not_there_yet_is_looked_for() {
    let dir = tempfile::tempdir().unwrap();
    let later = dir.path().join("later");
    let mut world = World::over(dir, |spec, _| spec.path = later.clone());
    let News::Lost(why) = world.next().await else {
        panic!("it is there");
    };
    assert!(why.contains("later"), "{why}");
    fs::create_dir(&later).unwrap();
    // The next look is five seconds away.
    assert_eq!(world.next().await, News::Armed);
    assert_eq!(world.next().await, News::Changed);
}

#[tokio::test]
async fn one_file_can_be_watched() {
    let mut world = World::new(|spec, _| {
        spec.path = spec.path.join("a");
        fs::File::create(&spec.path).unwrap();
    });
    assert_eq!(world.next().await, News::Armed);
    write(&world.path("b"), "text");
    write(&world.path("b2"), "text");
    fs::rename(world.path("b"), world.path("a")).unwrap();
    assert_eq!(world.next().await, News::Changed);
    world.expect_silence();
}

#[test]
fn only_what_is_recursive_looks_below() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    fs::create_dir(root.join("d")).unwrap();
    let notes = Notes::new(
        WatcherSpec {
            recursive: false,
            ..spec(root)
        },
        job(root, "/nowhere/copy"),
    );
    write(&root.join("d/a"), "text");
    notes.expect_first(|| write(&root.join("a"), "text"));
}

/// R7: a storm is over once, and keeps nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_ends_in_one_change_after_its_last_event() {
    let mut world = World::new(|spec, _| spec.debounce = Duration::from_millis(200));
    assert_eq!(world.next().await, News::Armed);
    let root = world.path("");
    let storm = tokio::task::spawn_blocking(move || {
        for number in 0..30_000 {
            drop(fs::File::create(root.join(format!("{}", number % 500))).unwrap());
        }
        write(&root.join("last"), "text");
        Instant::now()
    });
    let last = storm.await.unwrap();
    assert_eq!(world.next().await, News::Changed);
    assert!(
        last.elapsed() >= Duration::from_millis(150),
        "{:?}",
        last.elapsed()
    );
}

/// Without events it looks itself; the time between two looks is not waited for here.
#[tokio::test]
async fn without_events_it_looks_itself() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("source");
    fs::create_dir(&root).unwrap();
    let wanted = Wanted {
        spec: spec(&root),
        job: Arc::new(job(&root, dir.path().join("copy"))),
    };
    let attention = attention(Duration::ZERO);
    let eye = wanted.open(&attention, false).unwrap();
    let News::Polling(why) = eye.news() else {
        panic!("there are events");
    };
    assert!(why.contains("fs.inotify.max_user_watches"), "{why}");
    let eye = eye.look(&attention).await.unwrap();
    assert_eq!(attention.debounce().deadline(), None);
    write(&root.join("a"), "text");
    let eye = eye.look(&attention).await.unwrap();
    assert!(attention.debounce().poll(Instant::now()));
    fs::remove_dir_all(&root).unwrap();
    assert!(eye.look(&attention).await.is_err());
}
