"""Cases of kind `float`: Rain Float packing, conversion, text and arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flatbook.venues.raindex import rain_float
from flatbook.venues.raindex.rain_float import Fault, FloatRefused, RainFloat, float_of_text, text_of_float, unpack
from tests.vectors.outcome import Case, NotDue, differing

TWO_OPERANDS: dict[str, Callable[[RainFloat, RainFloat], RainFloat]] = {
    "add": rain_float.add,
    "sub": rain_float.subtract,
    "mul": rain_float.multiply,
    "div": rain_float.divide,
    "min": rain_float.smaller,
    "max": rain_float.larger,
}
ONE_OPERAND: dict[str, Callable[[RainFloat], RainFloat]] = {
    "inv": rain_float.invert,
    "frac": rain_float.fraction_part,
    "integer": rain_float.integer_part,
    "floor": rain_float.floor,
    "ceil": rain_float.ceil,
    "abs": rain_float.absolute,
    "minus": rain_float.minus,
    "neg": rain_float.minus,
}
COMPARISONS: dict[str, Callable[[int], bool]] = {
    "eq": lambda order: order == 0,
    "ne": lambda order: order != 0,
    "lt": lambda order: order < 0,
    "lte": lambda order: order <= 0,
    "gt": lambda order: order > 0,
    "gte": lambda order: order >= 0,
}


def run(case: Case) -> str | None:
    """Compares one operation with what the case states for it."""
    wanted = _error_of(case)
    try:
        found = _found(case)
    except FloatRefused as refused:
        if wanted is None:
            return str(refused)
        known = wanted in {fault.value for fault in Fault}
        return (
            f"error: expected {wanted}, found {refused.fault.value}"
            if known and wanted != refused.fault.value
            else None
        )
    return f"error: expected {wanted}, found {found}" if wanted is not None else differing(case, found)


def _error_of(case: Case) -> str | None:
    expected = case.get("expected")
    stated = expected.get("error") if isinstance(expected, dict) else case.get("error")
    return None if stated is None else str(stated)


def _found(case: Case) -> dict[str, Any]:
    op = case["op"]
    if op in TWO_OPERANDS:
        return {"expected": text_of_float(TWO_OPERANDS[op](_operand(case["a"]), _operand(case["b"])))}
    if op in ONE_OPERAND:
        return {"expected": text_of_float(ONE_OPERAND[op](_operand(case["a"])))}
    if op in COMPARISONS:
        return {"expected": COMPARISONS[op](rain_float.compare(_operand(case["a"]), _operand(case["b"])))}
    conversion = CONVERSIONS.get(op)
    if conversion is None:
        raise NotDue(f"no operation {op!r}")
    return conversion(case)


def _operand(stated: str) -> RainFloat:
    return unpack(bytes.fromhex(stated[2:])) if stated.startswith("0x") else float_of_text(stated)


def _value(case: Case) -> RainFloat:
    if "coefficient" in case:
        return RainFloat(coefficient=int(case["coefficient"]), exponent=int(case["exponent"]))
    return _operand(case["raw"] if "raw" in case else case["a"])


def _unpacked(case: Case) -> dict[str, Any]:
    value = unpack(bytes.fromhex(case["raw"][2:]))
    found: dict[str, Any] = {"coefficient": value.coefficient, "exponent": value.exponent}
    if "decimal" in case:
        found["decimal"] = text_of_float(value)
    return found


def _packed(case: Case) -> dict[str, Any]:
    value = _value(case)
    return {"raw": "0x" + rain_float.pack(value).hex(), "lossless": True, "decimal": text_of_float(value)}


def _packed_lossy(case: Case) -> dict[str, Any]:
    raw, lossless = rain_float.pack_lossy(_value(case))
    return {"raw": "0x" + raw.hex(), "lossless": lossless}


def _from_fixed(case: Case) -> dict[str, Any]:
    value, lossless = rain_float.from_fixed_decimal(int(case["value"]), decimals=int(case["decimals"]))
    raw, packed_lossless = rain_float.pack_lossy(value)
    found = {"raw": "0x" + raw.hex(), "lossless": lossless and packed_lossless}
    return {**found, "decimal": text_of_float(unpack(raw))}


def _from_fixed_lossless(case: Case) -> dict[str, Any]:
    found = _from_fixed(case)
    if not found["lossless"]:
        raise FloatRefused(Fault.LOSSY_TO_FLOAT, "digits are lost")
    return found


def _to_fixed(case: Case) -> dict[str, Any]:
    value, lossless = rain_float.to_fixed_decimal(_value(case), decimals=int(case["decimals"]))
    return {"value": value, "lossless": lossless}


def _to_fixed_lossless(case: Case) -> dict[str, Any]:
    found = _to_fixed(case)
    if not found["lossless"]:
        raise FloatRefused(Fault.LOSSY_FROM_FLOAT, "digits are lost")
    return found


def _integer_identity(case: Case) -> dict[str, Any]:
    value = _operand(case["raw"])
    raw = "0x" + rain_float.pack(RainFloat(coefficient=int(case["decimal"]), exponent=0)).hex()
    return {"decimal": text_of_float(rain_float.integer_part(value)), "raw": raw}


def _constant(case: Case) -> dict[str, Any]:
    return {**_unpacked(case), "raw": _packed_lossy(case)["raw"]}


def _formatted(case: Case) -> dict[str, Any]:
    return {"expected": text_of_float(_value(case), scientific=bool(case.get("scientific", False)))}


def _parsed(case: Case) -> dict[str, Any]:
    value = float_of_text(next(str(case[name]) for name in ("text", "a", "value", "decimal") if name in case))
    raw = "0x" + rain_float.pack(value).hex()
    return {"raw": raw, "coefficient": value.coefficient, "exponent": value.exponent, "expected": raw}


def _is_zero(case: Case) -> dict[str, Any]:
    return {"expected": _value(case).coefficient == 0}


CONVERSIONS: dict[str, Callable[[Case], dict[str, Any]]] = {
    "unpack": _unpacked,
    "pack": _packed,
    "packLossless": _packed,
    "packLossy": _packed_lossy,
    "fromFixedDecimal": _from_fixed,
    "fromFixedDecimalLossy": _from_fixed,
    "fromFixedDecimalLossless": _from_fixed_lossless,
    "toFixedDecimal": _to_fixed_lossless,
    "toFixedDecimalLossless": _to_fixed_lossless,
    "toFixedDecimalLossy": _to_fixed,
    "integer-identity": _integer_identity,
    "constant": _constant,
    "format": _formatted,
    "parse": _parsed,
    "isZero": _is_zero,
}
