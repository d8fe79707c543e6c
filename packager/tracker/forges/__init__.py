"""Issues mirrored in a forge (GitHub, GitLab): one interface, and what is synchronised."""
