"""Models in the files of other libraries: which format a file has, and a loader for each."""
