"""One module for each way of storing a table, each with ``read(data, limits) -> list[Grid]``."""
