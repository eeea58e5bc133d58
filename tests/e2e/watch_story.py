"""A change on one device shows on the other, through `watch`."""

from story import PATIENCE, Story, unittest

import time

CHANGES = 10


class Watching(Story):
    def test_a_write_shows_at_the_partner(self):
        ada, ben = self.couple()
        self.meet(ada, ben)
        watching = ben.begin("watch", "--json")
        self.until_it_watches(ben, watching)
        took = []
        for number in range(CHANGES):
            started = time.monotonic()
            ada.add_boundary(f"number {number}")
            changed, moment = watching.next()
            took.append(moment - started)
            self.assertEqual(changed["changed"], "boundary")
            self.assertNotIn("number", str(changed))
            self.assertEqual(len(ben.boundaries()), number + 1)
        milliseconds = sorted(each * 1000 for each in took)
        print(f"from the start of `attune boundary add` to the line of `attune watch` there: "
              f"median {milliseconds[CHANGES // 2]:.0f} ms, worst {milliseconds[-1]:.0f} ms",
              flush=True)
        watching.interrupt()
        self.assertEqual(watching.end().code, 130)

    def until_it_watches(self, person, watching):
        """The stream is open when it shows a write of one's own; what it showed of the tries before
        the last is behind it then."""
        seen = False
        deadline = time.monotonic() + PATIENCE
        while not seen:
            self.assertLess(time.monotonic(), deadline, "nothing is seen")
            person.done("journal", "add", told={"words": "Seen by oneself"})
            try:
                seen = watching.next(0.5) is not None
            except AssertionError:
                pass  # not open yet, or slow
        person.done("resource", "add", told={"words": "Seen last"})
        while watching.next()[0]["changed"] != "resource":
            pass

    def test_a_private_write_shows_nothing_at_the_partner(self):
        ada, ben = self.couple()
        self.meet(ada, ben)
        watching = ben.begin("watch", "--json")
        self.until_it_watches(ben, watching)
        ada.done("journal", "add", told={"words": "Only for me"})
        ada.add_boundary("Only for me too", share=False)
        ada.done("thanks", "add", told={"words": "For both"})
        self.assertEqual(watching.next()[0]["changed"], "thanks")

    def test_lock_ends_a_watch(self):
        ada = self.ready("Ada")
        watching = ada.begin("watch", "--json")
        ada.done("lock")
        self.assertNotEqual(watching.end().code, 0)


if __name__ == "__main__":
    unittest.main()
