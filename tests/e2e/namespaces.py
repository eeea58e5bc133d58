"""Network namespaces joined by cables. Only root can lay such a cable."""

import json
import os
import shutil
import subprocess

from person import wait_for


def ip(*words, check=True):
    return subprocess.run(["ip", *words], check=check, capture_output=True, text=True)


def can_lay_cables():
    """False where this checks nothing; says so."""
    if _can():
        return True
    print("no network namespaces for this user: this checks nothing", flush=True)
    return False


def _can():
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    name = f"attune-{os.getpid()}-try"
    if ip("netns", "add", name, check=False).returncode != 0:
        return False
    # Where the root folder is no mount point, a namespace can be made but not entered.
    entered = ip("-n", name, "link", "show", check=False).returncode == 0
    ip("netns", "del", name, check=False)
    return entered


def make(story, end):
    """A namespace that ends with the story."""
    name = f"attune-{os.getpid()}-{end}"
    ip("netns", "add", name)
    story.addCleanup(ip, "netns", "del", name, check=False)
    ip("-n", name, "link", "set", "lo", "up")
    return name


def set_net(name, key, value):
    """A line of /proc/sys/net in this namespace, where that can be written."""
    ip("netns", "exec", name, "sh", "-c", f"echo {value} > /proc/sys/net/{key}", check=False)


def join(one, other, wire, addresses):
    """A cable between two namespaces, each end with its address and of the same name."""
    ip("link", "add", wire, "netns", one, "type", "veth", "peer", "name", wire, "netns", other)
    for name, address in zip((one, other), addresses):
        ip("-n", name, "addr", "add", address, "dev", wire)
        ip("-n", name, "link", "set", wire, "up")
    for name in (one, other):
        wait_for(lambda: has_settled(name, wire), f"the addresses of {name} are usable")


def has_settled(name, wire):
    shown = json.loads(ip("-j", "-n", name, "addr", "show", "dev", wire).stdout)
    addresses = [each for link in shown for each in link.get("addr_info", [])]
    families = {each["family"] for each in addresses if not each.get("tentative")}
    return "inet" in families and not any(each.get("tentative") for each in addresses)
