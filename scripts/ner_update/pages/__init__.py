"""What people look at: the report and the page to try both pipelines."""
