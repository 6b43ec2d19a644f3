"""The way from the inbox to the published figures: ingest, transform, publish, report."""

import warnings

# Where Spark is installed, pandera imports PySpark, which does not know pandas 3 yet. It is given Arrow tables only.
warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
