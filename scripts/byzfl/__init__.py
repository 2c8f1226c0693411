"""Side by side with ByzFL 0.0.11, which runs in an environment of its own: `worker` there, everything else here."""
