//! `syft-notify stop`.

use crate::{
    args::StopArgs,
    exit::{Failure, Outcome},
};

#[expect(clippy::unused_async, reason = "being built")]
pub(crate) async fn run(args: StopArgs) -> Outcome {
    Err(Failure::error(format!("being built: {args:?}")))
}
