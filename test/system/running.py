# running: a kelvin that goes on while the test looks.
# SPDX-License-Identifier: MIT

import subprocess
import time
from signal import SIGTERM, SIGUSR1

from conftest import quiet_environment, read_records

PATIENCE = 30  # seconds until something that must happen has happened


def wait_for(condition, what):
    """Poll until it is true; `what` may be a function that tells more."""
    end = time.monotonic() + PATIENCE
    while not condition():
        told = what() if callable(what) else what
        assert time.monotonic() < end, f"not within {PATIENCE} s: {told}"
        time.sleep(0.02)


class Running:
    """A process whose output goes to files."""

    def __init__(self, command, folder, **more):
        self.out, self.err = folder / "out", folder / "err"
        more.setdefault("stdin", subprocess.DEVNULL)
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                command,
                stdout=out,
                stderr=err,
                env=quiet_environment(),
                **more,
            )

    @property
    def pid(self):
        return self.process.pid

    def said(self):
        return self.err.read_text(errors="backslashreplace")

    def records(self):
        """Those that are there; a line that is being written is not."""
        whole, _, rest = self.out.read_text().rpartition("\n")
        if self.process.poll() is not None:
            assert not rest, "the last line is not whole"
        return read_records(whole)

    def send(self, number):
        self.process.send_signal(number)

    def wait_said(self, text, times=1):
        wait_for(
            lambda: self.said().count(text) >= times,
            lambda: f"{times} times {text!r} in\n{self.said()}",
        )

    def report(self):
        """Ask for a report and wait for it; @return its text."""
        before = len(self.said())
        self.send(SIGUSR1)
        wait_for(lambda: "packets" in self.said()[before:], "a report")
        time.sleep(0.05)
        return self.said()[before:]

    def end(self, number=SIGTERM):
        """Ask it to end; @return its exit status."""
        if self.process.poll() is None:
            self.send(number)
        return self.process.wait(PATIENCE)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
