//! How far a run is, for a person who waits.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use syft_jobs::service::ProgressNow;

/// A bar at a terminal, and nothing elsewhere.
pub(super) struct Bar {
    bar: ProgressBar,
    is_planned: bool,
}

impl Bar {
    pub(super) fn new(is_quiet: bool) -> Self {
        let target = if is_quiet {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("{spinner} {msg}");
        bar.set_style(style.expect("the template is right"));
        bar.set_message("looking at both trees");
        Self {
            bar,
            is_planned: false,
        }
    }

    /// Says that the run has not begun.
    pub(super) fn wait(&self) {
        self.bar.set_message("waiting for its turn");
        self.bar.tick();
    }

    pub(super) fn show(&mut self, progress: &ProgressNow) {
        if progress.actions == 0 {
            self.bar.set_message("looking at both trees");
            self.bar.tick();
            return;
        }
        if !self.is_planned {
            self.is_planned = true;
            let style = ProgressStyle::with_template(
                "{bar:30} {percent:>3} % {bytes} of {total_bytes}, {msg}, {eta} left",
            );
            self.bar.set_style(style.expect("the template is right"));
        }
        self.bar.set_length(progress.bytes);
        self.bar.set_position(progress.bytes_done);
        self.bar.set_message(format!(
            "{} of {} done",
            progress.actions_done, progress.actions
        ));
    }

    /// Takes it away.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
