"""Commands that come too early: no daemon, no notebook, no partner."""

from story import Story, unittest

NEED_A_NOTEBOOK = (
    (("list",), None), (("list", "boundary"), None), (("today",), None),
    (("pair", "--yes"), None), (("unpair", "--yes"), None), (("sync", "--wait", "1"), None),
    (("undo",), None), (("consent", "show"), None), (("consent", "withdraw"), None),
    (("pause",), None), (("resume",), None), (("watch",), None),
    (("boundary", "add"), {"words": "Any"}), (("consent", "say", "--state", "open"), {}),
    (("journal", "add"), {"words": "Any"}), (("thanks", "add"), {"words": "Any"}),
    (("resource", "add"), {"words": "Any"}),
    (("pair", "--code"), {"code": "1234-abacus-abode-above"}),
)


class NotReady(Story):
    def answered(self, person, code, name, commands):
        for arguments, told in commands:
            stdin = ("--stdin",) if told is not None else ()
            with self.subTest(command=" ".join(arguments)):
                self.expect(person.ask(*arguments, *stdin, "--json", told=told), code, name)

    def test_without_a_daemon_each_command_says_so(self):
        ada = self.person("Ada")
        self.answered(ada, 6, "no-daemon", NEED_A_NOTEBOOK + (
            (("status",), None), (("lock",), None), (("doctor",), None),
            (("unlock",), {"passphrase": "any"}), (("init",), {"name": "A", "passphrase": "b"})))

    def test_after_the_daemon_was_killed_each_command_says_so(self):
        ada = self.ready("Ada")
        ada.kill()
        self.answered(ada, 6, "no-daemon", NEED_A_NOTEBOOK)

    def test_before_init_each_command_says_so(self):
        ada = self.person("Ada").start()
        self.answered(ada, 5, "not-set-up", NEED_A_NOTEBOOK + (
            (("lock",), None), (("unlock",), {"passphrase": "any"}),
            (("passphrase",), {"old": "a", "new": "b"})))

    def test_unpaired_nothing_is_shared_or_exchanged(self):
        ada = self.ready("Ada")
        self.answered(ada, 5, "not-paired", (
            (("boundary", "add", "--share"), {"words": "Any"}),
            (("resource", "add", "--share"), {"words": "Any"}),
            (("sync", "--wait", "1"), None), (("unpair", "--yes"), None)))
        self.assertEqual(ada.boundaries(), [])
        kept = ada.add_boundary("Mine alone", share=False)
        self.answered(ada, 5, "not-paired", ((("share", kept), None),))
        self.assertEqual([item["shared"] for item in ada.boundaries()], [False])

    def test_an_unknown_entry_is_not_found(self):
        ada = self.ready("Ada")
        missing = "b-" + "0" * 26
        self.answered(ada, 3, "not-found", (
            (("show", missing), None), (("end", missing), None), (("forget", missing), None)))


if __name__ == "__main__":
    unittest.main()
