"""The county's situation report (汇报): how far the works are, what was done, what is wrong, what comes next."""

from flows.report.briefing.document import DOCUMENT, write

__all__ = ["DOCUMENT", "write"]
