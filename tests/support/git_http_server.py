"""Serves git repositories over smart http through `git http-backend`, which wants a CGI server.

For clones, fetches and, by users who gave a password, pushes (http-backend's own rule: anonymous
pushes need http.receivepack in the repository's configuration). Only the standard library and git.
"""

import argparse
import base64
import hmac
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BLOCK = 64 * 1024


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are written apart; the second would wait for the first's acknowledgement.
    disable_nagle_algorithm = True

    def do_GET(self):
        # To a file, not a pipe: the backend may write before it has read everything, and the two of
        # us would wait for each other.
        with tempfile.TemporaryFile() as body:
            self.read_body_into(body)
            user = self.user()
            if user is None:
                self.refuse()
                return
            self.run_backend(body, user)

    do_POST = do_GET

    def user(self):
        """The authenticated user, '' if the server asks for nobody, None if it is not to be served."""
        wanted = self.server.credentials
        if wanted is None:
            return ""
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        given = base64.b64decode(value) if kind.lower() == "basic" else b""
        return wanted.partition(":")[0] if hmac.compare_digest(given, wanted.encode()) else None

    def refuse(self):
        self.send_response_only(401)
        self.send_header("WWW-Authenticate", 'Basic realm="cullet tests"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def read_body_into(self, file):
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            while size := int(self.rfile.readline().split(b";")[0], 16):
                file.write(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass  # trailers
        else:
            file.write(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        file.seek(0)

    def run_backend(self, body, user):
        parts = urllib.parse.urlsplit(self.path)
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": self.server.root,
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            # The repositories may belong to somebody else than the user who runs the tests.
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": urllib.parse.unquote(parts.path),
            "QUERY_STRING": parts.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(os.fstat(body.fileno()).st_size),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_ADDR": self.client_address[0],
            "SERVER_PROTOCOL": self.request_version,
        }
        if user:
            environment["REMOTE_USER"] = user
        with subprocess.Popen(
            ["git", "http-backend"], stdin=body, stdout=subprocess.PIPE, env=environment
        ) as backend:
            self.send_backend_answer(backend.stdout)

    def send_backend_answer(self, output):
        status, headers = 200, []
        while line := output.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            if name.lower() == "status":
                status = int(value.split()[0])
            else:
                headers.append((name, value.strip()))
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while block := output.read1(BLOCK):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(block), block))
        self.wfile.write(b"0\r\n\r\n")


class GitServer(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A client that breaks off is no news."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--root", required=True, help="directory with the repositories")
    parser.add_argument("--credentials", help="name:password, if any are to be asked for")
    parser.add_argument("--tls-certificate", help="PEM; with it the server speaks https")
    parser.add_argument("--tls-key", help="PEM")
    parser.add_argument("--port-file", required=True, help="written once the port is open")
    options = parser.parse_args()

    if shutil.which("git") is None:
        sys.exit("git_http_server: no git on PATH")
    server = GitServer(("127.0.0.1", 0), Handler)
    server.root = os.path.abspath(options.root)
    server.credentials = options.credentials
    if options.tls_certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.tls_certificate, options.tls_key)
        server.socket = context.wrap_socket(
            server.socket,
            server_side=True,
            # Else a client that never speaks would hold up accept(), and so all others.
            do_handshake_on_connect=False,
        )
    temporary = options.port_file + ".new"
    with open(temporary, "w", encoding="ascii") as port_file:
        port_file.write(f"{server.server_address[1]}\n")
    os.rename(temporary, options.port_file)  # a reader sees all of it or nothing
    server.serve_forever()


if __name__ == "__main__":
    main()
