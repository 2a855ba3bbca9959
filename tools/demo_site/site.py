#!/usr/bin/python3
"""The demo's web site: site.py PORT CA.pem FOLDER.

A cabinet as the CA has one: log in with a signed XML that holds a fresh number, show a key, sign a
document. It believes nothing that the page says: the log-in is verified by xmlsec1, the document by
openssl, against CA.pem. Each step is one line on standard output; what was signed stays in FOLDER."""
import base64
import http.server
import pathlib
import re
import secrets
import subprocess
import sys

LONGEST = 1 << 20  # bytes of a request


class Refused(Exception):
    pass


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0:
        raise Refused("The signature does not verify: " + (done.stderr.strip().splitlines() or ["?"])[-1])
    return done.stdout


class Cabinet(http.server.BaseHTTPRequestHandler):
    authority = folder = None
    nonces = set()

    def answer(self, code, text, kind="text/plain; charset=utf-8"):
        body = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path == "/":
            page = pathlib.Path(__file__).with_name("index.html").read_text(encoding="utf-8")
            return self.answer(200, page, "text/html; charset=utf-8")
        if path == "/nonce":
            nonce = secrets.token_hex(16)
            self.nonces.add(nonce)
            return self.answer(200, nonce)
        return self.answer(404, "There is nothing here.")

    def do_POST(self):
        size = int(self.headers.get("Content-Length", 0))
        work = {"/login": self.login, "/document": self.document}.get(self.path)
        if work is None or size > LONGEST:
            return self.answer(404, "There is nothing here.")
        try:
            words = work(self.rfile.read(size))
        except Refused as error:
            print(error, flush=True)
            return self.answer(403, str(error))
        print(words, flush=True)
        return self.answer(200, words)

    def login(self, xml):
        file = self.folder / "login.xml"
        file.write_bytes(xml)
        # Log in once only, with a number of ours, inside what is signed.
        nonce = re.search(rb"<login><nonce>([0-9a-f]{32})</nonce><ds:Signature ", xml)
        if not nonce or nonce[1].decode() not in self.nonces:
            raise Refused("This is not the number that was to be signed.")
        self.nonces.remove(nonce[1].decode())
        run("xmlsec1", "--verify", "--trusted-pem", self.authority, str(file))
        certificate = re.search(rb"<ds:X509Certificate>([^<]*)<", xml)
        if not certificate:
            raise Refused("There is no certificate.")
        der = self.folder / "login.crt"
        der.write_bytes(base64.b64decode(certificate[1]))
        owner = run("openssl", "x509", "-inform", "der", "-in", str(der), "-noout", "-subject", "-nameopt", "multiline,utf8,-esc_msb")
        name = re.search(r"commonName\s*= (.*)", owner)
        return f"Logged in: {name[1] if name else '?'} (xmlsec1 verified the signature)."

    def document(self, cms):
        file = self.folder / "document.cms"
        file.write_bytes(base64.b64decode(cms))
        content = self.folder / "document.txt"
        run("openssl", "cms", "-verify", "-inform", "der", "-in", str(file), "-CAfile", self.authority, "-purpose",
            "any", "-out", str(content))
        return f"Signed and filed: {content.read_text().strip()!r} (openssl verified the signature)."

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    port, Cabinet.authority, folder = sys.argv[1:4]
    Cabinet.folder = pathlib.Path(folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Cabinet)
    print("ready", flush=True)
    server.serve_forever()
