"""What a requester makes of what is served."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest

from contracts.court_values import JobVerdict, Opening
from tests.support.court_world import sketch_class
from tests.verifier.court.test_decisions import AT, WORKER, address, decided
from tests.verifier.court.test_output_file import png
from verifier.court.job import Opened
from verifier.court.requester import fetch_output, submit_job
from verifier.errors import OutputUnavailable, SecretUnwritable


async def test_a_ringer_whose_secret_cannot_be_kept_is_not_submitted(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    nothing_to_send_with: Any = SimpleNamespace(
        chain=SimpleNamespace(chain_id=1), court=SimpleNamespace(address=address(8))
    )
    with pytest.raises(SecretUnwritable, match="file/ringers: Not a directory") as caught:
        await submit_job(
            nothing_to_send_with,
            address(9),
            decided(JobVerdict.ACCEPT).class_,
            worker=WORKER,
            fee_wei=1,
            job_input=b"7",
            ringers=tmp_path / "file" / "ringers",
        )
    assert caught.value.exit_code == 2


async def test_an_image_made_to_harm_its_reader_is_an_output_that_cannot_be_had() -> None:
    class Serving:
        async def fetch(self, *_: object, **__: object) -> bytes:
            return png(20_000, 20_000)

    opened = MappingProxyType({0: Opened(Opening(0, 0, bytes(32), bytes(32)), WORKER, AT)})
    job = decided(JobVerdict.ACCEPT)
    class_ = replace(job.class_, description=sketch_class(address(9)).to_bytes())
    job = replace(job, class_=class_, rounds=(replace(job.rounds[0], openings=opened),))
    around: Any = SimpleNamespace(seats=SimpleNamespace(history=SimpleNamespace(endpoints={})))
    fetcher: Any = Serving()
    with pytest.raises(OutputUnavailable, match="what is served is no output"):
        await fetch_output(around, fetcher, job)
