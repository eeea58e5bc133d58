"""What was written apart is the same on both after they met."""

from concurrent.futures import ThreadPoolExecutor

from story import Story, unittest

EACH = 100  # boundaries that each writes alone


class Meeting(Story):
    def write(self, person, share=True, count=EACH):
        words = [f"{person.name} {'shares' if share else 'keeps'} {n}" for n in range(count)]
        with ThreadPoolExecutor(4) as pool:
            return set(pool.map(lambda each: person.add_boundary(each, share), words))

    def words(self, person):
        return {item["id"]: item["words"] for item in person.boundaries()}

    def test_a_hundred_each_written_while_the_other_was_away(self):
        ada, ben = self.couple()
        ben.stop()
        from_ada = self.write(ada)
        ada.stop()
        ben.back()
        from_ben = self.write(ben)
        private = self.write(ben, share=False, count=5)
        ada.back()
        self.meet(ada, ben)
        at_ada, at_ben = self.words(ada), self.words(ben)
        self.assertEqual(set(at_ada), from_ada | from_ben)
        self.assertEqual(set(at_ben), from_ada | from_ben | private)
        for entry, words in at_ada.items():
            self.assertEqual(words, at_ben[entry])
        self.assertEqual({item["id"] for item in ben.boundaries() if not item["shared"]}, private)

    def test_what_one_shares_the_other_cannot_change(self):
        ada, ben = self.couple()
        entry = ada.add_boundary("Mine alone to change")
        self.meet(ada, ben)
        for verb in ("end", "unshare"):
            self.expect(ben.ask(verb, entry, "--json"), 7, "refused")
        edit = ben.ask("edit", entry, "--stdin", "--json", told={"words": "Not mine"})
        self.expect(edit, 7, "refused")
        self.meet(ben, ada)
        self.assertEqual(self.words(ada)[entry], "Mine alone to change")

    def test_an_end_while_away_ends_it_on_both(self):
        ada, ben = self.couple()
        entry = ada.done("resource", "add", "--share", told={"words": "For a while"})["id"]
        self.meet(ada, ben)
        self.assertEqual([item["id"] for item in ben.done("list", "resource")["items"]], [entry])
        ben.stop()
        ada.done("end", entry)
        ben.back()
        self.meet(ada, ben)
        for person in (ada, ben):
            self.assertEqual(person.done("list", "resource")["items"], [])

    def test_an_end_of_a_boundary_waits_unseen_by_the_partner(self):
        ada, ben = self.couple()
        entry = ada.add_boundary("Not so fast")
        self.meet(ada, ben)
        ada.done("end", entry)
        self.meet(ada, ben)
        self.assertEqual([item["state"] for item in ada.boundaries()], ["loosening"])
        self.assertEqual([item["state"] for item in ben.boundaries()], ["active"])

    def test_the_reason_of_a_shared_boundary_stays_private(self):
        ada, ben = self.couple()
        ada.done("boundary", "add", "--share", told={"words": "Shared", "why": "Only mine"})
        self.meet(ada, ben)
        self.assertEqual([item["why"] for item in ada.boundaries()], ["Only mine"])
        self.assertEqual([item.get("why") for item in ben.boundaries()], [None])

    def test_after_unpair_nothing_more_is_exchanged(self):
        ada, ben = self.couple()
        self.meet(ada, ben)
        ada.done("unpair", "--yes")
        ben.add_boundary("Said into silence")
        self.expect(ben.ask("sync", "--wait", "2", "--json"), 8, "not-reached")
        self.assertEqual(ada.boundaries(), [])
        self.assertTrue(ben.status()["paired"])

    def test_sync_with_nobody_there_is_not_reached(self):
        ada, ben = self.couple()
        ben.stop()
        ada.add_boundary("For later")
        self.expect(ada.ask("sync", "--wait", "1", "--json"), 8, "not-reached")


if __name__ == "__main__":
    unittest.main()
