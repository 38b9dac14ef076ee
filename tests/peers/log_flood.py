#!/usr/bin/env python3
"""Floods the log while `syft-notify logs --follow` reads it, and checks that no line is missing.

First from one process into the log, then from a worker through its supervisor. Ends with 1 if a
line was lost, torn or doubled.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RELEASE = ROOT / "target" / "release"
PROGRAM = RELEASE / "syft-notify"
FLOOD = RELEASE / "examples" / "log_flood"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rate", type=int, default=20, help="MB per second")
    options = parser.parse_args()
    for program in (PROGRAM, FLOOD):
        if not program.exists():
            sys.exit(
                f"{program} is missing: cargo build --release -p syft-notify && "
                "cargo build --release -p syft-daemon --example log_flood"
            )
    outcomes = {way: flood(way, options) for way in ("write", "supervise")}
    print(f"{'from':<11}{'MB/s':>7}{'lines':>12}{'MB':>8}{'files':>7}{'lost':>6}{'torn':>6}{'doubled':>9}")
    is_good = True
    for way, outcome in outcomes.items():
        counts = [outcome[what] for what in ("lost", "torn", "doubled")]
        # Who writes into a pipe is held up by it, and so may write less than was wanted.
        is_good &= not any(counts)
        rate = float(outcome["written"].split()[0])
        megabytes = outcome["bytes"] / 1e6
        print(
            f"{way:<11}{rate:>7.1f}{outcome['lines']:>12,}{megabytes:>8.0f}{outcome['files']:>7}"
            f"{counts[0]:>6}{counts[1]:>6}{counts[2]:>9}"
        )
    sys.exit(0 if is_good else 1)


def flood(way, options):
    with tempfile.TemporaryDirectory(prefix="flood-") as home:
        creds = Path(home) / ".syft-creds"
        creds.mkdir()
        log = creds / "syft-notify.log"
        follower = subprocess.Popen(
            [PROGRAM, "logs", "--follow", "--lines", "0"],
            env={"HOME": home, "PATH": "/usr/bin:/bin"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        checker = subprocess.Popen(
            [FLOOD, "check"], stdin=follower.stdout, stdout=subprocess.PIPE, text=True
        )
        follower.stdout.close()
        # It says where it reads before it does.
        assert str(log) in follower.stderr.readline()
        inode_count = Inodes(log)
        writer = subprocess.Popen(
            [FLOOD, way, log, str(options.seconds), str(options.rate)],
            stderr=subprocess.DEVNULL,
        )
        while writer.poll() is None:
            inode_count.look()
            time.sleep(0.02)
        answer, _ = checker.communicate(timeout=60)
        follower.terminate()
        remarks = follower.stderr.read()
        follower.wait()
        if "removed" in remarks or "emptied" in remarks:
            print(remarks, file=sys.stderr)
        return {**json.loads(answer), "files": inode_count.files}


class Inodes:
    """Counts the files that have stood at a path."""

    def __init__(self, path):
        self.path, self.last, self.files = path, None, 0

    def look(self):
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            return
        # A number may be used again, but a new file is small.
        now = (stat.st_ino, stat.st_size)
        if self.last is None or now[0] != self.last[0] or now[1] < self.last[1]:
            self.files += 1
        self.last = now


if __name__ == "__main__":
    main()
