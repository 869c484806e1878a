"""The roll-back drill: back to before the console, and forward again, on a copy of the database."""
