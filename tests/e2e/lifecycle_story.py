"""Setting up, unlocking, locking, and how a daemon begins and ends."""

import os
import shutil
import signal
import socket
import stat
import struct
import time

from person import PROGRAMS
from story import PATIENCE, Story, unittest

FIRST_WAIT = 2.0  # seconds after the first wrong passphrase that is one too many


class Lifecycle(Story):
    def test_a_new_home_is_empty_then_unlocked(self):
        ada = self.person("Ada").start()
        self.assertEqual(ada.status()["state"], "empty")
        device = ada.done("init", told={"name": "Ada", "passphrase": "a long one"})["device"]
        self.assertTrue(device)
        status = ada.status()
        self.assertEqual((status["state"], status["name"], status["paired"]),
                         ("unlocked", "Ada", False))

    def test_a_second_init_is_refused_before_its_passphrase_is_judged(self):
        ada = self.ready("Ada")
        for passphrase in ("", "another"):
            again = ada.ask("init", "--stdin", "--json",
                            told={"name": "Eve", "passphrase": passphrase})
            self.expect(again, 7, "refused")
        self.assertEqual(ada.status()["name"], "Ada")

    def test_an_empty_name_or_passphrase_sets_nothing_up(self):
        ada = self.person("Ada").start()
        for told in ({"name": "", "passphrase": "a"}, {"name": "Ada", "passphrase": ""},
                     {"name": "Ada", "passphrase": "p" * 1025},
                     {"name": "a" * 129, "passphrase": "p"}):
            self.expect(ada.ask("init", "--stdin", "--json", told=told), 2, "usage")
            self.assertEqual(ada.status()["state"], "empty")

    def test_a_restarted_daemon_is_locked_until_the_right_passphrase(self):
        ada = self.ready("Ada")
        kept = ada.add_boundary("Stays over a restart", share=False)
        ada.stop()
        ada.start()
        self.assertEqual(ada.status()["state"], "locked")
        self.assertNotIn("name", ada.status())
        self.expect(ada.ask("list", "boundary", "--json"), 4, "locked")
        wrong = ada.ask("unlock", "--stdin", "--json", told={"passphrase": "not this"})
        self.expect(wrong, 9, "check-failed")
        self.assertEqual(ada.status()["state"], "locked")
        ada.unlock()
        self.assertEqual([item["id"] for item in ada.boundaries()], [kept])
        self.assertEqual(ada.done("unlock", told={"passphrase": "any"})["state"], "unlocked")

    def test_the_very_next_command_after_lock_finds_the_daemon_locked(self):
        ada = self.ready("Ada")
        for _ in range(5):
            pid = ada.daemon.pid
            self.assertEqual(ada.done("lock")["state"], "locked")
            self.expect(ada.ask("list", "boundary", "--json"), 4, "locked")
            self.assertEqual(ada.done("lock")["state"], "locked")
            self.assertEqual(ada.status()["state"], "locked")
            self.assertEqual(ada.daemon.pid, pid)
            self.assertIsNone(ada.daemon.poll())
            ada.unlock()

    def test_commands_thrown_at_a_locking_daemon_are_answered(self):
        ada = self.ready("Ada")
        ada.add_boundary("One", share=False)
        lock = ada.begin("lock", "--json")
        others = [ada.begin("list", "boundary", "--json") for _ in range(8)]
        self.expect(lock.end(), 0)
        for other in others:
            result = other.end()
            self.assertIn(result.code, (0, 4), str(result))

    def test_after_wrong_passphrases_the_daemon_asks_to_wait(self):
        ada = self.ready("Ada")
        ada.done("lock")
        for _ in range(4):
            wrong = ada.ask("unlock", "--stdin", "--json", told={"passphrase": "no"})
            self.expect(wrong, 9, "check-failed")
        wrong_since = time.monotonic()
        early = ada.ask("unlock", "--stdin", "--json", told={"passphrase": ada.passphrase})
        if early.code == 0:  # this machine was slower than the wait is long
            self.assertGreater(time.monotonic() - wrong_since, FIRST_WAIT)
        else:
            self.expect(early, 9, "check-failed")

    def test_a_changed_passphrase_opens_and_the_old_one_does_not(self):
        ada = self.ready("Ada")
        wrong = ada.ask("passphrase", "--stdin", "--json", told={"old": "no", "new": "fresh"})
        self.expect(wrong, 9, "check-failed")
        ada.done("passphrase", told={"old": ada.passphrase, "new": "fresh"})
        ada.done("lock")
        old = ada.ask("unlock", "--stdin", "--json", told={"passphrase": ada.passphrase})
        self.expect(old, 9, "check-failed")
        ada.done("unlock", told={"passphrase": "fresh"})

    def test_sigterm_ends_the_daemon_well(self):
        empty = self.person("Empty").start()
        empty.stop()
        ada = self.ready("Ada")
        watching = ada.begin("watch", "--json")
        ada.status()
        ada.stop()
        self.assertNotEqual(watching.end().code, 0)
        ada.start()
        ada.stop()


class EndingWhileItLocks(Story):
    """The daemon becomes a fresh process; strace keeps it long at the moment in between."""

    def test_a_signal_then_is_not_lost(self):
        if shutil.which("strace") is None:
            print("no strace here: this checks nothing", flush=True)
            return
        ada = self.ready("Ada")
        ada.stop()
        # LeakSanitizer cannot look at a process that another one traces.
        leaks = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        ada.around = ["env", "ASAN_OPTIONS=" + leaks, "strace", "-D", "-f", "-qq", "-o", "/dev/null",
                      "-e", "trace=epoll_wait", "-e", "signal=none",
                      "-e", "inject=epoll_wait:delay_exit=40000"]
        for _ in range(3):
            ada.back().done("lock")
            ada.stop()


class Starting(Story):
    def refused(self, person, **more):
        process = person.spawn_daemon(**more)
        _, err = process.communicate(timeout=PATIENCE)
        return process.returncode, err

    def test_a_second_daemon_for_one_home_is_refused(self):
        ada = self.ready("Ada")
        code, _ = self.refused(ada)
        self.assertEqual(code, 7)
        self.assertEqual(ada.status()["state"], "unlocked")
        ada.done("lock")
        code, _ = self.refused(ada)
        self.assertEqual(code, 7)
        self.assertEqual(ada.status()["state"], "locked")

    def test_a_killed_daemon_leaves_a_home_that_the_next_one_takes(self):
        ada = self.ready("Ada")
        ada.kill()
        ada.start()
        self.assertEqual(ada.status()["state"], "locked")

    def test_bytes_that_are_no_request_are_answered_and_leave_no_line(self):
        ada = self.ready("Ada")
        before = ada.said()
        with socket.socket(socket.AF_UNIX) as daemon:
            daemon.connect(str(ada.home / "run" / "attuned.sock"))
            body = b"\x7a\x03\x0a\x01\xff"  # share an id that is no UTF-8
            daemon.sendall(struct.pack(">I", len(body)) + body)
            daemon.settimeout(PATIENCE)
            self.assertGreater(len(daemon.recv(4096)), 4)
        self.assertEqual(ada.said(), before)

    def test_a_bad_config_ends_with_its_line(self):
        ada = self.person("Ada")
        for text, line in (("port = 1\nprot = 2\n", 2), ("\n\nbeacon = 'maybe'\n", 3),
                           ("port = \n", 1), ("port = 70000\n", 1)):
            (ada.home / "config.toml").write_text(text)
            code, err = self.refused(ada)
            self.assertEqual(code, 2, err)
            self.assertIn(f"line {line}", err)

    def test_a_home_whose_socket_path_is_too_long_is_refused(self):
        ada = self.person("Ada")
        ada.home = ada.home / ("x" * 100)
        code, _ = self.refused(ada)
        self.assertEqual(code, 2)
        self.expect(ada.ask("status", "--json"), 2, "usage")

    def test_what_a_home_holds_is_private(self):
        ada = self.ready("Ada")
        ada.add_boundary("Private", share=False)
        for path in [ada.home, *ada.home.rglob("*")]:
            mode = stat.S_IMODE(os.lstat(path).st_mode)
            self.assertEqual(mode & 0o077, 0, f"{path} has mode {mode:o}")

    def test_an_interrupt_ends_the_daemon_as_sigterm_does(self):
        ada = self.person("Ada").start()
        ada.daemon.send_signal(signal.SIGINT)
        self.assertEqual(ada.daemon.wait(PATIENCE), 0)

    def test_both_programs_tell_their_version(self):
        ada = self.person("Ada")
        result = ada.ask("--version")
        self.assertEqual(result.code, 0)
        self.assertIn("attune", result.out)
        self.assertTrue((PROGRAMS / "attuned").exists())


if __name__ == "__main__":
    unittest.main()
