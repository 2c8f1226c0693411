"""Watching a project: every accepted result is computed again, and what is proven false is voided and slashed.

One honest watcher is enough. It needs no seat, no permission and no trust, only somebody who pays for its transactions;
half of what the signers lose is its own.

`evidence` gathers what a round was computed from, `node.fraud` finds what is false in it, `watcher` acts on it.
"""
