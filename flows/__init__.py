"""The way from the inbox to the published figures: ingest, transform, publish, report."""
