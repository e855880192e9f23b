# SPDX-License-Identifier: MPL-2.0
"""Real receivers of notices on loopback, which can be told to misbehave: an HTTP server and a mail server.

What a receiver is to do is a list of names; each request takes the next one, the last one stays.
"""
import base64
import http.server
import socket
import socketserver
import ssl
import subprocess
import threading


def certificate(folder, host="localhost"):
    """A key and a certificate that signs itself, for that host: (certificate, key)."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={host}",
                    "-addext", f"subjectAltName=DNS:{host}", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    return cert, key


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Server(socketserver.ThreadingTCPServer):
    """Serves in threads until close(), which also ends those that hang."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, handler, *script, port=0, tls=None):
        self.script = list(script) or ["ok"]
        self.got = []            # what was received, in order
        self.released = threading.Event()  # ends what hangs
        self.hanging = 0
        self.logins = 0
        self.guard = threading.Lock()
        super().__init__(("127.0.0.1", port), handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            # The handshake is the handler's: it must not hold up those who come later.
            self.socket = context.wrap_socket(self.socket, server_side=True,
                                              do_handshake_on_connect=False)
        self.port = self.server_address[1]
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self.thread.start()

    def next_act(self):
        with self.guard:
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def note(self, what):
        with self.guard:
            self.got.append(what)

    def hang(self):
        with self.guard:
            self.hanging += 1
        self.released.wait()

    def handle_error(self, request, client_address):
        """A client that goes away, or that wants another certificate, is part of the tests."""

    def close(self):
        self.released.set()
        self.shutdown()
        self.thread.join()
        self.server_close()


class Hook(http.server.BaseHTTPRequestHandler):
    """Notes each POST as {path, headers, body}; acts: "ok", a status code as text, "CODE after S" (with
    Retry-After), "hang", "slow", "cut" (closes in the middle of the answer), "drop" (without one),
    "to URL" (redirects)."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.note({"path": self.path, "headers": dict(self.headers), "body": body})
        act = self.server.next_act()
        self.close_connection = True
        if act == "hang":
            self.server.hang()
        elif act == "slow":
            for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n":
                if self.server.released.wait(0.1):
                    return
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
        elif act == "cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        elif act != "drop":
            self.answer(act)

    def answer(self, act):
        words = act.split()
        self.send_response(200 if act == "ok" else 302 if words[0] == "to" else int(words[0]))
        if words[0] == "to":
            self.send_header("Location", words[1])
        elif words[1:2] == ["after"]:
            self.send_header("Retry-After", words[2])
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *_):
        """Says nothing."""


class Mail(socketserver.StreamRequestHandler):
    """A little SMTP server; notes each mail as {from, to, data, login}. Acts: "ok", "CODE COMMAND" (that
    answer to that command, as in "451 DATA"), "hang", "drop" (closes in the middle of the mail),
    "login" (asks for one: PLAIN)."""

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.mail = {"from": None, "to": [], "data": None, "login": None}
        self.act = self.server.next_act()
        if self.act == "hang":
            self.server.hang()
            return
        self.say("220 ready")
        for line in self.rfile:
            words = line.decode().split()
            command = words[0].upper()
            code, _, refused = self.act.partition(" ")
            if command == "QUIT":
                self.say("221 bye")
                return
            if refused and (command == refused or (command == "RCPT" and refused in line.decode())):
                self.say(f"{code} no")
            elif not self.obey(command, line.decode().strip()):
                return

    def obey(self, command, line):
        """False: the connection ends."""
        if command == "EHLO":
            self.say("250-here" if self.act == "login" else "250 here")
            if self.act == "login":
                self.say("250 AUTH PLAIN")
        elif command == "AUTH":
            self.say("334 ")
            said = self.rfile.readline()
            self.mail["login"] = base64.b64decode(said).decode().split("\0")[1:]
            self.server.logins += 1
            self.say("235 welcome")
        elif command == "MAIL":
            self.mail = self.mail | {"to": [], "data": None}  # a connection may bring several
            self.mail["from"] = line.partition("<")[2].partition(">")[0]
            self.say("250 ok")
        elif command == "RCPT":
            self.mail["to"].append(line.partition("<")[2].partition(">")[0])
            self.say("250 ok")
        elif command == "DATA":
            self.say("354 go on")
            return self.take_data()
        else:
            self.say("250 ok")
        return True

    def take_data(self):
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            if self.act == "drop":
                return False
            lines.append(line[1:] if line.startswith(b".") else line)
        self.mail["data"] = b"".join(lines)
        self.server.note(self.mail)
        self.say("250 taken")
        return True
