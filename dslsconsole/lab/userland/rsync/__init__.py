"""A stand-in for rsync 3: what it copies, deletes, prints and returns, between practice hosts."""
