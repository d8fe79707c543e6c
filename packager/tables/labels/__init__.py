"""Labels of a table's rows, stored with its versions."""
