"""Looks for words where none may be: in bytes of any kind, in loopback traffic, on command lines."""

import base64
import os
import pathlib
import select
import socket
import struct
import threading

ETH_P_ALL = 3
PACKET_OUTGOING = 4
SO_RCVBUFFORCE = 33
TCP, UDP = 6, 17


def encodings(word):
    """The forms in which a word may hide, each with its name. Base64 in its three alignments, without
    the characters that its neighbours share."""
    plain = word.encode()
    forms = [("plain", plain.lower()), ("UTF-16LE", word.encode("utf-16-le")),
             ("UTF-16BE", word.encode("utf-16-be")), ("hex", plain.hex().encode()),
             ("hex", plain.hex().upper().encode())]
    for shift in range(3):
        code = base64.b64encode(b"\0" * shift + plain)
        start = 0 if shift == 0 else 4
        end = len(code) - 4 if (shift + len(plain)) % 3 else len(code)
        forms.append(("base64", code[start:end]))
    return forms


FORM_BYTES_MIN = 8  # what is shorter stands by chance in bytes of any kind


class Seeker:
    def __init__(self, words):
        self.forms = [(word, name, form) for word in words for name, form in encodings(word)]
        assert all(len(form) >= FORM_BYTES_MIN for _, _, form in self.forms), "a word is too short"

    def find(self, data):
        """[(word, form's name)] of every word in these bytes."""
        found = []
        lower = data.lower()
        for word, name, form in self.forms:
            if form in (lower if name == "plain" else data):
                found.append((word, name))
        return found

    def find_below(self, folder):
        """The same for all files below a folder, with each one's path; names count too."""
        found = []
        for path in pathlib.Path(folder).rglob("*"):
            found += [(str(path), *each) for each in self.find(str(path).encode())]
            try:
                data = path.read_bytes() if path.is_file() else b""
            except FileNotFoundError:
                data = b""  # a daemon that runs has removed it
            found += [(str(path), *each) for each in self.find(data)]
        return found


class Flow:
    """What one end of a connection sent."""

    def __init__(self, ports):
        self.ports = ports  # source, destination
        self.data = bytearray()
        self._next = None

    def add(self, sequence, payload):
        """TCP segments come in order on lo; what was seen already is left out."""
        if self._next is None:
            self._next = sequence
        skip = (self._next - sequence) & 0xffffffff
        if skip > 0x7fffffff:
            skip = 0  # a gap: packets were lost to us, the rest still counts
        if skip < len(payload):
            self.data += payload[skip:]
            self._next = (sequence + len(payload)) & 0xffffffff


class Capture:
    """All that crosses lo from start() to stop(). None of it where this user may not capture."""

    def __init__(self):
        self.flows = {}  # TCP, by both addresses and ports, and a number for each new connection
        self.datagrams = []
        self.packets = 0
        self._order = []
        try:
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
            self._socket.bind(("lo", 0))
        except PermissionError:
            self._socket = None

    @property
    def possible(self):
        return self._socket is not None

    def start(self):
        self._stop, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        if self.possible:
            self._thread.start()
        return self

    def stop(self):
        """Everything that was sent before this call has been taken in."""
        if self.possible:
            os.write(self._wake, b"x")
            self._thread.join()
            self._socket.close()

    def _run(self):
        while True:
            ready, _, _ = select.select([self._socket, self._stop], [], [])
            if self._socket in ready:
                packet, address = self._socket.recvfrom(1 << 17)
                if address[2] == PACKET_OUTGOING:  # each comes twice on lo
                    self._take(packet[14:])
            elif self._stop in ready:
                return

    def _take(self, packet):
        if not packet:
            return
        self.packets += 1
        if packet[0] >> 4 == 4:
            header, protocol = (packet[0] & 15) * 4, packet[9]
            ends = (packet[12:16], packet[16:20])
            whole = packet[:struct.unpack("!H", packet[2:4])[0] or len(packet)]
        elif packet[0] >> 4 == 6:
            header, protocol = 40, packet[6]
            ends = (packet[8:24], packet[24:40])
            whole = packet
        else:
            return
        body = whole[header:]
        ports = struct.unpack("!HH", body[:4]) if len(body) >= 4 else (0, 0)
        if protocol == UDP:
            self.datagrams.append((ports, bytes(body[8:])))
        elif protocol == TCP and len(body) >= 20:
            self._take_segment(ends, ports, body)

    def _take_segment(self, ends, ports, body):
        key = (ends, ports)
        begins = body[13] & 0x02
        if begins or key not in self.flows:
            self.flows[key] = Flow(ports)
            self._order.append(self.flows[key])
        payload = body[(body[12] >> 4) * 4:]
        if payload:
            self.flows[key].add(struct.unpack("!I", body[4:8])[0], payload)

    # ---- What was captured.

    def sent(self):
        """All flows, in the order in which they began."""
        return [flow for flow in self._order if flow.data]

    def everything(self):
        """All payloads in one; a word that spans segments of a flow is whole here."""
        parts = [bytes(flow.data) for flow in self.sent()]
        parts += [payload for _, payload in self.datagrams]
        return b"\0\0\0\0".join(parts)


def shared_run(one, other, size):
    """A run of `size` bytes that both hold, or None."""
    runs = {bytes(one[at:at + size]) for at in range(len(one) - size + 1)}
    for at in range(len(other) - size + 1):
        if bytes(other[at:at + size]) in runs:
            return bytes(other[at:at + size])
    return None


class CommandLines:
    """Every command line that shows in /proc from start() to stop()."""

    def __init__(self):
        self.seen = set()
        self._over = threading.Event()

    def start(self):
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def stop(self):
        self._over.set()
        self._thread.join()

    def _run(self):
        while not self._over.wait(0.002):
            for name in os.listdir("/proc"):
                if name.isdigit():
                    try:
                        with open(f"/proc/{name}/cmdline", "rb") as file:
                            self.seen.add(file.read())
                    except OSError:
                        pass  # it ended meanwhile

    def everything(self):
        return b"\n".join(self.seen)
