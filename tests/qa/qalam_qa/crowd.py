"""Clients that behave badly: sockets that speak just enough HTTP/2 to be in the way."""
import contextlib
import socket
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS = 0, 1, 3, 4
END_HEADERS = 4


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def field(name, value):
    """A header without compression or index (RFC 7541, 6.2.2)."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def call_headers(path):
    return b"".join([field(b":method", b"POST"), field(b":scheme", b"http"), field(b":path", path),
                     field(b":authority", b"localhost"), field(b"te", b"trailers"),
                     field(b"content-type", b"application/grpc")])


class Crowd:
    """Many sockets to one broker. Thread: one."""

    def __init__(self, port):
        self.port = port
        self.sockets = []

    def connect(self, count, speak=True):
        """`speak`: says hello as an HTTP/2 client does; else says nothing. Returns how many were taken."""
        before = len(self.sockets)
        for _ in range(count):
            one = socket.socket()
            one.settimeout(5)
            try:
                one.connect(("127.0.0.1", self.port))
                if speak:
                    one.sendall(PREFACE + frame(SETTINGS, 0, 0))
            except OSError:
                one.close()
                continue
            self.sockets.append(one)
        return len(self.sockets) - before

    def alive(self):
        """How many of them the broker has not closed."""
        living = 0
        for one in self.sockets:
            one.setblocking(False)
            try:
                while one.recv(65536):
                    pass
            except BlockingIOError:
                living += 1
            except OSError:
                pass
        return living

    def start_calls(self, path=b"/qalam.v1.LogService/Produce"):
        """Each begins a call, promises a message of a MiB and sends a byte of it."""
        for one in self.sockets:
            one.settimeout(5)
            with contextlib.suppress(OSError):
                one.sendall(frame(HEADERS, END_HEADERS, 1, call_headers(path))
                            + frame(DATA, 0, 1, b"\0" + struct.pack(">I", 1 << 20) + b"x"))

    def drip(self):
        for one in self.sockets:
            with contextlib.suppress(OSError):
                one.sendall(frame(DATA, 0, 1, b"x"))

    def reset_streams(self, count):
        """Begins calls and cancels each at once, on one connection; how many could be sent."""
        one = self.sockets[0]
        one.settimeout(5)
        headers = call_headers(b"/qalam.v1.LogService/Fetch")
        for number in range(count):
            stream = 2 * number + 1
            try:
                one.sendall(frame(HEADERS, END_HEADERS, stream, headers)
                            + frame(RST_STREAM, 0, stream, struct.pack(">I", 8)))
            except OSError:
                return number
        return count

    def close(self):
        for one in self.sockets:
            one.close()
        self.sockets = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
