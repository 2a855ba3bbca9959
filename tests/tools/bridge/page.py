#!/usr/bin/python3
"""A page: page.py PORT CA.pem ORIGIN. Requests from standard input, one a line, each sent when the one
before is answered; the answers, one a line, on standard output. The greeting comes first."""
import asyncio
import ssl
import sys

import websockets


async def main(port, authority, origin):
    context = ssl.create_default_context(cafile=authority)
    context.set_alpn_protocols(["http/1.1"])
    async with websockets.connect(
        f"wss://127.0.0.1:{port}/", ssl=context, origin=origin or None, max_size=None, ping_interval=None
    ) as page:
        print(await asyncio.wait_for(page.recv(), 20), flush=True)
        for line in sys.stdin:
            await page.send(line.rstrip("\n"))
            print(await asyncio.wait_for(page.recv(), 120), flush=True)


asyncio.run(main(*sys.argv[1:4]))
