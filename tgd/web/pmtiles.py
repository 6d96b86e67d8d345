"""Reads vector tiles out of one PMTiles (version 3) file: a header, directories, tiles behind them.

Everything in the file is checked before it is used: a wrong file stops the start with a sentence,
and a damaged directory is a tile that is not there, never an endless loop or a huge allocation.
"""

import gzip
import json
import os
import struct
import zlib
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tgd.errors import Misconfigured

HEADER = struct.Struct("<7sB8Q3Q4B2B4iBii")
HEADER_BYTES = 127
MAGIC, VERSION = b"PMTiles", 3
NONE, GZIP = 1, 2
VECTOR = 1
LARGEST_BYTES = 8 * 1024 * 1024
"""Of a directory or a tile, packed or not: more is no map of streets."""
LARGEST_PLACE = 2**62
"""Further into a file no system can ask."""
DEEPEST = 4
"""Directories that may stand behind each other (the format's own limit)."""
MOST_ZOOM = 22


class NotReadable(Exception):
    """A directory or a tile is not what the format says."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Tiles from `tile` on, `run` of them alike; a run of 0 is a further directory."""

    tile: int
    run: int
    length: int
    offset: int


class Tiles:
    """One opened file; reading is safe from several threads."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            header = os.pread(self._file, HEADER_BYTES, 0)
            self._read_header(header)
            self.layers = self._read_layers()
        except (OSError, ValueError, struct.error, NotReadable) as error:
            raise Misconfigured(f"TGD_MAP_FILE: {path} is no PMTiles 3 of vectors.") from error
        self._directory = lru_cache(maxsize=64)(self._read_directory)

    def _read_header(self, raw: bytes) -> None:
        said = HEADER.unpack(raw[: HEADER.size])
        if said[0] != MAGIC or said[1] != VERSION:
            raise NotReadable
        (self._root_at, self._root_bytes, self._meta_at, self._meta_bytes, self._leaves_at,
         self._leaves_bytes, self._tiles_at, self._tiles_bytes) = said[2:10]  # fmt: skip
        _clustered, self._packing, self._tile_packing, kind = said[13:17]
        self.min_zoom, self.max_zoom = said[17:19]
        self.bounds = tuple(degrees / 1e7 for degrees in said[19:23])
        known = {NONE, GZIP}
        if kind != VECTOR or self._packing not in known or self._tile_packing not in known:
            raise NotReadable
        if not 0 <= self.min_zoom <= self.max_zoom <= MOST_ZOOM:
            raise NotReadable

    def _read_layers(self) -> list[str]:
        try:
            said = json.loads(self._part(self._meta_at, self._meta_bytes, self._packing))
        except RecursionError as error:
            raise NotReadable from error
        found = said.get("vector_layers") if isinstance(said, dict) else None
        layers = found if isinstance(found, list) else []
        names = [one.get("id") for one in layers if isinstance(one, dict)]
        self.attribution = _plain(said.get("attribution")) if isinstance(said, dict) else ""
        if not names or not all(isinstance(name, str) for name in names):
            raise NotReadable
        return [str(name) for name in names]

    def _part(self, at: int, length: int, packing: int) -> bytes:
        if not (0 < length <= LARGEST_BYTES and 0 <= at <= LARGEST_PLACE):
            raise NotReadable
        raw = os.pread(self._file, length, at)
        if len(raw) != length:
            raise NotReadable
        return raw if packing == NONE else _unpacked(raw)

    def _read_directory(self, at: int, length: int) -> list[Entry]:
        return read_directory(self._part(at, length, self._packing))

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        """The tile as the browser takes it, unpacked; None where the file has none."""
        if not (self.min_zoom <= z <= self.max_zoom and 0 <= x < 1 << z and 0 <= y < 1 << z):
            return None
        try:
            return self._find(number_of(z, x, y))
        except NotReadable:
            return None

    def _find(self, wanted: int) -> bytes | None:
        at, length = self._root_at, self._root_bytes
        for _ in range(DEEPEST):
            entry = entry_of(self._directory(at, length), wanted)
            if entry is None:
                return None
            if entry.run:
                return self._part(self._tiles_at + entry.offset, entry.length, self._tile_packing)
            at, length = self._leaves_at + entry.offset, entry.length
        raise NotReadable

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)


def _plain(said: Any) -> str:
    """Whose data it is: words only, whatever markup the file brings."""
    inside, kept = False, []
    for c in str(said or "")[:400]:
        inside = c == "<" or (inside and c != ">")
        if not inside and c != ">":
            kept.append(c)
    return "".join(kept).strip()


def _unpacked(raw: bytes) -> bytes:
    opened = zlib.decompressobj(wbits=31)
    try:
        found = opened.decompress(raw, LARGEST_BYTES)
    except zlib.error as error:
        raise NotReadable from error
    if opened.unconsumed_tail or not opened.eof:
        raise NotReadable
    return found


def entry_of(entries: list[Entry], wanted: int) -> Entry | None:
    """The entry that holds this tile, or the directory that may."""
    found = bisect_right(entries, wanted, key=lambda entry: entry.tile) - 1
    if found < 0:
        return None
    entry = entries[found]
    return entry if entry.run == 0 or wanted - entry.tile < entry.run else None


def read_directory(raw: bytes) -> list[Entry]:
    """Columns of varints: tile ids by their difference, runs, lengths, offsets."""
    count, at = _varint(raw, 0)
    if count > len(raw):
        raise NotReadable
    columns: list[list[int]] = []
    for _ in range(4):
        column = []
        for _ in range(count):
            value, at = _varint(raw, at)
            column.append(value)
        columns.append(column)
    return _entries(*columns)


def _entries(
    steps: list[int], runs: list[int], lengths: list[int], offsets: list[int]
) -> list[Entry]:
    entries: list[Entry] = []
    tile = 0
    for step, run, length, offset in zip(steps, runs, lengths, offsets, strict=True):
        tile += step
        if offset == 0 and not entries:
            raise NotReadable
        before = entries[-1] if entries else None
        begin = before.offset + before.length if offset == 0 and before else offset - 1
        entries.append(Entry(tile, run, length, begin))
    return entries


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = 0
    for n in range(10):
        if at + n >= len(raw):
            raise NotReadable
        value |= (raw[at + n] & 0x7F) << (7 * n)
        if raw[at + n] < 0x80:
            return value, at + n + 1
    raise NotReadable


def number_of(z: int, x: int, y: int) -> int:
    """The number of a tile: all zooms below, then its place on a Hilbert curve."""
    found = ((1 << (2 * z)) - 1) // 3
    side = 1 << z >> 1
    while side:
        right, up = int(bool(x & side)), int(bool(y & side))
        found += side * side * ((3 * right) ^ up)
        if not up:
            if right:
                x, y = side - 1 - (x & (side - 1)), side - 1 - (y & (side - 1))
            x, y = y, x
        x, y = x & (side - 1), y & (side - 1)
        side >>= 1
    return found


def packed(tile: bytes) -> bytes:
    """The tile for the wire, where the browser takes gzip."""
    return gzip.compress(tile, 1, mtime=0)
