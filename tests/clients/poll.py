"""A program that watches a token as desktops and daemons do: logged in, asking every tenth of a
second what there is, without using it.

Usage: poll.py MODULE TOKEN PIN

Prints 'ready', then polls until its input ends, then signs and prints 'signed'.
"""

import select
import sys

import PyKCS11


def main():
    path, label, pin = sys.argv[1:]
    module = PyKCS11.PyKCS11Lib()
    module.load(path)
    slots = module.getSlotList(tokenPresent=True)
    [slot] = [s for s in slots if module.getTokenInfo(s).label.strip() == label]
    session = module.openSession(slot)
    session.login(pin)
    [key] = session.findObjects([(PyKCS11.CKA_CLASS, PyKCS11.CKO_PRIVATE_KEY)])
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], 0.1)[0]:
        module.getSlotList(tokenPresent=True)
        module.getSlotInfo(slot)
        session.getSessionInfo()
        try:
            module.waitForSlotEvent(PyKCS11.CKF_DONT_BLOCK)
        except PyKCS11.PyKCS11Error as error:
            if error.value not in (PyKCS11.CKR_NO_EVENT, PyKCS11.CKR_FUNCTION_NOT_SUPPORTED):
                raise
    session.sign(key, b"text", PyKCS11.Mechanism(PyKCS11.CKM_SHA256_RSA_PKCS, None))
    print("signed", flush=True)


main()
