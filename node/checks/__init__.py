"""Spot checks: drawn peers do a drawn part of a seat's local training again, and who made it up is not paid.

trace.py    what a seat commits to: the states between the parts of its round, and its error feedback
draw.py     who is checked, in which part, by whom: drawn after all messages are fixed
compare.py  when two replays of the same steps count as the same
replay.py   the check itself
shelf.py    where a peer keeps the traces it serves
"""
