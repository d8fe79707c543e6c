"""What the network and the file system refuse a process that runs code of a package."""
