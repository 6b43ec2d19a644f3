"""Servers of others, on this machine: a group's robot, and one for outgoing mail."""

import json
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OK = b'{"errcode": 0, "errmsg": "ok"}'


@dataclass
class Robot:
    """What a robot was told, and how it answers."""

    url: str = ""
    answer: bytes = OK
    status: int = 200
    drip_seconds: float = 0.0
    paths: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


@contextmanager
def robot(**answers: object) -> Iterator[Robot]:
    """A group's robot that keeps what it is told."""
    kept = Robot(**answers)  # type: ignore[arg-type]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            kept.paths.append(self.path)
            kept.texts.append(said["text"]["content"])
            self.send_response(kept.status)
            self.end_headers()
            for byte in kept.answer:
                time.sleep(kept.drip_seconds)
                self.wfile.write(bytes([byte]))

        def log_message(self, *_: object) -> None:
            pass

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        kept.url = f"http://127.0.0.1:{port}/cgi-bin/webhook/send?key=geheim-7731"
        yield kept


@dataclass
class Post:
    """The mail that a server took."""

    port: int = 0
    refuses: bool = False
    commands: list[str] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)


@contextmanager
def post_office(refuses: bool = False) -> Iterator[Post]:
    """A server for outgoing mail without TLS, as far as smtplib talks to one."""
    kept = Post(refuses=refuses)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline():
                command = line.decode().strip()
                kept.commands.append(command)
                if command.upper() == "DATA":
                    self.wfile.write(b"354 go on\r\n")
                    body = b"".join(iter(self.rfile.readline, b".\r\n"))
                    kept.mails.append(message_from_bytes(body, policy=policy.default))
                    self.wfile.write(b"250 ok\r\n")
                elif command.upper() == "QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                elif kept.refuses and command.upper().startswith("RCPT"):
                    self.wfile.write(b"550 no such user\r\n")
                else:
                    self.wfile.write(b"250 ok\r\n")

    with _serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)) as port:
        kept.port = port
        yield kept


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[int]:
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]  # type: ignore[index,misc]
    finally:
        server.shutdown()
        server.server_close()
