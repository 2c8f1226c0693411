"""Neighbourhoods of real processes over real HTTP."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from node.errors import ConfigurationError, TaskError
from node.lab.run import load_image_task
from node.neighbourhood.__main__ import NeighbourhoodSettings, read_settings_as
from node.neighbourhood.service import read_manifest_file
from scripts.demo.processes import Processes
from scripts.gossip.run import collect, follow, run_gossip
from scripts.gossip.scenario import graph_of, lay_out, manifest_of, start_peer
from scripts.gossip.settings import GossipSettings


def test_configurations_name_mutual_neighbours(tmp_path: Path) -> None:
    settings = GossipSettings(peers=6, attackers=2, degree=2)
    manifest = manifest_of(settings, load_image_task("digits", 0, None))
    peers = lay_out(settings, manifest, tmp_path)
    assert [peer.attack for peer in peers] == [None] * 4 + ["label-flip"] * 2
    told = [read_settings_as(NeighbourhoodSettings, peer.folder / "peer.toml") for peer in peers]
    named = [{neighbour.address for neighbour in item.neighbours} for item in told]
    for peer in peers:
        assert named[peer.index] == {peers[other].source.address for other in peer.neighbours}
        assert all(peer.source.address in named[other] for other in peer.neighbours)
    assert {item.shard for item in told[4:]} == {4}
    assert read_manifest_file(tmp_path / "manifest.cbor") == manifest


def test_the_folder_of_an_earlier_run_keeps_its_keys(tmp_path: Path) -> None:
    settings = GossipSettings(peers=3, attackers=1)
    manifest = manifest_of(settings, load_image_task("digits", 0, None))
    keys = [(peer.folder / "key").read_text() for peer in lay_out(settings, manifest, tmp_path)]
    with pytest.raises(ConfigurationError, match="holds an earlier run"):
        lay_out(settings, manifest, tmp_path)
    assert [(tmp_path / f"peer-{index}" / "key").read_text() for index in range(3)] == keys


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (GossipSettings(attack="alie"), "'alie' does not poison data"),
        (GossipSettings(split="even"), "split 'even' is unknown"),
        (GossipSettings(work_dir=Path("/dev/null/runs")), "cannot be made: Not a directory"),
    ],
)
async def test_what_cannot_be_is_refused_before_any_peer_starts(settings: GossipSettings, message: str) -> None:
    with pytest.raises((ConfigurationError, TaskError), match=message):
        await run_gossip(settings, as_json=True)


@pytest.mark.parametrize("attackers", [0, 1, 3, 5])
def test_there_are_as_many_sybils_as_asked_for(attackers: int) -> None:
    assert len(graph_of(GossipSettings(peers=9, attackers=attackers, degree=3)).sybils) == attackers


def test_a_manifest_of_another_rule_is_refused(tmp_path: Path) -> None:
    task = load_image_task("digits", 0, None)
    for overrides, message in (
        ({"rule": "mean", "history_buckets": 64}, "rule 'mean'"),
        ({"rule": "sybilwall", "history_buckets": 2048}, "2048 history buckets"),
    ):
        path = tmp_path / "manifest.cbor"
        path.write_bytes(task.default_manifest(**overrides).to_bytes())
        with pytest.raises(ConfigurationError, match=message):
            read_manifest_file(path)


@pytest.mark.slow
async def test_four_peers_go_on_when_one_is_killed(tmp_path: Path) -> None:
    settings = GossipSettings(peers=4, attackers=0, rounds=4, degree=3, wait_seconds=20)
    task = load_image_task("digits", 0, None)
    manifest = manifest_of(settings, task)
    peers, console = lay_out(settings, manifest, tmp_path), Console(file=io.StringIO())
    async with Processes(tmp_path) as processes:
        running = [await start_peer(processes, peer) for peer in peers]
        await follow(peers, 1, processes, console)
        await processes.kill(running[3])
        await follow(peers[:3], settings.rounds, processes, console)
        outcomes = await collect(peers[:3], settings, task, manifest, tmp_path)
    assert all(outcome.accuracy > 0.5 for outcome in outcomes)
    assert outcomes[0].records[0]["neighbours"][0]["refused"] is None
    epoch = outcomes[0].records[3]["epoch"]
    assert epoch["number"] == 1


@pytest.mark.slow
async def test_sybils_get_no_weight_once_they_are_seen_together(capsys: pytest.CaptureFixture[str]) -> None:
    settings = GossipSettings(peers=7, attackers=3, rounds=3, degree=3)
    assert await run_gossip(settings, as_json=True) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["sybils"] == 3
    seen_together = [peer for peer in document["peers"] if peer["sybil_neighbours"] > 1]
    assert seen_together
    assert all(peer["sybil_weight"] == 0 for peer in seen_together)
    assert all(peer["refused"] == 0 for peer in document["peers"])
