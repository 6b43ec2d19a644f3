"""The county's progress table 进度表: towns, supply modes, projects and funds, every figure a metric."""

from flows.report.progress_table.workbook import DOCUMENT, write

__all__ = ["DOCUMENT", "write"]
