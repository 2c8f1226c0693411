"""The output court's parties: worker, committee member, requester, and the history that all of them read."""
