from __future__ import annotations

import csv
import io
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flatbook.events.prices import FillPriced, PriceDoubt, PriceSource
from flatbook.ops.table_files import FormatMissing, read_bar_rows, write_csv, write_parquet
from flatbook.projections.export import TABLES, Column, Export, Kind, Line, Window
from flatbook.projections.fold import recorded
from flatbook.values.ids import Underlying
from flatbook.values.instants import Instant, instant_of_text
from flatbook.values.instruments import Side
from flatbook.values.money import Price
from tests.unit.projections.scene import executed, fill, rows_of

COLUMNS = (
    Column("seq", Kind.WHOLE),
    Column("ref", Kind.TEXT),
    Column("at", Kind.INSTANT),
    Column("qty", Kind.NUMBER),
    Column("exact", Kind.AMOUNT),
)
AT = instant_of_text("2025-12-02T15:00:00.000000001Z")
TINY = Decimal("0.000000000000000000000000000000000001")
LINES = (
    Line(AT, (1, 'a "quoted", text', AT, Decimal("1.500000000000000001"), Decimal(12345678901234567890) + TINY), ()),
    Line(AT, (2, None, AT, Decimal("-0.10"), None), ()),
)


def test_a_table_in_csv_has_exact_digits_and_nothing_where_nothing_is_known() -> None:
    stream = io.StringIO()
    write_csv(stream, COLUMNS, LINES)
    assert stream.getvalue() == (
        "seq,ref,at,qty,exact\n"
        '1,"a ""quoted"", text",2025-12-02T15:00:00.000000001Z,1.500000000000000001,'
        "12345678901234567890.000000000000000000000000000000000001\n"
        "2,,2025-12-02T15:00:00.000000001Z,-0.1,\n"
    )


@pytest.mark.parametrize(
    ("said", "cell"),
    [
        ('=HYPERLINK("http://x","y")', '\'=HYPERLINK("http://x","y")'),
        ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("-", "'-"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("\uff1d1", "'\uff1d1"),
        ("-12.5", "-12.5"),
        ("+7", "+7"),
        ("a=1", "a=1"),
        ("a\r=1", "a\r=1"),
        ("", ""),
    ],
)
def test_no_text_of_a_venue_is_a_formula_in_csv(said: str, cell: str) -> None:
    stream = io.StringIO(newline="")
    write_csv(stream, COLUMNS, (Line(AT, (1, said, AT, Decimal("-0.1"), Decimal(-2)), ()),))
    _head, row = csv.reader(io.StringIO(stream.getvalue(), newline=""))
    assert row == ["1", cell, "2025-12-02T15:00:00.000000001Z", "-0.1", "-2"]


def test_a_table_in_parquet_has_decimals_and_never_floats(tmp_path: Path) -> None:
    write_parquet(tmp_path / "table.parquet", COLUMNS, LINES)
    table = pq.read_table(tmp_path / "table.parquet")
    assert {field.name: str(field.type) for field in table.schema} == {
        "seq": "int64",
        "ref": "string",
        "at": "timestamp[ns, tz=UTC]",
        "qty": "decimal128(38, 18)",
        "exact": "string",
    }
    assert table.column("qty").to_pylist() == [Decimal("1.500000000000000001"), Decimal("-0.100000000000000000")]
    assert table.column("exact").to_pylist() == ["12345678901234567890.000000000000000000000000000000000001", None]
    assert table.column("at").cast(pa.int64()).to_pylist() == [AT, AT]


@pytest.mark.parametrize("name", TABLES)
def test_no_table_has_a_float_in_parquet_and_an_empty_one_has_its_columns(tmp_path: Path, name: str) -> None:
    write_parquet(tmp_path / "table.parquet", TABLES[name].columns, ())
    schema = pq.read_schema(tmp_path / "table.parquet")
    assert [field.name for field in schema] == [column.name for column in TABLES[name].columns]
    assert not [field for field in schema if pa.types.is_floating(field.type)]


def test_more_rows_than_are_written_at_once_are_all_there(tmp_path: Path) -> None:
    lines = (Line(AT, (number, None, AT, Decimal(number), None), ()) for number in range(10_001))
    write_parquet(tmp_path / "table.parquet", COLUMNS, lines)
    assert pq.read_table(tmp_path / "table.parquet").column("seq").to_pylist() == list(range(10_001))


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(FormatMissing, match=r"install flatbook\[parquet\], or write CSV"):
        write_parquet(tmp_path / "table.parquet", COLUMNS, LINES)


def test_recorded_bars_are_read_as_text(tmp_path: Path) -> None:
    stamps = pa.array([1_764_686_100_000], type=pa.timestamp("ms", tz="UTC"))
    table = pa.table({"ts": stamps, "open": [322.445], "close": [322.36], "volume": [1.0]})
    pq.write_table(table, tmp_path / "bars.parquet")
    assert list(read_bar_rows(tmp_path / "bars.parquet")) == [("2025-12-02T14:35:00Z", "322.445", "322.36")]


def golden(name: str) -> str:
    """Returns what a table says of one fill and one execution."""
    events = (
        fill(1, Side.SELL, "1.5", "390.000001", 0, ratio="1.02"),
        executed(Side.BUY, "1.53", "250.25", 60, fees=[("USD", "0.01"), ("USD", "-0.002")]),
    )
    stream = io.StringIO()
    export = Export(TABLES[name], Window(since=Instant(0)), checked=False)
    write_csv(stream, TABLES[name].columns, export.lines(recorded(rows_of(events))))
    return stream.getvalue()


def test_the_table_of_fills_is_as_it_always_was() -> None:
    tx = "0x" + "0" * 63 + "1"
    assert golden("fills") == (
        "seq,ref,happened_at,seen_at,event,owner,account,chain,block,tx,log_index,underlying,side,shares,received,"
        "received_amount,gave,gave_amount,price,reason\n"
        f"1,fill:8453:{tx}:1@0xbbbbbbbb,2025-12-01T15:00:00Z,2025-12-01T15:00:02Z,vault_filled,coin-hedge,vault,8453,101,"
        f"{tx},1,COIN,sell,1.53,USDC,390.000001,wtCOIN,1.5,254.901961437908496732,\n"
    )


def test_the_table_of_prices_has_what_an_oracle_said_beside_what_a_fill_was_executed_at() -> None:
    sold = fill(1, Side.SELL, "1.5", "390", 0, ratio="1.02")
    said = FillPriced(
        key=sold.key,
        underlying=Underlying("COIN"),
        oracle="pyth",
        feed="0x" + "c0" * 32,
        price=Price(Decimal(254)),
        confidence=Price(Decimal("0.125")),
        published_at=AT,
        source=PriceSource.VIEW,
        doubts=(PriceDoubt.STALE, PriceDoubt.WIDE),
        seen_at=AT,
    )
    stream = io.StringIO()
    lines = Export(TABLES["prices"], Window(), checked=True).lines(recorded(rows_of((sold, said))))
    write_csv(stream, TABLES["prices"].columns, lines)
    (row,) = csv.DictReader(io.StringIO(stream.getvalue()))
    assert (row["tx"], row["happened_at"]) == ("0x" + "0" * 63 + "1", "2025-12-01T15:00:00Z")
    assert (row["price"], row["oracle_price"], row["apart_bps"]) == ("254.90196078431372549", "254", "35.51")
    assert (row["confidence"], row["source"], row["doubts"]) == ("0.125", "view", "stale wide")


def test_the_tables_of_hedges_and_fees_are_as_they_always_were() -> None:
    where = "2,exec:broker:broker:COIN:x1,2025-12-01T15:01:00Z,2025-12-01T15:01:01Z,order_filled,coin-hedge,broker,"
    order = "fb" + "a" * 24
    assert golden("hedges") == (
        "seq,ref,happened_at,seen_at,event,owner,account,instrument,underlying,order_id,execution_id,side,qty,"
        "contract_size,price,quote,shares_moved,quote_moved\n"
        f"{where}broker:COIN,COIN,{order},x1,buy,1.53,1,250.25,USD,1.53,-382.8825\n"
    )
    assert golden("fees") == (
        "seq,ref,happened_at,seen_at,event,owner,account,instrument,underlying,order_id,execution_id,number,asset,amount\n"
        f"{where}broker:COIN,COIN,{order},x1,1,USD,0.01\n"
        f"{where}broker:COIN,COIN,{order},x1,2,USD,-0.002\n"
    )
