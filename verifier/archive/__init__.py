"""A whole project in one folder or CAR file: written, read, and audited without chain or peers."""
