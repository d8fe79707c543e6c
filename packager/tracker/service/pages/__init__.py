"""The pages for people: the list, an issue, a package, login and tokens."""
