//! The programs that keep and watch services.

use std::path::PathBuf;

use syft_tests::peers::Peers;

fn peers() -> Peers {
    Peers::beside(env!("CARGO_TARGET_TMPDIR"))
}

/// Returns the directory of supervisor's programs.
pub(crate) fn supervisor() -> PathBuf {
    peers().venv("supervisor", &["supervisor==4.3.0"])
}

/// Returns the directory of a Python that reads `OpenMetrics`.
pub(crate) fn openmetrics() -> PathBuf {
    peers().venv("openmetrics", &["prometheus_client==0.26.0"])
}

/// Returns Nagios, unpacked: its package wants a mail server, which a check of a config does not.
pub(crate) fn nagios() -> PathBuf {
    let packages = || ["nagios4-core", "nagios4-common"].map(str::to_owned).into();
    peers()
        .unpacked("nagios", packages)
        .join("usr/sbin/nagios4")
}
