"""A TLS server that lets in who has a certificate of the CA, and greets by the name in it,
with a number that tells a new page from an old one.

Usage: browser_server.py PORT CERTIFICATE KEY CA

Each connection is a full handshake: no resumption, so that each page load is a login.
"""

import html
import http.server
import itertools
import ssl
import sys

visits = itertools.count(1)


class Greeting(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"  # a connection, and so a handshake, per page
    timeout = 1  # seconds; Chromium keeps a second one ready for the next page

    def setup(self):
        self.request.settimeout(300)  # people answer questions during the handshake
        self.request.do_handshake()
        super().setup()

    def do_GET(self):
        subject = self.connection.getpeercert()["subject"]
        names = [value for part in subject for kind, value in part if kind == "commonName"]
        text = html.escape(f"Welcome {' '.join(names)}, page {next(visits)}")
        page = (
            '<!doctype html><link rel="icon" href="data:,">'  # no request for an icon
            f"<title>{text}</title><h1>{text}</h1><p>{self.connection.version()}</p>"
        )
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(page.encode())


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        print("refused:", sys.exc_info()[1], flush=True)


def main():
    port, certificate, key, authority = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    server = Server(("127.0.0.1", int(port)), Greeting)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    print("ready", flush=True)
    server.serve_forever()


main()
