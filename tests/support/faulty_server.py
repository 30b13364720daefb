"""A web server that misbehaves on purpose, as its script says.

It serves the files of a directory, or stands in front of another http server (a registry, say) and
passes everything through. The script, a JSON file, says which answers to spoil. It is a list of rules;
for each request the first rule that matches, and has not been used up, applies:

    {"match": "GET .*/blobs/",   regular expression, searched for in "METHOD /path?query"
     "skip": 1,                  let so many matching requests pass first (default 0)
     "times": 2,                 then apply to so many (default: to all)
     "action": {...}}

An action has any of these keys; an empty one only marks the request in the log:

  Before the request is answered
    "delay": 0.5             seconds to wait
    "reset_upload": 1000     read (and pass on) so many bytes of the request's body, then reset
    "unread": true           answer before the body has been read, and close; needs "status"
  An answer of our own; the real server sees nothing of the request
    "status": 503            with "headers": {...} and "body": "text", both optional
    "retry_after": 2         add Retry-After in seconds
    "retry_after_date": 2    add Retry-After as the HTTP-date that lies so many seconds ahead
  Changes to the true answer, or to our own
    "set_headers": {...}     replace these; null removes one
    "ignore_range": true     answer a Range request with 200 and everything
    "corrupt": 10            invert the byte at this offset of the body
    "trickle": {"bytes": 100, "seconds": 0.1}    send so many bytes at a time, and wait in between
    "truncate": 1000         close in order after so many bytes of the body (Content-Length says more)
    "reset": 1000            reset after so many bytes of the body
    "lose": true             let the real server do its work, then reset without a word of answer

A script that is replaced while the server runs is read again, and the counts begin anew. Replace it by
renaming, so that no half of it is read. One that makes no sense turns every answer into status 599.

Each request is logged as one JSON line when it is over:

    {"method", "path", "status", "rule", "received", "sent", "complete", "headers": {...}}

"rule" is the index of the rule that applied or null, "received" and "sent" count bytes of the bodies,
"complete" is false if the connection ended too soon. Of Authorization only the kind is logged.

GET /.faulty-server/settled is answered, and not logged, when all other requests have been logged: a
client may have its answer a moment before the log has the line.
"""

import argparse
import collections
import contextlib
import copy
import email.utils
import fcntl
import hashlib
import http.client
import json
import os
import re
import socket
import struct
import sys
import termios
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BLOCK = 64 * 1024

LOGGED_HEADERS = (
    "Accept",
    "Authorization",
    "Content-Length",
    "Content-Range",
    "Content-Type",
    "Host",
    "If-Match",
    "If-None-Match",
    "If-Range",
    "Range",
    "Transfer-Encoding",
    "User-Agent",
)

# These belong to one connection and must not be passed on (RFC 9110, 7.6.1).
HOP_HEADERS = frozenset(
    ("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade")
)

ACTION_KEYS = frozenset(
    (
        "delay reset_upload unread status headers body retry_after retry_after_date set_headers"
        " ignore_range corrupt trickle truncate reset lose"
    ).split()
)

# An answer: its header fields as (name, value) pairs without the framing ones, the length of the body
# or None if it is not known beforehand, and the body as an iterator of byte strings.
Answer = collections.namedtuple("Answer", "status headers length body")


class ResetConnection(Exception):
    """The script wants the connection to be reset now."""


class BadScript(Exception):
    """The script cannot be obeyed."""


class ClientGone(Exception):
    """The client closed the connection in the middle of its request."""


class Script:
    """The rules and how often each has been met. Safe for use by several threads."""

    def __init__(self, path):
        self.path = path
        self.lock = threading.Lock()
        self.version = None
        self.rules = []
        self.met = []

    def action_for(self, method, path):
        """Returns (index, action) of the rule that applies to this request, or (None, {})."""
        with self.lock:
            self._read_if_replaced()
            for index, rule in enumerate(self.rules):
                if not re.search(rule["match"], f"{method} {path}"):
                    continue
                skip = rule.get("skip", 0)
                if "times" in rule and self.met[index] >= skip + rule["times"]:
                    continue  # used up: a later rule may apply
                self.met[index] += 1
                if self.met[index] > skip:
                    return index, rule.get("action", {})
        return None, {}

    def _read_if_replaced(self):
        if self.path is None:
            return
        status = os.stat(self.path)
        # The inode too, because two scripts can be written within one tick of the clock.
        version = (status.st_ino, status.st_mtime_ns, status.st_size)
        if version == self.version:
            return
        with open(self.path, encoding="utf-8") as file:
            try:
                rules = json.load(file)
                for rule in rules:
                    check_rule(rule)
            except (ValueError, TypeError, re.error) as error:
                raise BadScript(str(error)) from error
        self.version = version
        self.rules = rules
        self.met = [0] * len(rules)


def check_rule(rule):
    """A mistyped fault would never happen and let a test pass for the wrong reason."""
    action = rule.get("action", {})
    unknown = (set(rule) - {"match", "skip", "times", "action"}) | (set(action) - ACTION_KEYS)
    if unknown:
        raise ValueError(f"unknown keys {sorted(unknown)} in rule {rule}")
    if "status" not in action and not {"unread", "body", "headers"}.isdisjoint(action):
        raise ValueError(f"rule {rule} needs a status")
    re.compile(rule.get("match"))


class FileSource:
    """Answers GET and HEAD with the files below a directory, and honours Range and If-Range."""

    def __init__(self, root):
        self.root = os.path.realpath(root)

    def answer(self, request, want_range):
        if request.command not in ("GET", "HEAD"):
            return text_answer(405, "method not allowed\n", [("Allow", "GET, HEAD")])
        name = urllib.parse.unquote(urllib.parse.urlsplit(request.path).path).lstrip("/")
        path = os.path.realpath(os.path.join(self.root, name))
        if os.path.commonpath([path, self.root]) != self.root or not os.path.isfile(path):
            return text_answer(404, "not found\n")
        status = os.stat(path)
        tag = hashlib.sha256(f"{status.st_mtime_ns} {status.st_size}".encode()).hexdigest()[:16]
        headers = [
            ("Content-Type", "application/octet-stream"),
            ("ETag", f'"{tag}"'),
            ("Last-Modified", email.utils.formatdate(status.st_mtime, usegmt=True)),
        ]
        if not want_range:
            return Answer(200, headers, status.st_size, read_file(path, 0, status.st_size))
        headers.append(("Accept-Ranges", "bytes"))
        asked = request.headers.get("Range")
        if request.headers.get("If-Range", f'"{tag}"') != f'"{tag}"':
            asked = None  # it was for another version of the file
        span = parse_range(asked, status.st_size)
        if span is None:
            return Answer(200, headers, status.st_size, read_file(path, 0, status.st_size))
        first, last = span
        if first > last:
            headers.append(("Content-Range", f"bytes */{status.st_size}"))
            return Answer(416, headers, 0, iter(()))
        headers.append(("Content-Range", f"bytes {first}-{last}/{status.st_size}"))
        return Answer(206, headers, last - first + 1, read_file(path, first, last - first + 1))


class ProxySource:
    """Passes requests on to another http server. The Host header goes along, so that the absolute
    Location headers that a registry makes lead back here."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.host = parts.hostname
        self.port = parts.port or 80

    def answer(self, request, want_range):
        # A copy of the message, not a dict: clients send several Accept fields, and a registry hides
        # manifests of types that are not accepted.
        headers = copy.deepcopy(request.headers)
        dropped = HOP_HEADERS | {"expect"}  # we have said "100 Continue" ourselves
        if not want_range:
            dropped |= {"range", "if-range"}
        for name in dropped:
            del headers[name]  # no error if absent
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        try:
            try:
                connection.request(
                    request.command,
                    request.path,
                    body=request.body if request.has_body() else None,
                    headers=headers,
                    encode_chunked="Content-Length" not in request.headers,
                )
            except (BrokenPipeError, ConnectionResetError):
                pass  # it may have answered without waiting for the whole body
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return text_answer(502, f"faulty_server: {error}\n")
        except BaseException:
            connection.close()
            raise
        kept = [(name, value) for name, value in response.getheaders() if name.lower() not in HOP_HEADERS]
        length = response.getheader("Content-Length")
        kept = [(name, value) for name, value in kept if name.lower() != "content-length"]
        return Answer(
            response.status, kept, None if length is None else int(length), read_response(connection, response)
        )


def read_file(path, offset, length):
    with open(path, "rb") as file:
        file.seek(offset)
        while length > 0:
            block = file.read(min(BLOCK, length))
            if not block:
                return
            length -= len(block)
            yield block


def read_response(connection, response):
    try:
        while block := response.read(BLOCK):
            yield block
    finally:
        connection.close()


def text_answer(status, text, headers=()):
    data = text.encode()
    return Answer(status, [("Content-Type", "text/plain"), *headers], len(data), iter((data,)))


def parse_range(value, size):
    """Returns (first, last) of a single byte range, with first > last if it cannot be satisfied, or
    None if the header is absent or is one that a server may ignore."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", value or "")
    if not match or match.group(0) == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last) if last else size, size - 1)


def own_answer(action):
    headers = list(action.get("headers", {}).items())
    if "retry_after" in action:
        headers.append(("Retry-After", str(action["retry_after"])))
    if "retry_after_date" in action:
        # Rounded up, since the format has no fractions: a date that had passed would test nothing.
        moment = int(time.time() + action["retry_after_date"] + 0.999)
        headers.append(("Retry-After", email.utils.formatdate(moment, usegmt=True)))
    return text_answer(action["status"], action.get("body", ""), headers)


def with_headers(answer, changes):
    """Returns the answer with header fields replaced or, where the new value is None, removed."""
    replaced = {name.lower() for name in changes}
    headers = [(name, value) for name, value in answer.headers if name.lower() not in replaced]
    headers += [(name, value) for name, value in changes.items() if value is not None]
    return answer._replace(headers=headers)


def corrupted(blocks, offset):
    for block in blocks:
        if 0 <= offset < len(block):
            block = block[:offset] + bytes((block[offset] ^ 0xFF,)) + block[offset + 1 :]
        offset -= len(block)
        yield block


def resized(blocks, size):
    """Cuts blocks into pieces of at most size bytes."""
    for block in blocks:
        for start in range(0, len(block), size):
            yield block[start : start + size]


def limited(blocks, limit):
    """Passes on the first limit bytes."""
    for block in blocks:
        if limit <= 0:
            return
        yield block[:limit]
        limit -= len(block)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are written apart; the second would wait for the first's acknowledgement.
    disable_nagle_algorithm = True

    def handle_any(self):
        self.received = self.sent = 0
        self.status = None
        self.upload_limit = None
        self.body = self.body_blocks()
        if self.path == "/.faulty-server/settled":
            self.server.wait_until_settled()
            self.send(text_answer(204, ""), {})
            return
        with self.server.in_flight():
            self.handle_and_log()

    do_DELETE = do_GET = do_HEAD = do_PATCH = do_POST = do_PUT = handle_any

    def handle_and_log(self):
        rule, action = None, {}
        complete = False
        try:
            rule, action = self.server.script.action_for(self.command, self.path)
            complete = self.obey(action)
        except BadScript as error:
            self.close_connection = True
            self.send(text_answer(599, f"faulty_server: {error}\n"), {})
        except ResetConnection:
            self.reset()
        except (OSError, ClientGone):
            self.close_connection = True
        self.log_json(rule, complete)

    def obey(self, action):
        """Answers the request; returns whether the client was sent all of the answer."""
        self.upload_limit = action.get("reset_upload")
        if "delay" in action:
            time.sleep(action["delay"])
        if "status" in action:
            answer = own_answer(action)
        else:
            answer = self.server.source.answer(self, not action.get("ignore_range"))
        if not action.get("unread"):
            self.drain()
        if action.get("lose"):
            self.status = answer.status
            collections.deque(answer.body, maxlen=0)  # so that the real server is done, too
            raise ResetConnection
        if "set_headers" in action:
            answer = with_headers(answer, action["set_headers"])
        complete = self.send(answer, action)
        if action.get("unread"):
            # Closing while bytes wait to be read would reset the connection, and the client might
            # never see the answer; so say that no more will come, and read on.
            self.close_connection = True
            self.connection.settimeout(2)
            with contextlib.suppress(OSError, ClientGone):
                self.connection.shutdown(socket.SHUT_WR)
                self.drain()
        return complete

    def send(self, answer, action):
        body = answer.body
        if "corrupt" in action:
            body = corrupted(body, action["corrupt"])
        end = min(action.get("truncate", sys.maxsize), action.get("reset", sys.maxsize))
        if end != sys.maxsize:
            body = limited(body, end)
            self.close_connection = True
        pause = 0
        if "trickle" in action:
            body = resized(body, action["trickle"]["bytes"])
            pause = action["trickle"]["seconds"]

        self.status = answer.status
        has_body = self.command != "HEAD" and answer.status not in (204, 304)
        chunked = has_body and answer.length is None
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif answer.length is not None and answer.status != 204:
            self.send_header("Content-Length", str(answer.length))
        self.end_headers()
        if has_body:
            for block in body:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(block), block) if chunked else block)
                self.sent += len(block)
                time.sleep(pause)
        if "reset" in action:
            raise ResetConnection
        if chunked and "truncate" not in action:
            self.wfile.write(b"0\r\n\r\n")
        return "truncate" not in action

    def reset(self):
        """Ends the connection with RST instead of FIN."""
        self.close_connection = True
        # Closing this way throws away what is still to be sent; wait until the client's side of the
        # connection has it, so that the client sees the reset after the bytes, not instead of them.
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            unsent = struct.unpack("i", fcntl.ioctl(self.connection, termios.TIOCOUTQ, b"\0" * 4))[0]
            if unsent == 0:
                break
            time.sleep(0.005)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # close() would wait for rfile to be closed as well.
        os.close(self.connection.detach())

    def has_body(self):
        return "Content-Length" in self.headers or "Transfer-Encoding" in self.headers

    def body_blocks(self):
        """Yields the request's body as it arrives."""
        for block in self.raw_body_blocks():
            if self.upload_limit is not None and self.received + len(block) > self.upload_limit:
                block = block[: self.upload_limit - self.received]
                self.received += len(block)
                yield block
                raise ResetConnection
            self.received += len(block)
            yield block

    def raw_body_blocks(self):
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield from self.exactly(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass  # trailers
        else:
            yield from self.exactly(int(self.headers.get("Content-Length", 0)))

    def exactly(self, size):
        while size > 0:
            # read1, so that a byte limit and a slow client are seen as they come.
            block = self.rfile.read1(min(BLOCK, size))
            if not block:
                raise ClientGone
            size -= len(block)
            yield block

    def drain(self):
        """Reads what is left of the request's body, so that the next request can be read."""
        collections.deque(self.body, maxlen=0)

    def log_json(self, rule, complete):
        headers = {
            name: ", ".join(self.headers.get_all(name)) for name in LOGGED_HEADERS if name in self.headers
        }
        if "Authorization" in headers:
            headers["Authorization"] = headers["Authorization"].split(" ")[0]
        entry = {
            "method": self.command,
            "path": self.path,
            "status": self.status,
            "rule": rule,
            "received": self.received,
            "sent": self.sent,
            "complete": complete,
            "headers": headers,
        }
        self.server.log(json.dumps(entry))

    def log_message(self, *_):
        """The JSON lines say it all."""


class FaultyServer(ThreadingHTTPServer):
    request_queue_size = 128

    def __init__(self, source, script, log_path):
        super().__init__(("127.0.0.1", 0), Handler)
        self.source = source
        self.script = script
        self.log_lock = threading.Lock()
        self.log_file = open(log_path, "ab", buffering=0)
        self.settled = threading.Condition()
        self.active = 0

    @contextlib.contextmanager
    def in_flight(self):
        with self.settled:
            self.active += 1
        try:
            yield
        finally:
            with self.settled:
                self.active -= 1
                self.settled.notify_all()

    def wait_until_settled(self):
        with self.settled:
            self.settled.wait_for(lambda: self.active == 0, timeout=10)

    def log(self, line):
        with self.log_lock:
            self.log_file.write(line.encode() + b"\n")

    def handle_error(self, request, client_address):
        """Clients of this server break off all the time."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--root", help="serve the files of this directory")
    source.add_argument("--upstream", help="pass requests on to this server, http://host:port")
    parser.add_argument("--script", help="JSON file with the faults")
    parser.add_argument("--log", required=True, help="file to which JSON lines are appended")
    parser.add_argument("--port-file", required=True, help="written once the port is open")
    options = parser.parse_args()

    server = FaultyServer(
        FileSource(options.root) if options.root else ProxySource(options.upstream),
        Script(options.script),
        options.log,
    )
    temporary = options.port_file + ".new"
    with open(temporary, "w", encoding="ascii") as port_file:
        port_file.write(f"{server.server_address[1]}\n")
    os.rename(temporary, options.port_file)  # a reader sees all of it or nothing
    server.serve_forever()


if __name__ == "__main__":
    main()
