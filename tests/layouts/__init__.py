"""A generator of layouts: the clean table of any form, rendered as a real file with the difficulties of forms.md.

A :class:`Plan` says which difficulties; :func:`render` makes the file and, beside it, what a careful clerk reads: per
row the canonical values, the sheet row and the cells' addresses. :func:`differences` compares that with what the reader
read. The same plan gives the same file. Names, figures and headings that a plan leaves open come
from its seed, each from a random stream of its own, so that changing one thing of a plan leaves the rest as it is.

A new form is rendered without a word here: headings, values and units come from its schema.
"""

from tests.layouts.compare import differences, read_back
from tests.layouts.files import render
from tests.layouts.plans import CHOICES, Plan, plan, possible

__all__ = ["CHOICES", "Plan", "differences", "plan", "possible", "read_back", "render"]
