"""The message format once more, written from its description in plain Python integers: slow, obvious, no numpy.

Only zstd itself is the library's. Nothing here is imported from node.codec.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from fractions import Fraction

import zstandard

from node.manifest import CHUNK_LENGTH, Manifest, TensorSpec

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
LARGEST_SHIFT = 32


@dataclass
class Section:
    """The fields of one tensor's section, as they stand on the wire. `payload` is None in a dense section."""

    tensor: int
    format: int
    k: int
    chunks: int
    shifts: bytes
    payload: bytes | None = None
    low: bytes = b""
    high: bytes = b""
    signs: bytes = b""
    levels: bytes = b""
    mantissas: bytes = b""

    def to_bytes(self) -> bytes:
        head = varint(self.tensor) + bytes([self.format]) + varint(self.k) + varint(self.chunks)
        if self.payload is None:
            return head + self.shifts + self.mantissas
        body = self.low + self.high + self.shifts + self.payload + self.signs + self.levels
        return head + varint(len(self.payload)) + body


@dataclass
class Message:
    """A message as fields."""

    header: bytes
    sections: list[Section] = field(default_factory=list)

    def to_bytes(self) -> bytes:
        return self.header + varint(len(self.sections)) + b"".join(section.to_bytes() for section in self.sections)


def header(
    run_id: bytes, round_number: int, seat: int, base_digest: bytes, manifest_digest: bytes, trace_root: bytes
) -> bytes:
    numbers = struct.pack("<II", round_number, seat)
    return b"FXW1\x02" + run_id + numbers + base_digest + manifest_digest + trace_root


def varint(value: int) -> bytes:
    if value < 128:
        return bytes([value])
    return bytes([value % 128 + 128]) + varint(value // 128)


def encode(values: list[float], manifest: Manifest, header_bytes: bytes) -> bytes:
    """Message bytes of a vector."""
    return message(values, manifest, header_bytes).to_bytes()


def message(values: list[float], manifest: Manifest, header_bytes: bytes) -> Message:
    """The message of a vector as fields."""
    result, start = Message(header_bytes), 0
    for number, tensor in enumerate(manifest.tensors):
        part = values[start : start + tensor.size]
        start += tensor.size
        chunks = [part[i : i + CHUNK_LENGTH] for i in range(0, len(part), CHUNK_LENGTH)]
        section = dense_section if tensor.entries_per_chunk == 0 else sparse_section
        result.sections.append(section(number, tensor, chunks))
    return result


def entries_of(tensor: TensorSpec, length: int) -> int:
    """Entries in a chunk of this length."""
    return max(1, -(-tensor.entries_per_chunk * length // CHUNK_LENGTH))


def on_grid(value: float) -> int:
    return round(abs(Fraction(value)) * 2**40)


def nearest(total: int, count: int, shift: int) -> int:
    """total / count / 2^shift, halves upward."""
    return (Fraction(total, count * 2**shift) + Fraction(1, 2)).__floor__()


def scale(total: int, count: int, largest: int) -> tuple[int, int]:
    """Mantissa and shift of a mean."""
    for shift in range(LARGEST_SHIFT + 1):
        if nearest(total, count, shift) <= largest:
            return nearest(total, count, shift), shift
    return largest, LARGEST_SHIFT


def dense_section(number: int, tensor: TensorSpec, chunks: list[list[float]]) -> Section:
    shifts, mantissas = [], []
    for chunk in chunks:
        _, shift = scale(max(on_grid(value) for value in chunk), 1, 127)
        shifts.append(shift)
        for value in chunk:
            mantissa = min(127, nearest(on_grid(value), 1, shift))
            mantissas.append(-mantissa if value < 0 else mantissa)
    return Section(
        number, 8 * 16, 0, len(chunks), bytes(shifts), mantissas=struct.pack(f"{len(mantissas)}b", *mantissas)
    )


def sparse_section(number: int, tensor: TensorSpec, chunks: list[list[float]]) -> Section:
    low, high, shifts, gaps, signs, levels = [], [], [], [], [], []
    for chunk in chunks:
        count = entries_of(tensor, len(chunk))
        kept = sorted(sorted(range(len(chunk)), key=lambda i: (-abs(chunk[i]), i))[:count])
        magnitudes = [on_grid(chunk[i]) for i in kept]
        lower, upper, shift, chunk_levels = (two if tensor.bits == 2 else one)(magnitudes)
        low.append(lower)
        high.append(upper)
        shifts.append(shift)
        levels += chunk_levels
        previous = -1
        for i, level in zip(kept, chunk_levels, strict=True):
            gaps.append(i - previous - 1)
            signs.append(int(chunk[i] < 0 and (upper if level else lower) > 0))
            previous = i
    candidates = [(rice(gaps), 0), (buckets(gaps), 1)]
    payload, codec = min(candidates, key=lambda candidate: (len(candidate[0]), candidate[1]))
    two_bits = tensor.bits == 2
    return Section(
        number,
        16 * tensor.bits + codec,
        tensor.entries_per_chunk,
        len(chunks),
        bytes(shifts),
        payload,
        bytes(low),
        bytes(high) if two_bits else b"",
        pack(signs),
        pack(levels) if two_bits else b"",
    )


def one(magnitudes: list[int]) -> tuple[int, int, int, list[int]]:
    mantissa, shift = scale(sum(magnitudes), len(magnitudes), 255)
    return mantissa, mantissa, shift, [0] * len(magnitudes)


def two(magnitudes: list[int]) -> tuple[int, int, int, list[int]]:
    ordered = sorted(magnitudes)
    best_gain, cut = -1.0, 0
    for size in range(1, len(ordered)):
        lower, upper = float(sum(ordered[:size])), float(sum(ordered[size:]))
        gain = lower * lower / size + upper * upper / (len(ordered) - size)
        if gain > best_gain:
            best_gain, cut = gain, size
    upper_part = ordered[cut:]
    lower_part = ordered[:cut] or ordered
    high, shift = scale(sum(upper_part), len(upper_part), 255)
    low = min(255, nearest(sum(lower_part), len(lower_part), shift))
    levels = [int(abs(m - (high << shift)) < abs(m - (low << shift))) for m in magnitudes]
    if all(levels):
        low = high
    if not any(levels):
        high = low
    return low, high, shift, levels if low < high else [0] * len(levels)


def pack(bits: list[int]) -> bytes:
    """Bits into bytes, the first bit lowest, padded with zeros."""
    padded = bits + [0] * (-len(bits) % 8)
    return bytes(sum(bit << place for place, bit in enumerate(padded[i : i + 8])) for i in range(0, len(padded), 8))


def unpack(data: bytes) -> list[int]:
    return [byte >> place & 1 for byte in data for place in range(8)]


def rice(gaps: list[int], parameter: int | None = None) -> bytes:
    """A Rice payload with the given parameter, else with the best one."""
    if parameter is None:
        parameter = min(range(13), key=lambda b: (sum((gap >> b) + 1 + b for gap in gaps), b))
    unary = [bit for gap in gaps for bit in [0] * (gap >> parameter) + [1]]
    planes = [gap >> place & 1 for place in range(parameter) for gap in gaps]
    return bytes([parameter]) + pack(unary) + pack(planes)


def place_bits(gap: int) -> int:
    return max(0, gap.bit_length() - 4)


def buckets(gaps: list[int]) -> bytes:
    """A payload of buckets and places."""
    numbers = [8 * place_bits(gap) + (gap >> place_bits(gap)) for gap in gaps]
    planes = [gap >> bit & 1 for bit in range(8) for gap in gaps if place_bits(gap) > bit]
    frame = compress(bytes(numbers))
    return varint(len(frame)) + frame + pack(planes)


def compress(content: bytes) -> bytes:
    frame = zstandard.ZstdCompressor(level=1).compress(content)
    assert frame.startswith(ZSTD_MAGIC)
    return frame[len(ZSTD_MAGIC) :]


def decode(data: bytes, manifest: Manifest) -> tuple[list[int], list[int], list[int]]:
    """Positions, mantissas and shifts of a message known to be valid."""
    sections, at = data[142:], 0
    positions: list[int] = []
    mantissas: list[int] = []
    shifts: list[int] = []
    start = 0

    def take(count: int) -> bytes:
        nonlocal at
        at += count
        return sections[at - count : at]

    def number() -> int:
        byte = take(1)[0]
        return byte if byte < 128 else byte - 128 + 128 * number()

    for tensor in manifest.tensors:
        number()
        format_, _, chunks = take(1)[0], number(), number()
        lengths = [min(CHUNK_LENGTH, tensor.size - i) for i in range(0, tensor.size, CHUNK_LENGTH)]
        assert len(lengths) == chunks
        if tensor.entries_per_chunk == 0:
            shifts += take(chunks)
            mantissas += struct.unpack(f"{tensor.size}b", take(tensor.size))
            positions += range(start, start + tensor.size)
        else:
            counts = [entries_of(tensor, length) for length in lengths]
            total = sum(counts)
            size = number()
            low = take(chunks)
            high = take(chunks) if tensor.bits == 2 else low
            shifts += take(chunks)
            gaps = (read_rice, read_buckets)[format_ % 16](take(size), total)
            signs = unpack(take(-(-total // 8)))
            levels = unpack(take(-(-total // 8))) if tensor.bits == 2 else [0] * total
            entry = 0
            for chunk, count in enumerate(counts):
                index = -1
                for _ in range(count):
                    index += gaps[entry] + 1
                    positions.append(start + chunk * CHUNK_LENGTH + index)
                    mantissas.append((high if levels[entry] else low)[chunk] * (1 - 2 * signs[entry]))
                    entry += 1
        start += tensor.size
    assert at == len(sections)
    return positions, mantissas, shifts


def read_rice(payload: bytes, total: int) -> list[int]:
    parameter = payload[0]
    cut = len(payload) - -(-total * parameter // 8)
    gaps, quotient = [], 0
    for bit in unpack(payload[1:cut]):
        if bit:
            gaps.append(quotient << parameter)
            quotient = 0
        else:
            quotient += 1
    planes = unpack(payload[cut:])
    return [gap + sum(planes[place * total + i] << place for place in range(parameter)) for i, gap in enumerate(gaps)]


def read_buckets(payload: bytes, total: int) -> list[int]:
    frame_bytes, start = payload[0], 1
    if frame_bytes >= 128:
        frame_bytes, start = frame_bytes - 128 + 128 * payload[1], 2
    numbers = zstandard.ZstdDecompressor().decompress(ZSTD_MAGIC + payload[start : start + frame_bytes])
    assert len(numbers) == total
    sizes = [0 if number < 16 else number // 8 - 1 for number in numbers]
    gaps = [(number - 8 * size) << size for number, size in zip(numbers, sizes, strict=True)]
    planes = iter(unpack(payload[start + frame_bytes :]))
    for bit in range(8):
        for i, size in enumerate(sizes):
            if size > bit:
                gaps[i] += next(planes) << bit
    return gaps
