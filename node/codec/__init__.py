"""From a float vector to message bytes, and from message bytes to integers: floats end here.

select -> quantise -> code -> message bytes; and back through the strict parser.
"""

from node.codec.message import UnencodableVector, encode
from node.codec.parse import parse
from node.codec.records import data_leaves
from node.codec.update import MessageHeader, Update, decode

__all__ = ["MessageHeader", "UnencodableVector", "Update", "data_leaves", "decode", "encode", "parse"]
