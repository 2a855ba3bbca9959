#!/usr/bin/env python3
"""The services of a test CA on 127.0.0.1: GET gives files of a folder, POST /ocsp answers as the file
"ocsp" there says (good, revoked, stale, silent), POST /tsa stamps by OpenSSL or, at /gost-tsa, by a GOST
key. Prints its port.

usage: ca_server.py FOLDER CA [RESPONDER]   (keys of gost_ca.py)"""
import datetime
import http.server
import os
import secrets
import subprocess
import sys

from asn1 import der, generalized, integer, items, octets, oid, read, seq
from gost_ca import ocsp_answer
from gost_documents import cms_of
from gost_keys import Key

FOLDER, CA = sys.argv[1], Key.load(sys.argv[2])
RESPONDER = Key.load(sys.argv[3]) if len(sys.argv) > 3 else CA


def ocsp(request):
    mode = open(os.path.join(FOLDER, "ocsp")).read().strip()
    part = items(items(read(request)[1])[0][1])
    one = next(value for tag, value, _ in part if tag == 0x30)
    identifier = items(items(one)[0][1])[0][2]
    nonce = read(next(value for tag, value, _ in part if tag == 0xA2))[2]
    if mode == "silent":
        return seq(der(0x0A, b"\x03"))  # tryLater
    if mode == "stale":  # an answer to somebody else, sent again
        kind = oid("1.3.6.1.5.5.7.48.1.2")
        nonce = seq(seq(kind, octets(octets(secrets.token_bytes(16)))))
    return ocsp_answer(RESPONDER, CA, identifier, mode == "revoked", der(0xA1, nonce))


def openssl_stamp(request):
    path = os.path.join(FOLDER, "query")
    open(path, "wb").write(request)
    tsa = os.path.join(FOLDER, "tsa")
    command = ["openssl", "ts", "-reply", "-queryfile", path, "-signer", tsa + ".crt", "-inkey"]
    command += [tsa + ".key", "-config", tsa + ".cnf"]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout


def gost_stamp(request):
    key = Key.load(os.path.join(FOLDER, "gost-tsa"))
    part = items(read(request)[1])
    numbers = [whole for tag, _, whole in part if tag == 0x02]
    info = seq(
        integer(1),
        oid("1.2.398.3.3.2.6.4"),
        part[1][2],
        integer(secrets.randbits(64)),
        generalized(datetime.datetime.utcnow()),
        numbers[1],  # the nonce
    )
    token = cms_of(key, info, False, "1.2.840.113549.1.9.16.1.4")
    return seq(seq(integer(0)), token)


class Handler(http.server.SimpleHTTPRequestHandler):
    services = {"/ocsp": ocsp, "/tsa": openssl_stamp, "/gost-tsa": gost_stamp}

    def __init__(self, *arguments):
        super().__init__(*arguments, directory=FOLDER)

    def do_POST(self):
        request = self.rfile.read(int(self.headers["Content-Length"]))
        answer = self.services[self.path](request)
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
