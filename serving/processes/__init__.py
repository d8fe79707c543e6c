"""The processes of a server: started, watched, replaced."""
