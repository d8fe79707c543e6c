"""Reports as text tables, HTML pages and SVG, and some as JSON."""
