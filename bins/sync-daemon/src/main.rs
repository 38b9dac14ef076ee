//! `sync-daemon`: the command `syft-sync` under the name that its users know.

fn main() -> std::process::ExitCode {
    syft_sync::main()
}
