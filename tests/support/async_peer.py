"""Thousands of raw clients in one process: the asyncio form of Peer."""

import asyncio
import struct

from . import wire
from .peer import ServerError
from .timing import scaled


class AsyncPeer:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.pid = self.key = None

    @classmethod
    async def login(cls, target, dbname="app", user="app", timeout=60, **parameters):
        reader, writer = await asyncio.wait_for(
            asyncio.open_connection(target.host, target.port), scaled(timeout))
        peer = cls(reader, writer)
        try:
            writer.write(wire.startup({"user": user, "database": dbname, **parameters}))
            for message in await peer.until("Z", "E", timeout=timeout):
                if message.type == "K":
                    peer.pid, peer.key = struct.unpack("!I", message.body[:4])[0], message.body[4:]
                elif message.type == "E":
                    raise ServerError(message)
        except BaseException:
            writer.close()
            raise
        return peer

    async def receive(self):
        head = await self.reader.readexactly(5)
        length = struct.unpack("!I", head[1:])[0]
        return wire.Message(chr(head[0]), await self.reader.readexactly(length - 4))

    async def until(self, *types, timeout=60):
        async def collect():
            messages = [await self.receive()]
            while messages[-1].type not in types:
                messages.append(await self.receive())
            return messages
        return await asyncio.wait_for(collect(), scaled(timeout))

    async def query(self, sql, timeout=60):
        self.writer.write(wire.query(sql))
        return await self.until("Z", timeout=timeout)

    async def value(self, sql, timeout=60):
        """The first column of the first row, as str."""
        for message in await self.query(sql, timeout):
            if message.type == "E":
                raise ServerError(message)
            if message.type == "D":
                return message.values[0].decode()
        return None

    async def close(self):
        self.writer.write(wire.terminate())
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            pass

    def abort(self):
        self.writer.transport.abort()


async def cancel(target, pid, key):
    reader, writer = await asyncio.open_connection(target.host, target.port)
    writer.write(wire.cancel(pid, key))
    try:
        await reader.read()
    except ConnectionError:
        pass
    writer.close()
