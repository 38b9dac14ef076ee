//! An app: endpoints, watches and cleanup in one.

use std::{future::Future, time::Duration};

use syft_state::watch::{Hint, TreeWatch};
use tokio::task::JoinHandle;

use crate::{
    cleanup::{CleanupOptions, CleanupStats, PeriodicCleanup},
    config::ClientConfig,
    events::{EventHandler, Observer, Observers, Pattern, PatternError, Placeholders, Watch},
    handler::Handler,
    hints::{self, Hints, Teller, may_be_request},
    interval::Interval,
    layout::{AppNameError, AppPaths, Workspace},
    middleware::Next,
    permissions::PermissionPolicy,
    request::Request,
    response::Response,
    router::{BuildError, Endpoint, Router},
    server::{Health, Server, ServerOptions, StartError, Watching},
    tree::Tree,
};

/// How long handlers may take to finish when an app is stopped.
const DEADLINE: Duration = Duration::from_secs(10);

/// An app of a SyftBox, which answers requests and watches files.
///
/// ```
/// use syft_rpc_events::{Params, SyftEvents, config::ClientConfig};
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Greeting {
///     name: String,
/// }
///
/// fn hello(Params(it): Params<Greeting>) -> String {
///     format!("Hello, {}!", it.name)
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let home = tempfile::tempdir()?;
/// # let config = ClientConfig { data_dir: home.path().to_owned(), email: "alice@example.com".parse()? };
/// let mut app = SyftEvents::new("my_app", &config)?.on_request("/hello", hello);
/// app.start().await?;
/// assert!(app.is_cleanup_running());
/// app.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SyftEvents {
    workspace: Workspace,
    paths: AppPaths,
    router: Router,
    watches: Vec<(Watch, EventHandler)>,
    server: ServerOptions,
    cleanup: Option<CleanupOptions>,
    running: Option<Running>,
    /// What the last cleanup did, also when nothing runs any more.
    last_cleanup: CleanupStats,
}

#[derive(Debug)]
struct Running {
    server: Server,
    cleanup: Option<PeriodicCleanup>,
    /// Dropped together: events, and those who pass them on and hear them.
    _watching: Option<(TreeWatch, Observers, Passing)>,
}

/// A task that ends when this is dropped.
#[derive(Debug)]
struct Passing(JoinHandle<()>);

impl Drop for Passing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Says why an app cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// It runs.
    #[error("the app runs already")]
    Running,
    /// Its endpoints do not fit together.
    #[error("{}", lines(.0))]
    Routes(Vec<BuildError>),
    /// A watch cannot be made.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// Its files cannot be used, or another process runs it.
    #[error(transparent)]
    Start(#[from] StartError),
}

fn lines(errors: &[BuildError]) -> String {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

impl SyftEvents {
    /// Begins an app of the SyftBox that a client's config describes.
    ///
    /// # Errors
    /// [`AppNameError`].
    pub fn new(app: &str, config: &ClientConfig) -> Result<Self, AppNameError> {
        let workspace = Workspace::new(config);
        Ok(Self {
            paths: workspace.app(app, &config.email)?,
            workspace,
            router: Router::new(),
            watches: Vec::new(),
            server: ServerOptions::default(),
            cleanup: Some(CleanupOptions::default()),
            running: None,
            last_cleanup: CleanupStats::default(),
        })
    }

    /// Answers requests for an endpoint with a function.
    #[must_use]
    pub fn on_request<M>(mut self, path: &str, handler: impl Handler<M>) -> Self {
        self.router = self.router.on_request(path, handler);
        self
    }

    /// Answers requests for an endpoint with a function that has limits of its own.
    #[must_use]
    pub fn endpoint(mut self, path: &str, endpoint: Endpoint) -> Self {
        self.router = self.router.endpoint(path, endpoint);
        self
    }

    /// Adds the endpoints of a router below a prefix.
    #[must_use]
    pub fn include_router(mut self, prefix: &str, router: Router) -> Self {
        self.router = self.router.include(prefix, router);
        self
    }

    /// Gives handlers a value that they share, as [`State`](crate::State) of its type.
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.router = self.router.state(value);
        self
    }

    /// Puts a function around all endpoints that were added so far.
    #[must_use]
    pub fn layer<F, Fut>(mut self, layer: F) -> Self
    where
        F: Fn(Request, Next) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Response> + Send + 'static,
    {
        self.router = self.router.layer(layer);
        self
    }

    /// Calls a handler for what happens to files.
    #[must_use]
    pub fn watch(mut self, watch: impl Into<Watch>, handler: EventHandler) -> Self {
        self.watches.push((watch.into(), handler));
        self
    }

    /// Keeps requests and responses that long: 30 days unless said otherwise.
    #[must_use]
    pub fn cleanup_expiry(mut self, expiry: Interval) -> Self {
        self.cleanup.get_or_insert_default().expiry = expiry;
        self
    }

    /// Cleans up that often: once a day unless said otherwise.
    #[must_use]
    pub fn cleanup_interval(mut self, interval: Interval) -> Self {
        self.cleanup.get_or_insert_default().interval = interval;
        self
    }

    /// Cleans up in this way.
    #[must_use]
    pub fn cleanup(mut self, options: CleanupOptions) -> Self {
        self.cleanup = Some(options);
        self
    }

    /// Never cleans up.
    #[must_use]
    pub fn without_cleanup(mut self) -> Self {
        self.cleanup = None;
        self
    }

    /// Publishes no schema, and leaves one that is there as it is.
    #[must_use]
    pub fn without_schema(mut self) -> Self {
        self.server.publishes_schema = false;
        self
    }

    /// Treats the permission file in this way.
    #[must_use]
    pub fn permissions(mut self, policy: PermissionPolicy) -> Self {
        self.server.permissions = policy;
        self
    }

    /// Serves in this way.
    #[must_use]
    pub fn server(mut self, options: ServerOptions) -> Self {
        self.server = options;
        self
    }

    /// Accepts names of endpoints that the relay or the Go client does not carry.
    #[must_use]
    pub fn allow_unsynced_names(mut self) -> Self {
        self.router = self.router.allow_unsynced_names();
        self
    }

    /// Returns where the app's files are.
    #[must_use]
    pub fn paths(&self) -> &AppPaths {
        &self.paths
    }

    /// Starts to answer and to watch, until [`Self::stop`].
    ///
    /// # Errors
    /// [`AppError`]; then nothing runs.
    pub async fn start(&mut self) -> Result<(), AppError> {
        if self.running.is_some() {
            return Err(AppError::Running);
        }
        let routes = self.router.clone().build().map_err(AppError::Routes)?;
        let observers = self.observers()?;
        let (watch, hints) = self.watch_all(&observers);
        let watching = match &watch {
            Some(_) => Watching::Shared,
            None => Watching::Own,
        };
        let options = self.server.clone();
        let server =
            Server::start_with(&self.workspace, &self.paths, routes, options, watching).await?;
        let watching = match observers.is_empty() {
            true => None,
            false => {
                let datasites = self.workspace.datasites();
                let tree = Tree::new(datasites, self.workspace.staging());
                let observers = Observers::start(tree, observers).await;
                let tell = (server.tell(), observers.tell());
                let passing = Passing(tokio::spawn(pass(hints, tell.0, tell.1)));
                watch.map(|watch| (watch, observers, passing))
            }
        };
        let cleanup = self.cleanup.clone().map(|options| {
            let claims = server.claims();
            let cleanup = PeriodicCleanup::sparing(&self.workspace, &self.paths, options, claims);
            cleanup.start();
            cleanup
        });
        self.running = Some(Running {
            server,
            cleanup,
            _watching: watching,
        });
        Ok(())
    }

    /// Lets what runs finish, and stops; it can be started again.
    pub async fn stop(&mut self) {
        let Some(running) = self.running.take() else {
            return;
        };
        if let Some(cleanup) = running.cleanup {
            cleanup.stop().await;
            self.last_cleanup = cleanup.stats();
        }
        running.server.stop(DEADLINE).await;
    }

    /// Starts, and stops when `end` comes, as `tokio::signal::ctrl_c()` does.
    ///
    /// # Errors
    /// [`AppError`].
    pub async fn run_until<F: Future>(&mut self, end: F) -> Result<F::Output, AppError> {
        self.start().await?;
        let ended = end.await;
        self.stop().await;
        Ok(ended)
    }

    /// Starts, and goes on for as long as somebody waits for it.
    ///
    /// # Errors
    /// [`AppError`].
    pub async fn run_forever(&mut self) -> Result<(), AppError> {
        self.run_until(std::future::pending()).await
    }

    /// Returns whether it answers requests.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Returns whether old files are deleted from time to time.
    #[must_use]
    pub fn is_cleanup_running(&self) -> bool {
        let cleanup = self.running.as_ref().and_then(|it| it.cleanup.as_ref());
        cleanup.is_some_and(PeriodicCleanup::is_running)
    }

    /// Returns what was deleted, last and in all.
    #[must_use]
    pub fn get_cleanup_stats(&self) -> CleanupStats {
        let cleanup = self.running.as_ref().and_then(|it| it.cleanup.as_ref());
        cleanup.map_or_else(|| self.last_cleanup.clone(), PeriodicCleanup::stats)
    }

    /// Returns how the server is doing.
    #[must_use]
    pub fn health(&self) -> Health {
        let running = self.running.as_ref();
        running.map_or_else(Health::default, |running| running.server.health())
    }

    fn observers(&self) -> Result<Vec<Observer>, PatternError> {
        let names = Placeholders {
            email: self.workspace.email().clone(),
            app: self.paths.name().to_owned(),
        };
        let compile = |(watch, handler): &(Watch, EventHandler)| {
            Ok(Observer {
                pattern: Pattern::new(watch.globs(), &names)?,
                watch: watch.clone(),
                handler: handler.clone(),
            })
        };
        self.watches.iter().map(compile).collect()
    }

    /// Watches all datasites, if somebody cares: one watch does for events and requests.
    fn watch_all(&self, observers: &[Observer]) -> (Option<TreeWatch>, Hints) {
        let (tell, hints) = hints::channel();
        if observers.is_empty() {
            return (None, hints);
        }
        let datasites = self.workspace.datasites();
        let watch = std::fs::create_dir_all(&datasites)
            .map_err(|error| error.to_string())
            .and_then(|()| {
                TreeWatch::new(&datasites, move |hint| tell.tell(hint))
                    .map_err(|error| error.to_string())
            });
        match watch {
            Ok(watch) => (Some(watch), hints),
            Err(error) => {
                tracing::warn!("{error}: changes are found by sweeps");
                (None, hints)
            }
        }
    }
}

/// Passes hints on to whoever may care.
async fn pass(mut hints: Hints, server: Teller, observers: Teller) {
    while let Some(hint) = hints.next().await {
        if hints.lost_any() {
            server.tell(Hint::Everything);
            observers.tell(Hint::Everything);
        }
        if may_be_request(&hint) {
            server.tell(hint.clone());
        }
        observers.tell(hint);
    }
}
