"""Clients that send their requests at the same time, each on a connection of its own."""

import asyncio
import json
import re

PATIENCE = 60


def text_of(path, token):
    """A GET with an access token, or a POST of a refresh token to the path of a refresh view."""
    if not path.endswith("/refresh/"):
        return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
    body = json.dumps({"refresh": token})
    fields = f"Content-Type: application/json\r\nContent-Length: {len(body)}"
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n\r\n{body}"


async def request(reader, writer, path, token):
    """(status, body) of the answer."""
    writer.write(text_of(path, token).encode())
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    if length is not None:
        return int(head.split()[1]), await reader.readexactly(int(length[1]))
    chunk = await reader.readuntil(b"\r\n0\r\n\r\n")  # uvicorn sends a short body as one chunk
    return int(head.split()[1]), chunk.split(b"\r\n")[1]


async def client(address, path, token, number):
    """The statuses and bodies of several requests on one connection, one after the other."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        return [await request(reader, writer, path, token) for _ in range(number)]
    finally:
        writer.close()


async def crowd(address, path, tokens, number):
    """The answers to all clients, one list for each token."""
    return await asyncio.gather(*(client(address, path, token, number) for token in tokens))


def run(address, path, tokens, number):
    """As `crowd`, for sync code. Raises TimeoutError."""
    return asyncio.run(asyncio.wait_for(crowd(address, path, tokens, number), PATIENCE))
