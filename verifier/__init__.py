"""Checks what others claim: replays rounds from chain and store."""
