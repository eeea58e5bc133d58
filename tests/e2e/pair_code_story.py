"""Two people pair by a spoken code."""

from story import Story, unittest, wait_for


class PairByCode(Story):
    def test_a_code_read_aloud_pairs_both(self):
        ada, ben = self.couple()
        for person, partner in ((ada, "Ben"), (ben, "Ada")):
            status = person.status()
            self.assertTrue(status["paired"])
            self.assertEqual(status["partner"], partner)

    def test_a_pairing_survives_sigkill_right_after_it(self):
        ada, ben = self.couple()
        ada.kill()
        ben.kill()
        for person in (ada.back(), ben.back()):
            self.assertTrue(person.status()["paired"], person.name)
        self.meet(ada, ben)

    def test_a_paired_device_pairs_with_nobody_else(self):
        ada, ben = self.couple()
        self.expect(ada.ask("pair", "--yes", "--json"), 7, "refused")
        joining = ben.ask("pair", "--code", "--stdin", "--yes", "--json",
                          told={"code": "1234-abacus-abode-above"})
        self.expect(joining, 7, "refused")

    def test_the_same_two_people_pair_again_and_go_on(self):
        ada, ben = self.couple()
        kept = ada.add_boundary("From the first time")
        self.meet(ada, ben)
        for person in (ada, ben):
            person.done("unpair", "--yes")
            self.assertFalse(person.status()["paired"])
        self.pair(ben, ada)
        later = ada.add_boundary("From the second time")
        self.meet(ada, ben)
        self.assertEqual({item["id"] for item in ben.boundaries()}, {kept, later})

    def test_a_code_may_be_typed_in_its_short_form(self):
        ada, ben = self.ready("Ada"), self.ready("Ben")
        inviting, invitation = self.invite(ada)
        digits, *words = invitation["code"].split("-")
        typed = " ".join([digits, *(word[:4].upper() for word in words)])
        self.both_end_paired((ada, inviting), (ben, self.join(ben, typed)))

    def test_a_word_that_is_not_on_the_list_is_sent_to_nobody(self):
        ada, ben = self.ready("Ada"), self.ready("Ben")
        inviting, invitation = self.invite(ada)
        head, _ = invitation["code"].rsplit("-", 1)
        for typed in (f"{head}-qqqq", head, "", "x" * 5000, "12345-abacus-abode-above"):
            result = ben.ask("pair", "--code", "--stdin", "--yes", "--json", told={"code": typed})
            self.expect(result, 2, "usage")
        self.both_end_paired((ada, inviting), (ben, self.join(ben, invitation["code"])))


class OneYes(Story):
    """Nobody is paired before both have said yes. Without a terminal, no --yes is a no."""

    def test_the_issuer_does_not_confirm(self):
        ada, ben = self.ready("Ada"), self.ready("Ben")
        inviting = ada.begin("pair", "--json")
        code = inviting.event("invitation")["code"]
        joining = self.join(ben, code)
        self.assertEqual(inviting.end().code, 11)
        self.assertEqual(joining.end().code, 8)
        self.assert_alone(ada, ben)

    def test_the_joiner_does_not_confirm(self):
        ada, ben = self.ready("Ada"), self.ready("Ben")
        inviting, invitation = self.invite(ada)
        joining = ben.begin("pair", "--code", "--stdin", "--json",
                            told={"code": invitation["code"]})
        self.assertEqual(joining.end().code, 11)
        self.assertEqual(inviting.end().code, 8)
        self.assert_alone(ada, ben)

    def test_an_interrupt_takes_the_invitation_back(self):
        ada, ben = self.ready("Ada"), self.ready("Ben")
        inviting, invitation = self.invite(ada)
        inviting.interrupt()
        self.assertEqual(inviting.end().code, 130)
        self.expect(self.join(ben, invitation["code"], "--wait", "3").end(), 8)
        self.assert_alone(ada, ben)
        self.pair(ada, ben)

    def test_one_pair_command_at_a_time(self):
        ada = self.ready("Ada")
        first, _ = self.invite(ada)
        self.expect(ada.ask("pair", "--yes", "--json"), 7)
        self.assertIsNone(first.process.poll())

    def test_nobody_with_that_code_is_there(self):
        ben = self.ready("Ben")
        result = self.join(ben, "1234-abacus-abode-above", "--wait", "1").end()
        self.expect(result, 8)


class Crowd(Story):
    def test_of_two_joiners_at_most_one_gets_in(self):
        ada, ben, eve = self.ready("Ada"), self.ready("Ben"), self.ready("Eve")
        inviting, invitation = self.invite(ada)
        joining = {person.name: self.join(person, invitation["code"], "--wait", "5")
                   for person in (ben, eve)}
        ended = {name: running.end() for name, running in joining.items()}
        winners = [name for name, result in ended.items() if result.code == 0]
        for name, result in ended.items():
            self.assertIn(result.code, (0, 8), str(result))
        self.assertLessEqual(len(winners), 1)
        for person in (ben, eve):
            self.assertEqual(person.status()["paired"], person.name in winners)
        if winners:
            self.expect(inviting.end(), 0)
            wait_for(lambda: ada.status()["paired"], "Ada is paired")
            self.assertEqual(ada.status()["partner"], winners[0])
        else:
            self.assert_alone(ada)


if __name__ == "__main__":
    unittest.main()
