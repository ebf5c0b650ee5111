"""The exact words of the trade: money, quantities, ids, instruments, instants and trading sessions."""

from flatbook.values import money as money
