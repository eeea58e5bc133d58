"""Somebody guesses a pairing code."""

from story import Story, unittest


class Guesses(Story):
    def guess(self, issuer, guesser):
        """One wrong guess; both commands end 9. The code that was burnt."""
        inviting, invitation = self.invite(issuer)
        joining = self.join(guesser, self.wrong(invitation["code"]))
        self.assertEqual(joining.end().code, 9)
        self.assertEqual(inviting.end().code, 9)
        return invitation["code"]

    def refused(self, joiner, code):
        self.expect(self.join(joiner, code, "--wait", "3").end(), 8)

    def test_after_a_wrong_guess_the_right_code_is_spent(self):
        ada, ben = self.ready("Ada"), self.ready("Ben")
        code = self.guess(ada, ben)
        self.refused(ben, code)
        self.assert_alone(ada, ben)
        self.pair(ada, ben)

    def test_a_spent_code_stays_spent_over_sigkill(self):
        ada, ben = self.ready("Ada"), self.ready("Ben")
        code = self.guess(ada, ben)
        ada.kill()
        ben.kill()
        ada.back()
        ben.back()
        self.refused(ben, code)
        inviting, _ = self.invite(ada)
        self.refused(ben, code)
        inviting.interrupt()
        inviting.end()
        self.pair(ada, ben)

    def test_sigkill_ends_an_invitation(self):
        ada, ben = self.ready("Ada"), self.ready("Ben")
        inviting, invitation = self.invite(ada)
        ada.kill()
        self.assertNotEqual(inviting.end().code, 0)
        ada.back()
        self.refused(ben, invitation["code"])

    def test_the_third_guess_starts_a_pause_that_sigkill_does_not_end(self):
        ada, ben = self.ready("Ada"), self.ready("Ben")
        self.guess(ada, ben)
        ada.kill()
        ada.back()
        self.guess(ada, ben)
        self.guess(ada, ben)
        for _ in range(2):
            self.expect(ada.ask("pair", "--yes", "--json"), 7, "refused")
            ada.kill()
            ada.back()
        self.expect(ada.ask("pair", "--yes", "--json"), 7, "refused")
        self.assert_alone(ada, ben)


if __name__ == "__main__":
    unittest.main()
