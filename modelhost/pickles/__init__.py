"""What a pickle would import and call, told without importing or calling anything of it."""
