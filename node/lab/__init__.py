"""The attack lab: rules against attacks, thousands of small swarms, each in one process.

Read in this order: `cell` (one experiment and its figures), `training` (all seats at once), `swarm` (rounds), `run`
(one cell), `grid` (many, in parallel, resumable), `presets` (the grids of the tables), `report` (tables and plots).
"""
