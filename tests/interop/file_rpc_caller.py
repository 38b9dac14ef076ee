"""Python's caller of files, with syft-rpc 0.4: calls an endpoint that echoes, many times.

`file_rpc_caller.py DATA_DIR EMAIL URL COUNT BURST WRITER`; WRITER is `in-place`, as Python writes,
`outside`, as the Go client renames what comes by websocket, or `beside`, as it renames what it
downloads. Prints how many answers were right, wrong or missing as a line of JSON.

`file_rpc_caller.py DATA_DIR EMAIL APP_URL situations` prints what each kind of call came to.
"""

import json
import os
import sys
import time
from pathlib import Path

from syft_core import Client, SyftClientConfig
from syft_rpc import rpc
from syft_rpc.protocol import SyftRequest

PATIENCE = 60


def client(data_dir, email):
    config = SyftClientConfig(
        email=email,
        data_dir=data_dir,
        server_url="http://localhost:8080",
        path=data_dir / f"{email}.json",
    )
    return Client(config)


def length(number):
    """The same lengths as `rpc_peer flood DIR EMAIL URL COUNT BURST mixed`."""
    for every, bytes_ in ((500, 4_000_000), (50, 200_000), (10, 10_000), (2, 100)):
        if number % every == 0:
            return bytes_
    return 0 if number % 5 == 0 else 10


def renamed(staging):
    """Replaces the way in which requests are written."""

    def dump(self, path):
        path = Path(path)
        temporary = (staging or path.parent) / f"{path.name}.tmp.{os.getpid()}"
        temporary.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(self.dumps(), encoding="utf-8")
        temporary.rename(path)

    SyftRequest.dump = dump


def flood(me, url, count, burst):
    right, wrong, missing = 0, [], []
    began = time.monotonic()
    for start in range(0, count, burst):
        waiting = []
        for number in range(start, min(count, start + burst)):
            body = f"{number}:".encode().ljust(length(number), b"x")[: length(number)]
            future = rpc.send(url, "POST", body, client=me, cache=False)
            waiting.append((future, body))
        deadline = time.monotonic() + PATIENCE
        while waiting:
            still = []
            for future, body in waiting:
                answer = future.resolve()
                if answer is None:
                    still.append((future, body))
                elif int(answer.status_code) == 200 and (answer.body or b"") == body:
                    right += 1
                else:
                    wrong.append([int(answer.status_code), str(answer.body)[:200]])
            waiting = still
            if waiting and time.monotonic() > deadline:
                missing += [str(future.id) for future, _ in waiting]
                break
            time.sleep(0.001)
    return {
        "right": right,
        "wrong": wrong,
        "missing": missing,
        "seconds": time.monotonic() - began,
    }


SITUATIONS = [
    ("echo", "POST", b"\x00\xff", {"X-Trace": "a", "x-trace": "b"}),
    ("echo?q=1&r=%20", "PUT", "text", {}),
    ("echo/", "GET", None, {}),
    ("add", "POST", {"a": 1, "b": 41}, {}),
    ("hello", "POST", "W\u00f6rld", {}),
    ("boom", "POST", None, {}),
    ("status", "POST", "202", {}),
    ("none", "DELETE", None, {}),
    ("slow", "GET", None, {}),
]


def situations(me, app_url):
    for endpoint, method, body, headers in SITUATIONS:
        url = f"{app_url}/rpc/{endpoint}"
        future = rpc.send(url, method, body, headers=headers, client=me, cache=False)
        answer = future.wait(timeout=20)
        told = {
            "call": endpoint,
            "status": int(answer.status_code),
            "sender": answer.sender,
            "is_same_id": answer.id == future.id,
            "headers": answer.headers,
            "body": None if answer.body is None else answer.body.decode("latin-1"),
            "left": sorted(path.name for path in future.path.iterdir()),
        }
        print(json.dumps(told))


def main():
    data_dir, email, url = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    me = client(data_dir, email)
    if sys.argv[4] == "situations":
        return situations(me, url)
    count, burst, writer = int(sys.argv[4]), int(sys.argv[5]), sys.argv[6]
    if writer != "in-place":
        renamed(data_dir / ".syft-tmp" if writer == "outside" else None)
    print(json.dumps(flood(me, url, count, burst)))


main()
