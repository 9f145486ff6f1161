"""One patient's mutation list: read, understood row by row, ranked against drugs, never written unless asked."""
