"""Wrong input is refused with 2, and no error repeats what somebody wrote."""

from story import Story, unittest

SECRET = "Zimtschnecke wiederholt"  # appears in no sentence of the program
TOLD = {
    ("unlock",): {"passphrase": "any"},
    ("passphrase",): {"old": "any", "new": "other"},
    ("pair", "--code"): {"code": "1234-abacus-abode-above"},
    ("pair", "--qr"): {"qr": "ABC"},
    ("boundary", "add"): {"words": "Any"},
    ("consent", "say", "--state", "open"): {},
    ("journal", "add"): {"words": "Any"},
    ("thanks", "add"): {"words": "Any"},
    ("resource", "add"): {"words": "Any"},
}
UNTOLD = (
    ("init",), ("unlock",), ("lock",), ("passphrase",), ("status",), ("pair",), ("unpair",),
    ("sync",), ("doctor",), ("watch",), ("today",), ("undo",), ("kinds",), ("list",), ("show",),
    ("edit",), ("share",), ("unshare",), ("end",), ("forget",), ("boundary", "add"),
    ("boundary", "edit"), ("consent", "say"), ("consent", "show"), ("consent", "withdraw"),
    ("journal", "add"), ("thanks", "add"), ("resource", "add"), ("pause",), ("resume",),
    ("boundary",), ("consent",), ("journal",), (),
)


class Words(Story):
    def refused(self, person, arguments, told=None):
        stdin = ("--stdin",) if told is not None else ()
        for more in ((), ("--json",)):
            with self.subTest(command=" ".join(arguments[:2]), more=more):
                result = person.ask(*arguments, *stdin, *more, told=told)
                self.assertEqual(result.code, 2, str(result))
                self.assertEqual(result.out, "", str(result))
                for word in SECRET.split():
                    self.assertNotIn(word.lower(), result.err.lower())
                self.assertLessEqual(len(result.err.splitlines()), 3, result.err)
                if more:
                    self.assertEqual(result.error["code"], "usage")

    def test_words_as_an_argument(self):
        ada = self.ready("Ada")
        for arguments in UNTOLD:
            self.refused(ada, (*arguments, SECRET))
            self.refused(ada, (*arguments, *SECRET.split()))
        self.assertEqual(ada.boundaries(), [])

    def test_a_flag_nobody_knows(self):
        ada = self.ready("Ada")
        for arguments in UNTOLD:
            self.refused(ada, (*arguments, "--" + SECRET.split()[0]))
            self.refused(ada, (*arguments, "--" + SECRET.split()[0] + "=" + SECRET))

    def test_a_value_that_is_none(self):
        ada = self.ready("Ada")
        for arguments in (("boundary", "add", "--kind", SECRET),
                          ("boundary", "add", "--area", SECRET),
                          ("boundary", "add", "--review", SECRET),
                          ("consent", "say", "--state", SECRET), ("sync", "--wait", SECRET),
                          ("journal", "add", "--template", SECRET), ("pause", SECRET),
                          ("list", SECRET), ("help", SECRET)):
            self.refused(ada, arguments)

    def test_an_unknown_field(self):
        ada = self.ready("Ada")
        for arguments, told in TOLD.items():
            self.refused(ada, arguments, {**told, SECRET: "any"})
            self.refused(ada, arguments, {**told, "more": SECRET})

    def test_text_that_is_no_object(self):
        ada = self.ready("Ada")
        for arguments in TOLD:
            for told in (SECRET, f'"{SECRET}"', f'["{SECRET}"]', f'{{"words": "{SECRET}"',
                         f'{{"words": "{SECRET}"}} more', "\xff" + SECRET):
                self.refused(ada, arguments, told)

    def test_a_field_of_another_type(self):
        ada = self.ready("Ada")
        for arguments, told in TOLD.items():
            for field in told:
                self.refused(ada, arguments, {**told, field: [SECRET]})
                self.refused(ada, arguments, {**told, field: {SECRET: 1}})

    def test_too_long(self):
        ada = self.ready("Ada")
        long = (SECRET + " ") * 400
        for noun in ("boundary", "journal", "thanks", "resource"):
            self.refused(ada, (noun, "add"), {"words": long})
            self.refused(ada, (noun, "add"), {"words": "x" * 8193})
            if noun != "thanks":  # both see it, and here is only one
                ada.done(noun, "add", told={"words": "x" * 8192})
        self.refused(ada, ("boundary", "add"), {"words": "Short", "why": "x" * 8193})
        self.refused(ada, ("consent", "say", "--state", "open"), {"feels_good": long})
        self.refused(ada, ("journal", "add"), {"words": "Short", "feelings": ["x" * 257]})
        self.refused(ada, ("journal", "add"), {"words": "Short", "feelings": ["x"] * 65})
        self.refused(ada, ("boundary", "add"), '{"words":"' + "x" * (1 << 20) + '"}')
        self.assertEqual(len(ada.boundaries()), 1)
        ada.done("lock")
        self.refused(ada, ("unlock",), {"passphrase": "x" * 1025})

    def test_words_are_needed(self):
        ada = self.ready("Ada")
        for noun in ("boundary", "journal", "thanks", "resource"):
            self.refused(ada, (noun, "add"), {})
            self.refused(ada, (noun, "add"), {"words": ""})
        self.assertEqual(ada.boundaries(), [])

    def test_end_of_input_at_a_prompt_cancels(self):
        ada = self.ready("Ada")
        result = ada.ask("boundary", "add", "--json")
        self.expect(result, 11, "cancelled")
        self.assertEqual(ada.boundaries(), [])

    def test_the_log_holds_nothing_of_what_was_written(self):
        ada, ben = self.couple()
        ada.add_boundary(SECRET)
        self.meet(ada, ben)
        self.assertEqual(ben.boundaries()[0]["words"], SECRET)
        for person in (ada, ben):
            for private in (*SECRET.split(), "Ada", "Ben", person.passphrase):
                self.assertNotIn(private, person.said())


if __name__ == "__main__":
    unittest.main()
