"""From the chain to the tables: follow, fold, project, collect records."""
