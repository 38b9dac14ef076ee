//! Files that make a daemon a service of this machine.
