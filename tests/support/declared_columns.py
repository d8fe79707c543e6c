"""Reading options with a declared column of each of the larger kinds."""

from __future__ import annotations

from packager.manifest.read_options import ColumnReading, TableReadOptions

READER = TableReadOptions(
    columns={
        "day": ColumnReading(kind="date"),
        "clock": ColumnReading(kind="time"),
        "price": ColumnReading(kind="decimal"),
        "tags": ColumnReading(kind="list", element="string"),
        "sizes": ColumnReading(kind="list", element="integer"),
        "blob": ColumnReading(kind="bytes"),
        "xy": ColumnReading(kind="array", shape=(2, 2), element="int16"),
    }
)
