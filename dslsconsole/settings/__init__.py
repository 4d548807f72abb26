"""The estate file: its schema, and loading it with the line and column of every error."""
