#!/usr/bin/env python3
"""Measures an idle `syft-sync start`: 10,000 files watched, metrics shown, for ten minutes.

With `--beside`, lsyncd (a Debian package) watches the same tree in the same minutes. Of ours the
supervisor counts, too. Prints a table and writes it to target/sync-idle.json.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import idle

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """
[daemon]
pid_file = "{0}/run/sync-daemon.pid"
state_dir = "{0}/state"
[telemetry]
log_file_path = "{0}/log/daemon.log"
[telemetry.metrics]
port = 0
[[sync_jobs]]
id = "files"
source_path = "{0}/source"
destination_path = "{0}/copy"
enabled = true
[sync_jobs.schedule]
type = "interval"
interval = "1h"
[[file_watchers]]
id = "files"
watch_path = "{0}/source"
sync_job_id = "files"
enabled = true
recursive = true
debounce_ms = 1000
"""


def make_files(directory, files):
    for number in range(files):
        parent = directory / f"{number // 100:03}"
        parent.mkdir(parents=True, exist_ok=True)
        (parent / str(number)).write_bytes(b"x" * 1024)


class Ours:
    def __init__(self, program, directory):
        self.program = program
        config = directory / "config.toml"
        config.write_text(CONFIG.format(directory))
        self.environment = {**os.environ, "SYNC_DAEMON_CONFIG": str(config), "HOME": str(directory)}
        self.run("start")
        self.main = int((directory / "run/sync-daemon.pid").read_text())
        self.run("trigger", "files", "--wait")

    def run(self, *arguments):
        subprocess.run(
            [self.program, *arguments], env=self.environment, check=True, capture_output=True
        )

    def stop(self):
        self.run("stop")

    def processes(self):
        children = Path(f"/proc/{self.main}/task/{self.main}/children").read_text()
        return [self.main, *map(int, children.split())]


class Lsyncd:
    def __init__(self, directory):
        (directory / "lsyncd-copy").mkdir()
        command = ["lsyncd", "-nodaemon", "-rsync", str(directory / "source")]
        self.process = subprocess.Popen(
            [*command, str(directory / "lsyncd-copy")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def processes(self):
        return [self.process.pid]


def sample(daemon):
    each = [idle.sample(process) for process in daemon.processes()]
    total = {name: sum(one[name] for one in each) for name in each[0]}
    return {**total, "processes": len(each)}


def measure(arguments, directory):
    make_files(directory / "source", arguments.files)
    daemons = {}
    try:
        daemons["syft-sync"] = Ours(arguments.program, directory)
        if arguments.beside:
            daemons["lsyncd"] = Lsyncd(directory)
        time.sleep(arguments.settle)
        before = {name: sample(daemon) for name, daemon in daemons.items()}
        began = time.monotonic()
        time.sleep(arguments.seconds)
        took = time.monotonic() - began
        after = {name: sample(daemon) for name, daemon in daemons.items()}
    finally:
        for daemon in daemons.values():
            daemon.stop()
    return {name: idle.figures(before[name], after[name], took) for name in daemons}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    program = ROOT / "target/release/syft-sync"
    parser.add_argument("--program", default=str(program))
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--settle", type=float, default=20)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--beside", action="store_true", help="measure lsyncd, too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        table = measure(arguments, Path(directory))
    for name, figures in table.items():
        print(name, " ".join(f"{key}={value:.3f}" for key, value in figures.items()))
    (ROOT / "target/sync-idle.json").write_text(json.dumps(table, indent=2))
    ours = table["syft-sync"]
    return 0 if ours["rss_mb"] <= 16 and ours["cpu_percent"] <= 0.1 else 1


if __name__ == "__main__":
    sys.exit(main())
