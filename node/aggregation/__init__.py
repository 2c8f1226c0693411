"""Exact aggregation: integers in, integers out. The same messages give the same bytes on every machine.

Read in this order: `fixed_point` (roundings), `entries` (messages in blocks), `gram` (norms and products), `screen`
(what is left out before any rule), `rules` (who counts), `aggregate` (the next state), `contribution` and `rewards`
(who earns what). `node.rounds.outcome` puts them together.
"""
