"""A mail server (aiosmtpd) and a webhook receiver (http.server), as their users would run them.

Prints one line of JSON with their ports, and one more for each mail and each call that came in.
A file `drop-answer` in the directory makes the mail server end the connection once instead of
answering to a mail; `refuse-call` makes the webhook answer 503 once.
"""

import argparse
import asyncio
import email
import email.policy
import hashlib
import hmac
import http.server
import json
import pathlib
import ssl
import threading

from aiosmtpd.smtp import SMTP, AuthResult

LOCK = threading.Lock()


def tell(**what):
    with LOCK:
        print(json.dumps(what), flush=True)


class Once:
    def __init__(self, path):
        self.path = path

    def __bool__(self):
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        return True


class Mails:
    def __init__(self, drop):
        self.drop = drop

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        plain = mail.get_body(preferencelist=("plain",))
        rich = mail.get_body(preferencelist=("html",))
        tell(
            mail=str(mail["subject"]),
            sender=envelope.mail_from,
            recipients=envelope.rcpt_tos,
            headers={name.lower(): str(value) for name, value in mail.items()},
            addresses=[address.addr_spec for address in mail["to"].addresses],
            date=mail["date"].datetime.isoformat(),
            type=mail.get_content_type(),
            text=plain.get_content(),
            html=rich.get_content(),
            defects=[str(defect) for part in mail.walk() for defect in part.defects],
            header_defects=[str(d) for value in mail.values() for d in value.defects],
            encrypted=server.transport.get_extra_info("ssl_object") is not None,
            user=getattr(session.auth_data, "login", b"").decode(),
        )
        if self.drop:
            server.transport.abort()
        return "250 taken"


def receiver(key, refuse):
    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            expected = "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()
            signed = hmac.compare_digest(expected, self.headers["X-Syft-Signature"])
            status = 503 if refuse else 204 if signed else 401
            tell(
                call=self.headers["Idempotency-Key"],
                signed=signed,
                status=status,
                body=json.loads(body),
            )
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    return Receiver


async def main(options):
    directory = pathlib.Path(options.directory)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(directory / "cert.pem", directory / "key.pem")
    password = (directory / "password").read_text().rstrip("\n").encode()
    key = (directory / "key").read_text().rstrip("\n").encode()

    def authenticate(server, session, envelope, mechanism, data):
        good = (data.login, data.password) == (b"do", password)
        return AuthResult(success=good, handled=good, auth_data=data)

    handler = Mails(Once(directory / "drop-answer"))
    common = {"authenticator": authenticate, "auth_required": True, "hostname": "localhost"}
    loop = asyncio.get_running_loop()
    begins_clear = await loop.create_server(
        lambda: SMTP(handler, tls_context=context, require_starttls=True, **common),
        "127.0.0.1",
        0,
    )
    # It does not notice that its own listener has encrypted already.
    encrypted = await loop.create_server(
        lambda: SMTP(handler, auth_require_tls=False, **common), "127.0.0.1", 0, ssl=context
    )
    web = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), receiver(key, Once(directory / "refuse-call"))
    )
    threading.Thread(target=web.serve_forever, daemon=True).start()
    tell(
        starttls=begins_clear.sockets[0].getsockname()[1],
        tls=encrypted.sockets[0].getsockname()[1],
        web=web.server_port,
    )
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory")
    asyncio.run(main(parser.parse_args()))
