"""The objects an audit reads, and the one name each has on screen, in verdicts and inside an archive."""

from __future__ import annotations

from dataclasses import dataclass

CHAIN_PATH = "chain.json"


@dataclass(frozen=True)
class ObjectName:
    """One object of a project: `title` for people, `path` in an archive. `round` 0 is the checkpoint before round 1."""

    title: str
    path: str
    round: int | None = None

    def __str__(self) -> str:
        return self.title


def chain_record() -> ObjectName:
    """What the chain says."""
    return ObjectName("chain record", CHAIN_PATH)


def round_record(number: int) -> ObjectName:
    """The record a peer serves for a round."""
    return ObjectName(f"record of round {number}", f"rounds/{number}.json", number)


def checkpoint(number: int) -> ObjectName:
    """The checkpoint a round produced."""
    return ObjectName(f"checkpoint of round {number}", f"checkpoints/{number}", number)


def message(number: int, seat: int) -> ObjectName:
    """The update message a seat revealed in a round."""
    return ObjectName(f"message of seat {seat} in round {number}", f"messages/{number}/{seat}", number)


def named(path: str) -> ObjectName:
    """The object that lies at `path` in an archive; anything else names itself."""
    match path.removesuffix(".json").split("/"):
        case ["chain"]:
            return chain_record()
        case ["rounds", number] if number.isdecimal():
            return round_record(int(number))
        case ["checkpoints", number] if number.isdecimal():
            return checkpoint(int(number))
        case ["messages", number, seat] if number.isdecimal() and seat.isdecimal():
            return message(int(number), int(seat))
    return ObjectName(path, path)
