"""Every rule of the format has a message that breaks it and nothing else, and the parser says which."""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np
import pytest
import zstandard

from node.codec import encode, message_limit_bytes, parse
from node.errors import MalformedMessage
from node.manifest import TensorSpec
from tests.node.codec import reference
from tests.node.codec.layouts import header_for, manifest_of, normal_vector
from tests.node.codec.reference import Message
from tests.support.memory import peak_bytes

# Sections: 0 sparse of 1 bit (chunks of 4096 and 1000, 64 and 16 entries), 1 dense, 2 sparse of 2 bits.
MANIFEST = manifest_of(
    (
        TensorSpec("hidden.weight", (5096,), 64),
        TensorSpec("hidden.bias", (13,), 0),
        TensorSpec("output.weight", (700,), 300, bits=2),
    )
)
HEADER_BYTES = 141
WINDOW_OF_144_MIB = (27 - 10) << 3 | 1  # exponent and mantissa as RFC 8878, 3.1.1.1.2 has them
ENTRIES = 64 + 16


def fresh() -> Message:
    header = header_for(MANIFEST)
    header_bytes = reference.header(
        header.run_id, header.round, header.seat, header.base_digest, header.manifest_digest, header.trace_root
    )
    return reference.message(normal_vector(MANIFEST).tolist(), MANIFEST, header_bytes)


def gaps_of(message: Message, section: int) -> list[int]:
    payload = message.sections[section].payload
    assert payload is not None
    return reference.read_rice(payload, ENTRIES)


def changed(data: bytes, at: int, value: int) -> bytes:
    """The byte at `at` (from the end when negative) replaced."""
    at %= len(data)
    return data[:at] + bytes([value]) + data[at + 1 :]


def refused(data: bytes) -> str:
    with pytest.raises(MalformedMessage) as caught:
        parse(data, MANIFEST)
    return caught.value.reason


def test_the_unbroken_message_is_accepted_and_is_the_encoder_s() -> None:
    data = encode(normal_vector(MANIFEST), MANIFEST, header_for(MANIFEST))
    assert fresh().to_bytes() == data
    parse(data, MANIFEST)


def test_every_truncation_is_refused() -> None:
    data = fresh().to_bytes()
    for length in range(len(data)):
        refused(data[:length])


@pytest.mark.parametrize("extra", [b"\x00", b"\xff", bytes(40)])
def test_trailing_bytes_are_refused(extra: bytes) -> None:
    assert "after the last section" in refused(fresh().to_bytes() + extra)


def test_an_over_long_message_is_refused_by_its_length() -> None:
    limit = message_limit_bytes(MANIFEST.layout)
    assert refused(bytes(limit + 1)) == f"{limit + 1} bytes, at most {limit} with this manifest"


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        (0, ord("G"), "magic"),
        (3, ord("2"), "magic"),
        (4, 0, "version 0, expected 2"),
        (4, 1, "version 1, expected 2"),
        (HEADER_BYTES, 2, "number of sections 2, expected 3"),
        (HEADER_BYTES, 4, "number of sections 4, expected 3"),
        (HEADER_BYTES + 1, 1, "tensor 1, expected 0"),
        (HEADER_BYTES + 2, 0x12, "format 0x12"),
        (HEADER_BYTES + 2, 0x20, "format 0x20, expected 1 bits"),
        (HEADER_BYTES + 2, 0x80, "format 0x80"),
        (HEADER_BYTES + 3, 63, "k 63, expected 64"),
        (HEADER_BYTES + 4, 1, "number of chunks 1, expected 2"),
    ],
)
def test_a_wrong_byte_in_the_fixed_part_is_refused(at: int, value: int, reason: str) -> None:
    assert reason in refused(changed(fresh().to_bytes(), at, value))


def break_dense_format(message: Message) -> None:
    message.sections[1].format = 0x81


def break_bits(message: Message) -> None:
    message.sections[2].format = 0x10


def break_order(message: Message) -> None:
    message.sections[0], message.sections[1] = message.sections[1], message.sections[0]


def break_repetition(message: Message) -> None:
    message.sections[1] = message.sections[0]


def break_shift(message: Message) -> None:
    message.sections[0].shifts = bytes([20, 33])


def break_dense_shift(message: Message) -> None:
    message.sections[1].shifts = bytes([33])


def break_dense_mantissa(message: Message) -> None:
    message.sections[1].mantissas = struct.pack("13b", *[-128] * 13)


def break_zero_sign(message: Message) -> None:
    message.sections[0].low = bytes([0, 200])


def break_sign_padding(message: Message) -> None:
    message.sections[2].signs = changed(message.sections[2].signs, -1, 0x80)


def break_level_padding(message: Message) -> None:
    message.sections[2].levels = changed(message.sections[2].levels, -1, 0x80)


def break_mantissa_order(message: Message) -> None:
    section = message.sections[2]
    section.low, section.high = section.high, section.low


def break_unused_low(message: Message) -> None:
    message.sections[2].levels = reference.pack([1] * 52)


def break_unused_high(message: Message) -> None:
    message.sections[2].levels = reference.pack([0] * 52)


def break_levels_of_one_mantissa(message: Message) -> None:
    message.sections[2].high = message.sections[2].low


def break_rice_parameter_range(message: Message) -> None:
    payload = message.sections[0].payload
    assert payload is not None
    message.sections[0].payload = changed(payload, 0, 13)


def break_rice_parameter_choice(message: Message) -> None:
    gaps = gaps_of(message, 0)
    payload = message.sections[0].payload
    assert payload is not None
    message.sections[0].payload = reference.rice(gaps, payload[0] - 1)


def break_rice_trailing_byte(message: Message) -> None:
    payload = message.sections[0].payload
    assert payload is not None
    cut = len(payload) - -(-ENTRIES * payload[0] // 8)
    message.sections[0].payload = payload[:cut] + b"\x00" + payload[cut:]


def break_rice_remainder_padding(message: Message) -> None:
    # 80 entries leave no padding in any plane; the 52 of the 2-bit section do.
    payload = message.sections[2].payload
    assert payload is not None
    assert 52 * payload[0] % 8
    message.sections[2].payload = changed(payload, -1, payload[-1] | 0x80)


def break_rice_count(message: Message) -> None:
    message.sections[0].payload = reference.rice(gaps_of(message, 0)[:-8], 5)


def break_rice_empty(message: Message) -> None:
    message.sections[0].payload = b""


def break_index_of_full_chunk(message: Message) -> None:
    gaps = gaps_of(message, 0)
    gaps[63] += 4096
    message.sections[0].payload = reference.rice(gaps)


def break_index_of_short_chunk(message: Message) -> None:
    gaps = gaps_of(message, 0)
    gaps[-1] += 1000
    message.sections[0].payload = reference.rice(gaps)


def break_chunk_boundary(message: Message) -> None:
    """The same flat coordinates with one entry of the second chunk told as the first chunk's 65th."""
    gaps = gaps_of(message, 0)
    gaps[64], gaps[65] = gaps[65], gaps[64] + 1024
    message.sections[0].payload = reference.rice(gaps)


def break_payload_limit(message: Message) -> None:
    payload = message.sections[0].payload
    assert payload is not None
    message.sections[0].payload = payload + bytes(80)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (break_dense_format, "tensor 1: format 0x81, expected a dense one"),
        (break_bits, "tensor 2: format 0x10, expected 2 bits"),
        (break_order, "tensor 1, expected 0"),
        (break_repetition, "tensor 0, expected 1"),
        (break_shift, "shift 33, at most 32"),
        (break_dense_shift, "shift 33, at most 32"),
        (break_dense_mantissa, "dense mantissa -128, at least -127"),
        (break_zero_sign, "an entry of zero has a sign"),
        (break_sign_padding, "signs are not padded with zeros"),
        (break_level_padding, "levels are not padded with zeros"),
        (break_mantissa_order, "a low mantissa above the high one"),
        (break_unused_low, "a chunk has two mantissas and uses one"),
        (break_unused_high, "a chunk has two mantissas and uses one"),
        (break_levels_of_one_mantissa, "levels are set in a chunk with one mantissa"),
        (break_rice_parameter_range, "Rice parameter 13, at most 12"),
        (break_rice_parameter_choice, "the shortest code has"),
        (break_rice_trailing_byte, "bytes of quotients"),
        (break_rice_remainder_padding, "remainders are not padded with zeros"),
        (break_rice_count, "indices, expected 80"),
        (break_rice_empty, "Rice payload of 0 bytes"),
        (break_index_of_full_chunk, "in chunk 0 of length 4096"),
        (break_index_of_short_chunk, "in chunk 1 of length 1000"),
        (break_chunk_boundary, "in chunk 1 of length 1000"),
        (break_payload_limit, "bytes for 80 indices"),
    ],
)
def test_each_broken_rule_is_named(damage: Callable[[Message], None], reason: str) -> None:
    message = fresh()
    damage(message)
    assert reason in refused(message.to_bytes())


def test_varints_of_the_frame_must_be_minimal() -> None:
    data = fresh().to_bytes()
    at = HEADER_BYTES + 3  # k = 64 in one byte; here in two
    assert "not minimal" in refused(data[:at] + b"\xc0\x00" + data[at + 1 :])
    assert "longer than" in refused(data[:at] + b"\xc0" * 9 + data[at + 1 :])


def with_payload(payload: bytes) -> bytes:
    message = fresh()
    message.sections[0].format, message.sections[0].payload = 0x11, payload
    return message.to_bytes()


def with_frame(content_frame: bytes, places: bytes = b"") -> bytes:
    return with_payload(reference.varint(len(content_frame)) + content_frame + places)


def frame(content: bytes, **options: bool) -> bytes:
    return zstandard.ZstdCompressor(level=1, **options).compress(content)[4:]


def declared(size: int, *, single_segment: bool = True) -> bytes:
    """A frame whose header declares `size` bytes of content and whose only block is one repeated byte."""
    head = bytes([0b11100000]) if single_segment else bytes([0b11000000, WINDOW_OF_144_MIB])
    return head + struct.pack("<Q", size) + b"\x03\x00\x00" + b"\x01"


def test_both_index_codes_of_the_same_gaps_are_accepted() -> None:
    message = fresh()
    data = with_payload(reference.buckets(gaps_of(message, 0)))
    assert data != message.to_bytes()
    assert np.array_equal(parse(data, MANIFEST).positions, parse(message.to_bytes(), MANIFEST).positions)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "zstd"),
        (b"\x00", "zstd"),
        (frame(bytes(ENTRIES - 1)), "content of 79 bytes for 80 indices"),
        (frame(bytes(ENTRIES + 1)), "content of 81 bytes for 80 indices"),
        (frame(bytes(1 << 19)), "content of 524288 bytes"),
        (declared(1 << 40), "content of 1099511627776 bytes"),
        (declared(1 << 40, single_segment=False), "content of 1099511627776 bytes"),
        (declared(ENTRIES, single_segment=False), "zstd window of 150994944 bytes, at most 134217728"),
        (declared(ENTRIES), "zstd"),
        (frame(bytes(ENTRIES), write_content_size=False), "content of"),
        (frame(bytes(ENTRIES), write_checksum=True), "dictionary or a checksum"),
        (frame(bytes(ENTRIES)) + b"\x00", "zstd"),
        (frame(bytes(ENTRIES)) + reference.ZSTD_MAGIC + frame(b"x"), "zstd"),
        (frame(bytes(ENTRIES))[:-1], "zstd"),
        (frame(bytes(ENTRIES - 1) + bytes([80])), "bucket 80, at most 79"),
        (frame(bytes(ENTRIES - 1) + bytes([255])), "bucket 255, at most 79"),
        (frame(bytes(ENTRIES - 1) + bytes([79])), "0 bytes of places, expected 1"),
    ],
)
def test_bad_zstd_frames_are_refused(payload: bytes, reason: str) -> None:
    assert reason in refused(with_frame(payload))


@pytest.mark.parametrize(
    ("buckets", "places", "reason"),
    [
        ([16], b"", "0 bytes of places, expected 1"),
        ([16], b"\x00\x00", "2 bytes of places, expected 1"),
        ([16], b"\x02", "places are not padded with zeros"),
        ([16] * 9, b"\x00\x02", "places are not padded with zeros"),
        ([], b"\x00", "1 bytes of places, expected 0"),
        ([79], b"\xff", "in chunk 1 of length 1000"),
    ],
)
def test_bad_places_are_refused(buckets: list[int], places: bytes, reason: str) -> None:
    assert reason in refused(with_frame(frame(bytes(ENTRIES - len(buckets)) + bytes(buckets)), places))


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "zstd frame length"),
        (b"\x80\x00", "zstd frame length: the varint is not minimal"),
        (b"\x80", "zstd frame length: the varint is cut short"),
        (b"\x05\x00", "zstd frame of 5 bytes, 1 left"),
        (b"\xff" * 8 + b"\x7f", "zstd frame of 9223372036854775807 bytes"),
    ],
)
def test_a_bad_frame_length_is_refused(payload: bytes, reason: str) -> None:
    assert reason in refused(with_payload(payload))


def test_bombs_are_refused_without_allocating_what_they_declare() -> None:
    bombs = [with_frame(payload) for payload in (frame(bytes(1 << 28)), declared(1 << 34), declared(1 << 31))]
    bombs.append(fresh().to_bytes()[: HEADER_BYTES + 5] + b"\xff" * 8 + b"\x7f")
    assert peak_bytes(lambda: [refused(bomb) for bomb in bombs]) < 1 << 20


@pytest.mark.parametrize("bits", [1, 2])
@pytest.mark.parametrize("count", [0, 64, 2048])
def test_reading_takes_at_most_twice_the_memory_of_message_and_update(count: int, bits: int) -> None:
    manifest = manifest_of((TensorSpec("t", (200 * 4096,), count, bits=bits),))
    data = encode(normal_vector(manifest), manifest, header_for(manifest))
    chunks = manifest.layout.chunk_count
    update = parse(data, manifest)
    declared_bytes = len(data) + update.positions.nbytes + update.mantissas.nbytes + update.shifts.nbytes
    assert peak_bytes(lambda: parse(data, manifest)) <= 2 * declared_bytes + 200 * chunks
