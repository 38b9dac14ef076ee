#!/usr/bin/env python3
"""Lets a monitor look a hundred thousand times without a pause while Google misbehaves.

Fifty peers submit jobs all the time, and a share of all answers fails in every way that the
emulator knows. In the end every job must have been mailed exactly once, the memory must not be
more than a tenth above that after a thousand looks, and the number of open descriptors the same.
Prints a table and ends with 1 if one of that does not hold.
"""

import argparse
import collections
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import emulated

ROOT = Path(__file__).resolve().parents[2]
RELEASE = ROOT / "target" / "release"
OWNER = "owner@clinic.example"
GROWTH = 1.10
STATUSES = [500, 502, 503, 429, 403]
# Long enough that no repetition of one call outlasts it.
OUTAGE = {"account": OWNER, "times": 40, "effect": {"status": {"code": 503}}}
BREAKS = ["drop_before", "drop_after", "truncate", "garbage"]


def faults(chance):
    """Returns rules by which a share of all calls in the owner's name goes wrong."""
    effects = [{"status": {"code": code}} for code in STATUSES] + BREAKS
    effects.append({"latency": {"millis": 2}})
    rules = []
    for number, effect in enumerate(effects):
        for api in ("drive.*", "gmail.*"):
            rules.append(
                {"account": OWNER, "api": api, "probability": chance, "seed": number, "effect": effect}
            )
    rules.append(
        {"account": OWNER, "api": "drive.changes.list", "probability": chance / 20,
         "seed": 99, "effect": "expired_cursor"}
    )  # fmt: skip
    return rules


class Looks:
    """The looking program, and what it tells of itself."""

    def __init__(self, program, config, looks, every):
        command = [program, config, str(looks), str(every)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.reports = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            report = json.loads(line)
            report["seconds"] = time.monotonic()
            self.reports.append(report)

    def done(self):
        return self.reports[-1]["looks"] if self.reports else 0


def soak(arguments, directory):
    with emulated.Emulator(arguments.emulator, directory) as emulator:
        plain = [("google_endpoint", emulator.url), ("reconcile_interval", 1)]
        owner = emulated.Owner(emulator, OWNER, directory, emulated.GMAIL_COMPOSE, plain)
        # The first look records and mails nothing.
        subprocess.run([arguments.program, owner.config, "1", "1"], check=True, stdout=subprocess.DEVNULL)
        scientists = [
            emulated.Scientist(emulator, f"ds{number}@uni.example")
            for number in range(arguments.peers)
        ]
        inboxes = [scientist.add_peer(OWNER) for scientist in scientists]
        rules = faults(arguments.faults)
        for rule in rules:
            emulator.call("POST", "/emulator/faults", rule)
        began = time.monotonic()
        looks = Looks(arguments.program, owner.config, arguments.looks, arguments.every)
        jobs = submit(emulator, looks, scientists, inboxes, arguments)
        if looks.process.wait() != 0:
            raise RuntimeError(f"the monitor ended with {looks.process.returncode}")
        looks.reader.join()
        took = time.monotonic() - began
        acted = sum(rule["acted"] for rule in emulator.call("GET", "/emulator/faults")["faults"])
        emulator.call("DELETE", "/emulator/faults")
        # What waits for its next try at the end goes out now.
        subprocess.run([arguments.program, owner.config, "5", "5"], check=True, stdout=subprocess.DEVNULL)
        return took, acted, looks.reports, mails(emulator, scientists), expected(scientists, jobs)


def submit(emulator, looks, scientists, inboxes, arguments):
    """Submits jobs evenly over all looks, and returns their names."""
    names = []
    rounds = 0
    while looks.process.poll() is None:
        due = arguments.jobs * looks.done() // arguments.looks + arguments.peers
        while len(names) < min(due, arguments.jobs):
            turn = len(names) % len(scientists)
            names.append(f"job-{len(names):05}")
            scientists[turn].submit(OWNER, inboxes[turn], names[-1])
        emulator.forget()
        rounds += 1
        if rounds % 15 == 0:
            emulator.call("POST", "/emulator/faults", OUTAGE)
        time.sleep(0.2)
    return names


def mails(emulator, scientists):
    """Returns how often each subject reached each person."""
    people = [OWNER, *(scientist.email for scientist in scientists)]
    return collections.Counter(
        (person, mail["subject"]) for person in people for mail in emulator.mails_to(person)
    )


def expected(scientists, jobs):
    wanted = collections.Counter((OWNER, f"New Job: {job}") for job in jobs)
    for scientist in scientists:
        wanted[OWNER, f"New Peer Request from {scientist.email}"] = 1
        wanted[scientist.email, f"Peer Request Sent to {OWNER}"] = 1
    return wanted


def verdict(took, acted, reports, mails, wanted):
    early = next(report for report in reports if report["looks"] >= 1000)
    late = reports[-1]
    growth = late["rss"] / early["rss"]
    lost, doubled = wanted - mails, mails - wanted
    print(f"{'looks':>8} {'RSS MB':>8} {'PSS MB':>8} {'descriptors':>12} {'threads':>8} {'trouble':>8} {'sent':>6}")
    for report in [early, *reports[len(reports) // 10 :: len(reports) // 10], late]:
        print(
            f"{report['looks']:8} {report['rss'] / 1e6:8.2f} {report['pss'] / 1e6:8.2f}"
            f" {report['descriptors']:12} {report['threads']:8} {report['trouble']:8} {report['sent']:6}"
        )
    # A few come and go with connections that a fault has closed; their number must not grow.
    tenth = max(1, len(reports) // 10)
    opened = [report["descriptors"] for report in reports if report["looks"] >= 1000]
    first, last = max(opened[:tenth]), max(opened[-tenth:])
    print(f"{late['looks']} looks in {took:.0f} s, {acted} faults, {late['trouble']} looks with trouble")
    print(f"mails: {sum(wanted.values())} expected, {sum(mails.values())} found, "
          f"{sum(lost.values())} lost, {sum(doubled.values())} double; {late['dead']} given up")  # fmt: skip
    print(f"memory: × {growth:.3f} since 1,000 looks (at most {GROWTH}); descriptors: at most {first} in the first tenth, {last} in the last")
    return growth <= GROWTH and last <= first and not lost and not doubled


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, default=RELEASE / "looks")
    parser.add_argument("--emulator", type=Path, default=RELEASE / "syft-emulator")
    parser.add_argument("--looks", type=int, default=100_000)
    parser.add_argument("--every", type=int, default=500, help="looks between two reports")
    parser.add_argument("--peers", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--faults", type=float, default=0.005, help="chance of each of 20 faults")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        return 0 if verdict(*soak(arguments, Path(directory))) else 1


if __name__ == "__main__":
    sys.exit(main())
