"""What every fault script stands on: its arguments, a tally, a folder, people in it, and everybody
gone at its end. A trial is run by hand for long, and shortly by ctest."""

import argparse
import importlib.machinery
import importlib.util
import os
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time
import traceback

from person import PROGRAMS, Person, objects_of, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The daemon with the cheapest passphrase hash that a key slot may ask for. It only makes homes: what a
# home costs to open stands in its slot, so the daemon under trial is the one people have.
QUICK_DAEMON = PROGRAMS.parent / "tests" / "attuned_quick"
NOUNS = ("boundary", "journal", "thanks", "resource", "pause")


class Tally:
    """What held and what did not. Any thread."""

    def __init__(self):
        self._lock = threading.Lock()
        self.passed = 0
        self.failures = []
        self.figures = {}
        self._told = time.monotonic()

    def check(self, good, what):
        """Counts; a failure is printed at once, and each minute how far it is. Returns `good`."""
        with self._lock:
            if time.monotonic() - self._told > 60:
                self._told = time.monotonic()
                print(f"... {self.passed} passed, {len(self.failures)} failed so far; "
                      f"{self.figures}", flush=True)
            if good:
                self.passed += 1
            else:
                self.failures.append(what)
                print(f"FAILED: {what}", flush=True)
        return bool(good)

    def note(self, name, count=1):
        with self._lock:
            self.figures[name] = self.figures.get(name, 0) + count

    def most(self, name, value):
        with self._lock:
            self.figures[name] = max(self.figures.get(name, value), value)


class Trial:
    """`with trial:` gives the folder and clears up; run() turns it into an exit status."""

    def __init__(self, text, name):
        self.parser = argparse.ArgumentParser(
            prog=name, description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
        self.parser.add_argument("--seed", type=int, default=None,
                                 help="of everything that is drawn (default: a new one)")
        self.parser.add_argument("--keep", action="store_true", help="leave the folder behind")
        self.tally = Tally()
        self.people = []
        self.folder = None
        self._lock = threading.Lock()
        self._cleaning = []

    def run(self, play):
        self.arguments = self.parser.parse_args()
        seed = self.arguments.seed
        self.seed = random.SystemRandom().randrange(1 << 32) if seed is None else seed
        self.random = random.Random(self.seed)
        # A socket's path may have 107 bytes: the folder's is short.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="attune-", dir="/tmp"))
        print(f"seed {self.seed}", flush=True)
        started = time.monotonic()
        try:
            play(self)
        except Exception:
            traceback.print_exc()
            self.tally.check(False, "the trial came to its end")
        finally:
            if self.tally.failures:
                self._show_logs()
            self._clear_up()
        for name, value in sorted(self.tally.figures.items()):
            print(f"{name}: {value:g}" if isinstance(value, float) else f"{name}: {value}")
        print(f"seed {self.seed}, {time.monotonic() - started:.0f} s")
        print(f"{self.tally.passed} passed, {len(self.tally.failures)} failed", flush=True)
        sys.exit(1 if self.tally.failures else 0)

    def at_end(self, act):
        self._cleaning.append(act)

    def _show_logs(self):
        for person in self.people:
            said = person.said()[-2000:]
            if said:
                print(f"-- log of {person.name}\n{said}", flush=True)

    def _clear_up(self):
        for person in self.people:
            person.discard()
        for act in reversed(self._cleaning):
            act()
        if self.arguments.keep:
            print(f"left in {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    # ---- People.

    def person(self, name, folder=None, **how):
        where = self.folder if folder is None else pathlib.Path(folder)
        where.mkdir(exist_ok=True)
        person = Person(where, name, **how)
        with self._lock:
            self.people.append(person)
        return person

    def leave(self, person):
        """Nobody asks for this person any more."""
        person.discard()
        with self._lock:
            self.people.remove(person)

    def set_up(self, person):
        """A home made by the quick daemon; the daemon under trial runs it, unlocked."""
        usual = person.program
        if QUICK_DAEMON.exists():
            person.program = QUICK_DAEMON
        person.start().set_up()
        person.stop()
        person.program = usual
        return person.back()

    def couple(self, folder=None, names=("Ada", "Ben"), **how):
        people = [self.set_up(self.person(name, folder, **how)) for name in names]
        pair(*people)
        return people

    def copy_of(self, person, folder, **how):
        """Somebody with a copy of this home, who has not started."""
        copy = self.person(person.name, folder, **how)
        copy.passphrase = person.passphrase
        copy_home(person.home, copy.home)
        return copy


def copy_home(source, target):
    """All files of a home. Its sockets are its daemon's."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("attuned.sock"))


def pair(issuer, joiner):
    inviting = issuer.begin("pair", "--yes", "--json")
    code = inviting.event("invitation")["code"]
    joining = joiner.begin("pair", "--code", "--stdin", "--yes", "--json", told={"code": code})
    for running in (inviting, joining):
        result = running.end()
        assert result.code == 0, str(result)


def meet(*people):
    """Each has all that the other had."""
    for person in people:
        wait_for(lambda: person.ask("sync", "--wait", "5", "--json").code == 0,
                 f"{person.name} has met the partner")


def view(person):
    """All that this device shows of its entries."""
    seen = {noun: person.done("list", noun, "--ended")["items"] for noun in NOUNS}
    seen["consent"] = person.done("consent", "show")
    return seen


def _load_same_view():
    loader = importlib.machinery.SourceFileLoader("same_view", str(ROOT / "packaging" / "same-view"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("same_view", loader))
    loader.exec_module(module)
    return module


_same_view = _load_same_view()


def _comparable(person, what, swap):
    verb = ("consent", "show") if what == "consent" else ("list", what)
    shown = _same_view.levelled(person.done(*verb), swap)
    for item in shown.get("items", []):
        if item["state"] == "loosening":  # what still waits is known on its own device alone
            item["state"] = "active"
    return {item["id"]: item for item in shown["items"]} if "items" in shown else shown


def differences(one, other):
    """What two paired devices show differently of what they share: [] where nothing."""
    said = []
    for what in (*NOUNS, "consent"):
        left, right = _comparable(one, what, False), _comparable(other, what, True)
        for key in sorted({*left, *right}):
            if left.get(key) != right.get(key):
                said.append(f"{what} {key}: {left.get(key)} here, {right.get(key)} there")
    return said


def as_root():
    return os.geteuid() == 0


__all__ = ["NOUNS", "PROGRAMS", "ROOT", "Person", "Tally", "Trial", "as_root", "copy_home",
           "differences", "meet", "objects_of", "pair", "view", "wait_for"]
