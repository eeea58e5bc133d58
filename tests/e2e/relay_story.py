"""Two people who share no network: each reaches the relay and nobody else."""

import pathlib
import re
import subprocess

import namespaces
from namespaces import ip
from person import PROGRAMS
from story import Story, unittest, wait_for

RELAY = "10.78.0.1:47110"  # in a namespace of its own
METRICS = "127.0.0.1:47111"  # there too


class Relay:
    """The server, in the middle."""

    def __init__(self, story, namespace):
        self.folder = pathlib.Path(story.folder) / "relay"
        self.config = pathlib.Path(story.folder) / "relay.toml"
        self.config.write_text(f'invite = "let-us-in"\nmetrics = "{METRICS}"\n')
        self.around = ["ip", "netns", "exec", namespace]
        self.process = None
        story.addCleanup(self.kill)

    def _command(self, *more):
        return [*self.around, str(PROGRAMS / "attune-relay"), "--listen", RELAY, "--data",
                str(self.folder), "--config", str(self.config), *more]

    def url(self):
        shown = subprocess.run(self._command("--print-url"), check=True, capture_output=True,
                               text=True)
        return shown.stdout.strip()

    def start(self):
        self.process = subprocess.Popen(self._command(), stdout=subprocess.PIPE, text=True,
                                        stderr=subprocess.DEVNULL)
        assert self.process.stdout.readline().startswith("attune-relay://")
        return self

    def now(self, what):
        """One of its gauges."""
        page = subprocess.run(
            [*self.around, "python3", "-c", "import urllib.request as u; "
             f"print(u.urlopen('http://{METRICS}/metrics', timeout=5).read().decode())"],
            check=True, capture_output=True, text=True).stdout
        return int(re.search(rf"^attune_relay_{what} (\d+)$", page, re.MULTILINE).group(1))

    def kill(self):
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process = None


class ThroughARelay(Story):
    def setUp(self):
        super().setUp()
        if not namespaces.can_lay_cables():
            self.skipTest("no network namespaces")
        self.hub = namespaces.make(self, "r")
        ip("-n", self.hub, "addr", "add", "10.78.0.1/32", "dev", "lo")
        namespaces.set_net(self.hub, "ipv4/ip_forward", 0)
        self.ends = {}
        for number, name in enumerate(("Ada", "Ben"), 1):
            end = self.ends[name] = namespaces.make(self, name[0].lower())
            # One family is enough here, and this one takes its addresses at once.
            namespaces.set_net(end, "ipv6/conf/all/disable_ipv6", 1)
            namespaces.set_net(self.hub, "ipv6/conf/all/disable_ipv6", 1)
            namespaces.join(end, self.hub, f"wire{number}",
                            (f"10.78.{number}.2/24", f"10.78.{number}.1/24"))
            ip("-n", end, "route", "add", "10.78.0.1/32", "via", f"10.78.{number}.1")
        self.relay = Relay(self, self.hub).start()

    def two(self):
        people = [self.ready(name, around=("ip", "netns", "exec", self.ends[name]))
                  for name in ("Ada", "Ben")]
        for person in people:
            self.assertEqual(person.done("relay", "show")["url"], None)
            person.done("relay", "set", told={"url": self.relay.url()})
        for person in people:
            wait_for(lambda: person.status()["relay"] == "reached", "the relay is reached")
        return people

    def couple_through_it(self):
        ada, ben = self.two()
        self.pair(ada, ben)
        return ada, ben

    def crosses(self, ada, ben, words):
        mark = ada.add_boundary(words)
        wait_for(lambda: mark in {item["id"] for item in ben.boundaries()}, words)

    def checks(self, person):
        return {item["check"]: item["verdict"] for item in
                person.ask("doctor", "--json").json["items"]}

    def test_a_couple_pairs_and_exchanges(self):
        ada, ben = self.couple_through_it()
        self.crosses(ada, ben, "Through the relay")
        self.crosses(ben, ada, "And back")
        self.meet(ada, ben)
        for person in (ada, ben):
            self.assertEqual(self.checks(person)["relay"], "ok")
            self.assertEqual(self.checks(person)["relay-partner"], "ok")

        self.relay.kill()
        for person in (ada, ben):
            wait_for(lambda: person.status()["relay"] == "away", "the relay is gone")
        self.expect(ada.ask("relay", "test", "--json"), 8, "not-reached")
        mark = ada.add_boundary("While the relay is down")
        self.relay.start()
        wait_for(lambda: mark in {item["id"] for item in ben.boundaries()}, "they go on")

        for person in (ada, ben):
            person.stop()
        ben.back()
        ada.back()
        self.crosses(ada, ben, "After a restart of both")

    def test_a_direct_connection_takes_the_place_of_the_relay(self):
        ada, ben = self.couple_through_it()
        self.crosses(ada, ben, "Through the relay")
        # What a parcel brought may have been faster than the pipe.
        wait_for(lambda: self.relay.now("pipes") == 1, "the relay joins the two")
        namespaces.join(self.ends["Ada"], self.ends["Ben"], "wire3",
                        ("10.78.3.1/24", "10.78.3.2/24"))
        wait_for(lambda: self.relay.now("pipes") == 0, "the relay joins nobody any more")
        self.crosses(ada, ben, "Over the wire")
        self.assertEqual(self.relay.now("pipes"), 0)

    def connections_from(self, address):
        """Those that the relay's machine believes to stand."""
        shown = subprocess.run(
            ["ip", "netns", "exec", self.hub, "ss", "-tnH", "state", "established", "dst", address],
            check=True, capture_output=True, text=True)
        return len(shown.stdout.splitlines())

    def test_a_network_that_dies_without_a_word_is_left_for_another(self):
        ada, ben = self.couple_through_it()
        self.crosses(ada, ben, "Before")
        wait_for(lambda: self.relay.now("pipes") == 1, "the relay joins the two")
        before = self.relay.now("pipes_total")
        # From here on no byte passes between the relay and this address of Ada, and nobody is told.
        gone = ip("-n", self.hub, "rule", "add", "pref", "1", "to", "10.78.1.2", "blackhole",
                  check=False)
        if gone.returncode != 0:
            self.skipTest("no routing rules here")
        wire = ("dev", "wire1")
        ip("-n", self.ends["Ada"], "addr", "flush", *wire, "scope", "global")
        self.assertEqual(self.connections_from("10.78.1.2"), 2)  # the standing one and the pipe
        self.assertEqual(self.relay.now("pipes"), 1)
        # She comes back through another. Nobody writes, so only she can notice.
        ip("-n", self.hub, "addr", "add", "10.78.4.1/24", *wire)
        ip("-n", self.ends["Ada"], "addr", "add", "10.78.4.2/24", *wire)
        ip("-n", self.ends["Ada"], "route", "replace", "10.78.0.1/32", "via", "10.78.4.1")
        wait_for(lambda: self.relay.now("pipes_total") == before + 1, "her new end takes the pipe")
        wait_for(lambda: self.relay.now("pipes") == 1, "the relay joins the two again")
        self.assertEqual(self.connections_from("10.78.4.2"), 2)
        self.assertGreaterEqual(self.connections_from("10.78.1.2"), 1)  # nothing has closed it
        for one, other, words in ((ben, ada, "To the new address"), (ada, ben, "And from it")):
            self.crosses(one, other, words)
            self.assertTrue(one.done("sync", "--wait", "50")["exchanged"])
        self.assertEqual(self.relay.now("pipes_total"), before + 1)

    def test_a_wrong_code_is_spent_on_both_sides(self):
        ada, ben = self.two()
        inviting, invitation = self.invite(ada)
        joining = self.join(ben, self.wrong(invitation["code"]))
        for running in (inviting, joining):
            self.expect(running.end(), 9)
        self.expect(self.join(ben, invitation["code"], "--wait", "2").end(), 8, "not-reached")
        self.assert_alone(ada, ben)
        self.pair(ada, ben)

    def test_a_qr_pairs_as_well(self):
        ada, ben = self.two()
        inviting, invitation = self.invite(ada)
        scanning = ben.begin("pair", "--qr", "--stdin", "--yes", "--json",
                             told={"qr": invitation["qr"]})
        self.both_end_paired((ada, inviting), (ben, scanning))
        self.crosses(ben, ada, "Through the relay")

    def test_the_address_of_a_relay_is_kept_and_checked(self):
        ada = self.ready("Ada", around=("ip", "netns", "exec", self.ends["Ada"]))
        self.expect(ada.ask("relay", "test", "--json"), 5, "not-set-up")
        for wrong in ("", "attune-relay://10.78.0.1:47110", "https://relay.example/"):
            self.expect(ada.ask("relay", "set", "--stdin", "--json", told={"url": wrong}), 2,
                        "usage")
        url = self.relay.url()
        bare = url.replace("/?invite=let-us-in", "")
        self.assertNotEqual(url, bare)
        ada.done("relay", "set", told={"url": bare})
        self.expect(ada.ask("relay", "test", "--json"), 8, "not-reached")
        self.assertEqual(self.checks(ada)["relay"], "fix")
        ada.done("relay", "set", told={"url": url})
        self.assertEqual(ada.done("relay", "test"), {"schema": 1})
        self.assertEqual(ada.done("relay", "show")["url"], bare)
        ada.kill()
        ada.back()
        self.assertEqual(ada.done("relay", "show")["url"], bare)
        self.assertEqual(ada.done("relay", "test"), {"schema": 1})
        ada.done("relay", "off")
        self.assertEqual(ada.done("relay", "show")["url"], None)
        self.assertEqual(ada.status()["relay"], "none")
        # A name that nobody answers for: neither a lock nor the end waits for the lookup.
        ip("-n", self.ends["Ada"], "route", "add", "default", "via", "10.78.1.1")
        ada.done("relay", "set", told={"url": bare.replace("10.78.0.1", "relay.invalid")})
        ada.done("lock")
        ada.unlock()
        self.assertEqual(ada.status()["relay"], "away")
        ada.stop()


if __name__ == "__main__":
    unittest.main()
