//! What `--help` says below the options.

pub(super) const PROGRAM: &str = "\
Exit codes:
  0  done
  1  an error; its message says what to do
  2  the command line is wrong
  3  `status`, `reload`: not running
  4  a token is missing, damaged, revoked or of another account: run `syft-notify init`
  5  Drive or mail is not available now; what waits is kept, run again later
  6  a mail was given up and waits for you: see `syft-notify queue list`

First steps:
  syft-notify demo          see everything work, without an account
  syft-notify init          set up, with Google or with --local DIR
  syft-notify start         watch in the background; status, logs and stop go with it";

pub(super) const START: &str = "\
Exit codes:
  0  it watches, or waits for the network only; also: it was running already
  1  an error that a person must mend; the last lines of the log are shown
  4  a token is missing, damaged, revoked or of another account: run `syft-notify init`
  5  it is not ready yet, and goes on starting

In a window of screen or tmux of its own it goes on to show the log:
  screen -dmS syft-notify syft-notify start
  tmux new -s syft-notify -d syft-notify start";

pub(super) const STOP: &str = "\
Exit codes:
  0  stopped, or not running
  1  it cannot be stopped, as when it is another user's";

pub(super) const RELOAD: &str = "\
Exit codes:
  0  the new config is in force
  1  it has an error; the config of before stays in force
  3  not running
  4  a token of the new config cannot be used; the config of before stays in force
  5  what the new config names cannot be reached; the config of before stays in force";

pub(super) const RUN: &str = "\
Exit codes:
  0  stopped by Ctrl+C or SIGTERM; with --once, everything due was mailed
  1  an error that a person must mend; also: another one watches already
  4  a token is missing, damaged, revoked or of another account: run `syft-notify init`
  5  with --once: Drive or mail is not available now; what waits is kept
  6  with --once: a mail was given up: see `syft-notify queue list`
Without --once, a Drive or mail that is not available is waited for.";

pub(super) const STATUS: &str = "\
Exit codes:
  0  running
  1  the state cannot be read; also: not running, and the config cannot be read
  3  not running";

pub(super) const DOCTOR: &str = "\
Exit codes:
  0  it works; warnings may be there
  1  something must be mended: the lines with ❌
  4  that is a login alone: run `syft-notify init`";
