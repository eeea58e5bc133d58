"""A withdrawal wins, however late it arrives and whatever the clocks say."""

import os
import time

from story import Story, unittest, wait_for

TEN_YEARS = 3650 * 24 * 3600


def clock(seconds):
    """A daemon's environment in which the calendar, and it alone, is off by so much."""
    return {"LD_PRELOAD": os.environ["ATTUNE_CALENDAR"], "FAKETIME": str(seconds),
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}


class ConsentStory(Story):
    def say(self, person, state="open"):
        return person.done("consent", "say", "--state", state,
                           told={"feels_good": "A slow evening"})

    def withdraw_while_away(self, ada, ben):
        ben.stop()
        ada.done("consent", "withdraw")
        self.say(ada)
        ada.done("consent", "withdraw")
        self.assertFalse(ada.done("consent", "show")["mine"]["said"])
        ben.back()
        self.meet(ada, ben)
        shown = ben.done("consent", "show")["partner"]
        self.assertFalse(shown["said"])
        self.assertFalse(shown.get("feels_good"))


class Consent(ConsentStory):
    def test_nothing_is_said_until_somebody_says_it(self):
        ada, ben = self.couple()
        for person in (ada, ben):
            shown = person.done("consent", "show")
            self.assertFalse(shown["mine"]["said"])
            self.assertFalse(shown["partner"]["said"])

    def test_a_withdrawal_while_the_other_is_away_wins(self):
        ada, ben = self.couple()
        self.say(ada)
        wait_for(ben.partner_said, "Ben sees what Ada said")
        self.withdraw_while_away(ada, ben)

    def test_a_withdrawal_counts_here_at_once_and_over_a_restart(self):
        ada, ben = self.couple()
        self.say(ada)
        wait_for(ben.partner_said, "Ben sees what Ada said")
        ben.stop()
        ada.done("consent", "withdraw")
        ada.kill()
        ada.back()
        self.assertFalse(ada.done("consent", "show")["mine"]["said"])

    def test_what_a_live_partner_withdraws_is_gone_here(self):
        ada, ben = self.couple()
        self.say(ada)
        wait_for(ben.partner_said, "Ben sees what Ada said")
        ada.done("consent", "withdraw")
        wait_for(lambda: not ben.partner_said(), "Ben sees the withdrawal")

    def test_both_say_and_each_takes_back_their_own_alone(self):
        ada, ben = self.couple()
        self.say(ada)
        self.say(ben, "slow")
        wait_for(lambda: ben.partner_said() and ada.partner_said(), "both see what both said")
        ben.done("consent", "withdraw")
        wait_for(lambda: not ada.partner_said(), "Ada sees the withdrawal")
        self.assertTrue(ada.done("consent", "show")["mine"]["said"])


class WrongClocks(ConsentStory):
    """The calendar of one side is ten years off: nobody is locked out, both agree on what is
    shared, and a say is never lengthened."""

    def run_with(self, shift):
        ada, ben = self.ready("Ada"), self.ready("Ben", clock=clock(shift))
        self.pair(ada, ben)
        kept = ben.add_boundary("Under a strange calendar")
        self.say(ada)
        self.meet(ada, ben)
        day = ben.done("list", "boundary")["items"][0]["day"]
        years = int(day[:4]) - time.localtime().tm_year
        self.assertIn(abs(years), (9, 10), "Ben's daemon has another calendar")
        self.withdraw_while_away(ada, ben)
        self.assertEqual([item["id"] for item in ada.boundaries()], [kept])
        ben.done("lock")
        ben.unlock()
        self.meet(ben, ada)
        self.assertEqual([item["id"] for item in ben.boundaries()], [kept])

    def test_ten_years_ahead(self):
        self.run_with(TEN_YEARS)

    def test_ten_years_behind(self):
        self.run_with(-TEN_YEARS)


if __name__ == "__main__":
    unittest.main()
