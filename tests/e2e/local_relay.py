"""A real attune-relay on 127.0.0.1, for the scripts that need one."""

import subprocess

from person import PROGRAMS


class LocalRelay:
    """Keeps its address and key over restarts. Whoever makes it says discard() in the end."""

    def __init__(self, folder):
        self.folder = folder / "relay"
        self.log = folder / "relay.log"
        self.port = 0
        self.process = None
        self.url = None

    def start(self):
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(
                [str(PROGRAMS / "attune-relay"), "--listen", f"127.0.0.1:{self.port}", "--data",
                 str(self.folder)], stdout=subprocess.PIPE, stderr=log, text=True)
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("attune-relay://"), self.log.read_text()
        self.port = int(self.url.split("#")[0].rsplit(":", 1)[1])
        return self

    def stop(self):
        self.process.terminate()
        code = self.process.wait()
        self.process.stdout.close()
        assert code == 0, f"attune-relay ended {code}"

    def restart_empty(self):
        """As after a lost disk: the key is all that is left."""
        self.stop()
        for path in self.folder.glob("mailboxes.db*"):
            path.unlink()
        return self.start()

    def discard(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
