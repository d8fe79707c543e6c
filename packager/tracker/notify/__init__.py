"""Messages about urgent issues: an outgoing webhook, and e-mail."""
