//! `syft-sync`: keeps folders in step.

fn main() -> std::process::ExitCode {
    syft_sync::main()
}
