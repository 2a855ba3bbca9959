#!/usr/bin/python3
"""Usage: pykcs11_steps.py MODULE PIN ID FOLDER STEP

One step of the script pykcs11: list, certificates, sign, decrypt, import, generate, wrong-pin. The
key is that with CKA_ID; files are in FOLDER.
"""

import hashlib
import pathlib
import sys

import PyKCS11
from PyKCS11 import (CKA_CLASS, CKA_ID, CKA_KEY_TYPE, CKA_LABEL, CKA_VALUE, CKF_RW_SESSION,
                     CKO_CERTIFICATE, CKO_PRIVATE_KEY, Mechanism)

module, pin, key_id, folder, step = sys.argv[1:]
key_id = bytes.fromhex(key_id)
folder = pathlib.Path(folder)

library = PyKCS11.PyKCS11Lib()
library.load(module)
slot = library.getSlotList(tokenPresent=True)[0]


def find(session, kind, **more):
    template = [(CKA_CLASS, kind)] + [(getattr(PyKCS11, name), value) for name, value in more.items()]
    return session.findObjects(template)


def private_key(session):
    return find(session, CKO_PRIVATE_KEY, CKA_ID=key_id)[0]


def listing():
    print(library.getTokenInfo(slot).label.strip())


def certificates():
    session = library.openSession(slot)
    for certificate in find(session, CKO_CERTIFICATE):
        print(session.getAttributeValue(certificate, [CKA_LABEL])[0])


def sign():
    session = user_session()
    key = private_key(session)
    text = (folder / "key.crt").read_bytes()
    if session.getAttributeValue(key, [CKA_KEY_TYPE])[0] == PyKCS11.CKK_EC:
        text, mechanism = hashlib.sha256(text).digest(), Mechanism(PyKCS11.CKM_ECDSA)
    else:
        mechanism = Mechanism(PyKCS11.CKM_SHA256_RSA_PKCS)
    (folder / "signature").write_bytes(bytes(session.sign(key, text, mechanism)))


def decrypt():
    session = user_session()
    cryptogram = (folder / "encrypted").read_bytes()
    plain = session.decrypt(private_key(session), cryptogram, Mechanism(PyKCS11.CKM_RSA_PKCS))
    print(bytes(plain).decode())


def import_certificate():
    der = (folder / "new.crt.der").read_bytes()
    session = user_session()
    handle = session.createObject([
        (CKA_CLASS, CKO_CERTIFICATE),
        (PyKCS11.CKA_CERTIFICATE_TYPE, PyKCS11.CKC_X_509),
        (PyKCS11.CKA_TOKEN, True),
        (CKA_ID, key_id),
        (CKA_LABEL, "imported"),
        (CKA_VALUE, der),
    ])
    assert handle is not None
    stored, = find(session, CKO_CERTIFICATE, CKA_LABEL="imported")
    assert bytes(session.getAttributeValue(stored, [CKA_VALUE])[0]) == der
    assert bytes(session.getAttributeValue(stored, [CKA_ID])[0]) == key_id
    session.destroyObject(stored)
    assert not find(session, CKO_CERTIFICATE, CKA_LABEL="imported")


def generate():
    session = user_session()
    public = [(CKA_CLASS, PyKCS11.CKO_PUBLIC_KEY), (PyKCS11.CKA_TOKEN, True),
              (PyKCS11.CKA_MODULUS_BITS, 2048), (PyKCS11.CKA_PUBLIC_EXPONENT, (1, 0, 1)),
              (CKA_LABEL, "second"), (CKA_ID, b"\x46")]
    private = [(CKA_CLASS, CKO_PRIVATE_KEY), (PyKCS11.CKA_TOKEN, True), (PyKCS11.CKA_SIGN, True),
               (CKA_LABEL, "second"), (CKA_ID, b"\x46")]
    public, private = session.generateKeyPair(public, private)
    signature = session.sign(private, b"text", Mechanism(PyKCS11.CKM_SHA256_RSA_PKCS))
    assert session.verify(public, b"text", signature, Mechanism(PyKCS11.CKM_SHA256_RSA_PKCS))


def wrong_pin():
    library.openSession(slot).login("000000")


def user_session():
    session = library.openSession(slot, PyKCS11.CKF_SERIAL_SESSION | CKF_RW_SESSION)
    session.login(pin)
    return session


{
    "list": listing,
    "certificates": certificates,
    "sign": sign,
    "decrypt": decrypt,
    "import": import_certificate,
    "generate": generate,
    "wrong-pin": wrong_pin,
}[step]()
