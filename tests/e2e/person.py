"""One person in a story: a home in a temporary folder, a daemon, and the commands typed there."""

import ctypes
import errno
import json
import os
import pathlib
import queue
import signal
import socket
import subprocess
import threading
import time

_BUILT = pathlib.Path(__file__).resolve().parents[2] / "build" / "bin"
PROGRAMS = pathlib.Path(os.environ.get("ATTUNE_BIN", _BUILT))
# Seconds that any one thing may take before a story fails. Nothing waits so long in its normal course:
# what is awaited is looked at all the while, and a slow machine is no failure.
PATIENCE = 60.0

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


def _end_with_the_story():
    """Runs in a child between fork and exec: it does not outlive the story that started it."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def wait_for(condition, what, patience=PATIENCE):
    """The first true value of condition(); AssertionError with `what` when the time is over."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"still not so after {patience:g} s: {what}")
        time.sleep(0.02)


def objects_of(text):
    """All JSON objects of a text, one after the other."""
    found = []
    text = text.lstrip()
    while text:
        value, end = json.JSONDecoder().raw_decode(text)
        found.append(value)
        text = text[end:].lstrip()
    return found


class Result:
    """How a command ended."""

    def __init__(self, line, code, out, err):
        self.line = line
        self.code = code
        self.out = out
        self.err = err

    @property
    def json(self):
        objects = objects_of(self.out)
        assert len(objects) == 1, f"{self} gives {len(objects)} objects"
        return objects[0]

    @property
    def error(self):
        """What --json says on standard error."""
        return json.loads(self.err)["error"]

    def __str__(self):
        return f"`attune {self.line}` ended {self.code}: {self.out.strip()} {self.err.strip()}"


class Nameplates:
    """Nameplates are few, and all daemons of one network hear each other: only one test at a time has
    people who pair. A name of a socket says who; the kernel knows it in this network alone, and
    forgets it with the process."""

    def __init__(self):
        self._lock = threading.Lock()
        self._pairing = 0
        self._mark = None

    def enter(self):
        with self._lock:
            if self._pairing == 0:
                self._mark = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                wait_for(self._is_ours, "no other test pairs", 10 * PATIENCE)
            self._pairing += 1

    def leave(self):
        with self._lock:
            self._pairing -= 1
            if self._pairing == 0:
                self._mark.close()

    def _is_ours(self):
        try:
            self._mark.bind("\0attune-tests-pair")
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False
        return True


NAMEPLATES = Nameplates()


class Running:
    """A command that streams. Its lines are read as they come; `at_end` is called after the last."""

    def __init__(self, line, process, told, at_end=None):
        self.line = line
        self.process = process
        self._at_end = at_end
        self._lines = queue.Queue()
        self._err = []
        self._out = []
        self._readers = [
            threading.Thread(target=self._read_out, daemon=True),
            threading.Thread(target=lambda: self._err.append(process.stderr.read()), daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        if told is not None:
            process.stdin.write(json.dumps(told))
            process.stdin.close()

    def _read_out(self):
        for line in self.process.stdout:
            self._out.append(line)
            self._lines.put((time.monotonic(), line))
        if self._at_end is not None:
            self._at_end()
        self._lines.put((time.monotonic(), None))

    def next(self, patience=PATIENCE):
        """The next object and when it came; None at the end of the stream."""
        try:
            moment, line = self._lines.get(timeout=patience)
        except queue.Empty:
            raise AssertionError(f"`attune {self.line}` says nothing in {patience:g} s") from None
        return (json.loads(line), moment) if line is not None else None

    def event(self, name, patience=PATIENCE):
        """The next event of this name; others before it are passed over."""
        while True:
            came = self.next(patience)
            if came is None:
                raise AssertionError(f"{self.end(patience)}, without the event {name}")
            if came[0].get("event") == name:
                return came[0]

    def end(self, patience=PATIENCE):
        try:
            code = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"`attune {self.line}` does not end in {patience:g} s") from None
        for reader in self._readers:
            reader.join(PATIENCE)
        return Result(self.line, code, "".join(self._out), "".join(self._err))

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def discard(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for reader in self._readers:
            reader.join(PATIENCE)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


class Person:
    """`around` stands before the daemon's command line (a network namespace, a tracer); `clock` goes
    into the daemon's environment alone; `program` is the daemon."""

    def __init__(self, folder, name, around=(), clock=None):
        self.name = name
        self.program = PROGRAMS / "attuned"
        self.home = pathlib.Path(folder) / name.lower()
        self.home.mkdir(mode=0o700, exist_ok=True)
        self.passphrase = f"{name} keeps this one"
        self.around = list(around)
        self.clock = dict(clock or {})
        self.log = pathlib.Path(folder) / f"{name.lower()}.log"
        self.daemon = None
        self.streams = []
        self.environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(folder),
            "LANG": "C.UTF-8",
        }
        for kept in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LD_LIBRARY_PATH"):
            if kept in os.environ:
                self.environment[kept] = os.environ[kept]

    # ---- The daemon.

    def spawn_daemon(self, log=None, **more):
        command = self.around + [str(self.program), "--home", str(self.home)]
        environment = {**self.environment, **self.clock, **more}
        return subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=log or subprocess.PIPE, text=True, preexec_fn=_end_with_the_story)

    def start(self):
        """Returns when the daemon says that it is ready."""
        assert self.daemon is None or self.daemon.poll() is not None, "runs already"
        path = self.home.with_suffix(".ready")
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready, open(self.log, "a") as log:
            ready.bind(str(path))
            ready.settimeout(0.1)
            self.daemon = self.spawn_daemon(log=log, NOTIFY_SOCKET=str(path))
            deadline = time.monotonic() + PATIENCE
            while True:
                try:
                    if b"READY=1" in ready.recv(4096).split(b"\n"):
                        return self
                except TimeoutError:
                    pass
                if self.daemon.poll() is not None:
                    raise AssertionError(f"attuned ended {self.daemon.returncode}: {self.said()}")
                if time.monotonic() > deadline:
                    raise AssertionError(f"attuned is not ready: {self.said()}")

    def stop(self):
        """SIGTERM; the daemon ends well."""
        self.daemon.send_signal(signal.SIGTERM)
        try:
            code = self.daemon.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"attuned runs {PATIENCE:g} s after SIGTERM") from None
        assert code == 0, f"attuned ended {code} on SIGTERM: {self.said()}"

    def kill(self):
        self.daemon.kill()
        self.daemon.wait()

    def said(self):
        return self.log.read_text() if self.log.exists() else ""

    def discard(self):
        for stream in self.streams:
            stream.discard()
        if self.daemon is not None and self.daemon.poll() is None:
            self.kill()

    # ---- Commands.

    def begin(self, *arguments, told=None):
        """Starts a command whose objects are read while it runs."""
        pairs = arguments[0] == "pair"
        if pairs:
            NAMEPLATES.enter()
        process = subprocess.Popen(
            self._command(arguments), env=self.environment, text=True,
            stdin=subprocess.DEVNULL if told is None else subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=_end_with_the_story)
        running = Running(" ".join(arguments), process, told, NAMEPLATES.leave if pairs else None)
        self.streams.append(running)
        return running

    def ask(self, *arguments, told=None, patience=PATIENCE):
        """Runs a command to its end; `told` (an object, or raw text) is its standard input."""
        text = told if isinstance(told, str) or told is None else json.dumps(told)
        pairs = bool(arguments) and arguments[0] == "pair"
        if pairs:
            NAMEPLATES.enter()
        try:
            ended = subprocess.run(
                self._command(arguments), env=self.environment, text=True, timeout=patience,
                capture_output=True, **({"input": text} if text is not None
                                        else {"stdin": subprocess.DEVNULL}))
        except subprocess.TimeoutExpired:
            raise AssertionError(f"`attune {' '.join(arguments)}` does not end") from None
        finally:
            if pairs:
                NAMEPLATES.leave()
        return Result(" ".join(arguments), ended.returncode, ended.stdout, ended.stderr)

    def done(self, *arguments, told=None, patience=PATIENCE):
        """As ask(), of a command that must succeed; its one object."""
        arguments += ("--json",) + (("--stdin",) if told is not None else ())
        result = self.ask(*arguments, told=told, patience=patience)
        assert result.code == 0, f"{self.name}: {result}"
        return result.json

    def _command(self, arguments):
        return [str(PROGRAMS / "attune"), "--home", str(self.home), *arguments]

    # ---- What a story says often.

    def set_up(self):
        self.done("init", told={"name": self.name, "passphrase": self.passphrase})
        return self

    def unlock(self):
        self.done("unlock", told={"passphrase": self.passphrase})
        return self

    def back(self):
        return self.start().unlock()

    def status(self):
        return self.done("status")

    def add_boundary(self, words, share=True):
        return self.done("boundary", "add", *(["--share"] if share else []),
                         told={"words": words})["id"]

    def boundaries(self):
        return self.done("list", "boundary")["items"]

    def partner_said(self):
        return self.done("consent", "show")["partner"]["said"]
