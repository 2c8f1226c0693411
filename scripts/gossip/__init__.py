"""`swarmproof gossip`: a neighbourhood of real peers on this machine, some of them Sybils, and what came of it."""
