#!/usr/bin/python3 -B
"""Starts a strelaysrv on 127.0.0.1 that knows no pool, lets two ends join one session there by the
relay protocol of Syncthing, and hands both sockets, and its process id, over the Unix socket whose
descriptor is the second argument. The first is a folder for its key. Ends, and strelaysrv with it,
when that socket closes.

One certificate stands for both ends, the relay's own: a device may ask for itself."""

import hashlib
import pathlib
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time

MAGIC = 0x9E79BC40
JOIN_RELAY, JOIN_SESSION, RESPONSE, CONNECT, INVITATION = 2, 3, 4, 5, 6
PATIENCE = 20.0


def opaque(data):
    return struct.pack(">I", len(data)) + data + bytes(-len(data) % 4)


def say(end, kind, payload=b""):
    end.sendall(struct.pack(">Iii", MAGIC, kind, len(payload)) + payload)


def exactly(end, size):
    data = b""
    while len(data) < size:
        more = end.recv(size - len(data))
        if not more:
            raise ConnectionError("strelaysrv hangs up")
        data += more
    return data


def hear(end, wanted):
    magic, kind, size = struct.unpack(">Iii", exactly(end, 12))
    payload = exactly(end, size)
    if magic != MAGIC or kind != wanted:
        raise ConnectionError(f"strelaysrv says {kind}, not {wanted}")
    return payload


def hear_success(end):
    code = struct.unpack(">i", hear(end, RESPONSE)[:4])[0]
    if code != 0:
        raise ConnectionError(f"strelaysrv answers {code}")


def session_key(invitation):
    """The second field; the first is whom it is with."""
    at = 0
    for _ in range(2):
        size = struct.unpack_from(">I", invitation, at)[0]
        field = invitation[at + 4:at + 4 + size]
        at += 4 + size + -size % 4
    return field


class Relay:
    def __init__(self, folder):
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as drawn:
            self.place = drawn.getsockname()
        host, port = self.place
        self.process = subprocess.Popen(
            ["strelaysrv", "-pools=", "-status-srv=", "-listen", f"{host}:{port}", "-keys",
             str(folder)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)

    def connect(self):
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return socket.create_connection(self.place, timeout=PATIENCE)
            except ConnectionRefusedError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise

    def connect_sealed(self):
        plain = self.connect()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # of a throw-away key, on this machine
        context.load_cert_chain(self.folder / "cert.pem", self.folder / "key.pem")
        context.set_alpn_protocols(["bep-relay"])
        return context.wrap_socket(plain)

    def join(self, key):
        end = self.connect()
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        say(end, JOIN_SESSION, opaque(key))
        hear_success(end)
        end.settimeout(None)
        return end

    def session(self):
        """The ends of one session, and what must stay open with them."""
        standing = self.connect_sealed()
        say(standing, JOIN_RELAY)
        hear_success(standing)
        device = hashlib.sha256(standing.getpeercert(binary_form=True)).digest()
        with self.connect_sealed() as asking:
            say(asking, CONNECT, opaque(device))
            keys = [session_key(hear(asking, INVITATION)), session_key(hear(standing, INVITATION))]
        return [self.join(key) for key in keys], standing


def main():
    # Whoever started this may be killed: then it ends as well, by its end of the socket.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    out = socket.socket(fileno=int(sys.argv[2]))
    relay = Relay(pathlib.Path(sys.argv[1]))
    try:
        ends, standing = relay.session()
        socket.send_fds(out, [struct.pack("=i", relay.process.pid)],
                        [end.fileno() for end in ends])
        for end in ends:
            end.close()
        out.recv(1)
        standing.close()
    finally:
        relay.process.kill()
        relay.process.wait()


if __name__ == "__main__":
    main()
