#!/usr/bin/env python3
"""Measures our file RPC beside Python's syft-event 0.4.3, by the same caller, in one run.

Prints a table and writes it to target/rpc_figures.json. Ends with 1 if a goal is missed. The floor
is a loop that renames an answer into its place for every request, on the same disk.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVER = "alice@example.com"
PACKAGE = "syft-event==0.4.3"


def python_with_syft_event(peers):
    """Returns an interpreter that has the package, installed if it is not there yet."""
    home = peers / "syft-event-0.4.3"
    python = home / "bin" / "python"
    if not (peers / "syft-event-0.4.3.ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", PACKAGE], check=True)
        (peers / "syft-event-0.4.3.ready").touch()
    return python


class Server:
    """A server in a SyftBox of its own, ready to be asked."""

    def __init__(self, name, command, disk):
        self.name = name
        self.directory = tempfile.mkdtemp(prefix=f"rpc-{name}-", dir=disk)
        command = [part.format(dir=self.directory) for part in map(str, command)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if self.process.stdout.readline() != "READY\n":
            raise RuntimeError(f"{name} did not start")

    def stop(self):
        self.process.stdin.close()
        if self.name == "floor":
            self.process.kill()
        self.process.wait()

    def processor(self):
        """Returns the processor time so far in seconds, by the scheduler's clock."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def memory(self):
        """Returns the proportional set size in megabytes."""
        text = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        (line,) = [line for line in text.splitlines() if line.startswith("Pss:")]
        return int(line.split()[1]) / 1000


def ask(server, clock, endpoint, count, burst):
    before = server.processor()
    command = [clock, "ask", server.directory, endpoint, str(count), str(burst)]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    told = json.loads(output.stdout)
    if told["wrong"] and server.name != "floor":
        raise RuntimeError(f"{server.name}: {told}")
    told["cpu"] = (server.processor() - before) / count * 1e6
    return told


def measure(name, command, clock, options, disk):
    """Returns the figures of one server, started for them."""
    server = Server(name, command, disk)
    try:
        time.sleep(options.idle / 3)
        before, began = server.processor(), time.monotonic()
        time.sleep(options.idle)
        idle_cpu = (server.processor() - before) / (time.monotonic() - began) * 1000
        idle_memory = server.memory()
        ask(server, clock, "echo", 100, 1)
        serial = ask(server, clock, "echo", options.serial, 1)
        burst = ask(server, clock, "echo", options.burst, options.burst)
        figures = {
            "p50 in a row, µs": serial["p50"],
            "p99 in a row, µs": serial["p99"],
            "CPU per request in a row, µs": serial["cpu"],
            "burst, requests/s": burst["answers"] / burst["seconds"],
            "CPU per request in a burst, µs": burst["cpu"],
            "idle memory, MB": idle_memory,
            "idle CPU, ms/s": idle_cpu,
            "memory after the bursts, MB": server.memory(),
        }
        if name != "floor":
            figures["10 × 200 ms together, ms"] = (
                ask(server, clock, "slow", 10, 10)["seconds"] * 1000
            )
        return figures
    finally:
        server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", type=Path, default=ROOT / "target", help="cargo's directory")
    parser.add_argument("--disk", type=Path, help="where the SyftBoxes are made")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serial", type=int, default=2000, help="requests in a row")
    parser.add_argument("--burst", type=int, default=2000, help="requests at once")
    parser.add_argument("--idle", type=float, default=6, help="seconds")
    options = parser.parse_args()
    (options.target / "peers").mkdir(parents=True, exist_ok=True)
    release = options.target / "release"
    clock = release / "rpc_clock"
    script = ROOT / "tests" / "interop" / "file_rpc_server.py"
    python = python_with_syft_event(options.target / "peers")
    servers = {
        "python": [python, script, "{dir}", SERVER, "app"],
        "ours": [release / "rpc_peer", "serve", "{dir}", SERVER, "app"],
        "floor": [clock, "floor", "{dir}"],
    }
    # All files stay to the end: for minutes after a file was removed, ext4 is slow to make others.
    with tempfile.TemporaryDirectory(prefix="rpc-figures-", dir=options.disk) as disk:
        # In turns, so that whatever else the machine does disturbs all alike.
        rounds = [
            {
                name: measure(name, command, clock, options, disk)
                for name, command in servers.items()
            }
            for _ in range(options.rounds)
        ]
    figures = {
        name: {
            figure: statistics.median(one[name][figure] for one in rounds)
            for figure in rounds[0][name]
        }
        for name in servers
    }
    report(figures)
    (options.target / "rpc_figures.json").write_text(
        json.dumps({"median": figures, "rounds": rounds}, indent=2)
    )
    return 0 if goals(figures) else 1


def report(figures):
    print(f"{'':32}" + "".join(f"{name:>12}" for name in figures))
    for figure in figures["python"]:
        cells = [figures[name].get(figure) for name in figures]
        print(f"{figure:32}" + "".join(f"{'' if c is None else f'{c:.1f}':>12}" for c in cells))


def goals(figures):
    ours, python, floor = (figures[name] for name in ("ours", "python", "floor"))
    burst, row = "burst, requests/s", "p50 in a row, µs"
    checks = [
        ("burst beside Python, ≥ 5", ours[burst] / python[burst], lambda it: it >= 5),
        ("p50 beside the floor, ≤ 3", ours[row] / floor[row], lambda it: it <= 3),
        ("idle memory in MB, ≤ 10", ours["idle memory, MB"], lambda it: it <= 10),
        ("10 × 200 ms in ms, ≤ 400", ours["10 × 200 ms together, ms"], lambda it: it <= 400),
    ]
    for name, value, holds in checks:
        print(f"{name:32}{value:12.1f}  {'ok' if holds(value) else 'MISSED'}")
    return all(holds(value) for _, value, holds in checks)


sys.exit(main())
