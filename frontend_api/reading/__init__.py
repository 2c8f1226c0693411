"""From the tables to answers: one reader behind REST and the command line."""
