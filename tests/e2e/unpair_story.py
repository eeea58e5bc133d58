"""Who unpairs takes back what waits at the relay; what protects them still reaches the other."""

import pathlib

from local_relay import LocalRelay
from story import Story, unittest, wait_for


class Parting(Story):
    def setUp(self):
        super().setUp()
        self.relay = LocalRelay(pathlib.Path(self.folder)).start()
        self.addCleanup(self.relay.discard)

    def reach_relay(self, person):
        wait_for(lambda: person.status()["relay"] == "reached", "the relay is reached")

    def couple(self):
        ada, ben = self.ready("Ada"), self.ready("Ben")
        self.pair(ada, ben)
        for person in (ada, ben):
            person.done("relay", "set", told={"url": self.relay.url})
            self.reach_relay(person)
        self.meet(ada, ben)
        return ada, ben

    def says(self, person):
        return person.done("consent", "show")["partner"]["said"]

    def words(self, person):
        return sorted(item["words"] for item in person.done("list", "thanks")["items"])

    def test_what_protects_comes_and_nothing_else(self):
        ada, ben = self.couple()
        ada.done("consent", "say", "--state", "open")
        wait_for(lambda: self.says(ben), "she says so tonight")
        ben.stop()

        ada.done("thanks", "add", told={"words": "Not to be read any more"})
        ada.done("pause", "thanks")
        self.expect(ada.ask("sync", "--wait", "10", "--json"), 0)
        ada.done("unpair", "--yes")
        ada.stop()  # what is left to do at the relay is done on the way out

        ben.back()
        self.reach_relay(ben)
        self.expect(ben.ask("sync", "--wait", "10", "--json"), 0)
        self.assertFalse(self.says(ben))
        self.assertEqual(self.words(ben), [])
        self.assertEqual([item["about"] for item in ben.done("list", "pause")["items"]], ["thanks"])
        self.assertTrue(ben.status()["paired"])
        ada.back()
        self.assertEqual(self.words(ada), ["Not to be read any more"])


if __name__ == "__main__":
    unittest.main()
