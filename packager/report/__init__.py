"""What people read: text tables, HTML pages, SVG."""
