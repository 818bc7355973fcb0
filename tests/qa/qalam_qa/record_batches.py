"""Kafka's RecordBatch v2, read by the text of its specification (docs/formats/record-batch.md), not by our code.

Plain and gzip records only: what the harness sends.
"""
import gzip
import struct

HEADER = struct.Struct(">qiibIhiqqqhii")  # 61 bytes, base offset to record count.
HEADER_BYTES = 61
AT_CRC = 17
TABLE = []
for index in range(256):
    for _ in range(8):
        index = (index >> 1) ^ (0x82F63B78 if index & 1 else 0)
    TABLE.append(index)


class Malformed(Exception):
    pass


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def varint(data, at):
    """A zigzag varint; (value, where it ends)."""
    shift = number = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (number >> 1) ^ -(number & 1), at
        shift += 7
        if shift > 63:
            raise Malformed("a varint without end")


def records_of(block, count):
    """(offset delta, key, value, timestamp delta) of the records of one batch, unpacked."""
    at = 0
    for _ in range(count):
        length, at = varint(block, at)
        end = at + length
        at += 1  # Attributes.
        delta_ms, at = varint(block, at)
        delta, at = varint(block, at)
        parts = []
        for _ in range(2):
            size, at = varint(block, at)
            parts.append(None if size < 0 else block[at:at + size])
            at += max(size, 0)
        yield delta, parts[0], parts[1], delta_ms
        at = end
    if at != len(block):
        raise Malformed(f"{len(block) - at} bytes behind the last record of a batch")


def records_in(data, check_crc=False):
    """Every record of batches that lie one after another: (offset, key, value, epoch, timestamp).

    Ends at zeros or at the end of `data`; anything else that is no batch is Malformed.
    """
    at = 0
    while len(data) - at >= HEADER_BYTES:
        (base, length, epoch, magic, crc, attributes, _, first_ms, largest_ms, _, _, _, count) = HEADER.unpack_from(data, at)
        if length == 0 and magic == 0:
            break
        end = at + 12 + length
        if magic != 2 or length < HEADER_BYTES - 12 or end > len(data):
            raise Malformed(f"no whole batch at byte {at}")
        if attributes & 7 > 1:
            raise Malformed(f"a batch of codec {attributes & 7} at byte {at}")
        if check_crc and crc32c(data[at + AT_CRC + 4:end]) != crc:
            raise Malformed(f"wrong CRC at byte {at}")
        block = bytes(data[at + HEADER_BYTES:end])
        for delta, key, value, delta_ms in records_of(gzip.decompress(block) if attributes & 7 else block, count):
            # Bit 3: the topic keeps the time of the append, the same for the whole batch.
            yield base + delta, key, value, epoch, largest_ms if attributes & 8 else first_ms + delta_ms
        at = end
    if any(data[at:]):
        raise Malformed(f"bytes that are no batch at byte {at}")
