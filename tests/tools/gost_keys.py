"""Keys and certificates of the tests' CA, of the profile of 2025."""
import base64
import datetime
import hashlib
import json
import secrets

from asn1 import bits, der, dotted, integer, items, octets, oid, read, seq, utc
from gost_arithmetic import CURVES

NAMES = {
    "CN": "2.5.4.3",
    "SURNAME": "2.5.4.4",
    "serialNumber": "2.5.4.5",
    "C": "2.5.4.6",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "GIVENNAME": "2.5.4.42",
}


def name(text):
    parts = []
    for pair in text.split(","):
        kind, value = pair.split("=", 1)
        tag = 0x13 if kind in ("C", "serialNumber") else 0x0C
        parts.append(
            der(0x31, seq(oid(NAMES[kind]), der(tag, value.encode())))
        )
    return seq(*parts)


class Key:
    """A key, and its certificate where it has one."""

    def __init__(self, kind, d=None, certificate=None):
        self.kind, self.curve = kind, CURVES[kind]
        self.d = d or secrets.randbelow(self.curve.q - 1) + 1
        self.certificate = certificate
        point = self.curve.multiply(self.d, self.curve.base)
        self.public = octets(b"".join(map(self.curve.octets, point)))
        self.spki = seq(
            seq(
                oid(self.curve.key_oid),
                seq(oid(self.curve.curve_oid), oid(self.curve.parameters_hash_oid)),
            ),
            bits(self.public),
        )

    def algorithm(self):
        return seq(oid(self.curve.signature_oid), der(0x05))

    def sign(self, data):
        return self.curve.sign(self.d, data)

    def signed(self, part):
        return seq(part, self.algorithm(), bits(self.sign(part)))

    def save(self, path):
        json.dump({"kind": self.kind, "d": hex(self.d)}, open(path + ".key", "w"))
        open(path + ".cer", "wb").write(self.certificate)
        text = base64.encodebytes(self.certificate).decode()
        with open(path + ".pem", "w") as file:
            file.write(f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n")

    @staticmethod
    def load(path):
        saved = json.load(open(path + ".key"))
        return Key(saved["kind"], int(saved["d"], 16), open(path + ".cer", "rb").read())


def fields(certificate):
    """Subject, issuer, serial number, SubjectPublicKeyInfo: each whole."""
    part = items(items(read(certificate)[1])[0][1])
    part = part[1:] if part[0][0] == 0xA0 else part
    return {"serial": part[0][2], "issuer": part[2][2], "subject": part[4][2], "spki": part[5][2]}


def public_of(spki):
    """(curve, point) of a SubjectPublicKeyInfo with Kazakh names"""
    algorithm, value = items(read(spki)[1])
    kind, parameters = items(algorithm[1])
    for curve in CURVES.values():
        if dotted(kind[1]) != curve.key_oid:
            continue
        curve_oid, hash_oid = items(parameters[1])
        assert dotted(curve_oid[1]) == curve.curve_oid, "curve"
        assert dotted(hash_oid[1]) == curve.parameters_hash_oid, "hash"
        assert value[1][0] == 0, "unused bits"
        point = read(value[1][1:])
        assert point[0] == 0x04 and len(point[1]) == 2 * curve.size, "point"
        x, y = point[1][: curve.size], point[1][curve.size :]
        return curve, (curve.number(x), curve.number(y))
    raise AssertionError("no key of the CA's kind")


def key_identifier(spki):
    """As the CA makes it: of the BIT STRING's contents for 512 bits, of all of it else."""
    value = items(read(spki)[1])[1][1][1:]
    return hashlib.sha1(value if len(value) > 100 else spki).digest()


def extension(kind, value, critical=False):
    return seq(oid(kind), der(0x01, b"\xff") if critical else b"", octets(value))


def uri(text):
    return der(0x86, text.encode())


def point_at(urls):
    return seq(*[seq(der(0xA0, der(0xA0, uri(url)))) for url in urls])


def certificate(issuer, issuer_name, subject, spki, days, extensions, starts=-1):
    ski = key_identifier(spki)
    number = bytearray(secrets.token_bytes(20))
    number[0] = number[0] & 0x7F | 0x10
    now = datetime.datetime.utcnow()
    return issuer.signed(
        seq(
            der(0xA0, integer(2)),
            der(0x02, bytes(number)),
            issuer.algorithm(),
            issuer_name,
            seq(
                utc(now + datetime.timedelta(days=starts)),
                utc(now + datetime.timedelta(days=days, hours=1)),
            ),
            subject,
            spki,
            der(
                0xA3,
                seq(
                    *extensions,
                    extension("2.5.29.14", octets(ski)),
                    extension("2.5.29.35", seq(der(0x80, key_identifier(issuer.spki)))),
                ),
            ),
        )
    )


def make_ca(arguments):
    """A root, or a CA below one."""
    key = Key(arguments.kind)
    issuer = Key.load(arguments.below) if arguments.below else key
    subject = name(arguments.name)
    issuer_name = fields(issuer.certificate)["subject"] if arguments.below else subject
    key.certificate = certificate(
        issuer,
        issuer_name,
        subject,
        key.spki,
        3650,
        [
            extension("2.5.29.19", seq(der(0x01, b"\xff")), True),
            extension("2.5.29.15", bytes([0x03, 0x02, 0x01, 0x06]), True),
        ],
    )
    key.save(arguments.out)


ROLES = {
    "both": (bytes.fromhex("030203C8"), ["1.3.6.1.5.5.7.3.4", "1.2.398.3.3.4.1.1"]),
    "system": (bytes.fromhex("030203C8"), ["1.2.398.3.3.4.1.2"]),
    "login": (bytes.fromhex("030205A0"), ["1.3.6.1.5.5.7.3.2", "1.2.398.3.3.4.1.1"]),
    "ocsp": (bytes.fromhex("03020780"), ["1.3.6.1.5.5.7.3.9"]),
    "tsa": (bytes.fromhex("030206C0"), ["1.3.6.1.5.5.7.3.8"]),
}


def issue(issuer, subject, spki, arguments, more=()):
    usage, extended = ROLES[arguments.role]
    extensions = [
        extension("2.5.29.15", usage, True),
        extension("2.5.29.37", seq(*map(oid, extended))),
        extension("2.5.29.32", seq(seq(oid("1.2.398.3.3.2")))),
    ]
    if arguments.crl_url:
        extensions.append(extension("2.5.29.31", point_at(arguments.crl_url)))
    if arguments.ocsp_url:
        access = seq(oid("1.3.6.1.5.5.7.48.1"), uri(arguments.ocsp_url))
        extensions.append(extension("1.3.6.1.5.5.7.1.1", seq(access)))
    return certificate(
        issuer,
        fields(issuer.certificate)["subject"],
        subject,
        spki,
        arguments.days,
        extensions + list(more),
        arguments.starts,
    )


def make_signer(arguments):
    key = Key(arguments.kind)
    key.certificate = issue(Key.load(arguments.ca), name(arguments.name), key.spki, arguments)
    key.save(arguments.out)
