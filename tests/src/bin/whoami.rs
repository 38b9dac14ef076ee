//! Prints whose a Drive token is, as a program with nothing but an environment: `whoami TOKEN_FILE [URL]`.

use std::{io::Write as _, path::Path, time::Duration};

use syft_transport::{
    Drive as _,
    google::{Endpoints, GoogleDrive, Tokens},
    http::{Budget, Client, Options, Retry},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), String> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("a token file is needed")?;
    let endpoints = match arguments.next() {
        Some(url) => url
            .parse()
            .ok()
            .and_then(|url| Endpoints::at(&url))
            .ok_or("no URL")?,
        None => Endpoints::default(),
    };
    let options = Options {
        connect_timeout: Duration::from_secs(5),
        retry: Retry {
            repeats: 0,
            ..Retry::default()
        },
        ..Options::default()
    };
    let account = async {
        let client = Client::new(options)?;
        let tokens = Tokens::open(&client, &endpoints, Path::new(&file))?;
        GoogleDrive::new(&tokens, Budget::DRIVE).account().await
    };
    let account = account.await.map_err(|error| error.to_string())?;
    writeln!(std::io::stdout(), "{account}").map_err(|error| error.to_string())
}
