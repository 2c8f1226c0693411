"""Where the text task's text comes from: a file of yours, or the sources of Python's own library.

Every peer has the library, though each version of Python another one: the manifest names the digest of the text.
"""

from __future__ import annotations

import hashlib
import sysconfig
from pathlib import Path
from typing import Final

from node.errors import TaskError

FILE_NAME: Final = "input.txt"
MAXIMUM_BYTES: Final = 1 << 26

# Long modules without tables, which are in every installation.
LIBRARY_MODULES: Final = (
    "argparse.py",
    "ast.py",
    "asyncio/base_events.py",
    "bdb.py",
    "calendar.py",
    "cmd.py",
    "codecs.py",
    "collections/__init__.py",
    "configparser.py",
    "contextlib.py",
    "csv.py",
    "dataclasses.py",
    "difflib.py",
    "doctest.py",
    "enum.py",
    "fractions.py",
    "ftplib.py",
    "functools.py",
    "gzip.py",
    "heapq.py",
    "http/client.py",
    "http/server.py",
    "inspect.py",
    "ipaddress.py",
    "logging/__init__.py",
    "logging/handlers.py",
    "mailbox.py",
    "optparse.py",
    "pathlib.py",
    "pdb.py",
    "pickle.py",
    "pickletools.py",
    "plistlib.py",
    "pprint.py",
    "pydoc.py",
    "random.py",
    "shutil.py",
    "smtplib.py",
    "socket.py",
    "statistics.py",
    "string.py",
    "subprocess.py",
    "tarfile.py",
    "tempfile.py",
    "textwrap.py",
    "threading.py",
    "tokenize.py",
    "traceback.py",
    "turtle.py",
    "typing.py",
    "unittest/case.py",
    "unittest/mock.py",
    "urllib/parse.py",
    "urllib/request.py",
    "uuid.py",
    "warnings.py",
    "weakref.py",
    "xml/dom/minidom.py",
    "zipfile.py",
)


def read_corpus(data_dir: Path | None, *, expected: str) -> bytes:
    """The file input.txt of `data_dir`, or without a folder the library's modules that are there, joined.

    `expected`: sha2-256 of the text in hexadecimal, empty for any. Raises TaskError.
    """
    text = _library() if data_dir is None else _file(data_dir / FILE_NAME)
    found = digest_of(text)
    if expected and found != expected:
        version = sysconfig.get_python_version()
        where = f"the library of Python {version}" if data_dir is None else str(data_dir / FILE_NAME)
        hint = "; give the project's text as a data folder, or use its version of Python" if data_dir is None else ""
        raise TaskError(f"task text: {where} has digest {found}, the project is trained on {expected}{hint}")
    return text


def digest_of(text: bytes) -> str:
    """sha2-256 of a text, in hexadecimal."""
    return hashlib.sha256(text).hexdigest()


def _library() -> bytes:
    folder = Path(sysconfig.get_path("stdlib"))
    found = [folder / name for name in LIBRARY_MODULES if (folder / name).is_file()]
    if not found:
        raise TaskError(f"task text: {folder} holds no sources of Python's library; give a data folder with a text")
    return b"".join(path.read_bytes() for path in found)


def _file(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAXIMUM_BYTES:
            raise TaskError(f"task text: {path} has {size} bytes, at most {MAXIMUM_BYTES}")
        return path.read_bytes()
    except OSError as error:
        raise TaskError(f"task text: {path} cannot be read: {error.strerror or error}") from error
