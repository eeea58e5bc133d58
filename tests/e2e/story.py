"""What every story stands on: a folder, people in it, and everybody gone at its end."""

import shutil
import tempfile
import unittest

from person import PATIENCE, Person, wait_for



class Story(unittest.TestCase):
    longMessage = True

    def setUp(self):
        # A socket's path may have 107 bytes: the folder's is short.
        self.folder = tempfile.mkdtemp(prefix="attune-", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.people = []

    def person(self, name, **how):
        """Somebody whose daemon is not started yet."""
        person = Person(self.folder, name, **how)
        self.people.append(person)
        self.addCleanup(person.discard)
        return person

    def ready(self, name, **how):
        """Somebody with a daemon and a notebook, unlocked and paired with nobody."""
        return self.person(name, **how).start().set_up()

    def run(self, result=None):
        before = self._faults(result)
        outcome = super().run(result)
        if self._faults(result) != before:
            for person in getattr(self, "logs", []):
                print(f"-- log of {person[0]}\n{person[1]}", flush=True)
        return outcome

    def tearDown(self):
        self.logs = [(person.name, person.said()[-4000:]) for person in self.people]

    @staticmethod
    def _faults(result):
        return len(result.failures) + len(result.errors) if result is not None else 0

    def expect(self, result, code, name=None):
        """The command ended so, and --json names the code."""
        self.assertEqual(result.code, code, str(result))
        if name is not None:
            self.assertEqual(result.out, "", str(result))
            self.assertEqual(result.error["code"], name, str(result))
            self.assertEqual(result.error["exit"], code, str(result))

    # ---- Pairing.

    def invite(self, person, *more):
        """A pair command under way, and its code."""
        running = person.begin("pair", "--yes", "--json", *more)
        return running, running.event("invitation")

    def join(self, person, code, *more):
        return person.begin("pair", "--code", "--stdin", "--yes", "--json", *more,
                            told={"code": code})

    def pair(self, issuer, joiner):
        inviting, invitation = self.invite(issuer)
        joining = self.join(joiner, invitation["code"])
        self.both_end_paired((issuer, inviting), (joiner, joining))

    def both_end_paired(self, one, other):
        (first, one_runs), (second, other_runs) = one, other
        phrase = one_runs.event("check")["words"]
        self.assertEqual(len(phrase), 4)
        self.assertEqual(phrase, other_runs.event("check")["words"])
        self.assertEqual(one_runs.event("paired")["partner"], second.name)
        self.assertEqual(other_runs.event("paired")["partner"], first.name)
        self.expect(one_runs.end(), 0)
        self.expect(other_runs.end(), 0)

    def couple(self, one="Ada", other="Ben"):
        ada, ben = self.ready(one), self.ready(other)
        self.pair(ada, ben)
        return ada, ben

    def assert_alone(self, *people):
        for person in people:
            self.assertFalse(person.status()["paired"], f"{person.name} is paired")

    @staticmethod
    def wrong(code):
        """Another code with the same digits, of words that are on the list."""
        head, last = code.rsplit("-", 1)
        return f"{head}-{'abacus' if last != 'abacus' else 'abode'}"

    def meet(self, *people):
        for person in people:
            person.done("sync", "--wait", "50")


__all__ = ["PATIENCE", "Story", "unittest", "wait_for"]
