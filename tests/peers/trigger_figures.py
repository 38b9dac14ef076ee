#!/usr/bin/env python3
"""Measures what lies between a change of a file and its copy, and what a storm of changes costs.

Prints both and writes them to target/trigger_figures.json. Ends with 1 if a goal is missed: a copy
is complete at most the debounce and 10 ms after its file was written, for 95 of 100; after 100,000
changes a second for ten seconds nothing is missed, and memory stays below 32 MiB.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KIB = 1024


class Watch:
    """The program that is measured, over two directories of its own."""

    def __init__(self, home, debounce):
        self.source, self.copy = home / "source", home / "copy"
        self.source.mkdir(parents=True)
        self.events = []
        self.process = subprocess.Popen(
            [ROOT / "target" / "release" / "examples" / "watch", self.source, self.copy, debounce],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.wait_for("watcher_armed")

    def read(self):
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def count(self, kind):
        return sum(event["event"] == kind for event in list(self.events))

    def wait_for(self, kind, count=1, patience=60):
        end = time.monotonic() + patience
        while self.count(kind) < count:
            if time.monotonic() > end:
                sys.exit(f"{kind} is not told {count} times: {self.events[-5:]}")
            time.sleep(0.001)

    def rest(self):
        """Waits until nothing runs any more and nothing has begun for a while."""
        seen = -1
        while seen != len(self.events) or self.count("started") != self.count("finished"):
            seen = len(self.events)
            time.sleep(1.5)

    def peak(self):
        """Returns the largest resident memory so far, in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / KIB

    def end(self):
        self.process.stdin.close()
        if self.process.wait(timeout=30):
            sys.exit("the program fails")


def latency(home, debounce_ms, files, others):
    """Returns milliseconds from the end of a write to the whole copy, one file after the other."""
    watch = Watch(home, f"{debounce_ms}ms")
    for number in range(others):
        (watch.source / f"other-{number}").write_bytes(b"x" * KIB)
    watch.rest()
    times = []
    for number in range(files):
        name, content = f"file-{number}", os.urandom(KIB)
        (watch.source / name).write_bytes(content)
        began = time.monotonic()
        copy = watch.copy / name
        while not copy.exists():
            if time.monotonic() > began + 30:
                sys.exit(f"{name} never arrives")
            time.sleep(0.0002)
        times.append((time.monotonic() - began) * 1000)
        if copy.read_bytes() != content:
            sys.exit(f"{name} is torn")
        watch.wait_for("finished", watch.count("started"))
    watch.end()
    return times


def storm(home, rate, seconds, files):
    """Writes to many files at a rate, and returns what was reached and what is missed afterwards."""
    watch = Watch(home, "200ms")
    handles = [os.open(watch.source / f"file-{n}", os.O_CREAT | os.O_WRONLY) for n in range(files)]
    began = time.monotonic()
    writes = 0
    while (now := time.monotonic() - began) < seconds:
        # A write each to every file: the system joins what is written to one file in a row.
        for handle in handles:
            os.pwrite(handle, b"storm", writes % 4000)
        writes += files
        ahead = writes / rate - now
        if ahead > 0.002:
            time.sleep(ahead)
    for number, handle in enumerate(handles):
        os.pwrite(handle, f"the end of {number}".encode(), 0)
        os.close(handle)
    reached = writes / (time.monotonic() - began)
    watch.rest()
    missed = sum(
        (watch.copy / path.name).read_bytes() != path.read_bytes()
        for path in watch.source.iterdir()
    )
    runs, peak = watch.count("finished"), watch.peak()
    watch.end()
    return {"changes_per_second": reached, "missed": missed, "runs": runs, "peak_mib": peak}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--others", type=int, default=100, help="files that do not change")
    parser.add_argument("--debounce", type=int, nargs="*", default=[0, 50, 200])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=int, default=110_000)
    parser.add_argument("--disk", default=None, help="a directory on the disk to be measured")
    parser.add_argument("--built", action="store_true", help="takes the program as it is built")
    options = parser.parse_args()
    build = ["cargo", "build", "--release", "-q", "-p", "syft-jobs", "--example", "watch"]
    subprocess.run(build, check=True, cwd=ROOT)
    if not options.built:
        subprocess.run(build, check=True, cwd=ROOT)
    home = Path(tempfile.mkdtemp(prefix="trigger-figures-", dir=options.disk))
    figures, is_met = {}, True
    try:
        for debounce in options.debounce:
            name = f"debounce {debounce} ms"
            times = latency(home / name.replace(" ", "-"), debounce, options.files, options.others)
            cuts = statistics.quantiles(times, n=100)
            figures[name] = {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98]}
            met = cuts[94] <= debounce + 10
            is_met &= met
            print(
                f"{'met   ' if met else 'MISSED'} {name}: written to copied p50 {cuts[49]:.1f} ms, "
                f"p95 {cuts[94]:.1f} ms, p99 {cuts[98]:.1f} ms, at most {debounce + 10} ms",
                flush=True,
            )
        told = storm(home / "storm", options.rate, options.seconds, 100)
        figures["storm"] = told
        met = told["changes_per_second"] >= 100_000 and not told["missed"] and told["peak_mib"] <= 32
        is_met &= met
        print(
            f"{'met   ' if met else 'MISSED'} {told['changes_per_second']:,.0f} changes a second for "
            f"{options.seconds:.0f} s: {told['missed']} files missed after {told['runs']} runs, "
            f"peak memory {told['peak_mib']:.1f} MiB, at most 32"
        )
    finally:
        shutil.rmtree(home, ignore_errors=True)
    (ROOT / "target" / "trigger_figures.json").write_text(json.dumps(figures, indent=1))
    sys.exit(0 if is_met else 1)


if __name__ == "__main__":
    main()
