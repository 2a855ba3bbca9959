#!/usr/bin/python3
"""Serves a page and takes its results: client_server.py PORT PAGE.html CLIENT.js RESULTS."""
import http.server
import pathlib
import sys

port, page, client, results = sys.argv[1:5]


class Server(http.server.BaseHTTPRequestHandler):
    def answer(self, code, body=b"", kind="text/html; charset=utf-8"):
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        files = {"/": (page, "text/html; charset=utf-8"), "/client.js": (client, "text/javascript; charset=utf-8")}
        name, kind = files.get(self.path.partition("?")[0], (None, None))
        if name is None:
            return self.answer(404)
        return self.answer(200, pathlib.Path(name).read_bytes(), kind)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        whole = pathlib.Path(results + ".part")
        whole.write_bytes(body)
        whole.rename(results)
        return self.answer(200)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Server)
print("ready", flush=True)
server.serve_forever()
