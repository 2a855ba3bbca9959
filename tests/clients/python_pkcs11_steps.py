#!/usr/bin/python3
"""Usage: python_pkcs11_steps.py MODULE LABEL PIN ID FOLDER STEP

One step of the script python-pkcs11: list, objects, private-objects, sign, decrypt, import, generate,
wrong-pin. The token is that with the label, the key that with CKA_ID; files are in FOLDER.
"""

import hashlib
import pathlib
import sys

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.util.ec import encode_ecdsa_signature
from pkcs11.util.x509 import decode_x509_certificate

module, label, pin, key_id, folder, step = sys.argv[1:]
key_id = bytes.fromhex(key_id)
folder = pathlib.Path(folder)
token = pkcs11.lib(module).get_token(token_label=label)


def listing():
    for slot in pkcs11.lib(module).get_slots(token_present=True):
        print(slot.get_token().label)


def show_all(session):
    for one in session.get_objects():
        try:
            name = one[Attribute.LABEL]
        except pkcs11.AttributeTypeInvalid:
            name = ""
        print(type(one).__name__, name)


def objects():
    with token.open() as session:
        show_all(session)


def private_objects():
    with token.open(user_pin=pin) as session:
        show_all(session)


def private_key(session):
    return list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.ID: key_id}))[0]


def sign():
    text = (folder / "key.crt").read_bytes()
    with token.open(user_pin=pin) as session:
        key = private_key(session)
        if key.key_type == KeyType.EC:
            raw = key.sign(hashlib.sha256(text).digest(), mechanism=Mechanism.ECDSA)
            signature = encode_ecdsa_signature(raw)
        else:
            signature = key.sign(text, mechanism=Mechanism.SHA256_RSA_PKCS)
    (folder / "signature").write_bytes(signature)


def decrypt():
    with token.open(user_pin=pin) as session:
        cryptogram = (folder / "encrypted").read_bytes()
        print(private_key(session).decrypt(cryptogram, mechanism=Mechanism.RSA_PKCS).decode())


def import_certificate():
    der = (folder / "new.crt.der").read_bytes()
    wanted = {Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.LABEL: "imported"}
    with token.open(user_pin=pin, rw=True) as session:
        session.create_object({
            **decode_x509_certificate(der),
            **wanted,
            Attribute.TOKEN: True,
            Attribute.ID: key_id,
        })
        stored, = session.get_objects(wanted)
        assert stored[Attribute.VALUE] == der
        assert stored[Attribute.ID] == key_id
        stored.destroy()
        assert not list(session.get_objects(wanted))


def generate():
    with token.open(user_pin=pin, rw=True) as session:
        public, private = session.generate_keypair(KeyType.RSA, 2048, store=True, id=b"\x46",
                                                   label="second")
        signature = private.sign(b"text", mechanism=Mechanism.SHA256_RSA_PKCS)
        assert public.verify(b"text", signature, mechanism=Mechanism.SHA256_RSA_PKCS)
        private.destroy()
        public.destroy()


def wrong_pin():
    token.open(user_pin="000000")


{
    "list": listing,
    "objects": objects,
    "private-objects": private_objects,
    "sign": sign,
    "decrypt": decrypt,
    "import": import_certificate,
    "generate": generate,
    "wrong-pin": wrong_pin,
}[step]()
