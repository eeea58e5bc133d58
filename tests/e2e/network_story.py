"""Two people in two network namespaces joined by a cable: nothing of one machine helps them. Only
root can lay such a cable; for anybody else this checks nothing and says so."""

import subprocess

import namespaces
from namespaces import ip
from story import Story, unittest, wait_for

PORT = 40777  # of both LAN listeners; each namespace is new and has nobody else in it


class Network(Story):
    def cable(self):
        """Two namespaces with an end of a veth each; None where this machine allows none."""
        if not namespaces.can_lay_cables():
            return None
        names = [namespaces.make(self, end) for end in ("a", "b")]
        namespaces.join(*names, "wire", ("10.77.0.1/24", "10.77.0.2/24"))
        return names

    def two(self, names):
        people = []
        for name, namespace in zip(("Ada", "Ben"), names):
            person = self.person(name, around=("ip", "netns", "exec", namespace))
            (person.home / "config.toml").write_text(f"port = {PORT}\n")
            people.append(person.start().set_up())
        return people

    def have_the_same(self, ada, ben):
        self.meet(ada, ben)
        self.assertEqual({item["id"] for item in ada.boundaries()},
                         {item["id"] for item in ben.boundaries()})

    def cut_off(self, names, number):
        """Nobody over the wire hears the answers of this LAN listener any more. False where this
        kernel knows no such rule."""
        for family in ("-4", "-6"):
            rule = ip(family, "-n", names[number - 1], "rule", "add", "pref", "1", "ipproto", "tcp",
                      "sport", str(PORT), "blackhole", check=False)
            if rule.returncode != 0:
                print("no routing rules for ports here: this checks nothing", flush=True)
                return False
        self.assertFalse(self.answers(names, number), "the listener is still reached")
        return True

    @staticmethod
    def answers(names, number):
        """Whether the listener of the namespace of this number accepts the other's connection."""
        tried = subprocess.run(
            ["ip", "netns", "exec", names[2 - number], "python3", "-c",
             "import socket; "
             f"socket.create_connection(('10.77.0.{number}', {PORT}), timeout=1).close()"],
            capture_output=True, check=False)
        return tried.returncode == 0

    def test_a_couple_finds_each_other_by_beacons_alone(self):
        names = self.cable()
        if names is None:
            return
        ada, ben = self.two(names)
        self.pair(ada, ben)
        ada.add_boundary("Over the wire")
        self.have_the_same(ada, ben)
        # New addresses: what either remembers of the other is worth nothing.
        for person in (ada, ben):
            person.stop()
        for number, name in enumerate(names, 1):
            ip("-n", name, "addr", "flush", "dev", "wire", "scope", "global")
            ip("-n", name, "addr", "add", f"10.99.5.{10 + number}/24", "dev", "wire")
        ben.back()
        ben.add_boundary("At the new address")
        ada.back()
        self.have_the_same(ada, ben)

    def test_a_cable_that_comes_back_is_noticed(self):
        names = self.cable()
        if names is None:
            return
        ada, ben = self.two(names)
        self.pair(ada, ben)
        self.have_the_same(ada, ben)
        ip("-n", names[0], "link", "set", "wire", "down")
        ada.add_boundary("While the cable is out")
        ip("-n", names[0], "link", "set", "wire", "up")
        wait_for(lambda: namespaces.has_settled(names[0], "wire"), "the cable is back")
        wait_for(lambda: len(ben.boundaries()) == 1, "Ben has what Ada wrote")

    def one_listener_out_of_reach(self, number):
        names = self.cable()
        if names is None:
            return
        ada, ben = self.two(names)
        self.assertTrue(self.answers(names, number))
        if not self.cut_off(names, number):
            return
        # The one who reads a code aloud is dialled, so it is the one within reach who does.
        self.pair(*((ben, ada) if number == 1 else (ada, ben)))
        ada.add_boundary("From Ada")
        ben.add_boundary("From Ben")
        self.have_the_same(ada, ben)
        for person in (ada, ben):
            person.stop()
        for person in (ada, ben):
            person.back()
        ada.add_boundary("After a restart")
        self.have_the_same(ada, ben)

    def test_the_listener_of_one_is_out_of_reach(self):
        self.one_listener_out_of_reach(1)

    def test_the_listener_of_the_other_is_out_of_reach(self):
        self.one_listener_out_of_reach(2)


if __name__ == "__main__":
    unittest.main()
