"""Ask a local HTTP server whether it is ready, without a client library: the supervisor stays small."""

import asyncio

SECONDS = 5.0
"""That an answer may take, on a machine that is busy with starting everything else."""


async def http_ok(port: int, path: str = "/readyz") -> bool:
    """Whether a GET on loopback answers 200 in that time."""
    try:
        return (await asyncio.wait_for(_status(port, path), SECONDS)) == 200
    except (OSError, TimeoutError, ValueError, IndexError):
        return False


async def _status(port: int, path: str) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        return int((await reader.readline()).split()[1])
    finally:
        writer.close()
