"""Stands in for systemctl where no systemd runs: systemctl.py enable|start|stop|status|daemon-reload UNIT

`enable` and `daemon-reload` are those of the real systemctl, on the directory SANDBOX. `start` does
what systemd does for a unit of the type notify: it runs ExecStart with a NOTIFY_SOCKET and waits for
READY=1. The unit is the one that was copied into SANDBOX/etc/systemd/system.
"""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

SANDBOX = pathlib.Path(os.environ["SANDBOX"])
PID = SANDBOX / "service.pid"


def running():
    try:
        pid = int(PID.read_text())
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None
    return pid if state != "Z" else None


def start(unit):
    name, user = re.fullmatch(r"(.*)@(.*?)(?:\.service)?", unit).groups()
    text = (SANDBOX / f"etc/systemd/system/{name}@.service").read_text()
    keys = dict(re.findall(r"^(\w+)=(.*)$", text, re.M))
    assert keys["Type"] == "notify" and keys["User"] == "%i", keys
    line = keys["ExecStart"].replace("%i", user).replace("/usr/local/bin", str(SANDBOX / "bin"))
    address = str(SANDBOX / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(address)
        notify.settimeout(60)
        process = subprocess.Popen(
            line.split(),
            cwd=os.environ["HOME"],
            env={**os.environ, "NOTIFY_SOCKET": address},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        PID.write_text(str(process.pid))
        while "READY=1" not in notify.recv(65536).decode().splitlines():
            assert process.poll() is None, f"it ended with {process.returncode}"
    os.unlink(address)


def main():
    verb, *units = sys.argv[1:]
    if verb == "enable":
        os.execv("/usr/bin/systemctl", ["systemctl", f"--root={SANDBOX}", verb, *units])
    if verb == "start":
        start(*units)
    if verb == "stop" and running():
        os.kill(running(), signal.SIGTERM)
        while running():
            time.sleep(0.02)
    if verb == "status":
        pid = running()
        print(f"{units[0]}: active (running), main PID {pid}" if pid else f"{units[0]}: inactive")
        sys.exit(0 if pid else 3)


main()
