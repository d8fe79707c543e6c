"""Reports for people: text tables, HTML pages, SVG."""
