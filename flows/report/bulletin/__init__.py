"""The county's bulletin to its towns (通报): ranking, changes, consequences, what is late, doubtful or owed."""

from flows.report.bulletin.document import DOCUMENT, write

__all__ = ["DOCUMENT", "write"]
