//! The examples are beside this directory: `cargo run -p syft-examples --example embedding`.
