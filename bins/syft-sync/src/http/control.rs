//! The control API: what the commands at the terminal ask of the daemon.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Query, Request, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use syft_jobs::JobId;

use super::{
    backend::{Backend, Command, Refusal},
    events::Events,
    guard::{self, Visitors},
    metrics,
    token::Token,
};
use crate::telemetry::Metrics;

/// What is asked fits into this many bytes.
const LARGEST_BODY: usize = 16 * 1024;
/// Time for an answer.
const PATIENCE: Duration = Duration::from_secs(30);
const OPEN: &[&str] = &["/health", "/ready"];
const USUAL_RUNS: usize = 50;
const MOST_RUNS: usize = 1000;
const ENDPOINTS: [&str; 16] = [
    "GET /health",
    "GET /ready",
    "GET /status",
    "GET /syft/info",
    "GET /jobs",
    "GET /runs",
    "GET /runs/{id}",
    "GET /queue",
    "GET /config",
    "GET /metrics",
    "GET /events",
    "POST /pause",
    "POST /resume",
    "POST /stop",
    "POST /reload",
    "POST /jobs/{id}/trigger",
];

/// What a daemon says of itself.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub(super) name: String,
    pub(super) version: &'static str,
    pub(super) started: DateTime<Utc>,
    pub(super) pid: u32,
}

#[derive(Clone, Debug)]
struct Pages {
    about: Arc<About>,
    backend: Arc<dyn Backend>,
    numbers: Arc<Metrics>,
    events: Events,
}

pub(super) fn router(
    about: About,
    backend: Arc<dyn Backend>,
    numbers: Arc<Metrics>,
    events: Events,
    token: Token,
) -> Router {
    let pages = Pages {
        about: Arc::new(about),
        backend,
        numbers,
        events,
    };
    let visitors = Arc::new(Visitors::Knowing { token, open: OPEN });
    Router::new()
        .route(
            "/health",
            get(async |pages: Asked| metrics::health(&*pages.backend)),
        )
        .route(
            "/ready",
            get(async |pages: Asked| metrics::readiness(&*pages.backend)),
        )
        .route(
            "/status",
            get(async |pages: Asked| Json(pages.backend.status())),
        )
        .route("/syft/info", get(info))
        .route(
            "/jobs",
            get(async |pages: Asked| Json(pages.backend.jobs())),
        )
        .route(
            "/queue",
            get(async |pages: Asked| Json(pages.backend.queue())),
        )
        .route(
            "/config",
            get(async |pages: Asked| Json(pages.backend.config())),
        )
        .route("/runs", get(runs))
        .route("/runs/{id}", get(run))
        .route("/metrics", get(numbers_page))
        .route(
            "/pause",
            post(async |pages: Asked| order(&pages, Command::Pause).await),
        )
        .route(
            "/resume",
            post(async |pages: Asked| order(&pages, Command::Resume).await),
        )
        .route(
            "/stop",
            post(async |pages: Asked| order(&pages, Command::Stop).await),
        )
        .route(
            "/reload",
            post(async |pages: Asked| order(&pages, Command::Reload).await),
        )
        .route("/jobs/{id}/trigger", post(trigger))
        .layer(middleware::from_fn(in_time))
        .route("/events", get(follow))
        .fallback(nothing)
        .method_not_allowed_fallback(not_so)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(pages)
        .layer(middleware::from_fn_with_state(visitors, guard::check))
}

type Asked = State<Pages>;

async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(PATIENCE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => guard::error(StatusCode::GATEWAY_TIMEOUT, "this takes too long"),
    }
}

async fn info(pages: Asked) -> Json<Value> {
    let about = &pages.about;
    Json(json!({
        "name": about.name,
        "service": super::SERVICE,
        "pid": about.pid,
        "start_time": about.started.to_rfc3339_opts(SecondsFormat::Secs, true),
        "version": about.version,
        "endpoints": ENDPOINTS,
    }))
}

async fn numbers_page(pages: Asked, headers: HeaderMap) -> Response {
    pages.backend.count();
    metrics::numbers(&pages.numbers, &headers)
}

async fn follow(pages: Asked) -> Response {
    match pages.events.listen() {
        Some(events) => events.into_response(),
        None => guard::error(StatusCode::SERVICE_UNAVAILABLE, "too many listen already"),
    }
}

/// Which runs are asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    job: Option<JobId>,
    limit: Option<usize>,
}

async fn runs(pages: Asked, wanted: Result<Query<Wanted>, QueryRejection>) -> Response {
    let Query(wanted) = match wanted {
        Ok(wanted) => wanted,
        Err(rejection) => return guard::error(StatusCode::BAD_REQUEST, rejection.body_text()),
    };
    let limit = wanted.limit.unwrap_or(USUAL_RUNS).min(MOST_RUNS);
    match pages.backend.runs(wanted.job.as_ref(), limit).await {
        Ok(runs) => Json(runs).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn run(pages: Asked, Path(id): Path<String>) -> Response {
    match pages.backend.run(&id).await {
        Ok(Some(run)) => Json(run).into_response(),
        Ok(None) => Refusal::Unknown("there is no such run".to_owned()).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// How a job is to run.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Manner {
    dry_run: bool,
    force: bool,
}

/// A wish that is misunderstood could run a job that was only to be tried: unknown words are
/// refused.
async fn trigger(
    pages: Asked,
    Path(id): Path<String>,
    manner: Result<Query<Manner>, QueryRejection>,
    body: Bytes,
) -> Response {
    let Ok(job) = id.parse::<JobId>() else {
        return Refusal::Unknown("there is no such job".to_owned()).into_response();
    };
    let manner = match (manner, body.trim_ascii()) {
        (Err(rejection), _) => Err(rejection.body_text()),
        (Ok(Query(manner)), b"") => Ok(manner),
        (Ok(_), body) => serde_json::from_slice(body).map_err(|error| error.to_string()),
    };
    match manner {
        Ok(Manner { dry_run, force }) => {
            let command = Command::Trigger {
                job,
                dry_run,
                force,
            };
            order(&pages, command).await
        }
        Err(why) => guard::error(StatusCode::BAD_REQUEST, why),
    }
}

async fn order(pages: &Pages, command: Command) -> Response {
    let request_id = uuid::Uuid::new_v4().simple().to_string();
    tracing::info!(request = request_id, "asked to {}", command.describe());
    match pages.backend.command(command).await {
        Ok(run_id) => {
            let answer = json!({ "request_id": request_id, "run_id": run_id });
            (StatusCode::ACCEPTED, Json(answer)).into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

async fn nothing() -> Response {
    let why = format!("here are {}", ENDPOINTS.join(", "));
    guard::error(StatusCode::NOT_FOUND, why)
}

async fn not_so() -> Response {
    let why = format!("here are {}", ENDPOINTS.join(", "));
    guard::error(StatusCode::METHOD_NOT_ALLOWED, why)
}

impl Command {
    fn describe(&self) -> String {
        match self {
            Self::Pause => "pause".to_owned(),
            Self::Resume => "resume".to_owned(),
            Self::Stop => "stop".to_owned(),
            Self::Reload => "reload the configuration".to_owned(),
            Self::Trigger {
                job, dry_run: true, ..
            } => format!("try the job {job}"),
            Self::Trigger { job, .. } => format!("run the job {job}"),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Unknown(why) => guard::error(StatusCode::NOT_FOUND, why),
            Self::Conflict(why) => guard::error(StatusCode::CONFLICT, why),
            Self::Busy(why) => guard::error(StatusCode::SERVICE_UNAVAILABLE, why),
            Self::Failed(why) => guard::error(StatusCode::INTERNAL_SERVER_ERROR, why),
        }
    }
}
