"""The state file as Python's program keeps it, for comparison with benches/ledger.rs.

Every question reads and parses the whole file; every mark does so under a lock and then
writes the whole file in place, indented, without waiting for the disk.
Usage: ledger_python.py DIRECTORY NUMBER_OF_JOBS
"""

import fcntl
import json
import os
import statistics
import sys
import time


class PythonState:
    def __init__(self, path):
        self.path = path
        self.lock = os.path.splitext(path)[0] + ".lock"

    def load(self):
        with open(self.path) as file:
            return json.load(file)

    def is_marked(self, key, mark):
        return mark in self.load()["notified_jobs"].get(key, [])

    def mark(self, key, mark):
        with open(self.lock, "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = self.load()
            marks = state["notified_jobs"].setdefault(key, [])
            if mark not in marks:
                marks.append(mark)
            with open(self.path, "w") as file:
                json.dump(state, file, indent=2)
            os.chmod(self.path, 0o600)


def filled(jobs):
    marks = {}
    for number in range(jobs):
        marks[f"msg_1AbCdEfGhIjKlMnOpQrStUv{number:06}"] = ["processed"]
        marks[f"analysis {number:05}"] = ["new", "approved", "executed"]
    return {"notified_jobs": marks, "peer_snapshot": []}


def median_ms(rounds, work):
    times = []
    for number in range(rounds):
        start = time.perf_counter()
        work(number)
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def mail(state, number):
    """What a new message costs: two questions and two marks."""
    message, job = f"msg_bench_{number}", f"bench {number}"
    state.is_marked(message, "processed")
    state.is_marked(job, "new")
    state.mark(job, "new")
    state.mark(message, "processed")


def main():
    directory, jobs = sys.argv[1], int(sys.argv[2])
    state = PythonState(os.path.join(directory, "python_state.json"))
    with open(state.path, "w") as file:
        json.dump(filled(jobs), file, indent=2)
    question = median_ms(15, lambda n: state.is_marked(f"msg_{n}", "processed"))
    mark = median_ms(15, lambda n: state.mark(f"mark_{n}", "processed"))
    whole = median_ms(15, lambda n: mail(state, n))
    print(f"Python, {jobs} jobs, not synced: question {question:.2f} ms, mark {mark:.2f} ms, mail {whole:.2f} ms")


main()
