"""Sources of rows: tables, arrays beside them, and folders of files."""
