"""From the model to rows of cells: pure functions that know no terminal."""
