#!/usr/bin/env python3
"""Measures idle daemons side by side: `syft-notify start` of ours and of Python's, for ten minutes.

Both watch the same number of peers on one emulator, over TLS, every 30 seconds. Of ours the
supervisor counts, too. Prints a table and writes it to target/idle.json.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import emulated
import notify_figures

MB = 1_000_000
ROOT = Path(__file__).resolve().parents[2]


class Daemon:
    """A started daemon and its processes: the one in the pid file, and its children."""

    def __init__(self, program, owner):
        self.program, self.owner = program, owner
        program.run(owner, "start", "--config", owner.config, "--interval", "30")
        file = owner.credentials / "syft-notify.pid"
        self.main = wait_for(lambda: int(file.read_text()))

    def stop(self):
        self.program.run(self.owner, "stop")

    def processes(self):
        children = Path(f"/proc/{self.main}/task/{self.main}/children").read_text()
        return [self.main, *map(int, children.split())]

    def sample(self):
        """Returns what all its processes together hold and have used."""
        each = [sample(process) for process in self.processes()]
        total = {name: sum(one[name] for one in each) for name in each[0]}
        return {**total, "processes": len(each)}


def wait_for(read):
    for _ in range(600):
        try:
            return read()
        except (OSError, ValueError):
            time.sleep(0.1)
    raise RuntimeError("no pid file")


def sample(process):
    home = Path(f"/proc/{process}")
    rollup = (home / "smaps_rollup").read_text().splitlines()[1:]
    sizes = dict(line.split(":", 1) for line in rollup)
    size = {name: int(sizes[name].split()[0]) * 1024 for name in ("Rss", "Pss")}
    status = dict(line.split(":", 1) for line in (home / "status").read_text().splitlines())
    switches = sum(
        int(line.split(":")[1])
        for task in (home / "task").iterdir()
        for line in (task / "status").read_text().splitlines()
        if line.startswith("voluntary_ctxt_switches")
    )
    return {
        "rss": size["Rss"],
        "pss": size["Pss"],
        "threads": int(status["Threads"]),
        "descriptors": len(list((home / "fd").iterdir())),
        # The kernel's number of another process' CPU clock; /proc counts in steps of 10 ms.
        "cpu_ns": time.clock_gettime_ns((~process << 3) | 2),
        "wakeups": switches,
    }


def measure(arguments, directory):
    every = notify_figures.programs(arguments.notify)
    every = {name: every[name] for name in ("python", "tls")}
    with emulated.Emulator(arguments.emulator, directory) as emulator:
        scientists = [
            emulated.Scientist(emulator, f"ds{number}@uni.example")
            for number in range(arguments.peers)
        ]
        daemons = {}
        try:
            for name, program in every.items():
                owner = program.owner(emulator, directory, "idle")
                for scientist in scientists:
                    scientist.add_peer(owner.email)
                daemons[name] = Daemon(program, owner)
            time.sleep(arguments.settle)
            before = {name: daemon.sample() for name, daemon in daemons.items()}
            began = time.monotonic()
            time.sleep(arguments.seconds)
            took = time.monotonic() - began
            after = {name: daemon.sample() for name, daemon in daemons.items()}
        finally:
            for daemon in daemons.values():
                daemon.stop()
    return {name: figures(before[name], after[name], took) for name in daemons}


def figures(before, after, took):
    cpu = after["cpu_ns"] - before["cpu_ns"]
    return {
        "processes": after["processes"],
        "rss_mb": after["rss"] / MB,
        "pss_mb": after["pss"] / MB,
        "threads": after["threads"],
        "descriptors": after["descriptors"],
        "cpu_ms": cpu / 1e6,
        "cpu_percent": 100 * cpu / (took * 1e9),
        "wakeups_per_second": (after["wakeups"] - before["wakeups"]) / took,
        "seconds": took,
    }


def print_table(table):
    names = list(table)
    print(f"{'':22}" + "".join(f"{name:>12}" for name in [*names, "ratio"]))
    for key in table[names[0]]:
        values = [table[name][key] for name in names]
        ratio = values[0] / values[1] if values[1] else float("nan")
        print(f"{key:22}" + "".join(f"{value:12.3f}" for value in [*values, ratio]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notify", type=Path, default=notify_figures.RELEASE / "syft-notify")
    parser.add_argument("--emulator", type=Path, default=notify_figures.RELEASE / "syft-emulator")
    parser.add_argument("--peers", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--settle", type=int, default=20, help="seconds before it begins")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        table = measure(arguments, Path(directory))
    (ROOT / "target" / "idle.json").write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    print_table(table)


if __name__ == "__main__":
    sys.exit(main())
