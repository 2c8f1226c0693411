"""A small IPFS daemon: Kubo's RPC over real HTTP, its importer ours, its defaults Kubo's legacy ones.

So a client that forgets to ask for raw leaves or 1 MiB chunks gets another identifier, as it would from Kubo.
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from node.errors import StorageError
from node.storage import car
from node.storage.cid import DAG_PB, RAW, Cid
from node.storage.unixfs import Profile, import_bytes
from node.storage.unixfs_reader import read_file, walk_dag

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


@dataclass
class KuboState:
    """What the daemon holds, and how it spells what it says."""

    version: str = "0.43.1"
    base58: bool = False  # js-ipfs answers CIDv1 in base58
    gone: bool = False  # hangs up on every call
    links: int | None = None  # a daemon too old to know max-file-links uses its own
    blocks: dict[bytes, bytes] = field(default_factory=dict)
    pins: set[Cid] = field(default_factory=set)
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def block(self, cid: Cid) -> bytes:
        """Raises KeyError."""
        return self.blocks[cid.digest]

    def spell(self, cid: Cid) -> str:
        return base58(cid) if self.base58 else str(cid)


def base58(cid: Cid) -> str:
    value, text = int.from_bytes(cid.to_bytes(), "big"), ""
    while value:
        value, digit = divmod(value, 58)
        text = BASE58[digit] + text
    return "z" + text


@contextmanager
def kubo_daemon(state: KuboState | None = None) -> Iterator[tuple[str, KuboState]]:
    """Run a daemon; gives the multiaddr of its RPC and its state."""
    held = state or KuboState()
    server = _Server(("127.0.0.1", 0), held)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"/ip4/127.0.0.1/tcp/{server.server_port}/http", held
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], state: KuboState) -> None:
        super().__init__(address, _Handler)
        self.state = state


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, *_: object) -> None:
        """Tests read `state.calls` instead."""

    def do_POST(self) -> None:
        if self.server.state.gone:
            self.close_connection = True
            return
        url = urlsplit(self.path)
        options = {name: values[-1] for name, values in parse_qs(url.query).items()}
        command = url.path.removeprefix("/api/v0/")
        self.server.state.calls.append((command, options))
        body = self._body()
        try:
            answer = _COMMANDS[command](self.server.state, options, body)
        except (KeyError, ValueError, StorageError) as error:
            message = f"block was not found locally (offline): ipld: could not find {error}"
            self._send(500, json.dumps({"Message": message, "Code": 0, "Type": "error"}).encode())
        else:
            self._send(200, answer)

    def _send(self, status: int, answer: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(answer)

    def _body(self) -> bytes:
        """The one file of a multipart body, sent chunked."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            return b""
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        boundary = body[: body.index(b"\r\n")]
        start = body.index(b"\r\n\r\n") + 4
        return body[start : body.rindex(b"\r\n" + boundary)]


def _json(*items: object) -> bytes:
    return b"".join(json.dumps(item).encode() + b"\n" for item in items)


def _version(state: KuboState, options: dict[str, str], body: bytes) -> bytes:
    return _json({"Version": state.version, "Commit": "", "Repo": "16"})


def _add(state: KuboState, options: dict[str, str], body: bytes) -> bytes:
    chunk_bytes = int(options.get("chunker", "size-262144").removeprefix("size-"))
    links = state.links or int(options.get("max-file-links", 174))
    raw_leaves = options.get("raw-leaves", "false").lower() == "true"
    profile = Profile("asked", chunk_bytes, links, raw_leaves, int(options.get("cid-version", 0)))
    blocks = list(import_bytes(body, profile))
    state.blocks.update({block.cid.digest: block.data for block in blocks})
    if options.get("pin", "true").lower() == "true":
        state.pins.add(blocks[-1].cid)
    return _json({"Name": "file", "Hash": state.spell(blocks[-1].cid), "Size": str(len(body))})


def _cat(state: KuboState, options: dict[str, str], body: bytes) -> bytes:
    return b"".join(read_file(state.block, Cid.parse(options["arg"])))


def _block_get(state: KuboState, options: dict[str, str], body: bytes) -> bytes:
    return state.block(Cid.parse(options["arg"]))


def _block_stat(state: KuboState, options: dict[str, str], body: bytes) -> bytes:
    return _json({"Key": options["arg"], "Size": len(state.block(Cid.parse(options["arg"])))})


def _block_put(state: KuboState, options: dict[str, str], body: bytes) -> bytes:
    if options.get("format") not in (None, "raw") and options.get("cid-codec"):
        raise ValueError('unable to use "format" (deprecated) and a custom "cid-codec" at the same time')
    cid = Cid.of(DAG_PB if options.get("cid-codec") == "dag-pb" else RAW, body)
    state.blocks[cid.digest] = body
    return _json({"Key": state.spell(cid), "Size": len(body)})


def _pin_add(state: KuboState, options: dict[str, str], body: bytes) -> bytes:
    cid = Cid.parse(options["arg"])
    list(walk_dag(state.block, cid))
    state.pins.add(cid)
    return _json({"Pins": [state.spell(cid)]})


def _pin_rm(state: KuboState, options: dict[str, str], body: bytes) -> bytes:
    cid = Cid.parse(options["arg"])
    if cid not in state.pins:
        raise ValueError("not pinned or pinned indirectly")
    state.pins.remove(cid)
    return _json({"Pins": [state.spell(cid)]})


def _pin_ls(state: KuboState, options: dict[str, str], body: bytes) -> bytes:
    return _json({"Keys": {state.spell(cid): {"Type": "recursive"} for cid in state.pins}})


def _repo_gc(state: KuboState, options: dict[str, str], body: bytes) -> bytes:
    kept = {cid.digest for pin in state.pins for cid, _ in walk_dag(state.block, pin)}
    removed = [digest for digest in state.blocks if digest not in kept]
    for digest in removed:
        del state.blocks[digest]
    return _json(*({"Key": {"/": str(Cid(RAW, digest))}} for digest in removed))


def _refs_local(state: KuboState, options: dict[str, str], body: bytes) -> bytes:
    return _json(*({"Ref": state.spell(Cid(RAW, digest)), "Err": ""} for digest in state.blocks))


def _dag_import(state: KuboState, options: dict[str, str], body: bytes) -> bytes:
    roots, blocks = car.read(io.BytesIO(body))
    state.blocks.update({block.cid.digest: block.data for block in blocks})
    return _json(*({"Root": {"Cid": {"/": str(root)}, "PinErrorMsg": ""}} for root in roots))


_COMMANDS = {
    "version": _version,
    "add": _add,
    "cat": _cat,
    "block/get": _block_get,
    "block/stat": _block_stat,
    "block/put": _block_put,
    "pin/add": _pin_add,
    "pin/rm": _pin_rm,
    "pin/ls": _pin_ls,
    "repo/gc": _repo_gc,
    "refs/local": _refs_local,
    "dag/import": _dag_import,
}
