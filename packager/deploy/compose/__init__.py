"""A deployment on one host: servers behind proxies, and the services that watch them."""
