//! Log lines, log files that rotate, and readers that follow them.
