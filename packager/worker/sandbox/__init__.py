"""What a training process may do, and what it depends on."""
