"""Compiles the simulator: the plain functions of this package become one piece of machine code with one way in.

Only `flatbook.backtest.kernel.native` asks for this, and only where nothing is kept that was compiled of the same
sources for the same processor: what compiles takes longer to load than most backtests take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any

import numba
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np import arrayobj

from flatbook.backtest import tape_checks
from flatbook.backtest.kernel import block as at
from flatbook.backtest.kernel import (
    booking,
    letters,
    levels,
    liquidation,
    live_orders,
    margin,
    passing,
    queues,
    resting,
    scan,
    seen,
    sending,
    skimming,
    sums,
    wishes,
)
from flatbook.backtest.kernel.desk_table import (
    DESK_ROWS,
    DESK_WIDTH,
    EXECUTION,
    EXECUTIONS_MAX,
    RAW_BYTES,
)
from flatbook.backtest.kernel.tables import (
    LEVEL_WIDTH,
    RING_MAX,
    ROWS,
    SIGHT,
    TOP_WIDTH,
    WIDTH,
)
from flatbook.market import feature_feed, features
from flatbook.matcher import margin as margin_rule
from flatbook.matcher import rule

MODULES: tuple[Any, ...] = (
    features,
    feature_feed,
    rule,
    margin_rule,
    queues,
    levels,
    margin,
    resting,
    liquidation,
    seen,
    passing,
    live_orders,
    letters,
    sums,
    wishes,
    sending,
    skimming,
    scan,
    booking,
    tape_checks,
)
INLINED = (
    levels.keep_level,
    levels.level_at,
    levels.set_level,
    scan.level_is_set,
    scan.market_crosses,
    scan.is_quiet,
    scan.quote_happens,
    scan.book_is_whole,
    scan.venue_row,
    scan.seen_row,
    scan.next_message,
    scan.see_next,
    skimming.may_skim,
    skimming.skims_quote,
    skimming.skims_trade,
    skimming.skim_levels,
    skimming.is_far,
    skimming.sees_touch,
    skimming.happens_quietly,
    skimming.is_seen_quietly,
    skimming.skim_behind,
    skimming.skim_rows,
    levels.price_behind,
    skimming.skim,
    scan.scan,
    seen.see_touch,
    seen.shows_book,
    seen.end_message,
    passing.has_undo_room,
    passing.keep_sight,
    passing.pass_by,
    queues.before,
    queues.swap,
    queues.sift_up,
    queues.drop_first,
    queues.next_turn,
    queues.send_arrival,
    queues.take_report_row,
    queues.settle_report,
    letters.put_piece,
    letters.put_digits,
    letters.put_whole,
    letters.wrote,
    live_orders.order_row,
)
"""What is called for every row: it becomes part of the scan, for handing over an array costs more than most of them."""
_LONG, _DOUBLE = types.int64, types.float64
_numba: Any = numba
_types: Any = types
_cgutils: Any = cgutils
_arrayobj: Any = arrayobj


def _shaped(_context: Any, _address: Any, shape: Any, of: Any) -> Any:
    """Takes what stands at an address as an array of a shape: nothing is allocated and nothing is counted."""
    made = types.Array(of.dtype, len(shape), "C")

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        array = context.make_array(made)(context, builder)
        kind = context.get_data_type(made.dtype)
        size = context.get_constant(types.intp, context.get_abi_sizeof(kind))
        lengths = _cgutils.unpack_tuple(builder, given[1])
        lengths = [
            context.cast(builder, each, its, types.intp) for each, its in zip(lengths, signature.args[1], strict=True)
        ]
        strides = [size]
        for length in reversed(lengths[1:]):
            strides.insert(0, builder.mul(strides[0], length))
        begin = builder.inttoptr(given[0], kind.as_pointer())
        _arrayobj.populate_array(array, data=begin, shape=lengths, strides=strides, itemsize=size, meminfo=None)
        return array._getvalue()

    return made(types.int64, shape, of), generate


shaped: Any = intrinsic(_shaped)


def put_piece(w: Any, at: int, p: Any, x: Any, piece: int) -> int:
    """Writes a piece as `letters.put_piece` does, eight bytes at once; what is written too much is written over."""
    first, length = p[piece, 0], p[piece, 1]
    count = (length + 7) >> 3
    begins, ends = shaped(x.ctypes.data + first, (count,), _LONG), shaped(w.ctypes.data + at, (count,), _LONG)
    for k in range(count):
        ends[k] = begins[k]
    return int(at + length)


FASTER: dict[Callable[..., Any], Callable[..., Any]] = {letters.put_piece: put_piece}
"""What is compiled in the place of functions that read as easily as they run slowly."""


def _index(context: Any, builder: Any, of: Any, index: Any, _length: Any) -> Any:
    """Takes an index as it is: to count one below zero from the end, as Python does, costs more than most accesses."""
    return context.cast(builder, index, of, types.intp)


@contextmanager
def _no_index_below_zero() -> Iterator[None]:
    """Has arrays looked up by indexes that are never below zero, meanwhile."""
    before, _arrayobj.fix_integer_index = _arrayobj.fix_integer_index, _index
    try:
        yield
    finally:
        _arrayobj.fix_integer_index = before


def compile_way_in() -> tuple[str, bytes]:
    """Compiles all, and returns the name of the way in and the machine code.

    Needs: no two functions have one name, each stands after those that it calls, and no index is below zero.
    """
    with _no_index_below_zero():
        return _compiled_way_in()


def _compiled_way_in() -> tuple[str, bytes]:
    _numba.config.LOOP_VECTORIZE = _numba.config.SLP_VECTORIZE = 0
    spaces = {module.__name__: dict(vars(module)) for module in MODULES}
    made: dict[str, Callable[..., Any]] = {}
    for function in (function for module in MODULES for function in module.COMPILED):
        way = FASTER.get(function, function)
        space = globals() if way is not function else spaces[function.__module__]
        copy = FunctionType(way.__code__, space, function.__name__)
        copy.__module__, copy.__qualname__ = function.__module__, function.__qualname__
        made[function.__name__] = _jit(copy, forceinline=function in INLINED)
        _put_in(spaces.values(), function, made[function.__name__])
    way_in: Any = _jit(_way_in(made))
    way_in.compile(_LONG(_types.CPointer(_LONG), _LONG))
    result = next(iter(way_in.overloads.values()))
    return result.fndesc.llvm_func_name, result.library._get_compiled_object()


def _put_in(spaces: Iterable[dict[str, Any]], function: Callable[..., Any], made: Callable[..., Any]) -> None:
    """Has each module that knows a function call the compiled one; a module keeps its own constants."""
    for space in spaces:
        if space.get(function.__name__) is function:
            space[function.__name__] = made


def _jit(function: Callable[..., Any], *, forceinline: bool = False) -> Callable[..., Any]:
    """Returns a function to be compiled once for whatever numbers it is given, constants or not.

    It allocates nothing, and raises nothing: the machine code needs nothing but itself.
    """
    options = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "error_model": "numpy"}
    made: Any = _numba.njit(_nrt=False, forceinline=forceinline, **options)(function)
    template_of = made.get_call_template
    made.get_call_template = lambda given, named: template_of(tuple(map(types.unliteral, given)), named)
    compiled: Callable[..., Any] = made
    return compiled


def _way_in(made: dict[str, Any]) -> Callable[[Any, int], int]:
    """Returns the way in to compiled functions, by their names, as a function to be compiled."""
    scan_on, begin, go_back = made["scan"], made["begin_passing"], made["go_back"]
    send_all, read, check = (made[name] for name in ("send_all", "read_feature_at", "check_rows"))
    keep_and_book, book_ring, book_woken = (made[name] for name in ("keep_and_book", "book_ring", "book_woken"))
    leave_stop, stop_at = made["leave_stop"], made["stop_at"]
    first = at.ARGUMENTS
    second, third = first + 1, first + 2

    def way_in(b: Any, what: int) -> int:
        rows = b[at.ROWS]
        c = (
            shaped(b[at.COLUMN_0], (rows,), _LONG),
            shaped(b[at.COLUMN_0 + 1], (rows,), _LONG),
            shaped(b[at.COLUMN_0 + 2], (rows,), types.int8),
            shaped(b[at.COLUMN_0 + 3], (rows,), types.int16),
            shaped(b[at.COLUMN_0 + 4], (rows,), _LONG),
            shaped(b[at.COLUMN_0 + 5], (rows,), _LONG),
            shaped(b[at.COLUMN_0 + 6], (rows,), _LONG),
            shaped(b[at.COLUMN_0 + 7], (rows,), _LONG),
            shaped(b[at.COLUMN_0 + 8], (rows,), types.int8),
        )
        if what == at.CHECK_ROWS:
            found = (shaped(b[at.FLAW_ROWS], (b[at.FLAWS],), _LONG), shaped(b[at.FLAW_FIRSTS], (b[at.FLAWS],), _LONG))
            check(c, b[first], (b[second], b[third], b[third + 1]), found)
            return 0
        d = shaped(b[at.DESK], (DESK_ROWS, DESK_WIDTH), _LONG)
        k = (
            shaped(b[at.TEXT], (b[at.TEXT_BYTES],), types.uint8),
            shaped(b[at.PIECES], (b[at.PIECE_ROWS], 2), _LONG),
            shaped(b[at.LETTERS], (b[at.LETTER_BYTES],), types.uint8),
            shaped(b[at.EXECUTIONS], (EXECUTIONS_MAX, EXECUTION), _LONG),
            shaped(b[at.RAW], (RAW_BYTES,), types.uint8),
        )
        if what == at.BOOK:
            return int(keep_and_book(d, k, shaped(b[at.RING], (RING_MAX, WIDTH), _LONG)))
        t = shaped(b[at.TABLE], (ROWS, WIDTH), _LONG)
        is_shared = b[at.DESK] != 0
        fr = shaped(b[at.FEATURES], (b[at.FEATURE_ROWS], b[at.FEATURE_WIDTH]), _DOUBLE)
        if what == at.GO_ON:
            leave_stop(t)
        if what in (at.SCAN, at.BEGIN_PASSING, at.DELIVER, at.GO_ON):
            stops = send_all(t, d, k, is_shared)
            if stops >= 0 or what == at.DELIVER:
                return int(stops)
        if what == at.BOOK_RING:
            book_ring(t, d, k)
            return 0
        if what == at.READ_FEATURE:
            shaped(b[at.NUMBER], (1,), _DOUBLE)[0] = read(t, fr, b[first], b[second])
            return 0
        lv = shaped(b[at.LEVELS], (b[at.SIDES], b[at.SLOTS], LEVEL_WIDTH), _LONG)
        p = (
            shaped(b[at.PASSED], (SIGHT, b[at.PLACES]), _LONG),
            shaped(b[at.PASSED_FEATURES], (b[at.FEATURE_ROWS], b[at.PLACES]), _DOUBLE),
        )
        if what in (at.SCAN, at.GO_ON):
            why = scan_on(t, lv, shaped(b[at.TOPS], (rows, TOP_WIDTH), _LONG), fr, p, c)
            if is_shared:
                book_woken(t, d, k, why)
            return int(stop_at(t, d, why)) if what == at.GO_ON else int(why)
        kept = shaped(b[at.KEPT], (b[at.KEPT_ROWS], WIDTH), _LONG)
        kept_fr = shaped(b[at.KEPT_FEATURES], (b[at.FEATURE_ROWS], b[at.FEATURE_WIDTH]), _DOUBLE)
        if what == at.BEGIN_PASSING:
            begin(t, fr, p, kept, kept_fr)
        else:
            go_back(t, lv, fr, kept, kept_fr)
        return 0

    return way_in
