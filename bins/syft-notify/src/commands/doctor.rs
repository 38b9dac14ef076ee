//! `syft-notify doctor`.

use crate::{
    args::DoctorArgs,
    exit::{Failure, Outcome},
};

#[expect(clippy::unused_async, reason = "being built")]
pub(crate) async fn run(args: DoctorArgs) -> Outcome {
    Err(Failure::error(format!("being built: {args:?}")))
}
