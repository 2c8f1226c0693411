"""Many jobs through the real court: how often honest workers pass and cheats do not, what a job costs."""
