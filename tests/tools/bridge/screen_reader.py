#!/usr/bin/python3
"""What a screen reader and a keyboard find in kilt-dialog: screen_reader.py KILT-DIALOG LOCALES [PICTURES].

On a display and a session bus of its own (tests/tools/bridge/screen_reader), in English, Russian and
Kazakh, whose words come from LOCALES: LANGUAGE/LC_MESSAGES/kilt.mo. With PICTURES, a folder, each dialogue's
window is left there."""
import gettext
import sys

from reader import BUTTON, ENTRY, ROW, Dialogue, listen, press, role_of, until, xdotool

Dialogue.program, LOCALES = sys.argv[1:3]
PICTURES = sys.argv[3] if len(sys.argv) > 3 else None
PIN = "739182"
SOON = 5  # seconds
passed = failed = 0


def check(what, good, seen=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(f"ok    {what}" if good else f"FAIL  {what}: {seen!r}", flush=True)


def focus(what, dialogue, wanted):
    """The focus comes to that (role, name)."""
    check(what, until(lambda: dialogue.focused() == wanted, SOON), dialogue.focused())


def says(what, dialogue, words):
    """These words come into the window."""
    check(what, until(lambda: dialogue.says(words), SOON), dialogue.words())


def silent(what, dialogue, words):
    """They go."""
    check(what, until(lambda: not dialogue.says(words), SOON), dialogue.words())


def described(what, dialogue, words):
    """With the PIN's entry a screen reader says these."""
    def now():
        return dialogue.named(ENTRY)[0].description
    check(what, until(lambda: words == now(), SOON), now())


def event(what, dialogue, wanted):
    """The bridge is told this."""
    got = dialogue.event()
    check(what, got == wanted, got)


def picture(dialogue, language, name):
    if PICTURES:
        dialogue.picture(f"{PICTURES}/{name}-{language.name}.png")


# --- messages of the bridge --------------------------------------------------------------------------

SITE = "https://egov.example"


def key(number, reason="", **more):
    made = {"id": f"k{number}", "owner": "ӘЛИЕВА ГҮЛНАР", "organisation": "", "iin": "000000000001",
            "bin": "", "purpose": "both", "algorithm": "GOST R 34.10-2015 512", "issuer": "X", "not_before": "2026-01-01",
            "not_after": "2027-12-01", "days_left": 365, "reason": reason}
    return {**made, **more}


def pin_state(**more):
    flags = dict.fromkeys(("locked", "last_try", "count_low", "factory", "pad"), False)
    return {**flags, "longest": 16, **more}


def storage(number=1, keys=(), kind="AKKaztokenStore", label="KAZTOKEN", **pin):
    return {"id": f"s{number}", "kind": kind, "label": label, "serial": f"0000{number}", "model": "M",
            "logged_in": False, "pin": pin_state(**pin), "keys": list(keys)}


def document(kind="xml", preview="<application>\n  <service>P30.11</service>\n</application>", size=52):
    return {"kind": kind, "size": size, "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "preview": preview}


def request(storages, documents=None, operation="xml", private=True, count=None):
    documents = [document()] if documents is None else documents
    return {"type": "request", "protocol": 1, "origin": SITE, "locale": "", "operation": operation,
            "private_key": private, "count": len(documents) if count is None else count, "documents": documents,
            "wanted": [], "last": {"storage": "", "key": ""}, "storages": storages}


# --- what is asked of each dialogue ------------------------------------------------------------------


class Language:
    def __init__(self, name):
        self.name = name
        self.table = gettext.NullTranslations() if name == "en" else gettext.translation("kilt", LOCALES, [name])

    def tr(self, text, *values):
        translated = self.table.gettext(text)
        assert self.name == "en" or translated != text or text in ("_PIN", "XML"), f"{self.name} has no {text}"
        return translated.replace("_", "").format(*values)

    def trn(self, one, many, count):
        return self.table.ngettext(one, many, count).format(count)

    def names(self, what, dialogue, expected):
        """Everything that takes the focus has a name, and the expected ones are there, each once."""
        nodes = dialogue.reachable()
        widgets = ("Gtk", "gtkmm", "_")  # no name of its own, an underscore that was meant for Alt
        bad = [(role_of(node), node.name) for node in nodes if not node.name or node.name.startswith(widgets)]
        check(f"{what}: whatever takes the focus has a name", nodes and not bad, bad)
        seen = [(role_of(node), node.name) for node in nodes]
        for entry in expected:
            check(f"{what}: {entry[0]} “{entry[1]}”", seen.count(entry) == 1, seen)


def walk(what, dialogue, expected):
    """Tab from where the focus is, round once: each of these in turn and nothing else."""
    got = [dialogue.focused()]
    for wanted in expected[1:] + expected[:1]:
        press("Tab")
        until(lambda: dialogue.focused() == wanted, 2)
        got.append(dialogue.focused())
    check(f"{what}: Tab leads through all, and round", got == expected + expected[:1], got)


def origin(language):
    what, tr = "a new site", language.tr
    with Dialogue(language.name, {"type": "origin", "protocol": 1, "origin": SITE, "locale": ""}) as dialogue:
        picture(dialogue, language, "origin")
        buttons = [(BUTTON, tr("_Refuse")), (BUTTON, tr("_Allow"))]
        language.names(what, dialogue, buttons)
        says(f"{what}: who asks", dialogue, SITE)
        says(f"{what}: what that means", dialogue, tr("Allow only a site that you opened yourself and know."))
        focus(f"{what}: the focus is at the harmless answer", dialogue, buttons[0])
        walk(what, dialogue, buttons)
        press("Tab", "Return")
        event(f"{what}: Return on the other one allows", dialogue, {"event": "allow"})
    with Dialogue(language.name, {"type": "origin", "protocol": 1, "origin": SITE, "locale": ""}) as dialogue:
        press("Escape")
        event(f"{what}: Escape cancels", dialogue, {"event": "cancel"})


def key_row(language, one):
    tr = language.tr
    line = tr("{0}, {1}, valid until {2}", tr("log-in and signature"), one["algorithm"], one["not_after"])
    parts = [one["owner"], tr("IIN {0}", one["iin"]), line]
    if one["reason"]:
        parts.append(tr("Does not fit: {0}", tr(one["reason"])))
    return ROW, ", ".join(parts)


def signature(language):
    what, tr = "a signature", language.tr
    fits, late = key(1), key(2, reason="its key is not here")
    storages = [storage(1, [fits, late], tries_left=3, factory=True), storage(2, [], kind="PKCS12", label="mine")]
    with Dialogue(language.name, request(storages)) as dialogue:
        picture(dialogue, language, "request")
        look = (BUTTON, f"{tr('Look at it')}: {tr('XML')}, {language.trn('{0} byte', '{0} bytes', 52)}")
        row, entry = key_row(language, fits), (ENTRY, tr("_PIN"))
        cancel, sign = (BUTTON, tr("_Cancel")), (BUTTON, tr("_Sign"))
        token, file = (ROW, "KAZTOKEN (00001)"), (ROW, "mine (00002)")
        language.names(what, dialogue, [look, token, row, entry, cancel])
        rows = [(role_of(node), node.name) for node in dialogue.named(ROW)]
        check(f"{what}: each row has a name", rows == [token, file, row, key_row(language, late)], rows)
        check(f"{what}: who asks, for what", dialogue.says(SITE) and dialogue.says(tr("asks for a signature of XML")))
        lists = [node.name for node in dialogue.named("list")]
        check(f"{what}: the lists have names", lists == [tr("Storage"), tr("Keys")], lists)
        focus(f"{what}: the focus is at the PIN", dialogue, entry)
        tries = language.trn("{0} try is left.", "{0} tries are left.", 3)
        factory = tr("The PIN is still the factory's, which everybody knows. Change it: kilt pin change")
        says(f"{what}: tries left stand in the window", dialogue, tries)
        described(f"{what}: and are said with the PIN", dialogue, f"{tries} {factory}")
        # Nothing is to sign yet without a PIN.
        walk(what, dialogue, [entry, cancel, look, token, row])

        told = listen(lambda: xdotool("type", "--delay", "60", PIN), "object:text-changed")
        focus(f"{what}: a PIN entry", dialogue, entry)
        check(f"{what}: AT-SPI does not tell what is in it", not any(PIN in text for text in dialogue.texts_told()))
        check(f"{what}: nor while it is typed", not any(digit in text for text in told for digit in PIN), told)
        walk(f"{what}, with a PIN", dialogue, [entry, cancel, sign, look, token, row])

        caps = tr("Caps Lock is on.")
        press("Caps_Lock")
        says(f"{what}: Caps Lock is told", dialogue, caps)
        described(f"{what}: with the PIN", dialogue, f"{tries} {factory} {caps}")
        picture(dialogue, language, "caps")
        press("Caps_Lock")
        silent(f"{what}: until it is off", dialogue, caps)
        layout = tr("These are not Latin letters: look at the keyboard layout.")
        press("End")  # GTK chooses all of it for who comes by Tab
        xdotool("type", "қ")
        says(f"{what}: another alphabet is told", dialogue, layout)
        picture(dialogue, language, "layout")
        press("BackSpace")
        silent(f"{what}: until it is gone", dialogue, layout)

        press("Return")
        event(f"{what}: Return agrees", dialogue, {"event": "choose", "storage": "s1", "pin": True, "key": "k1"})
        check(f"{what}: the PIN comes by its own pipe", dialogue.pin() == PIN)
        last = tr("This is the last try. If the PIN is wrong, the token is blocked.")
        wrong = tr("The PIN is wrong; one try is spent.")
        refused = {"type": "refused", "message": "The PIN is wrong; one try is spent."}
        dialogue.send({**refused, "pin": pin_state(last_try=True, tries_left=1)})
        says(f"{what}: a wrong PIN is told", dialogue, wrong)
        says(f"{what}: the last try is told", dialogue, last)
        alerts = dialogue.alerts()
        check(f"{what}: both by themselves", wrong in alerts and last in alerts, alerts)
        described(f"{what}: and with the PIN", dialogue, f"{wrong} {last}")
        focus(f"{what}: which has the focus again", dialogue, entry)
        picture(dialogue, language, "last-try")
        dialogue.send({**refused, "pin": pin_state(locked=True, tries_left=0)})
        blocked = tr("The PIN is blocked. `kilt pin unblock` helps.")
        says(f"{what}: a blocked PIN is told", dialogue, blocked)
        focus(f"{what}: the focus is where something can be done", dialogue, row)
        picture(dialogue, language, "blocked")
        press("Escape")
        event(f"{what}: Escape cancels", dialogue, {"event": "cancel"})


def contents(language):
    """A document is looked at, a file's keys are seen with its password, all by keyboard."""
    what, tr = "a file", language.tr
    storages = [storage(1, [key(1)]), storage(2, [], kind="PKCS12", label="mine")]
    with Dialogue(language.name, request(storages)) as dialogue:
        look = (BUTTON, f"{tr('Look at it')}: {tr('XML')}, {language.trn('{0} byte', '{0} bytes', 52)}")
        press("Tab", "Tab")
        focus(f"{what}: the document's button", dialogue, look)
        press("space", "Tab")
        focus(f"{what}: its contents, by keyboard", dialogue, ("text", tr("Contents of the document")))
        check(f"{what}: are told", any("P30.11" in text for text in dialogue.texts_told()))
        picture(dialogue, language, "contents")
        press("Tab")
        focus(f"{what}: the storages", dialogue, (ROW, "KAZTOKEN (00001)"))
        press("Down")
        focus(f"{what}: another by the arrows", dialogue, (ROW, "mine (00002)"))
        entry = (ENTRY, tr("_Password"))
        check(f"{what}: it has a password", [(role_of(node), node.name) for node in dialogue.named(ENTRY)] == [entry])
        press("Return")
        focus(f"{what}: Return goes on to it", dialogue, entry)
        picture(dialogue, language, "file")
        xdotool("type", "--delay", "60", PIN)
        press("Return")
        event(f"{what}: the password opens it", dialogue, {"event": "choose", "storage": "s2", "pin": True})
        check(f"{what}: by its pipe", dialogue.pin() == PIN)
        opened = {**storage(2, [key(7)], kind="PKCS12", label="mine"), "logged_in": True}
        dialogue.send({"type": "keys", "needs_pin": False, "storage": opened})
        row = key_row(language, key(7))
        focus(f"{what}: its keys have the focus", dialogue, row)
        check(f"{what}: no password is asked again", dialogue.named(ENTRY) == [])
        picture(dialogue, language, "file-open")
        press("Return")
        check(f"{what}: Return on a key agrees to nothing", dialogue.event(1) == {})
        focus(f"{what}: and goes on", dialogue, (BUTTON, tr("_Sign")))
        press("Return")
        agreed = {"event": "choose", "storage": "s2", "pin": False, "key": "k7"}
        event(f"{what}: Return on the button does", dialogue, agreed)
        words = "The private key is not on the token, or not seen."
        dialogue.send({"type": "failed", "message": words})
        check(f"{what}: a failure is told", until(lambda: tr(words) in dialogue.alerts(), 5), dialogue.alerts())
        focus(f"{what}: beside the button that closes", dialogue, (BUTTON, tr("_Close")))
        picture(dialogue, language, "failed")
        press("Return")
        event(f"{what}: it closes", dialogue, {"event": "cancel"})


def certificate(language):
    what, tr = "a certificate", language.tr
    one, other = key(1), key(2, purpose="auth")
    with Dialogue(language.name, request([storage(1, [one, other])], [], "key-info", False)) as dialogue:
        picture(dialogue, language, "certificate")
        give = (BUTTON, tr("_Give it"))
        language.names(what, dialogue, [give, (BUTTON, tr("_Cancel")), key_row(language, one)])
        check(f"{what}: no PIN is asked", dialogue.named(ENTRY) == [])
        focus(f"{what}: the focus is at the keys", dialogue, key_row(language, one))
        press("Down", "Return")
        focus(f"{what}: another by the arrows, Return goes on", dialogue, give)
        press("Return")
        event(f"{what}: and gives it", dialogue, {"event": "choose", "storage": "s1", "pin": False, "key": "k2"})


def nothing(language):
    what, tr = "no token", language.tr
    with Dialogue(language.name, request([])) as dialogue:
        picture(dialogue, language, "nothing")
        plug = tr("No fitting token is plugged in. Plug it in now; this window will see it.")
        check(f"{what}: is told", plug in dialogue.alerts(), dialogue.words())
        focus(f"{what}: the focus is at the way out", dialogue, (BUTTON, tr("_Cancel")))
        dialogue.send({"type": "storages", "storages": [storage(1, [key(1)])]})
        says(f"{what}: one that is plugged in is seen", dialogue, "KAZTOKEN (00001)")
        focus(f"{what}: and the focus stays", dialogue, (BUTTON, tr("_Cancel")))
        press("Return")
        event(f"{what}: Return cancels", dialogue, {"event": "cancel"})


def many(language):
    what, tr = "many documents", language.tr
    kinds = (("binary", ""), ("text", "Қазақстан"))
    documents = [document(*kinds[i % 2], 1000 * i + 1) for i in range(30)]
    with Dialogue(language.name, request([storage(1, [key(1)])], documents, "cms", True, 100)) as dialogue:
        picture(dialogue, language, "many")
        one, several = "{0} document, signed with one consent:", "{0} documents, signed with one consent:"
        says(f"{what}: how many", dialogue, language.trn(one, several, 100))
        looks = [node.name for node in dialogue.named(BUTTON) if tr("Look at it") in node.name]
        check(f"{what}: each button says which it shows", len(looks) == 10 and len(set(looks)) == 10, looks)
        says(f"{what}: what is not listed is counted", dialogue, tr("… and {0} more", 80))
        press("Tab", "Tab")
        check(f"{what}: by keyboard", dialogue.focused()[1] in looks, dialogue.focused())
        press("Escape")
        event(f"{what}: Escape cancels", dialogue, {"event": "cancel"})


def chooser(language):
    what, tr = "a file is chosen", language.tr
    wish = {"type": "file", "protocol": 1, "origin": SITE, "locale": "", "extension": "P12"}
    with Dialogue(language.name, wish) as dialogue:
        picture(dialogue, language, "chooser")
        asks = tr("{0} asks for a file", SITE)
        says(f"{what}: who asks", dialogue, asks)
        names = [node.name for node in dialogue.named(BUTTON)]
        for word in (tr("Choose"), tr("Cancel")):  # GTK's own buttons, twice named in GTK 4.8
            check(f"{what}: button “{word}”", any(word in name for name in names), names)
        press("Escape")
        event(f"{what}: Escape cancels", dialogue, {"event": "cancel"})


for one in ("en", "ru", "kk"):
    print(f"# {one}", flush=True)
    for part in (origin, signature, contents, certificate, nothing, many, chooser):
        part(Language(one))
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed or not passed else 0)
