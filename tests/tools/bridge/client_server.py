#!/usr/bin/python3
"""Serves a page and takes its results: client_server.py PORT RESULTS PATH=FILE...; /=page.html is the page."""
import http.server
import pathlib
import sys

port, results = sys.argv[1:3]
files = dict(argument.split("=", 1) for argument in sys.argv[3:])
kinds = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


class Server(http.server.BaseHTTPRequestHandler):
    def answer(self, code, body=b"", kind="text/plain"):
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        name = files.get(self.path.partition("?")[0])
        if name is None:
            return self.answer(404)
        file = pathlib.Path(name)
        return self.answer(200, file.read_bytes(), kinds[file.suffix])

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
