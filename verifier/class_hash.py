"""How the outputs of a class become digests."""

from __future__ import annotations

from node.errors import HashError
from verifier.classes import OutputClass
from verifier.errors import ClassError
from verifier.hashes import OutputHash, load_hash


def hash_of(class_: OutputClass) -> OutputHash:
    """The hash that a class names. Raises ClassError for one that is unknown here or takes no such outputs."""
    try:
        found = load_hash(class_.hash)
    except HashError as error:
        raise ClassError(str(error)) from error
    kind = class_.sampling.kind
    if kind not in found.kinds:
        sampler = class_.sampling.sampler
        raise ClassError(f"hash {found.name} is of {' or '.join(found.kinds)}, sampler {sampler} makes {kind}")
    return found
