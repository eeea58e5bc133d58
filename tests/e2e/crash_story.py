"""What a command promised is there after the daemon was killed at any moment."""

import random
import threading

from story import Story, unittest, wait_for

ROUNDS = 4
WRITERS = 3


class Ledger:
    """Which writes were promised: kept by the writers, outside of the daemon."""

    def __init__(self):
        self._lock = threading.Lock()
        self.promised = {}
        self.codes = []

    def note(self, result, words):
        with self._lock:
            self.codes.append(result.code)
            if result.code == 0:
                self.promised[result.json["id"]] = words

    def count(self):
        with self._lock:
            return len(self.promised)


class Crash(Story):
    def write_until_it_dies(self, person, ledger, writer):
        number = 0
        while True:
            words = f"writer {writer}, number {number}"
            result = person.ask("boundary", "add", "--share", "--stdin", "--json",
                                told={"words": words})
            ledger.note(result, words)
            if result.code != 0:
                return
            number += 1

    def kill_during_writes(self, person, ledger, more):
        writers = [threading.Thread(target=self.write_until_it_dies, args=(person, ledger, each))
                   for each in range(WRITERS)]
        enough = ledger.count() + more
        for writer in writers:
            writer.start()
        try:
            wait_for(lambda: ledger.count() >= enough, f"{more} more writes are promised")
        finally:
            person.kill()
            for writer in writers:
                writer.join()

    def test_every_promised_write_is_there_after_sigkill(self):
        ada, ben = self.couple()
        ledger = Ledger()
        moments = random.Random(20)
        for _ in range(ROUNDS):
            self.kill_during_writes(ada, ledger, moments.randint(3, 25))
            ada.back()
            there = {item["id"]: item["words"] for item in ada.boundaries()}
            for entry, words in ledger.promised.items():
                self.assertEqual(there.get(entry), words)
        self.assertTrue(set(ledger.codes) <= {0, 1, 6}, sorted(set(ledger.codes)))
        self.meet(ada, ben)
        at_ben = {item["id"]: item["words"] for item in ben.boundaries()}
        self.assertEqual(at_ben, {item["id"]: item["words"] for item in ada.boundaries()})

    def test_a_partner_killed_while_it_takes_loses_nothing(self):
        ada, ben = self.couple()
        ben.kill()
        kept = {ada.add_boundary(f"number {each}") for each in range(40)}
        for _ in range(3):
            ben.back()
            ben.kill()
        ben.back()
        self.meet(ben, ada)
        self.assertEqual({item["id"] for item in ben.boundaries()}, kept)

    def test_killed_during_init_the_home_is_empty_or_complete(self):
        ada = self.person("Ada").start()
        setting_up = ada.begin("init", "--stdin", "--json",
                               told={"name": "Ada", "passphrase": ada.passphrase})
        ada.kill()
        promised = setting_up.end().code == 0
        ada.start()
        state = ada.status()["state"]
        self.assertIn(state, ("locked",) if promised else ("locked", "empty"))
        if state == "empty":
            ada.set_up()
        else:
            ada.unlock()
        self.assertEqual(ada.status()["name"], "Ada")


if __name__ == "__main__":
    unittest.main()
