"""Sphinx's settings for the documentation site; ``make docs`` builds it from plain Markdown."""

from importlib.metadata import version as version_of

project = "model-packager"
copyright = "the authors of model-packager"
release = version = version_of("model-packager")

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
nitpicky = True

myst_heading_anchors = 6
smartquotes = False  # they make a dash of the hyphens of an option
# A page may begin its parts below a heading that it does not have.
suppress_warnings = ["myst.header"]

html_theme = "furo"
html_title = "model-packager"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#1f5fa8", "color-brand-content": "#1f5fa8"},
    "dark_css_variables": {"color-brand-primary": "#7db4f0", "color-brand-content": "#7db4f0"},
}
pygments_style = "friendly"
pygments_dark_style = "github-dark"
# The same sources give the same bytes: no date.
html_last_updated_fmt = None
