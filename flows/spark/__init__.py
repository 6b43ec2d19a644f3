"""The same night on Spark: the same reader, rules and SQL, in many machines' memory."""
