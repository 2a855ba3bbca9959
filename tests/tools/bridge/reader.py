"""kilt-dialog as AT-SPI tells it, the keyboard and the bridge's end of its pipes: for screen_reader.py."""
import json
import os
import select
import signal
import subprocess
import time

import pyatspi
from gi.repository import GLib

PATIENCE = 30  # seconds
ALERTS = ("alert", "notification")  # GTK 4.8, and later ones
BUTTON, ENTRY, ROW = "push button", "password text", "list item"
def xdotool(*words):
    return subprocess.run(["xdotool", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def press(*keys):
    for key in keys:
        xdotool("key", key)
        time.sleep(0.25)


def until(condition, seconds=PATIENCE):
    """What it gives, when that is something; else its last word."""
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got or time.monotonic() > end:
            return got
        time.sleep(0.1)


def role_of(node):
    """GTK 4.8 has no role of its own for a toggle button, later ones have."""
    role = node.getRoleName()
    return BUTTON if role == "toggle button" else role


class Dialogue:
    """One kilt-dialog, and the bridge's end of its protocol."""

    program = None  # kilt-dialog

    def __init__(self, language, first):
        pin, pin_end = os.pipe()
        environment = dict(os.environ, LANGUAGE=language, LC_ALL="C.UTF-8", GDK_BACKEND="x11", GSK_RENDERER="cairo")
        self.process = subprocess.Popen(
            ["/bin/bash", "-c", f'exec "$0" 3>&{pin_end}-', self.program],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[pin_end], env=environment)
        os.close(pin_end)
        self.pin_pipe, self.pending = pin, b""
        self.send(first)
        search = ("search", "--onlyvisible", "--pid", str(self.process.pid), "--name", ".")
        self.window = until(lambda: xdotool(*search).split())[0]
        xdotool("windowfocus", "--sync", self.window)
        self.accessible = until(self.find)
        time.sleep(1.2)  # it is deaf at first

    def find(self):
        for application in pyatspi.Registry.getDesktop(0):
            if application and application.get_process_id() == self.process.pid and application.childCount:
                return application
        return None

    def send(self, message):
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def event(self, seconds=PATIENCE):
        end = time.monotonic() + seconds
        while b"\n" not in self.pending and time.monotonic() < end:
            if select.select([self.process.stdout], [], [], 0.2)[0]:
                part = os.read(self.process.stdout.fileno(), 65536)
                if not part:
                    return {}
                self.pending += part
        line, _, self.pending = self.pending.partition(b"\n")
        return json.loads(line) if line else {}

    def pin(self):
        if not select.select([self.pin_pipe], [], [], 5)[0]:
            return None
        size = os.read(self.pin_pipe, 1)
        return os.read(self.pin_pipe, size[0]).decode() if size else None

    def nodes(self):
        """All that is on the window: GTK tells of nothing that is hidden."""
        self.accessible.clearCache()
        found, open_ones = [], [self.accessible]
        while open_ones:
            node = open_ones.pop(0)
            try:
                node.clearCache()
                open_ones += [child for child in node if child]
                found.append(node)
            except (GLib.Error, LookupError):
                continue
        return found

    def named(self, role):
        return [node for node in self.nodes() if role_of(node) == role]

    def texts_told(self):
        """All text that AT-SPI gives."""
        told = list(self.words())
        for node in self.nodes():
            told.append(node.description)
            try:
                text = node.queryText()
                told.append(text.getText(0, text.characterCount))
            except NotImplementedError:
                continue
        return told

    def alerts(self):
        return [node.name for node in self.nodes() if node.getRoleName() in ALERTS]

    def words(self):
        return [node.name for node in self.nodes()]

    def says(self, words):
        return any(words in name for name in self.words())

    def focused(self):
        """(role, name) of what has the focus."""
        for node in self.nodes():
            states = node.getState()
            if states.contains(pyatspi.STATE_FOCUSED) and role_of(node) != "frame":
                return role_of(node), node.name
        return None, None

    def reachable(self):
        """What can take the focus now."""
        roles = (BUTTON, ENTRY, ROW, "text", "combo box", "check box", "radio button")
        states = {pyatspi.STATE_FOCUSABLE, pyatspi.STATE_SENSITIVE}
        return [node for node in self.nodes()
                if role_of(node) in roles and states <= set(node.getState().getStates())]

    def picture(self, file):
        time.sleep(0.5)  # until it is painted
        subprocess.run(["import", "-window", self.window, file], check=False)

    def gone(self):
        return self.process.poll() is not None

    def close(self):
        self.process.stdin.close()
        if not until(self.gone, 10):
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self.pin_pipe)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def listen(work, *kinds):
    """What events tell while work() goes on."""
    told = []

    def note(event):
        told.append(str(event.any_data))

    pyatspi.Registry.registerEventListener(note, *kinds)
    loop = GLib.MainLoop()
    GLib.timeout_add(300, lambda: work() and False)
    GLib.timeout_add(3000, loop.quit)
    loop.run()
    pyatspi.Registry.deregisterEventListener(note, *kinds)
    return told
