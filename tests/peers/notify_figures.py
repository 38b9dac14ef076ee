#!/usr/bin/env python3
"""Measures `syft-notify` beside Python's program of the same name, against one emulator, in one run.

Prints a table and writes it to target/figures.json. Ends with 1 if a goal is missed. Absolute
values depend on the machine and on what else it does; the ratios are what counts.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import emulated

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "target" / "peers"
RELEASE = ROOT / "target" / "release"
PYTHON_PACKAGES = ["syft-client==0.1.94", "PySocks"]
MB = 1_000_000

# Prices of calls in Google's quota units (developers.google.com/workspace/{drive,gmail}).
UNITS = {
    "drive.files.list": 100,
    "drive.changes.list": 100,
    "drive.changes.getStartPageToken": 5,
    "drive.files.get": 5,
    "drive.about.get": 5,
    "gmail.users.getProfile": 1,
    "gmail.users.drafts.create": 10,
    "gmail.users.drafts.send": 100,
    "gmail.users.messages.send": 100,
}
DOWNLOAD_UNITS = 200
GMAIL_UNITS_PER_MINUTE = 6_000


class Program:
    """A way to run one of the programs: how it is called, and how it reaches the emulator."""

    def __init__(self, name, command, redirected, scope, settings=()):
        self.name, self.command, self.redirected = name, command, redirected
        self.scope, self.settings = scope, settings

    def owner(self, emulator, directory, label):
        email = f"{self.name}-{label}@clinic.example"
        settings = [(key, value(emulator)) for key, value in self.settings]
        return emulated.Owner(emulator, email, directory, self.scope, settings)

    def start(self, owner, *arguments):
        command = [*self.command, *arguments]
        log = (owner.home / "output.txt").open("ab")
        return subprocess.Popen(
            command,
            env=owner.environment(self.redirected),
            cwd=owner.home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )

    def run(self, owner, *arguments, accepted=(0,)):
        """Runs to the end; returns the wall time in seconds."""
        began = time.perf_counter()
        process = self.start(owner, *arguments)
        code = process.wait(timeout=900)
        took = time.perf_counter() - began
        if code not in accepted:
            text = (owner.home / "output.txt").read_text(errors="replace")
            raise RuntimeError(f"{self.name} {arguments} ended with {code}:\n{text[-2000:]}")
        return took

    def once(self, owner):
        return self.run(owner, "run", "--once", "--config", owner.config)


def programs(notify):
    """Returns Python's program, and ours over TLS through the proxy and over plain HTTP."""
    python = Program("python", [python_program()], True, emulated.GMAIL_SEND)
    quota = ("quota", lambda _: "{units_per_minute: 100000000, gmail_units_per_minute: 100000000}")
    plain = ("google_endpoint", lambda emulator: emulator.url)
    return {
        "python": python,
        "tls": Program("tls", [notify], True, emulated.GMAIL_COMPOSE, [quota]),
        "plain": Program("plain", [notify], False, emulated.GMAIL_COMPOSE, [quota, plain]),
    }


def python_program():
    """Returns Python's `syft-notify`, installed below target/peers if it is not there yet."""
    home = PEERS / "venv094"
    program = home / "bin" / "syft-notify"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        install = [home / "bin" / "pip", "install", "--quiet", *PYTHON_PACKAGES]
        subprocess.run(install, check=True)
        # It imports a constant that no published release of its dependency has, for a part of
        # syft-client that syft-notify does not use.
        (module,) = home.glob("lib/python3*/site-packages/syft_datasets/dataset_manager.py")
        with module.open("a", encoding="utf-8") as text:
            text.write('FOLDER_NAME = "syft_datasets"\n')
    return program


# The kind of call that each program makes in every poll.
POLL_API = {
    "python": "drive.files.list",
    "tls": "drive.changes.list",
    "plain": "drive.changes.list",
}


def is_poll(program, request):
    """Tells the one call that each program makes once in a poll."""
    if program.name != "python":
        return True
    search = emulated.decoded(request["query"])
    return "syft_outbox_inbox" in search and "_to_" not in search


def units(request):
    if request["api"] == "drive.files.get" and "alt=media" in request["query"]:
        return DOWNLOAD_UNITS
    return UNITS[request["api"]]


class Watched:
    """A running program, between two polls."""

    def __init__(self, program, owner):
        self.program, self.owner = program, owner
        self.process = program.start(owner, "run", "--interval", "1", "--config", owner.config)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)

    def calls(self, api=None):
        return self.owner.emulator.requests(self.owner.email, api)

    def polls(self):
        return sum(is_poll(self.program, call) for call in self.calls(POLL_API[self.program.name]))

    def snapshot(self, more_polls):
        """Waits for so many polls, until the last is over, and returns polls, CPU and calls."""
        deadline = time.monotonic() + 600
        enough = self.polls() + more_polls
        while self.polls() < enough:
            if self.process.poll() is not None or time.monotonic() > deadline:
                text = (self.owner.home / "output.txt").read_text(errors="replace")
                raise RuntimeError(f"{self.program.name} does not poll:\n{text[-2000:]}")
            time.sleep(0.2)
        time.sleep(0.2)
        return self.polls(), self.cpu(), len(self.calls())

    def cpu(self):
        """Returns the processor time of all its threads so far, in nanoseconds."""
        # The kernel's number of another process' CPU clock; /proc counts in steps of 10 ms.
        return time.clock_gettime_ns((~self.process.pid << 3) | 2)

    def memory(self):
        rollup = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        sizes = dict(line.split(":", 1) for line in rollup.splitlines()[1:])
        return {name.lower(): int(sizes[name].split()[0]) * 1024 for name in ("Rss", "Pss")}


def measure_idle(programs, emulator, scientists, directory, peers, polls, jobs=0):
    """Lets all programs poll at the same time and returns what a poll costs each of them."""
    label = f"{peers}-{jobs}"
    owners = {name: each.owner(emulator, directory, label) for name, each in programs.items()}
    for owner in owners.values():
        owner.local_jobs(jobs)
        for scientist in scientists[:peers]:
            scientist.add_peer(owner.email)
    emulator.forget()
    watched = {name: Watched(programs[name], owner) for name, owner in owners.items()}
    try:
        before = {name: one.snapshot(more_polls=3) for name, one in watched.items()}
        return {name: idle_figures(one, *before[name], polls) for name, one in watched.items()}, owners
    finally:
        for one in watched.values():
            one.stop()


def idle_figures(one, polls_before, cpu_before, calls_before, polls):
    polls, cpu, calls = one.snapshot(more_polls=polls)
    polls -= polls_before
    made = one.calls()[calls_before:calls]
    return {
        "polls": polls,
        "cpu_ms_per_poll": (cpu - cpu_before) / polls / 1e6,
        "calls_per_poll": len(made) / polls,
        "units_per_poll": sum(map(units, made)) / polls,
        **{f"{name}_mb": size / MB for name, size in one.memory().items()},
    }


def measure_once(programs, owners, rounds):
    """Returns the wall times of `run --once` with nothing new to mail, taken in turns."""
    for name, program in programs.items():
        program.once(owners[name])
    times = {name: [] for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            times[name].append(program.once(owners[name]))
    return {name: spread(each) for name, each in times.items()}


def measure_start(programs, owners, rounds):
    """Returns the wall times of commands that a person waits for."""
    commands = {"help": ["--help"], "status": ["status", "--json"]}
    # What it takes to start a program that does nothing, for comparison.
    nothing = Program("nothing", ["true"], False, emulated.GMAIL_SEND)
    times = {"true": {"nothing": spread([nothing.run(owners["plain"]) for _ in range(rounds)])}}
    for what, arguments in commands.items():
        # Status ends with 3 where nothing runs; Python's has neither the option nor the code.
        for name in ("python", "plain") if what == "help" else ("plain",):
            more = [] if what == "help" else ["--config", owners[name].config]
            run = [
                programs[name].run(owners[name], *arguments, *more, accepted=(0, 3))
                for _ in range(rounds)
            ]
            times.setdefault(what, {})[name] = spread(run)
    return times


def spread(times):
    in_ms = sorted(1000 * each for each in times)
    return {"median_ms": statistics.median(in_ms), "min_ms": in_ms[0], "max_ms": in_ms[-1]}


def measure_announcement(program, emulator, scientists, directory, per_peer):
    """Lets `run --once` announce jobs that came in after the first look."""
    owner = program.owner(emulator, directory, f"jobs-{per_peer}")
    inboxes = [scientist.add_peer(owner.email) for scientist in scientists]
    program.once(owner)
    for number in range(per_peer):
        for scientist, inbox in zip(scientists, inboxes):
            # Python 0.1.94 knows a job by its bare name, so names must not meet.
            job = f"job-{number:03}-{scientist.email.split('@')[0]}"
            scientist.submit(owner.email, inbox, job)
    old = len(emulator.mails_to(owner.email))
    emulator.forget()
    took = program.once(owner)
    mails = len(emulator.mails_to(owner.email)) - old
    if mails == 0:
        raise RuntimeError(f"{program.name} announced none of the jobs")
    calls = emulator.requests(owner.email)
    gmail = sum(units(call) for call in calls if call["api"].startswith("gmail."))
    return {
        "jobs": per_peer * len(scientists),
        "mails": mails,
        "seconds": took,
        "drive_calls": sum(call["api"].startswith("drive.") for call in calls),
        "gmail_units": gmail,
        "minutes_in_google_budget": gmail / GMAIL_UNITS_PER_MINUTE,
    }


def goals(figures):
    """Yields each goal with its limit, the measured value, and whether more is better."""
    for key, idle in figures["idle"].items():
        for way in ("tls", "plain"):
            yield f"resident MB, {key}, {way}", 15, idle[way]["rss_mb"], False
        ratio = idle["python"]["cpu_ms_per_poll"] / idle["tls"]["cpu_ms_per_poll"]
        yield f"times less CPU per poll, {key}, tls", 8, ratio, True
        yield f"Drive calls per idle poll, {key}", 1, idle["tls"]["calls_per_poll"], False
    once = {name: each["median_ms"] for name, each in figures["once"].items()}
    yield "times faster `run --once`, tls", 10, once["python"] / once["tls"], True
    start = figures["start"]
    yield "ms until `--help` is printed", 5, start["help"]["plain"]["median_ms"], False
    yield "ms until `status --json` is printed", 15, start["status"]["plain"]["median_ms"], False
    for name in ("tls", "plain"):
        each = figures["announce"][name]
        yield f"waiting jobs announced, {name}", each["jobs"], each["mails"], True


def print_table(figures):
    heads = f"{'RSS MB':>7} {'PSS MB':>7} {'CPU ms':>8} {'calls':>6} {'units':>7}"
    print(f"\n{'idle, per poll':24} {'program':8} {heads}")
    for key, idle in figures["idle"].items():
        for name, each in idle.items():
            print(
                f"{key:24} {name:8} {each['rss_mb']:7.1f} {each['pss_mb']:7.1f}"
                f" {each['cpu_ms_per_poll']:8.3f} {each['calls_per_poll']:6.2f}"
                f" {each['units_per_poll']:7.0f}"
            )
    print(f"\n{'wall time in ms':24} {'program':8} {'median':>8} {'min':>8} {'max':>8}")
    for what, times in {"run --once": figures["once"], **figures["start"]}.items():
        for name, each in times.items():
            values = (each["median_ms"], each["min_ms"], each["max_ms"])
            print(f"{what:24} {name:8}" + "".join(f" {value:8.1f}" for value in values))
    print(f"\n{'waiting jobs':24} {'program':8} {'mails':>6} {'s':>8} {'min at Google':>14}")
    for key in ("announce", "long_inbox"):
        for name, each in figures[key].items():
            print(
                f"{each['jobs']:<24} {name:8} {each['mails']:6} {each['seconds']:8.2f}"
                f" {each['minutes_in_google_budget']:14.1f}"
            )


def print_goals(figures):
    missed = 0
    print(f"\n{'goal':60} {'limit':>9} {'measured':>9}")
    for what, limit, value, more_is_better in goals(figures):
        met = value >= limit if more_is_better else value <= limit
        missed += not met
        bound = ("≥ " if more_is_better else "≤ ") + str(limit)
        print(f"{what:60} {bound:>9} {value:9.2f} {'' if met else 'MISSED'}")
    return missed


def measure(arguments, directory):
    every = programs(arguments.notify)
    with emulated.Emulator(arguments.emulator, directory) as emulator:
        scientists = [
            emulated.Scientist(emulator, f"ds{number}@uni.example")
            for number in range(max(*arguments.peers, 50))
        ]
        figures = {"idle": {}}
        cases = [(peers, 0) for peers in arguments.peers] + [(1, 100)]
        for peers, jobs in cases:
            key = f"{peers} peers, {jobs} local jobs"
            say(f"{arguments.polls} idle polls with {key} …")
            figures["idle"][key], owners = measure_idle(
                every, emulator, scientists, directory, peers, arguments.polls, jobs
            )
        say("`run --once` in turns …")
        figures["once"] = measure_once(every, owners, arguments.rounds)
        figures["start"] = measure_start(every, owners, arguments.rounds)
        for key, peers, per_peer in (("announce", 50, 20), ("long_inbox", 1, 150)):
            say(f"{peers * per_peer} waiting jobs of {peers} peers …")
            figures[key] = {
                name: measure_announcement(
                    program, emulator, scientists[:peers], directory, per_peer
                )
                for name, program in every.items()
            }
    return figures


def say(text):
    print(text, file=sys.stderr, flush=True)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notify", type=Path, default=RELEASE / "syft-notify")
    parser.add_argument("--emulator", type=Path, default=RELEASE / "syft-emulator")
    parser.add_argument("--peers", type=int, nargs="+", default=[1, 20, 200])
    parser.add_argument("--polls", type=int, default=25, help="idle polls per case")
    parser.add_argument("--rounds", type=int, default=15, help="runs of short commands")
    parser.add_argument("--out", type=Path, default=ROOT / "target" / "figures.json")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as directory:
        figures = measure(arguments, Path(directory))
    arguments.out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print_table(figures)
    return 1 if print_goals(figures) else 0


if __name__ == "__main__":
    sys.exit(main())
