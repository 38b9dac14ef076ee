"""Python's server of files: `file_rpc_server.py DATA_DIR EMAIL APP`, with syft-event 0.4.3.

Answers as `rpc_peer serve` does, prints READY, and ends with its standard input.
"""

import json
import sys
import time
from pathlib import Path

from loguru import logger
from syft_core import Client, SyftClientConfig
from syft_event import Request, Response, SyftEvents

logger.remove()
logger.add(sys.stderr, level="WARNING")
data_dir, email, app = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
(data_dir / "datasites").mkdir(parents=True, exist_ok=True)
config = SyftClientConfig(
    email=email,
    data_dir=data_dir,
    server_url="http://localhost:8080",
    path=data_dir / f"{email}.json",
)
box = SyftEvents(app, client=Client(config))


@box.on_request("/echo")
def echo(request: Request) -> Response:
    headers = {
        "X-Sender": request.sender,
        "X-Method": request.method,
        "X-Id": request.id,
        "X-Query": json.dumps(request.url.query),
    }
    return Response(body=request.body, headers=headers)


@box.on_request("/add")
def add(values: dict):
    return {"sum": values["a"] + values["b"]}


@box.on_request("/hello")
def hello(name: str) -> str:
    return f"Hello, {name}!"


@box.on_request("/boom")
def boom(request: Request):
    raise RuntimeError("boom")


@box.on_request("/status")
def status(request: Request):
    return Response(body="x", status_code=int(request.body.decode()))


@box.on_request("/none")
def none():
    return None


@box.on_request("/slow")
def slow():
    time.sleep(0.2)


box.start()
print("READY", flush=True)
sys.stdin.read()
box.stop()
