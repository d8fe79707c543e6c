"""What this installation can say of a package by itself, before anything of it runs."""
