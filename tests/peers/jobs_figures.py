#!/usr/bin/env python3
"""Measures a mirror beside cp, rsync, rclone and unison, by turns, on one disk.

Prints a table and writes it to target/jobs_figures.json. Ends with 1 if a goal is missed. Every
tool gets a destination of its own, and the tools take turns in each round. "flushed" is the time
until what was written is on the disk: a mirror waits for that by itself, the others are followed
by a sync of the file system.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "target" / "release" / "examples" / "mirror"
MIB = 1024 * 1024


def mirror(*options):
    return lambda source, target: [
        [PROGRAM, source, target, "--delete", "--store", f"{target}.sqlite", *options]
    ]


def tools():
    """Returns what each tool is called with, by name."""
    quiet = ["-batch", "-silent", "-auto", "-times", "-confirmbigdel=false"]
    return {
        "mirror": mirror("--times"),
        "mirror, checksum": mirror(),
        "mirror, no flush": mirror("--times", "--unsafe"),
        "cp -a": lambda source, target: [["cp", "-a", f"{source}/.", target]],
        "rsync -a": lambda source, target: [["rsync", "-a", "--delete", f"{source}/", f"{target}/"]],
        "rclone sync": lambda source, target: [["rclone", "sync", "--links", source, target]],
        "unison": lambda source, target: [["unison", source, target, *quiet]],
    }


def run(commands, environment):
    """Runs the commands and returns seconds, processor seconds and peak memory in MiB."""
    processor, memory = 0.0, 0.0
    began = time.monotonic()
    for command in commands:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
        )
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{command}: {process.returncode} {errors.decode()[-500:]}")
        processor += usage.ru_utime + usage.ru_stime
        memory = max(memory, usage.ru_maxrss / 1024)
    return time.monotonic() - began, processor, memory


def many(directory, files, size):
    """Fills a directory with files of random content, a hundred in each subdirectory."""
    content = os.urandom(size * 100)
    for number in range(files):
        at = directory / f"d{number // 100:05}"
        if number % 100 == 0:
            at.mkdir(parents=True)
        start = number % 100 * size
        (at / f"f{number:06}").write_bytes(content[start : start + size])


def big(directory, size):
    directory.mkdir(parents=True)
    with (directory / "big").open("wb") as file:
        for _ in range(size // MIB):
            file.write(os.urandom(MIB))


def change(directory, share):
    """Gives so many percent of the files another content.

    They are not listed: what this process takes is counted as a tool's memory when it starts.
    """
    step, passed = max(1, int(100 / share)), 0
    for at, _, names in os.walk(directory):
        for name in names:
            passed += 1
            if passed % step == 0:
                path = Path(at) / name
                path.write_bytes(os.urandom(path.stat().st_size))


def flushed(target):
    began = time.monotonic()
    subprocess.run(["sync", "-f", target], check=True)
    return time.monotonic() - began


class Bench:
    def __init__(self, disk, rounds, names):
        self.home = Path(tempfile.mkdtemp(prefix="jobs-figures-", dir=disk))
        self.rounds = rounds
        self.tools = {name: tool for name, tool in tools().items() if name in names}
        self.figures = {}

    def environment(self, target):
        home = target.with_name(f"{target.name}.home")
        home.mkdir(exist_ok=True)
        return {**os.environ, "HOME": str(home), "UNISON": str(home), "RCLONE_CONFIG": "/dev/null"}

    def once(self, title, name, source, target):
        os.sync()
        commands = self.tools[name](source, target)
        seconds, processor, memory = run(commands, self.environment(target))
        rest = flushed(target)
        told = self.figures.setdefault(title, {}).setdefault(name, [])
        told.append({"seconds": seconds, "flushed": seconds + rest, "cpu": processor, "mib": memory})

    def cold(self, title, source):
        """Times first copies. All of them stay: ext4 is slow to make files after removals."""
        for turn in range(self.rounds):
            for name in self.tools:
                target = self.home / "cold" / f"{source.name}-{turn}-{name}" / "target"
                target.mkdir(parents=True)
                self.once(title, name, source, target)

    def warm(self, source, prefix, share):
        """Times passes over copies that are there, without changes and with a few."""
        names = [name for name in self.tools if name != "cp -a"]
        targets = {name: self.home / f"warm-{index}" for index, name in enumerate(names)}
        for name in names:
            targets[name].mkdir()
            run(self.tools[name](source, targets[name]), self.environment(targets[name]))
        for _ in range(self.rounds):
            for name in names:
                self.once(f"{prefix}, nothing changed", name, source, targets[name])
            change(source, share)
            for name in names:
                self.once(f"{prefix}, {share} % changed", name, source, targets[name])

    def medians(self):
        def median(runs, key):
            return statistics.median(run[key] for run in runs)

        return {
            title: {
                name: {key: median(runs, key) for key in runs[0]} | {"runs": len(runs)}
                for name, runs in names.items()
            }
            for title, names in self.figures.items()
        }


def goals(medians):
    """Returns each goal with what it compares, and whether it is met."""
    found = []

    def compare(title, other, factor, key="seconds"):
        names = medians.get(title, {})
        if "mirror" in names and other in names:
            ours, theirs = names["mirror"][key], names[other][key]
            words = f"{title}: {ours:.2f} s against {theirs:.2f} s of {other} ({key})"
            found.append((f"{words}, at most {factor} times", ours <= factor * theirs))

    for title in medians:
        if "nothing" in title:
            compare(title, "rsync -a", 1.0)
        elif "GiB" in title:
            compare(title, "cp -a", 1.3, "flushed")
        elif "changed" not in title:
            compare(title, "rsync -a", 0.5, "flushed")
        memory = medians[title].get("mirror", {}).get("mib", 0)
        found.append((f"{title}: {memory:.0f} MiB, at most 64", memory <= 64))
    return found


def table(medians):
    lines = []
    for title, names in medians.items():
        lines += [f"\n{title}", "", "| | s | flushed s | CPU s | MiB |", "| --- | ---: | ---: | ---: | ---: |"]
        for name, told in names.items():
            figures = [told[key] for key in ("seconds", "flushed", "cpu")]
            cells = " | ".join(f"{figure:.2f}" for figure in figures)
            lines.append(f"| {name} | {cells} | {told['mib']:.0f} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--disk", default=None, help="a directory on the disk to be measured")
    parser.add_argument("--tools", nargs="*", default=list(tools()))
    parser.add_argument("--only", nargs="*", default=["1k", "4k", "1g", "2g", "warm"])
    parser.add_argument("--built", action="store_true", help="the program is built already")
    options = parser.parse_args()
    build = ["cargo", "build", "--release", "-q", "-p", "syft-jobs", "--example", "mirror"]
    if not options.built:
        subprocess.run(build, check=True, cwd=ROOT)
    bench = Bench(options.disk, options.rounds, options.tools)
    try:
        for name, files, size in [("1k", 10_000, 1024), ("4k", 100_000, 4096)]:
            source = bench.home / name
            if name in options.only:
                many(source, files, size)
                bench.cold(f"{files:,} files of {size // 1024} KiB", source)
        if "warm" in options.only:
            source = bench.home / "4k"
            if not source.exists():
                many(source, 100_000, 4096)
            bench.warm(source, "100,000 files", 1)
        for name, size in [("1g", 1024 * MIB), ("2g", 2048 * MIB)]:
            if name in options.only:
                big(bench.home / name, size)
                bench.cold(f"a file of {size // MIB // 1024} GiB", bench.home / name)
    finally:
        shutil.rmtree(bench.home, ignore_errors=True)
    medians = bench.medians()
    (ROOT / "target" / "jobs_figures.json").write_text(json.dumps(medians, indent=1))
    print(table(medians))
    checked = goals(medians)
    for goal, is_met in checked:
        print(f"{'met   ' if is_met else 'MISSED'} {goal}")
    sys.exit(0 if all(is_met for _, is_met in checked) else 1)


if __name__ == "__main__":
    main()
