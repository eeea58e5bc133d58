"""Two people pair by a QR code."""

import os
import pathlib
import shutil
import stat
import subprocess

from story import PATIENCE, Story, unittest, wait_for


class PairByQr(Story):
    def setUp(self):
        super().setUp()
        self.image = str(pathlib.Path(self.folder) / "invitation.png")

    def invite_on_paper(self, person):
        running, invitation = self.invite(person, "--qr-png", self.image)
        wait_for(lambda: os.path.exists(self.image), "the picture is there")
        return running, invitation

    def scan(self, person, text, *more):
        return person.ask("pair", "--qr", "--stdin", "--yes", "--json", *more,
                          told={"qr": text})

    def test_the_picture_is_private_and_holds_what_the_json_says(self):
        zbarimg = shutil.which("zbarimg")
        self.assertIsNotNone(zbarimg, "zbarimg (zbar-tools) reads the picture as a phone would")
        ada = self.ready("Ada")
        _, invitation = self.invite_on_paper(ada)
        mode = stat.S_IMODE(os.stat(self.image).st_mode)
        self.assertEqual(mode, 0o600)
        read = subprocess.run([zbarimg, "--nodbus", "-q", "--raw", self.image], text=True,
                              capture_output=True, check=True, timeout=PATIENCE)
        self.assertEqual(read.stdout.rstrip("\n"), invitation["qr"])

    def test_the_picture_pairs(self):
        ada, ben = self.ready("Ada"), self.ready("Ben")
        inviting, _ = self.invite_on_paper(ada)
        joining = ben.begin("pair", "--image", self.image, "--yes", "--json")
        self.both_end_paired((ada, inviting), (ben, joining))

    def test_the_text_pairs_once(self):
        ada, ben, eve = self.ready("Ada"), self.ready("Ben"), self.ready("Eve")
        inviting, invitation = self.invite(ada)
        self.assertEqual(self.scan(ben, invitation["qr"]).code, 0)
        self.expect(inviting.end(), 0)
        self.assertIn(self.scan(eve, invitation["qr"]).code, (8, 9))
        self.assert_alone(eve)
        for person in (ada, ben):
            person.done("unpair", "--yes")
        _, fresh = self.invite(ada)
        self.assertNotEqual(fresh["qr"], invitation["qr"])
        self.assertIn(self.scan(ben, invitation["qr"]).code, (8, 9))
        self.assert_alone(ada, ben)

    def test_one_changed_character_pairs_nobody(self):
        ada, ben = self.ready("Ada"), self.ready("Ben")
        for at in (20, 60):  # the secret; the fingerprint of the issuer's key
            inviting, invitation = self.invite(ada)
            text = invitation["qr"]
            changed = text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1:]
            result = self.scan(ben, changed)
            self.assertIn(result.code, (2, 8, 9), str(result))
            inviting.interrupt()
            self.assertNotEqual(inviting.end().code, 0)
            self.assert_alone(ada, ben)

    def test_what_is_no_invitation_is_refused(self):
        ben = self.ready("Ben")
        for text in ("", "HELLO WORLD", "0" * 114, "A" * 4000):
            self.assertIn(self.scan(ben, text).code, (2, 8))
        pathlib.Path(self.image).write_bytes(b"no picture at all")
        result = ben.ask("pair", "--image", self.image, "--yes", "--json")
        self.assertNotEqual(result.code, 0)
        missing = ben.ask("pair", "--image", self.image + ".missing", "--yes", "--json")
        self.assertNotEqual(missing.code, 0)
        self.assert_alone(ben)

    def test_a_scan_without_a_yes_pairs_nobody(self):
        ada, ben = self.ready("Ada"), self.ready("Ben")
        inviting, invitation = self.invite(ada)
        joining = ben.begin("pair", "--qr", "--stdin", "--json", told={"qr": invitation["qr"]})
        self.assertEqual(joining.end().code, 11)
        self.assertEqual(inviting.end().code, 8)
        self.assert_alone(ada, ben)


if __name__ == "__main__":
    unittest.main()
