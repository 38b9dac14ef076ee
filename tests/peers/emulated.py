"""A running emulator, and the data owners, peers and jobs that programs are measured against.

Only the standard library is used, so that any Python from 3.9 on can run it.
"""

import gzip
import http.client
import io
import json
import os
import shlex
import subprocess
import tarfile
import time
import urllib.parse
import uuid
from pathlib import Path

FOLDER = "application/vnd.google-apps.folder"
DRIVE = "https://www.googleapis.com/auth/drive"
GMAIL_SEND = "https://www.googleapis.com/auth/gmail.send"
GMAIL_COMPOSE = "https://www.googleapis.com/auth/gmail.compose"


class Emulator:
    """The release build of syft-emulator, on a free port, with everything in memory."""

    def __init__(self, program, directory):
        self.directory = Path(directory)
        self.process = subprocess.Popen(
            [program, "serve", "--port", "0", "--json"], stdout=subprocess.PIPE, text=True
        )
        self.url = json.loads(self.process.stdout.readline())["url"]
        place = urllib.parse.urlsplit(self.url)
        self.connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
        self.redirection = self._redirection(program)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()
        self.process.terminate()
        self.process.wait(timeout=30)

    def _redirection(self, program):
        """Returns what `syft-emulator env` sets for programs that believe they talk to Google."""
        command = [program, "env", "--url", self.url, "--dir", self.directory / "ca"]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        exports = (line.removeprefix("export ") for line in lines.splitlines())
        pairs = (line.partition("=")[::2] for line in exports)
        return {name: shlex.split(value)[0] for name, value in pairs}

    def call(self, method, path, body=None, token=None, kind="application/json"):
        headers = {"Content-Type": kind}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = json.dumps(body) if isinstance(body, dict) else body
        self.connection.request(method, path, body=data, headers=headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]!r}")
        return json.loads(text) if text else {}

    def token(self, email, *scopes):
        return self.call("POST", "/emulator/tokens", {"email": email, "scopes": list(scopes)})

    def mails_to(self, email):
        path = "/emulator/mails?" + urllib.parse.urlencode({"to": email})
        return self.call("GET", path)["mails"]

    def requests(self, account, api=None):
        """Returns what was asked in the name of an account since the last `forget`."""
        query = "?" + urllib.parse.urlencode({"api": api}) if api else ""
        requests = self.call("GET", "/emulator/requests" + query)["requests"]
        return [request for request in requests if request["account"] == account]

    def forget(self):
        self.call("DELETE", "/emulator/requests")


class Scientist:
    """A data scientist who uses a client of the W1 generation, as Python's 0.1.94 expects it."""

    def __init__(self, emulator, email):
        self.emulator, self.email = emulator, email
        self.access = emulator.token(email, DRIVE)["token"]

    def add_peer(self, owner):
        """Creates both folders of W1 and shares them with the data owner; returns the inbox."""
        inbox = self._shared_folder(self.email, owner, owner)
        self._shared_folder(owner, self.email, owner)
        return inbox

    def _shared_folder(self, sender, recipient, owner):
        name = f"syft_outbox_inbox_{sender}_to_{recipient}"
        folder = self._drive("POST", "/drive/v3/files", {"name": name, "mimeType": FOLDER})
        grant = {"type": "user", "role": "writer", "emailAddress": owner}
        path = f"/drive/v3/files/{folder['id']}/permissions?sendNotificationEmail=false"
        self._drive("POST", path, grant)
        return folder["id"]

    def submit(self, owner, inbox, job):
        now = time.time()
        name = f"msgv2_{now!r}_{uuid.uuid4()}.tar.gz"
        head = json.dumps({"name": name, "parents": [inbox]}).encode()
        archive = proposal(self.email, owner, job, now)
        parts = [(b"application/json", head), (b"application/gzip", archive)]
        body = b"".join(
            b"--edge\r\nContent-Type: " + kind + b"\r\n\r\n" + data + b"\r\n"
            for kind, data in parts
        )
        path = "/upload/drive/v3/files?uploadType=multipart"
        kind = "multipart/related; boundary=edge"
        self.emulator.call("POST", path, body + b"--edge--\r\n", self.access, kind)

    def _drive(self, method, path, body):
        return self.emulator.call(method, path, body, self.access)


def proposal(sender, owner, job, now):
    """Returns the archive of a message that submits a W1 job to a data owner."""
    config = f"name: {job}\nsubmitted_by: {sender}\nsubmitted_at: '2026-01-01T00:00:00+00:00'\n"
    files = {"config.yaml": config, "run.sh": "#!/bin/bash\necho counted\n"}
    changes = [
        {
            "id": str(uuid.uuid4()),
            "old_hash": None,
            "submitted_timestamp": now,
            "datasite_email": owner,
            "path_in_datasite": f"app_data/job/{job}/{name}",
            "content": content,
        }
        for name, content in files.items()
    ]
    message = {"id": str(uuid.uuid4()), "sender_email": sender, "proposed_file_changes": changes}
    data = json.dumps(message, indent=2).encode()
    member = tarfile.TarInfo("proposed_file_changes.json")
    member.size, member.mode = len(data), 0o644
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(member, io.BytesIO(data))
    return gzip.compress(archive.getvalue())


class Owner:
    """A data owner with a home of their own: config, tokens, SyftBox and state."""

    def __init__(self, emulator, email, directory, gmail_scope, more=()):
        self.emulator, self.email = emulator, email
        self.home = Path(directory) / email
        self.credentials = self.home / ".syft-creds"
        self.credentials.mkdir(parents=True)
        self.datasite = self.home / "SyftBox" / email
        self.datasite.mkdir(parents=True)
        drive = self._keep("token_do.json", emulator.token(email, DRIVE))
        gmail = self._keep("gmail_token.json", emulator.token(email, gmail_scope))
        lines = {
            "do_email": email,
            "drive_token_path": drive,
            "gmail_token_path": gmail,
            "interval": 1,
            "state_path": self.credentials / "notification_state.json",
            "syftbox_root": self.home / "SyftBox",
            **dict(more),
        }
        self.config = self.credentials / "daemon.yaml"
        text = "".join(f"{key}: {value}\n" for key, value in lines.items())
        self.config.write_text(text, encoding="utf-8")

    def _keep(self, name, token):
        path = self.credentials / name
        path.write_text(json.dumps(token), encoding="utf-8")
        path.chmod(0o600)
        return path

    def environment(self, redirected):
        """Returns a small environment: this home, and the emulator in place of Google or not."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
        redirection = self.emulator.redirection if redirected else {}
        return {**kept, **redirection, "HOME": str(self.home), "NO_COLOR": "1"}

    def local_jobs(self, count):
        """Lays waiting W1 jobs into the local SyftBox, as after a sync."""
        for number in range(count):
            job = self.datasite / "app_data" / "job" / f"old-{number:04}"
            job.mkdir(parents=True)
            text = f"name: {job.name}\nsubmitted_by: ds0@uni.example\n"
            (job / "config.yaml").write_text(text, encoding="utf-8")


def decoded(query):
    """Returns the search of a `files.list` request."""
    return urllib.parse.parse_qs(query).get("q", [""])[0]

