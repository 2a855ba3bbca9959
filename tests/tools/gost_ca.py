#!/usr/bin/env python3
"""A certification authority of the CA's profile with GOST keys, for the tests, and the other side that
judges what kilt signs. Its arithmetic, hashes and DER are neither Kilt's nor OpenSSL's.
`gost_ca.py COMMAND --help` tells the arguments."""
import argparse
import base64
import datetime
import hashlib
import re
import subprocess
import sys

from asn1 import bits, der, dotted, from_file, generalized, integer, items, octets, oid, read, seq, utc
from gost_arithmetic import CURVES
from gost_documents import check_cms, check_raw, check_xml, make_cms, make_xml
from gost_keys import ROLES, Key, extension, fields, issue, key_identifier, make_ca, make_signer, public_of

# --- requests ----------------------------------------------------------------------------------------


def open_request(path):
    part, algorithm, signature = items(read(from_file(path))[1])
    version, subject, spki, attributes = items(part[1])
    curve, point = public_of(spki[2])
    assert version[2] == integer(0), "version"
    assert algorithm[2] == seq(oid(curve.signature_oid), der(0x05)), "signature algorithm"
    assert signature[1][0] == 0 and curve.verify(point, part[2], signature[1][1:]), "signature"
    extensions = {}
    for attribute in items(attributes[1]):
        kind, values = items(attribute[1])
        assert dotted(kind[1]) == "1.2.840.113549.1.9.14", "one extensionRequest"
        for one in items(read(values[1])[1]):
            fields_of_one = items(one[1])
            extensions[dotted(fields_of_one[0][1])] = fields_of_one[-1][1]
    return subject[2], spki[2], extensions


def check_request(arguments):
    """Verifies a request's signature by its own key and prints what is in it."""
    subject, spki, extensions = open_request(arguments.request)
    print("signed by its key")
    for part in items(read(subject)[1]):
        kind, value = items(items(part[1])[0][1])
        text = "printable" if value[0] == 0x13 else "utf8"
        print("subject", dotted(kind[1]), text, value[1].decode())
    print("key", dotted(items(items(read(spki)[1])[0][1])[0][1]), key_identifier(spki).hex())
    if "2.5.29.17" in extensions:
        print("email", read(read(extensions["2.5.29.17"])[1])[1].decode())
    if "1.2.398.3.3.5" in extensions:
        storage = items(read(extensions["1.2.398.3.3.5"])[1])
        folder = storage[1][1].decode() if len(storage) > 1 else "-"
        print("storage", dotted(storage[0][1]), folder)


def issue_request(arguments):
    """What the CA's profile of 2025 makes of a request."""
    subject, spki, extensions = open_request(arguments.request)
    more = []
    if "2.5.29.17" in extensions:
        more.append(extension("2.5.29.17", extensions["2.5.29.17"]))
    if "1.2.398.3.3.5" in extensions:  # the CA drops the folder
        storage = items(read(extensions["1.2.398.3.3.5"])[1])[0][2]
        more.append(extension("1.2.398.3.3.5", seq(storage)))
    made = issue(Key.load(arguments.ca), subject, spki, arguments, more)
    open(arguments.out, "wb").write(made)


# --- revocation --------------------------------------------------------------------------------------


def make_crl(arguments):
    ca = Key.load(arguments.ca)
    now = datetime.datetime.utcnow()
    entries = []
    for path in arguments.revoke:
        reason = seq(extension("2.5.29.21", der(0x0A, bytes([arguments.reason]))))
        serial = fields(from_file(path))["serial"]
        entries.append(seq(serial, utc(now - datetime.timedelta(hours=2)), reason))
    extensions = [extension("2.5.29.20", integer(arguments.number))]
    if arguments.delta:
        extensions.append(extension("2.5.29.27", integer(1), True))
    if arguments.unknown_rule:
        extensions.append(extension("1.2.3.4", der(0x05), True))
    made = ca.signed(
        seq(
            integer(1),
            ca.algorithm(),
            fields(ca.certificate)["subject"],
            utc(now + datetime.timedelta(hours=arguments.starts)),
            utc(now + datetime.timedelta(hours=arguments.ends)),
            seq(*entries) if entries else b"",
            der(0xA0, seq(*extensions)),
        )
    )
    open(arguments.out, "wb").write(made)


def certificate_id(ca, certificate_der):
    hashed = [
        octets(hashlib.sha256(data).digest())
        for data in (fields(ca.certificate)["subject"], ca.public)
    ]
    algorithm = seq(oid("2.16.840.1.101.3.4.2.1"), der(0x05))
    return seq(algorithm, *hashed, fields(certificate_der)["serial"])


def ocsp_answer(responder, ca, identifier, revoked, extensions=b"", starts=0, certificates=True):
    now = datetime.datetime.utcnow() + datetime.timedelta(hours=starts)
    status = der(0x80)
    if revoked:
        before = now - datetime.timedelta(hours=2)
        status = der(0xA1, generalized(before), der(0xA0, der(0x0A, b"\x01")))
    part = seq(
        der(0xA1, fields(responder.certificate)["subject"]),
        generalized(now),
        seq(seq(identifier, status, generalized(now))),
        extensions,
    )
    own = der(0xA0, seq(responder.certificate)) if certificates else b""
    basic = seq(part, responder.algorithm(), bits(responder.sign(part)), own)
    kind = oid("1.3.6.1.5.5.7.48.1.1")
    return seq(der(0x0A, b"\0"), der(0xA0, seq(kind, octets(basic))))


def make_ocsp(arguments):
    ca = Key.load(arguments.ca)
    responder = Key.load(arguments.responder) if arguments.responder else ca
    identifier = certificate_id(ca, from_file(arguments.certificate))
    made = ocsp_answer(responder, ca, identifier, arguments.revoked, starts=arguments.starts)
    open(arguments.out, "wb").write(made)


def print_hash(arguments):
    """The hash of a file that a key of this kind signs, base64."""
    print(base64.b64encode(CURVES[arguments.kind].hash(open(arguments.file, "rb").read())).decode())


# --- changed bits ------------------------------------------------------------------------------------


def flips(arguments):
    """Changes one bit at a time in a part of a file; the command, in which {} is the changed file, must
    refuse each."""
    data = open(arguments.file, "rb").read()
    part = open(arguments.part_of, "rb").read() if arguments.part_of else None
    if part is not None:
        start = data.index(part)
        end = start + len(part)
    else:
        found = re.search(arguments.regex.encode(), data, re.S)
        start, end = found.span(1)
    every = max(1, (end - start) // arguments.count)
    tried = 0
    for at in range(start, end, every):
        changed = bytearray(data)
        changed[at] ^= 1 << (tried % 7)
        open(arguments.out, "wb").write(changed)
        command = [arguments.out if word == "{}" else word for word in arguments.command]
        code = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
        if code not in arguments.codes:
            print(f"bit {tried % 7} of byte {at}: exit code {code}")
            sys.exit(1)
        tried += 1
    print(tried, "changed bits, each refused")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command_name", required=True)

    def command(function, title, *names):
        made = commands.add_parser(title, help=function.__doc__)
        made.set_defaults(function=function)
        for one in names:
            made.add_argument(one)
        return made

    def issuing(made):
        made.add_argument("--days", type=int, default=365)
        made.add_argument("--starts", type=int, default=-1)
        made.add_argument("--role", choices=ROLES, default="both")
        made.add_argument("--crl-url", action="append")
        made.add_argument("--ocsp-url")

    made = command(make_ca, "ca", "out", "name")
    made.add_argument("--kind", choices=CURVES, default="512")
    made.add_argument("--below")
    made = command(make_signer, "signer", "ca", "out", "name")
    made.add_argument("--kind", choices=CURVES, default="512")
    issuing(made)
    command(check_request, "check-request", "request")
    issuing(command(issue_request, "issue", "ca", "request", "out"))
    made = command(make_cms, "cms", "signer", "content", "out")
    made.add_argument("--detached", action="store_true")
    command(check_cms, "check-cms", "cms", "content")
    command(check_raw, "check-raw", "signature", "content", "certificate")
    command(check_xml, "check-xml", "xml", "document")
    command(print_hash, "hash", "file").add_argument("--kind", choices=CURVES, default="512")
    made = command(make_xml, "xml", "document", "out")
    made.add_argument("--signer")
    made.add_argument("--rsa")
    made.add_argument("--id")
    made.add_argument("--broken", action="store_true")
    made = command(make_crl, "crl", "ca", "out")
    made.add_argument("--revoke", action="append", default=[])
    made.add_argument("--reason", type=int, default=1)
    made.add_argument("--number", type=int, default=1)
    made.add_argument("--starts", type=float, default=-1)
    made.add_argument("--ends", type=float, default=24)
    made.add_argument("--delta", action="store_true")
    made.add_argument("--unknown-rule", action="store_true")
    made = command(make_ocsp, "ocsp", "ca", "certificate", "out")
    made.add_argument("--responder")
    made.add_argument("--revoked", action="store_true")
    made.add_argument("--starts", type=float, default=0)
    made = command(flips, "flips", "file", "out")
    made.add_argument("--part-of")
    made.add_argument("--regex")
    made.add_argument("--count", type=int, default=20)
    made.add_argument("--codes", type=int, nargs="+", default=[1, 7, 8])
    words = sys.argv[1:]
    end = words.index("--") if "--" in words else len(words)  # behind it: the command of flips
    arguments = parser.parse_args(words[:end])
    arguments.command = words[end + 1 :]
    arguments.function(arguments)


if __name__ == "__main__":
    main()
