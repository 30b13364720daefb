"""A token server for a container registry, as small as the protocol allows.

Answers the two ways of asking that clients use:
  GET  /token?service=&scope=...            with Basic credentials, or none
  POST /token  grant_type=password|refresh_token, scopes in one field, separated by spaces
with an RS256 JSON web token whose header carries the issuer's certificate (x5c), which is how
distribution's registry checks it. Only the standard library and the openssl program are used.

Each request is logged as one JSON line, so that a test can count how often a client asked and for
which scopes.
"""

import argparse
import base64
import json
import os
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


class Issuer:
    def __init__(self, name, service, lifetime, key_path, certificate_path):
        self.name = name
        self.service = service
        self.lifetime = lifetime
        self.key_path = key_path
        with open(certificate_path, encoding="ascii") as certificate:
            lines = [line.strip() for line in certificate if not line.startswith("-----")]
        self.header = {"typ": "JWT", "alg": "RS256", "x5c": ["".join(lines)]}

    def token(self, subject, access):
        now = int(time.time())
        claims = {
            "iss": self.name,
            "sub": subject,
            "aud": self.service,
            "iat": now,
            "nbf": now - 10,
            "exp": now + self.lifetime,
            "jti": os.urandom(8).hex(),
            "access": access,
        }
        signed = b".".join(base64url(json.dumps(part).encode()) for part in (self.header, claims))
        signature = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", self.key_path],
            input=signed,
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        return (signed + b"." + base64url(signature)).decode()


def parse_scope(scope):
    """'repository:a/b:pull,push' -> what the registry wants to read; the name may hold colons."""
    kind, _, rest = scope.partition(":")
    name, _, actions = rest.rpartition(":")
    return {"type": kind, "name": name, "actions": sorted(set(actions.split(",")))}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        scopes = [part for scope in query.get("scope", []) for part in scope.split()]
        self.answer(query, scopes, self.user_of_basic())

    def do_POST(self):
        # Read in any case: what is left of it would be taken for the next request.
        length = int(self.headers.get("Content-Length", 0))
        form = urllib.parse.parse_qs(self.rfile.read(length).decode())
        if self.server.options.no_post:
            self.log_json([], None, 404)
            self.respond(404, {"errors": [{"code": "UNSUPPORTED"}]})
            return
        scopes = [part for scope in form.get("scope", []) for part in scope.split()]
        self.answer(form, scopes, self.user_of_form(form))

    def answer(self, query, scopes, user):
        options = self.server.options
        if user is None:
            self.log_json(scopes, user, 401)
            self.respond(401, {"errors": [{"code": "UNAUTHORIZED"}]})
            return
        access = [parse_scope(scope) for scope in scopes]
        if user == "":  # nobody in particular
            if not options.anonymous_pull:
                access = []
            for entry in access:
                entry["actions"] = [action for action in entry["actions"] if action == "pull"]
        self.log_json(scopes, user, 200)
        token = self.server.issuer.token(user, access)
        body = {"expires_in": options.lifetime}
        # Servers fill in one or the other or both; clients have to take what there is.
        for field in options.token_field.split(","):
            body[field] = token
        if "true" in query.get("offline_token", []) or "offline" in query.get("access_type", []):
            body["refresh_token"] = self.server.identity_token
        if options.lifetime_unsaid:
            del body["expires_in"]
        self.respond(200, body)

    def user_of_basic(self):
        """The user's name, '' without credentials, None with wrong ones."""
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        if not kind:
            return ""
        if kind.lower() != "basic":
            return None
        name, _, password = base64.b64decode(value).decode().partition(":")
        options = self.server.options
        return name if (name, password) == (options.user, options.password) else None

    def user_of_form(self, form):
        options = self.server.options
        grant = form.get("grant_type", [""])[0]
        if grant == "refresh_token":
            known = form.get("refresh_token", [""])[0] == self.server.identity_token
        elif grant == "password":
            given = (form.get("username", [""])[0], form.get("password", [""])[0])
            known = given == (options.user, options.password)
        else:
            known = False
        return options.user if known else None

    def respond(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_json(self, scopes, user, status):
        entry = {"method": self.command, "scopes": scopes, "user": user, "status": status}
        with self.server.log_lock, open(self.server.options.log, "a", encoding="utf-8") as log:
            log.write(json.dumps(entry) + "\n")

    def log_message(self, *_):
        """The JSON lines say it all."""


def parse_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--issuer", required=True)
    parser.add_argument("--service", required=True)
    parser.add_argument("--user", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--key", required=True, help="RSA private key, PEM")
    parser.add_argument("--certificate", required=True, help="its certificate, PEM")
    parser.add_argument("--log", required=True, help="file to which JSON lines are appended")
    parser.add_argument("--port-file", required=True, help="written once the port is open")
    parser.add_argument("--tls-certificate", help="PEM; with it the server speaks https")
    parser.add_argument("--tls-key", help="PEM")
    parser.add_argument("--lifetime", type=int, default=300, help="of tokens, in seconds")
    parser.add_argument("--lifetime-unsaid", action="store_true", help="leave out expires_in")
    parser.add_argument("--token-field", default="token,access_token", help="fields to fill in")
    parser.add_argument("--identity-token", default="cullet-identity", help="accepted as refresh token")
    parser.add_argument("--anonymous-pull", action="store_true", help="pull without credentials")
    parser.add_argument("--no-post", action="store_true", help="answer POST with 404, as old ones do")
    return parser.parse_args(arguments)


def main():
    options = parse_options(sys.argv[1:])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if options.tls_certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.tls_certificate, options.tls_key)
        server.socket = context.wrap_socket(
            server.socket,
            server_side=True,
            # Else a client that never speaks would hold up accept(), and so all others.
            do_handshake_on_connect=False,
        )
    server.options = options
    server.identity_token = options.identity_token
    server.log_lock = threading.Lock()
    server.issuer = Issuer(
        options.issuer, options.service, options.lifetime, options.key, options.certificate
    )
    with open(options.log, "a", encoding="utf-8"):
        pass  # exists even if nobody asks
    temporary = options.port_file + ".new"
    with open(temporary, "w", encoding="ascii") as port_file:
        port_file.write(f"{server.server_address[1]}\n")
    os.rename(temporary, options.port_file)  # a reader sees all of it or nothing
    server.serve_forever()


if __name__ == "__main__":
    main()
