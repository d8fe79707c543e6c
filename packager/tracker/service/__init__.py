"""The HTTP service: pages, API, webhooks. Only this folder imports Starlette and Jinja2."""
