"""From a float vector to message bytes, and from message bytes to integers: floats end here.

Writing: `select` (which coordinates), `quantise` (which scale), `indices` (Rice, or buckets + zstd), `message`.
Reading: `parse`, which trusts nothing, gives an `Update`; `decode` and `data_leaves` are what others make of one.
"""

from node.codec.errors import UnencodableVector
from node.codec.header import MessageHeader, expect_header
from node.codec.message import encode
from node.codec.parse import parse
from node.codec.records import data_leaves
from node.codec.section import message_limit_bytes
from node.codec.update import Update, decode

__all__ = [
    "MessageHeader",
    "UnencodableVector",
    "Update",
    "data_leaves",
    "decode",
    "encode",
    "expect_header",
    "message_limit_bytes",
    "parse",
]
