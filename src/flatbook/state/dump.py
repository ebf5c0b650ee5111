"""The folded state as bytes, for snapshots and for comparing two folds.

The bytes follow the order in which entries came: two folds of the same events give the same bytes.
"""

from __future__ import annotations

import msgspec

from flatbook.state.desk import State

STATE_FORMAT = 18


class StateUnreadable(ValueError):
    """Bytes that are no state, or one of another format; a snapshot of them is dropped and folded anew."""


class _Dump(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    format: int
    state: msgspec.Raw


_encoder = msgspec.msgpack.Encoder()
_outer = msgspec.msgpack.Decoder(_Dump)
_inner = msgspec.msgpack.Decoder(State)


def state_bytes(state: State) -> bytes:
    """Returns the state as bytes that `state_from_bytes` reads."""
    return _encoder.encode(_Dump(format=STATE_FORMAT, state=msgspec.Raw(_encoder.encode(state))))


def state_from_bytes(blob: bytes) -> State:
    """Returns the state that was written.

    Errors: StateUnreadable when the bytes are damaged, or of another format than STATE_FORMAT.
    """
    try:
        dump = _outer.decode(blob)
        if dump.format != STATE_FORMAT:
            raise StateUnreadable(f"a state of format {dump.format}, this version reads {STATE_FORMAT}")
        return _inner.decode(dump.state)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise StateUnreadable(f"no state: {error}") from error
