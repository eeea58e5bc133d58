"""A pause holds, each lifts their own, and every kind can be written as the command line says."""

import datetime

from story import Story, unittest


def in_a_year():
    return (datetime.date.today() + datetime.timedelta(days=365)).isoformat()


class Pauses(Story):
    def topics(self, person, by):
        return sorted(item["about"] for item in person.done("list", "pause")["items"]
                      if item["by"] == by)

    def test_each_raises_and_lifts_their_own(self):
        ada, ben = self.couple()
        ada.done("pause")
        ada.done("pause", "thanks", "--revisit", in_a_year())
        ben.done("pause", "resource")
        self.meet(ada, ben)
        self.assertEqual(self.topics(ben, "partner"), ["all", "thanks"])
        self.assertEqual(self.topics(ada, "partner"), ["resource"])
        self.expect(ben.ask("resume", "thanks", "--json"), 7, "refused")
        ada.done("resume")
        self.expect(ada.ask("resume", "--json"), 7, "refused")
        self.meet(ada, ben)
        self.assertEqual(self.topics(ben, "partner"), ["thanks"])
        self.assertEqual(self.topics(ada, "me"), ["thanks"])

    def test_a_pause_on_all_unsays_what_was_said(self):
        ada, ben = self.couple()
        ada.done("consent", "say", "--state", "open", told={})
        self.meet(ada, ben)
        self.assertTrue(ben.partner_said())
        ben.done("pause", "all")
        self.assertFalse(ben.partner_said())
        self.meet(ada, ben)
        self.assertFalse(ada.done("consent", "show")["mine"]["said"])

    def test_a_pause_of_an_entry_names_it(self):
        ada, ben = self.couple()
        entry = ada.add_boundary("Not this one, for now")
        self.meet(ada, ben)
        ben.done("pause", entry)
        self.assertEqual(self.topics(ben, "me"), [entry])
        self.expect(ben.ask("pause", "nothing-of-ours", "--json"), 2, "usage")

    def test_what_a_line_leaves_out_has_the_defaults_of_its_row(self):
        ada = self.ready("Ada")
        ada.add_boundary("With nothing said of it", share=False)
        boundary = ada.boundaries()[0]
        self.assertEqual((boundary["firmness"], boundary["area"]), ("non-negotiable", "other"))


if __name__ == "__main__":
    unittest.main()
