#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Serves git repositories below a directory over http on loopback, through `git http-backend`.

    git_http.py ROOT [USER:PASSWORD [CERTIFICATE KEY]]

With a certificate it speaks https. Prints its port, then one line per event: "request METHOD PATH AUTHORIZATION"
(and " token TOKEN" for a Private-Token), "stalled". Ends when standard input does, so that it can't outlive a test. The first component of a path picks a fault:

    /plain/x.git      none
    /private/x.git    asks for the login
    /redirect/x.git   leads to /plain/x.git
    /away/H:P/x.git   asks for the login, then leads to http://H:P/x.git
    /stall/x.git      sends half of a pack, says "stalled", and then nothing
    /cut/x.git        sends half of a pack and hangs up
    /html/x.git       answers with a page
    /broken/x.git     answers with status 501
"""

import base64
import http.server
import os
import ssl
import subprocess
import sys
import threading

HALF_OF_A_PACK = 2000


def say(*words):
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.answer(b"")

    def do_POST(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = b""
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                body += self.rfile.read(size)
                self.rfile.readline()
                if size == 0:
                    break
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.answer(body)

    def plain(self, status, text, headers=()):
        body = text.encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer(self, body):
        login = self.headers.get("Authorization", "-")
        token = self.headers.get("Private-Token")
        say("request", self.command, self.path, login, *(["token", token] if token else []))
        fault, _, rest = self.path.lstrip("/").partition("/")
        if fault in ("private", "away"):
            want = "Basic " + base64.b64encode(self.server.login.encode()).decode()
            if login != want:
                self.plain(401, "who?", [("WWW-Authenticate", 'Basic realm="test"')])
                return
        if fault == "redirect":
            self.plain(302, "over there", [("Location", "/plain/" + rest)])
            return
        if fault == "away":
            self.plain(302, "over there", [("Location", "http://" + rest)])
            return
        if fault == "html":
            self.plain(200, "<p>hello")
            return
        if fault == "broken":
            self.plain(501, "no")
            return
        self.backend(fault, rest, body)

    def backend(self, fault, rest, body):
        path, _, query = rest.partition("?")
        environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "GIT_PROJECT_ROOT": self.server.root,
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "PATH_INFO": "/" + path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }
        result = subprocess.run(
            ["git", "http-backend"],
            input=body,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            check=False,
        )
        head, _, content = result.stdout.partition(b"\r\n\r\n")
        status = 200
        headers = []
        for line in head.decode().split("\r\n"):
            name, _, value = line.partition(": ")
            if name == "Status":
                status = int(value.split()[0])
            elif name:
                headers.append((name, value))
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if fault in ("stall", "cut") and self.command == "POST" and b"PACK" in content:
            self.wfile.write(content[:HALF_OF_A_PACK])
            self.wfile.flush()
            if fault == "stall":
                say("stalled")
                self.server.ended.wait()
            self.close_connection = True
            return
        self.wfile.write(content)


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # a client that hangs up, or doesn't trust us, is what some tests are about


def main():
    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.root = sys.argv[1]
    server.login = sys.argv[2] if len(sys.argv) > 2 else ""
    server.ended = threading.Event()
    if len(sys.argv) > 4:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[3], sys.argv[4])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    say(str(server.server_address[1]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    server.ended.set()


main()
